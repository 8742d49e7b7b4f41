"""Writing a conversation to a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from workbench.conversations.exporting.service import Exported
    from workbench.tui.core_link import CorePort
    from workbench.tui.screens.export import ExportScreen

    Writing = Callable[[Callable[[CorePort], Awaitable[Exported]]], Awaitable[Exported]]


class Exporting:
    """Writes the conversation that is shown; asks where, and before anything is replaced."""

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
            self._ask(slot)

    async def _write_to(self, slot: Slot, path: str) -> None:
        try:
            call = partial(self._pane.desk.call, slot)
            self._pane.host.tell(await _save(call, slot.conversation_id, slot.title, path, overwrite=False))
        except WorkbenchError as problem:
            self._ask(slot, path, problem)

    def _ask(self, slot: Slot, path: str = "", problem: WorkbenchError | None = None) -> None:
        tell = self._pane.host.tell
        call = partial(self._pane.desk.call, slot)
        dialog = export_dialog(call, slot.conversation_id, slot.title, tell, path=path, problem=problem)
        self._pane.open_dialog(dialog, lambda _: None)


def export_dialog(
    call: Writing,
    conversation_id: str,
    title: str,
    tell: Callable[[str], None],
    *,
    leaf_id: str | None = None,
    path: str = "",
    problem: WorkbenchError | None = None,
) -> ExportScreen:
    """The dialog that asks where a conversation is written; `title` names its file unless `path` is given.

    `call` runs work in the core. Formats that have one branch get the one that ends at `leaf_id`, else the
    one in force.
    """
    from workbench.conversations.exporting.formats import ExportFormat, file_name_of, format_of
    from workbench.tui.screens.export import ExportScreen, Kind

    kinds = {format_: Kind(suffix=format_.suffix, words=format_.words) for format_ in ExportFormat}

    async def save(wanted: str, overwrite: bool, _: Callable[[str], None]) -> str:
        return await _save(call, conversation_id, title, wanted, overwrite=overwrite, leaf_id=leaf_id)

    return ExportScreen(
        path or file_name_of(title, ExportFormat.MARKDOWN), save, tell, title="Export this conversation",
        kinds=tuple(kinds.values()), kind_of=lambda name: kinds[format_of(name)], problem=problem,
    )  # fmt: skip


async def _save(
    call: Writing, conversation_id: str, title: str, wanted: str, *, overwrite: bool, leaf_id: str | None = None
) -> str:
    from workbench.conversations.exporting.formats import file_name_of, format_of
    from workbench.core.export_file import place_of

    path = place_of(wanted, file_name_of(title, format_of(wanted)))
    exported = await call(
        lambda core: core.exporter.write(
            [conversation_id], format_of(path.name), path, overwrite=overwrite, leaf_id=leaf_id
        )
    )
    count = exported.messages
    return f"Wrote {count:,} message{'' if count == 1 else 's'} to {exported.path.absolute()}"
