"""Writing the open conversation to a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.core_link import CorePort
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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

            self._ask(slot, file_name_of(slot.title, ExportFormat.MARKDOWN))

    async def _write_to(self, slot: Slot, path: str) -> None:
        try:
            self._pane.host.tell(await self._save(slot, path, overwrite=False))
        except WorkbenchError as problem:
            self._ask(slot, path, problem)

    def _ask(self, slot: Slot, path: str, problem: WorkbenchError | None = None) -> None:
        from workbench.conversations.export import ExportFormat, format_of
        from workbench.tui.screens.export import ExportScreen, Kind

        kinds = (
            Kind(suffix=ExportFormat.MARKDOWN.suffix, words="Markdown, to be read"),
            Kind(suffix=ExportFormat.JSON.suffix, words="JSON, with attempts, times and costs"),
        )

        async def save(wanted: str, overwrite: bool, _: Callable[[str], None]) -> str:
            return await self._save(slot, wanted, overwrite=overwrite)

        self._pane.open_dialog(
            ExportScreen(
                path, save, self._pane.host.tell, title="Export this branch", kinds=kinds,
                kind_of=lambda name: kinds[format_of(name) is ExportFormat.JSON], problem=problem,
            ),
            lambda _: None,
        )  # fmt: skip

    async def _save(self, slot: Slot, wanted: str, *, overwrite: bool) -> str:
        from workbench.core.export_file import on_a_thread

        async def read(core: CorePort) -> tuple[Conversation, Sequence[Message]]:
            conversation = await core.conversations.get(slot.conversation_id)
            return conversation, await core.conversations.path(slot.conversation_id)

        conversation, messages = await self._pane.shell.call(read)
        path = await on_a_thread(lambda: _write(conversation, messages, wanted, overwrite=overwrite))
        count = len(messages)
        return f"Wrote {count:,} message{'' if count == 1 else 's'} to {path}"


def _write(conversation: Conversation, messages: Sequence[Message], wanted: str, *, overwrite: bool) -> Path:
    from workbench.conversations.export import exported, file_name_of, format_of
    from workbench.core.export_file import place_of, write_export

    path = place_of(wanted, file_name_of(conversation.title, format_of(wanted)))
    write_export(path, exported(conversation, messages, format_of(path.name)), overwrite=overwrite)
    return path.absolute()
