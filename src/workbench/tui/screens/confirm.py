"""A question with two answers."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from workbench.tui.glyphs import drawn
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.safe_controls import SafeButton
from workbench.tui.screens.dialog import Dialog


class ConfirmScreen(Dialog[bool]):
    """Asks before something that cannot be taken back; its result is True, or False, or None when closed."""

    HELP = "y or enter on the marked button answers; escape goes back without doing anything."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n", "answer(False)", "No", show=False),
        Binding("left,right", "app.focus_next", "Other answer", show=False),
    ]

    def __init__(self, title: str, question: str, *, yes: str = "Yes", no: str = "No") -> None:
        """All texts are plain."""
        super().__init__()
        self._title, self._question, self._yes, self._no = title, question, yes, no

    def compose(self) -> ComposeResult:
        """Question and two buttons; the harmless one has the focus."""
        with Vertical(classes="dialog", id="confirm") as frame:
            set_border_title(frame, self._title)
            set_border_subtitle(frame, drawn("y yes · n no · esc back"))
            yield SafeStatic(self._question)
            with Horizontal(classes="dialog-buttons"):
                yield SafeButton(self._no, id="no")
                yield SafeButton(self._yes, variant="error", id="yes")

    def on_mount(self) -> None:
        """The harmless answer has the focus."""
        self.query_one("#no", Button).focus()

    def action_answer(self, answer: bool) -> None:
        """Give the answer."""
        self.dismiss(answer)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button is an answer."""
        self.dismiss(event.button.id == "yes")
