"""What dialogs share that narrow a list by what is typed."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.getters import query_one
from textual.widget import Widget
from textual.widgets import Input

from workbench.tui.glyphs import drawn
from workbench.tui.safe import set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

R = TypeVar("R")


class FilterDialog(Dialog[R]):
    """A field above a list: the field keeps the focus, arrows move the mark of the list, enter takes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "move(-10)", "Page up", show=False, priority=True),
        Binding("pagedown", "move(10)", "Page down", show=False, priority=True),
    ]

    field = query_one(".dialog-filter", Input)

    def __init__(self, frame: str, title: str, keys: str, *below: Widget) -> None:
        """`frame` is its id for styles, `below` what stands under the field."""
        super().__init__()
        self._frame, self._title, self._keys, self._below = frame, title, keys, below

    def compose(self) -> ComposeResult:
        """The field, and what stands under it."""
        with Vertical(classes="dialog", id=self._frame) as frame:
            set_border_title(frame, self._title)
            set_border_subtitle(frame, drawn(self._keys))
            yield Input(placeholder="type to narrow", classes="dialog-filter")
            yield from self._below

    @on(Input.Changed, ".dialog-filter")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.narrow(event.value)

    @on(Input.Submitted, ".dialog-filter")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.take_marked()

    def narrow(self, wanted: str) -> None:
        """List what fits."""
        raise NotImplementedError

    def take_marked(self) -> None:
        """The marked line is the answer."""
        raise NotImplementedError

    def action_move(self, step: int) -> None:
        """Move the mark."""
        raise NotImplementedError
