"""The list of themes: whatever is under the cursor is on the screen at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content

from workbench.tui.glyphs import glyphs
from workbench.tui.screens.lines_dialog import LinesDialog
from workbench.tui.state.themes import ThemeChoice


class ThemePicker(LinesDialog[str]):
    """Its result is the name of the theme to keep; None goes back to the one before."""

    HELP = "Up and down try a theme, a letter goes to the next name that begins with it, enter keeps it, esc goes back."

    def __init__(self, themes: Sequence[ThemeChoice], current: str, preview: Callable[[str], None]) -> None:
        """`preview` shows the colours of a theme; the cursor begins on `current`."""
        names = [theme.name for theme in themes]
        begin = names.index(current) if current in names else 0
        super().__init__("theme-picker", "Theme", "enter keep · ↑↓ try · esc back", names, marked=begin)
        self._themes, self._current, self._preview = themes, current, preview
        self._width = max(map(len, names)) + 2

    def line(self, place: int, *, marked: bool) -> Content:
        """Its name, and what is said of it; the one in use has a sign."""
        theme = self._themes[place]
        mark = glyphs().current if marked else glyphs().dot if theme.name == self._current else " "
        style = "bold $accent" if marked else "$foreground"
        return Content.assemble((f"{mark} {theme.name.ljust(self._width)}", style), (theme.words, "$text-muted"))

    def mark(self, place: int) -> None:
        """Try it."""
        self._preview(self.names[place])
        super().mark(place)

    def clicked(self, place: int) -> None:
        """A line that is clicked is tried; a second click keeps it."""
        if place == self.marked:
            self.action_take()
        else:
            self.mark(place)

    def action_take(self) -> None:
        """Keep the one under the cursor."""
        self.dismiss(self.names[self.marked])
