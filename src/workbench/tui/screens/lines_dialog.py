"""What dialogs share that let a person choose among a few lines of their own drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click, Key
from textual.geometry import Region
from textual.getters import query_one

from workbench.tui.glyphs import drawn
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

R = TypeVar("R")


class LinesDialog(Dialog[R]):
    """Arrows move the mark, single steps go round; a letter goes to the next name that begins with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("home", "move(-1000)", "First", show=False, priority=True),
        Binding("end", "move(1000)", "Last", show=False, priority=True),
        Binding("enter", "take", "Take it", show=False, priority=True),
    ]

    lines = query_one("#lines", SafeStatic)
    scroll = query_one("#lines-scroll", VerticalScroll)

    def __init__(self, frame: str, title: str, keys: str, names: Sequence[str], *, marked: int = 0) -> None:
        """`frame` is its id for styles, `names` what letters are compared with, one a line."""
        super().__init__()
        self._frame, self._title, self._keys = frame, title, keys
        self.names = names
        self.marked = marked
        """Which line is marked."""

    def compose(self) -> ComposeResult:
        """One line each."""
        with Vertical(classes="dialog", id=self._frame) as frame:
            set_border_title(frame, self._title)
            set_border_subtitle(frame, drawn(self._keys))
            with VerticalScroll(id="lines-scroll", can_focus=False):
                yield SafeStatic(id="lines")

    def on_mount(self) -> None:
        """Draw them."""
        self.draw()

    def line(self, place: int, *, marked: bool) -> Content:
        """The picture of one line."""
        raise NotImplementedError

    def mark(self, place: int) -> None:
        """Mark a line."""
        self.marked = place
        self.draw()

    def draw(self) -> None:
        """Draw all lines, the marked one in sight."""
        pictures = [self.line(place, marked=place == self.marked) for place in range(len(self.names))]
        self.lines.show(Content("\n").join(pictures))
        self._show_marked()

    def _show_marked(self) -> None:
        self.scroll.scroll_to_region(Region(0, self.marked, 1, 1), animate=False)

    def on_resize(self) -> None:
        """Keep the marked line in sight, from the first layout on."""
        self.call_after_refresh(self._show_marked)

    def action_move(self, step: int) -> None:
        """Mark another line."""
        count = len(self.names)
        if count:
            to = self.marked + step
            self.mark(to % count if abs(step) == 1 else min(max(to, 0), count - 1))

    def action_take(self) -> None:
        """The marked line is meant."""
        raise NotImplementedError

    def on_key(self, event: Key) -> None:
        """A letter goes to the next name that begins with it."""
        letter = (event.character or "").lower()
        order = [*range(self.marked + 1, len(self.names)), *range(self.marked + 1)]
        found = next((place for place in order if letter and self.names[place].lower().startswith(letter)), None)
        if found is not None:
            event.stop()
            self.mark(found)

    def on_click(self, event: Click) -> None:
        """A line was clicked."""
        place = event.screen_y - self.lines.region.y
        if event.widget is self.lines and 0 <= place < len(self.names):
            self.clicked(place)

    def clicked(self, place: int) -> None:
        """A line was clicked; unless told otherwise it is meant."""
        self.mark(place)
        self.action_take()
