"""The bottom line of the history."""

from __future__ import annotations

from textual.content import Content

from workbench.tui.history.telling import LOCAL, LOCAL_SHORT
from workbench.tui.state.chips import ProviderChip
from workbench.tui.widgets.status_bar import StatusBar


class HistoryStatus(StatusBar):
    """Says that nobody is contacted, instead of how the providers are."""

    def set_state(self, chips: list[ProviderChip], notes: list[str]) -> None:
        """Whatever is known of providers matters nothing here."""
        super().set_state([], [LOCAL])

    def render(self) -> Content:
        """The line, in fewer words where there is less room."""
        self._notes = [LOCAL if self.size.width >= _WIDE else LOCAL_SHORT]
        return super().render()


_WIDE = 100
