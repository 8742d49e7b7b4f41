"""The provider and model switch."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.getters import query_one

from workbench.tui.screens.filter_dialog import FilterDialog
from workbench.tui.state.pins import Pin
from workbench.tui.state.switching import Choice, narrow
from workbench.tui.widgets.choice_list import ChoiceList


class SwitcherScreen(FilterDialog[Pin]):
    """Lists who may answer; type to narrow, enter chooses."""

    HELP = "Type parts of a provider or model. Those that cannot be asked are dimmed, with the reason."
    listed = query_one(ChoiceList)

    def __init__(
        self, choices: Sequence[Choice], current: Pin, *, title: str = "Who answers", marked: Pin | None = None
    ) -> None:
        """`current` has a sign; the cursor begins at `marked`, which is `current` unless told."""
        super().__init__("switcher", title, "enter choose · esc back", ChoiceList(id="switcher-list"))
        self._choices = choices
        self._current = current
        self._marked = marked or current
        self._listing = False

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

    def narrow(self, wanted: str) -> None:
        """List what fits; without a word the mark goes back."""
        marked = None if wanted.strip() else self._marked
        self.listed.show_choices(narrow(self._choices, wanted), self._current, marked)

    def take_marked(self) -> None:
        """The marked one answers, if it can."""
        marked = self.listed.marked
        if marked is not None and marked.usable:
            self.dismiss(marked.pin)

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        event.stop()
        self.dismiss(event.pin)

    def action_move(self, step: int) -> None:
        """Move the mark."""
        self.listed.move(step)
