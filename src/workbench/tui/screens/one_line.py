"""A dialog that asks for one line."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Input

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

_MOST_NAMES = 200
"""Cells of the line that lists what is in use."""


class OneLineScreen(Dialog[str]):
    """Its result is the line, also an empty one; None when it was closed."""

    HELP = "Type, and press enter; right takes what is suggested, escape leaves everything as it is."

    def __init__(self, title: str, value: str, *, hint: str, known: Sequence[str] = ()) -> None:
        """`value` stands in the field at first; of `known` names one is suggested."""
        super().__init__()
        self._title, self._value, self._hint, self._known = title, value, hint, known

    def compose(self) -> ComposeResult:
        """The field, and what can be said of it."""
        with Vertical(classes="dialog", id="one-line") as frame:
            set_border_title(frame, self._title)
            set_border_subtitle(frame, drawn("enter take · esc back"))
            suggester = SuggestFromList(self._known, case_sensitive=False) if self._known else None
            yield Input(self._value, id="one-line-field", suggester=suggester, select_on_focus=False)
            yield SafeStatic(self._hint)
            if self._known:
                dot = f" {glyphs().dot} "
                yield SafeStatic(clean_line(f"in use: {dot.join(self._known)}", _MOST_NAMES), id="one-line-known")

    def on_mount(self) -> None:
        """Ready to type."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value)
