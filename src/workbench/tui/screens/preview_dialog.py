"""What dialogs share that list what a message holds, with the whole of the marked one below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.getters import query_one
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbench.tui.glyphs import drawn
from workbench.tui.safe import SafeStatic, plain_line, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog


class PreviewDialog(Dialog[str]):
    """A list above the marked one."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/preview.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move('down')", "Down", show=False),
        Binding("k", "move('up')", "Up", show=False),
    ]

    listed = query_one(OptionList)
    whole = query_one("#preview-text", SafeStatic)
    note = query_one("#preview-note", SafeStatic)

    def __init__(self, title: str, keys: str, lines: Sequence[str], *, marked: int) -> None:
        """`lines` holds at least one; the cursor begins at `marked`."""
        super().__init__()
        self._title, self._keys, self._lines, self._begin = title, keys, lines, marked

    def compose(self) -> ComposeResult:
        """The list, the whole of the marked one, and a word about it."""
        with Vertical(classes="dialog", id="preview") as frame:
            set_border_title(frame, self._title)
            set_border_subtitle(frame, drawn(self._keys))
            yield OptionList(id="preview-list")
            with VerticalScroll(id="preview-whole", can_focus=False):
                yield SafeStatic(id="preview-text")
            yield SafeStatic(id="preview-note")

    def on_mount(self) -> None:
        """Mark the one that was in view."""
        self.listed.add_options([Option(plain_line(line, 200)) for line in self._lines])
        self.listed.highlighted = self._begin
        self.listed.focus()

    @property
    def marked(self) -> int:
        """Which one is marked."""
        return self.listed.highlighted or 0

    def on_option_list_option_highlighted(self) -> None:
        """Show the marked one."""
        text, note = self.preview()
        self.whole.show(text)
        self.note.show(note)
        self.note.display = bool(note)

    def on_option_list_option_selected(self) -> None:
        """Take the marked one."""
        self.action_choose()

    def preview(self) -> tuple[str, str]:
        """The whole of the marked one, and a word about it."""
        raise NotImplementedError

    def action_choose(self) -> None:
        """Take the marked one."""
        raise NotImplementedError

    def action_move(self, direction: str) -> None:
        """Move the mark."""
        if direction == "up":
            self.listed.action_cursor_up()
        else:
            self.listed.action_cursor_down()
