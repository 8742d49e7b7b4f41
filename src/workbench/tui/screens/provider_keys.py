"""The keys of one provider: how each is, and switching one off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.providers.detail import key_line
from workbench.tui.screens.lines_dialog import LinesDialog

if TYPE_CHECKING:
    from workbench.providers.resilience.values import KeyView


class ProviderKeysScreen(LinesDialog[None]):
    """Lists the keys by name, never by value; space switches the one at the mark on or off."""

    HELP = "A key that is off is not used by any workbench of this home until it is switched on again."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "switch", "Switch on or off", show=False, priority=True),
    ]

    def __init__(
        self, name: str, keys: Sequence[KeyView], now_ms: Callable[[], int], switch: Callable[[str, bool], None]
    ) -> None:
        """`switch` is told the name of a key and whether it shall be used."""
        title = f"Keys of {clean_line(name, 40)}"
        super().__init__("provider-keys", title, "space on or off · ↑↓ · esc back", [key.ref for key in keys])
        self._listed = keys
        self._now_ms = now_ms
        self._switch = switch

    def line(self, place: int, *, marked: bool) -> Content:
        """How one is."""
        mark = f"{glyphs().current} " if marked else "  "
        return Content.assemble((mark, "bold $accent"), key_line(self._listed[place], self._now_ms()))

    def show_keys(self, keys: Sequence[KeyView]) -> None:
        """They have changed."""
        self._listed, self.names = keys, [key.ref for key in keys]
        self.marked = min(self.marked, max(len(keys) - 1, 0))
        if self.is_mounted:
            self.draw()

    def clicked(self, place: int) -> None:
        """A click only marks."""
        self.mark(place)

    def action_switch(self) -> None:
        """Switch the marked key on or off."""
        if self._listed:
            key = self._listed[self.marked]
            self._switch(key.ref, key.condition == "disabled")

    def action_take(self) -> None:
        """Nothing is taken: close."""
        self.dismiss(None)
