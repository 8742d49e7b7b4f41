"""Writing the open conversation to a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.core_link import CorePort
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.conversations.values import Conversation, Message


class Exporting:
    """Writes the branch that is shown; asks where, and before anything is replaced."""

    def __init__(self, pane: Pane) -> None:
        """Works on the open conversation."""
        self._pane = pane

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"export": self.export}

    def export(self, path: str = "") -> None:
        """Write to `path` at once, or ask for one."""
        slot = self._pane.desk.slot
        if not slot.conversation_id:
            self._pane.host.tell("There is nothing to export yet.")
        elif path:
            self._pane.host.start_work(self._write_to(slot, path), group="export")
        else:
            from workbench.conversations.export import ExportFormat, file_name_of

            self._ask(slot, file_name_of(slot.title, ExportFormat.MARKDOWN), "", exists=False)

    async def _write_to(self, slot: Slot, path: str) -> None:
        from workbench.conversations.export_file import FileExistsAlreadyError

        try:
            self._pane.host.tell(await self._save(slot, path, overwrite=False))
        except FileExistsAlreadyError as problem:
            self._ask(slot, path, f"{problem.title}. enter writes over it.", exists=True)
        except WorkbenchError as problem:
            self._ask(slot, path, str(problem), exists=False)

    def _ask(self, slot: Slot, path: str, problem: str, *, exists: bool) -> None:
        from workbench.tui.screens.export import ExportScreen

        async def save(wanted: str, overwrite: bool) -> str:
            return await self._save(slot, wanted, overwrite=overwrite)

        def answered(done: str | None) -> None:
            if done:
                self._pane.host.tell(done)

        self._pane.open_dialog(ExportScreen(path, save, problem=problem, exists=exists), answered)

    async def _save(self, slot: Slot, wanted: str, *, overwrite: bool) -> str:
        async def read(core: CorePort) -> tuple[Conversation, Sequence[Message]]:
            conversation = await core.conversations.get(slot.conversation_id)
            return conversation, await core.conversations.path(slot.conversation_id)

        conversation, messages = await self._pane.shell.call(read)
        path = await asyncio.to_thread(_write, conversation, messages, wanted, overwrite=overwrite)
        count = len(messages)
        return f"Wrote {count:,} message{'' if count == 1 else 's'} to {path}"


def _write(conversation: Conversation, messages: Sequence[Message], wanted: str, *, overwrite: bool) -> Path:
    from workbench.conversations.export import exported, file_name_of, format_of
    from workbench.conversations.export_file import write_export

    path = Path(wanted.strip())
    try:
        path = path.expanduser()
        if path.is_dir():
            path /= file_name_of(conversation.title, format_of(wanted))
    except (OSError, RuntimeError, ValueError):
        # Writing tells what is wrong with it.
        pass
    write_export(path, exported(conversation, messages, format_of(path.name)), overwrite=overwrite)
    return path.absolute()
