"""The dialog that asks where to write a conversation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from workbench.conversations.export import ExportFormat, format_of
from workbench.conversations.export_file import FileExistsAlreadyError
from workbench.core.errors import WorkbenchError
from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

Save = Callable[[str, bool], Awaitable[str]]
"""Writes to a path, over a file that is there if the second argument says so; says what was written."""


class ExportScreen(Dialog[str]):
    """Takes a path; its result says what was written. A file that is there is only replaced on a second enter."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/export.tcss"]
    HELP = "Type where to write it; up and down choose the format, by the ending of the name; enter writes."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,down", "other_format", "Other format", show=False, priority=True),
    ]

    def __init__(self, path: str, save: Save, *, problem: str = "", exists: bool = False) -> None:
        """`path` stands in the field; `problem` says why it was not written yet, `exists` that a file is there."""
        super().__init__()
        self._path, self._save, self._problem = path, save, problem
        self._agreed = path if exists else ""
        """The path of a file that the person has been told of."""

    def compose(self) -> ComposeResult:
        """The field, the format, what is wrong."""
        with Vertical(classes="dialog", id="export") as frame:
            set_border_title(frame, "Export this branch")
            set_border_subtitle(frame, drawn("enter write · ↑↓ format · esc back"))
            yield Input(self._path, id="export-path", select_on_focus=False)
            yield SafeStatic(id="export-format")
            yield SafeStatic(id="export-problem")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one(Input).focus()
        self._say(self._problem)
        self._show_format()

    def action_other_format(self) -> None:
        """Change the ending of the name."""
        field = self.query_one(Input)
        before = format_of(field.value)
        after = ExportFormat.MARKDOWN if before is ExportFormat.JSON else ExportFormat.JSON
        field.value = field.value.removesuffix(before.suffix) + after.suffix
        field.cursor_position = len(field.value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._path:
            self._path = event.value
            self._say("")
        self._show_format()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._say("")
            self._write(event.value)

    @work(group="export", exclusive=True, exit_on_error=False)
    async def _write(self, path: str) -> None:
        try:
            done = await self._save(path, path == self._agreed)
        except FileExistsAlreadyError as problem:
            self._agreed = path
            self._say(f"{problem.title}. enter again writes over it.")
        except WorkbenchError as problem:
            self._say(str(problem))
        else:
            self.dismiss(done)

    def _show_format(self) -> None:
        chosen = format_of(self.query_one(Input).value)
        signs = glyphs()
        words = {
            ExportFormat.MARKDOWN: "Markdown, to be read",
            ExportFormat.JSON: "JSON, with attempts, times and costs",
        }
        lines = [
            Content.styled(
                f"{signs.current if one is chosen else ' '} {word}", "bold $accent" if one is chosen else "$text-muted"
            )
            for one, word in words.items()
        ]
        self.query_one("#export-format", SafeStatic).show(Content("\n").join(lines))

    def _say(self, problem: str) -> None:
        line = Content.assemble((f"{glyphs().slow} ", "$warning"), clean_line(problem)) if problem else Content("")
        self.query_one("#export-problem", SafeStatic).show(line)
