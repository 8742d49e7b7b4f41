"""The provider and model switch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.getters import query_one
from textual.widgets import Input

from workbench.tui.glyphs import drawn
from workbench.tui.safe import set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.state.switching import Choice, Pin, narrow
from workbench.tui.widgets.choice_list import ChoiceList


class SwitcherScreen(Dialog[Pin]):
    """Lists who may answer; type to narrow, enter chooses."""

    HELP = "Type parts of a provider or model. Those that cannot be asked are dimmed, with the reason."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("pageup", "move(-10)", "Page up", show=False, priority=True),
        Binding("pagedown", "move(10)", "Page down", show=False, priority=True),
    ]

    listed = query_one(ChoiceList)
    field = query_one("#switcher-filter", Input)

    def __init__(
        self, choices: Sequence[Choice], current: Pin, *, title: str = "Who answers", marked: Pin | None = None
    ) -> None:
        """`current` has a sign; the cursor begins at `marked`, which is `current` unless told."""
        super().__init__()
        self._choices = choices
        self._current = current
        self._marked = marked or current
        self._title = title
        self._listing = False

    def compose(self) -> ComposeResult:
        """A field and a list."""
        with Vertical(classes="dialog", id="switcher") as frame:
            set_border_title(frame, self._title)
            set_border_subtitle(frame, drawn("enter choose · esc back"))
            yield Input(placeholder="type to narrow", id="switcher-filter")
            yield ChoiceList(id="switcher-list")

    def on_mount(self) -> None:
        """List all."""
        self._listing = True
        self.listed.show_choices(self._choices, self._current, self._marked)

    def show_choices(self, choices: Sequence[Choice]) -> None:
        """More has become known of them; the cursor stays on its line."""
        self._choices = choices
        if not self._listing or not self.is_attached:
            return
        marked = self.listed.marked
        self.listed.show_choices(narrow(choices, self.field.value), self._current, marked.pin if marked else None)

    @on(Input.Changed, "#switcher-filter")
    def _narrow(self, event: Input.Changed) -> None:
        event.stop()
        marked = None if event.value.strip() else self._marked
        self.listed.show_choices(narrow(self._choices, event.value), self._current, marked)

    @on(Input.Submitted, "#switcher-filter")
    def _choose_marked(self, event: Input.Submitted) -> None:
        event.stop()
        marked = self.listed.marked
        if marked is not None and marked.usable:
            self.dismiss(marked.pin)

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        event.stop()
        self.dismiss(event.pin)

    def action_move(self, step: int) -> None:
        """Move the mark while the field keeps the focus."""
        self.listed.move(step)
