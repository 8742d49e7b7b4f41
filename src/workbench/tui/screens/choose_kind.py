"""The dialog that asks whose key it is going to be."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.screens.lines_dialog import LinesDialog


class ChooseKindScreen(LinesDialog[str]):
    """Lists who gives keys; its result is the chosen name."""

    HELP = "Up and down choose, a letter goes to the next name that begins with it, enter takes it."

    def __init__(self, kinds: Sequence[tuple[str, str]]) -> None:
        """`kinds` are names, each with a word about it."""
        names = [name for name, _ in kinds]
        super().__init__("choose-kind", "Whose key is it?", "enter next · ↑↓ or a letter · esc back", names)
        self._kinds = kinds
        self._width = max(map(len, names)) + 2

    def line(self, place: int, *, marked: bool) -> Content:
        """A name and the word about it."""
        name, word = self._kinds[place]
        mark = f"{glyphs().current} " if marked else "  "
        style = "bold $accent" if marked else "$foreground"
        return Content.assemble((mark + clean_line(name).ljust(self._width), style), (clean_line(word), "$text-muted"))

    def action_take(self) -> None:
        """The marked one is the answer."""
        self.dismiss(self._kinds[self.marked][0])
