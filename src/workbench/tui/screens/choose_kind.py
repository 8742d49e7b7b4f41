"""The dialog that asks whose key it is going to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click, Key
from textual.geometry import Region

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog


class ChooseKindScreen(Dialog[str]):
    """Lists who gives keys; its result is the chosen name."""

    HELP = "Up and down choose, a letter goes to the next name that begins with it, enter takes it."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("enter", "take", "Take it", show=False, priority=True),
    ]

    def __init__(self, kinds: Sequence[tuple[str, str]]) -> None:
        """`kinds` are names, each with a word about it."""
        super().__init__()
        self._kinds = kinds
        self._marked = 0

    def compose(self) -> ComposeResult:
        """One line each."""
        with Vertical(classes="dialog", id="choose-kind") as frame:
            set_border_title(frame, "Whose key is it?")
            set_border_subtitle(frame, drawn("enter next · ↑↓ or a letter · esc back"))
            with VerticalScroll(id="choose-kind-scroll"):
                yield SafeStatic(id="choose-kind-lines")

    def on_mount(self) -> None:
        """The first one is marked."""
        self._show()

    def action_move(self, step: int) -> None:
        """Mark another one."""
        self._marked = (self._marked + step) % len(self._kinds)
        self._show()

    def action_take(self) -> None:
        """The marked one is the answer."""
        self.dismiss(self._kinds[self._marked][0])

    def on_key(self, event: Key) -> None:
        """A letter goes to the next name that begins with it."""
        letter = (event.character or "").lower()
        order = [*range(self._marked + 1, len(self._kinds)), *range(self._marked + 1)]
        found = next((place for place in order if letter and self._kinds[place][0].startswith(letter)), None)
        if found is not None:
            event.stop()
            self._marked = found
            self._show()

    def on_click(self, event: Click) -> None:
        """A line that is clicked is the answer."""
        lines = self.query_one("#choose-kind-lines", SafeStatic)
        place = event.screen_y - lines.region.y
        if event.widget is lines and 0 <= place < len(self._kinds):
            self._marked = place
            self.action_take()

    def _show(self) -> None:
        width = max(len(name) for name, _ in self._kinds) + 2
        rows: list[Content] = []
        for place, (name, word) in enumerate(self._kinds):
            marked = place == self._marked
            mark = f"{glyphs().current} " if marked else "  "
            style = "bold $accent" if marked else "$foreground"
            rows.append(
                Content.assemble((mark + clean_line(name).ljust(width), style), (clean_line(word), "$text-muted"))
            )
        self.query_one("#choose-kind-lines", SafeStatic).show(Content("\n").join(rows))
        scroll = self.query_one("#choose-kind-scroll", VerticalScroll)
        scroll.scroll_to_region(Region(0, self._marked, 1, 1), animate=False)
