"""The list of themes: whatever is under the cursor is on the screen at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click, Key
from textual.geometry import Region

from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.state.themes import ThemeChoice


class ThemePicker(Dialog[str]):
    """Its result is the name of the theme to keep; None goes back to the one before."""

    HELP = "Up and down try a theme, a letter goes to the next name that begins with it, enter keeps it, esc goes back."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("home", "move(-1000)", "First", show=False, priority=True),
        Binding("end", "move(1000)", "Last", show=False, priority=True),
        Binding("enter", "take", "Keep it", show=False, priority=True),
    ]

    def __init__(self, themes: Sequence[ThemeChoice], current: str, preview: Callable[[str], None]) -> None:
        """`preview` shows the colours of a theme; the cursor begins on `current`."""
        super().__init__()
        self._themes = themes
        self._current = current
        self._preview = preview
        self._marked = next((place for place, theme in enumerate(themes) if theme.name == current), 0)

    def compose(self) -> ComposeResult:
        """One line each."""
        with Vertical(classes="dialog", id="theme-picker") as frame:
            set_border_title(frame, "Theme")
            set_border_subtitle(frame, drawn("enter keep · ↑↓ try · esc back"))
            with VerticalScroll(id="theme-picker-scroll", can_focus=False):
                yield SafeStatic(id="theme-picker-lines")

    def on_mount(self) -> None:
        """The cursor is on the theme that is in use."""
        self._show()

    def action_move(self, step: int) -> None:
        """Try another one; single steps go round."""
        last = len(self._themes) - 1
        if abs(step) == 1:
            self._try((self._marked + step) % (last + 1))
        else:
            self._try(min(max(self._marked + step, 0), last))

    def action_take(self) -> None:
        """Keep the one under the cursor."""
        self.dismiss(self._themes[self._marked].name)

    def on_key(self, event: Key) -> None:
        """A letter goes to the next name that begins with it."""
        letter = (event.character or "").lower()
        order = [*range(self._marked + 1, len(self._themes)), *range(self._marked + 1)]
        found = next((place for place in order if letter and self._themes[place].name.startswith(letter)), None)
        if found is not None:
            event.stop()
            self._try(found)

    def on_click(self, event: Click) -> None:
        """A line that is clicked is tried; a second click keeps it."""
        lines = self.query_one("#theme-picker-lines", SafeStatic)
        place = event.screen_y - lines.region.y
        if event.widget is not lines or not 0 <= place < len(self._themes):
            return
        if place == self._marked:
            self.action_take()
        else:
            self._try(place)

    def _try(self, place: int) -> None:
        self._marked = place
        self._preview(self._themes[place].name)
        self._show()

    def _show(self) -> None:
        width = max(len(theme.name) for theme in self._themes) + 2
        rows: list[Content] = []
        for place, theme in enumerate(self._themes):
            marked = place == self._marked
            mark = glyphs().current if marked else glyphs().dot if theme.name == self._current else " "
            style = "bold $accent" if marked else "$foreground"
            rows.append(Content.assemble((f"{mark} {theme.name.ljust(width)}", style), (theme.words, "$text-muted")))
        self.query_one("#theme-picker-lines", SafeStatic).show(Content("\n").join(rows))
        scroll = self.query_one("#theme-picker-scroll", VerticalScroll)
        scroll.scroll_to_region(Region(0, self._marked, 1, 1), animate=False)
