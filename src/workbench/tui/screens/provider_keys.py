"""The keys of one provider: how each is, and switching one off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.providers.detail import key_line
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from workbench.providers.resilience.values import KeyView


class ProviderKeysScreen(Dialog[None]):
    """Lists the keys by name, never by value; space switches the one at the mark on or off."""

    HELP = "A key that is off is not used by any workbench of this home until it is switched on again."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Key above", show=False, priority=True),
        Binding("down", "move(1)", "Key below", show=False, priority=True),
        Binding("space", "switch", "Switch on or off", show=False, priority=True),
        Binding("enter", "close", "Close", show=False),
    ]

    def __init__(
        self, name: str, keys: Sequence[KeyView], now_ms: Callable[[], int], switch: Callable[[str, bool], None]
    ) -> None:
        """`switch` is told the name of a key and whether it shall be used."""
        super().__init__()
        self._name = name
        self._keys = keys
        self._now_ms = now_ms
        self._switch = switch
        self._marked = 0

    def compose(self) -> ComposeResult:
        """One line a key."""
        with Vertical(classes="dialog", id="provider-keys") as frame:
            set_border_title(frame, f"Keys of {clean_line(self._name, 40)}")
            set_border_subtitle(frame, drawn("space on or off · ↑↓ · esc back"))
            yield SafeStatic(id="provider-keys-list")

    def on_mount(self) -> None:
        """Show them."""
        self._show()

    def show_keys(self, keys: Sequence[KeyView]) -> None:
        """They have changed."""
        self._keys = keys
        self._marked = min(self._marked, max(len(keys) - 1, 0))
        if self.is_mounted:
            self._show()

    def action_move(self, step: int) -> None:
        """Mark another key."""
        if self._keys:
            self._marked = (self._marked + step) % len(self._keys)
            self._show()

    def action_switch(self) -> None:
        """Switch the marked key on or off."""
        if self._keys:
            key = self._keys[self._marked]
            self._switch(key.ref, key.condition == "disabled")

    def _show(self) -> None:
        lines = [
            Content.assemble((f"{glyphs().current} " if index == self._marked else "  ", "bold $accent"), line)
            for index, line in enumerate(key_line(key, self._now_ms()) for key in self._keys)
        ]
        self.query_one("#provider-keys-list", SafeStatic).show(Content("\n").join(lines))
