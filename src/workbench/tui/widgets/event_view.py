"""A list of events on the line API: a hundred thousand rows cost what is on the screen."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.core.events import Level
from workbench.core.text import clean_line
from workbench.tui.events.model import EventRow, FilteredEvents
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.textlines import Run, cells, clip
from workbench.tui.palette import BOLD, COMPONENTS, ON_SELECTED, PALETTE_CSS, Palette, PaletteKeeper, Role

WIDE = 100
"""Cells from which rows show milliseconds, the level's word, and the turn."""
MEDIUM = 60
"""Cells from which rows show the level's word and the source."""
_STRIPS_KEPT = 1_000

LEVEL_WORDS = {Level.DEBUG: "debug", Level.INFO: "info", Level.WARNING: "warn", Level.ERROR: "error"}
LEVEL_ROLES = {
    Level.DEBUG: Role.MUTED,
    Level.INFO: Role.TEXT,
    Level.WARNING: Role.WARNING,
    Level.ERROR: Role.ERROR,
}


def level_sign(level: Level) -> str:
    """The glyph that goes with a level's word."""
    signs = glyphs()
    return {Level.DEBUG: signs.dot, Level.INFO: signs.unknown, Level.WARNING: signs.slow}.get(level, signs.failed)


@lru_cache(maxsize=4096)
def clock_time(second: int) -> str:
    """Local time of day of a second since 1970."""
    return f"{datetime.fromtimestamp(second).astimezone():%H:%M:%S}"


def short_id(identifier: str) -> str:
    """The end of an id, enough to tell two apart."""
    return clean_line(identifier, 100)[-6:]


class EventView(ScrollView, can_focus=True):
    """Rows of events with a cursor; keeps the newest in sight until the reader moves."""

    DEFAULT_CSS = f"""
    EventView {{
        height: 1fr;
        background: $surface;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        {PALETTE_CSS}
    }}
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS.values())

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="events.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="events.down"),
        Binding("pageup", "move_page(-1)", "Page up", show=False, id="events.page_up"),
        Binding("pagedown", "move_page(1)", "Page down", show=False, id="events.page_down"),
        Binding("home,g", "first", "Oldest", show=False, id="events.first"),
        Binding("end,G", "follow", "Newest", show=False, id="events.follow"),
        Binding("enter", "choose", "Detail", show=False, id="events.detail"),
    ]

    following: reactive[bool] = reactive(True, init=False)
    """Whether the newest row is kept in sight and under the cursor."""

    class Moved(Message):
        """The cursor is on another row, or following has changed."""

    class Chosen(Message):
        """Enter or a click on the row under the cursor."""

    def __init__(self, shown: FilteredEvents, *, id: str | None = None) -> None:
        """Shows what `shown` lets through."""
        super().__init__(id=id)
        self._shown = shown
        self._cursor: int | None = None
        self._strips: LRUCache[tuple[int, bool], Strip] = LRUCache(_STRIPS_KEPT)
        self._palette = PaletteKeeper(self)
        self._painted: Palette | None = None
        self._painted_width = 0
        self.new_rows = 0
        """Rows that came since following ended."""

    # -- content -----------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Begin at the newest row."""
        self.renew()

    def renew(self) -> None:
        """The filter has changed: show its rows, with the cursor near where it was."""
        self._shown.refresh()
        self.new_rows = 0
        self._fit()
        self._settle()
        self.refresh()

    def update_rows(self) -> None:
        """Take in new rows of the model."""
        before = len(self._shown)
        top = self._shown.position(self.scroll_offset.y) if self.scroll_offset.y < before else None
        moved = self._shown.refresh()
        grown = len(self._shown) - before
        if not moved and not grown:
            return
        if not self.following:
            self.new_rows += max(grown, 0)
        self._fit()
        if self.following:
            self._settle()
        elif moved and top is not None:
            # The same rows stay in sight although others above them came or went.
            self.scroll_to(y=self._shown.index_near(top), animate=False, force=True)
        self.refresh()

    def _fit(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._shown))

    def _settle(self) -> None:
        if self.following:
            self._cursor = None
            end = max(len(self._shown) - self.scrollable_content_region.height, 0)
            self.scroll_to(y=end, animate=False, force=True)
        else:
            self._reveal(self.cursor_index or 0)

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new width."""
        self._fit()
        self._settle()

    # -- cursor ------------------------------------------------------------------------------------------------

    @property
    def cursor_index(self) -> int | None:
        """Index of the row under the cursor; None when there is no row."""
        if not len(self._shown):
            return None
        return len(self._shown) - 1 if self._cursor is None else self._shown.index_near(self._cursor)

    @property
    def cursor_row(self) -> EventRow | None:
        """The row under the cursor."""
        index = self.cursor_index
        return None if index is None else self._shown.row(index)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; that ends following."""
        if not len(self._shown):
            return
        index = min(max(index, 0), len(self._shown) - 1)
        self._cursor = self._shown.position(index)
        self.following = False
        self._reveal(index)
        self.refresh()
        self.post_message(self.Moved())

    def _reveal(self, index: int) -> None:
        height = max(self.scrollable_content_region.height, 1)
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, force=True)

    def action_move(self, step: int) -> None:
        """Move by rows."""
        index = self.cursor_index
        if index is not None:
            self.move_to(index + step)

    def action_move_page(self, step: int) -> None:
        """Move by screens."""
        self.action_move(step * max(self.scrollable_content_region.height - 1, 1))

    def action_first(self) -> None:
        """Go to the oldest row."""
        self.move_to(0)

    def action_follow(self) -> None:
        """Go to the newest row and keep it in sight."""
        self.following = True
        self.new_rows = 0
        self._settle()
        self.refresh()
        self.post_message(self.Moved())

    def action_choose(self) -> None:
        """Show the row under the cursor, which stays there while newer rows come."""
        if self.cursor_index is not None:
            self.move_to(self.cursor_index)
            self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the current row it shows it."""
        index = self.scroll_offset.y + event.y
        if index >= len(self._shown):
            return
        if not self.following and index == self.cursor_index:
            self.post_message(self.Chosen())
        else:
            self.move_to(index)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up without the cursor ends following, too."""
        super().watch_scroll_y(old_value, new_value)
        if self.following and new_value < old_value and new_value < self.max_scroll_y and len(self._shown):
            self._cursor = self._shown.position(len(self._shown) - 1)
            self.following = False
            self.post_message(self.Moved())

    # -- painting ----------------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """A theme or class has changed."""
        self._palette.stale()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One row."""
        palette = self._palette.current()
        # Without the column of the scrollbar, which covers what is drawn under it.
        width = self.scrollable_content_region.width
        if width != self._painted_width or palette is not self._painted:
            self._painted_width, self._painted = width, palette
            self._strips.clear()
        index = self.scroll_offset.y + y
        if index >= len(self._shown):
            return Strip.blank(width, palette.style(Role.TEXT))
        key = (self._shown.position(index), index == self.cursor_index)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._paint(self._shown.row(index), palette, current=key[1])
        return strip

    def _paint(self, row: EventRow, palette: Palette, *, current: bool) -> Strip:
        width = self._painted_width
        ground = ON_SELECTED if current else 0
        mark = glyphs().current if current else " "
        runs: list[Run] = [(f"{mark} ", Role.ACCENT | BOLD), *row_runs(row, width - 2)]
        segments = [Segment(text, palette.style(key | ground)) for text, key in runs]
        strip = Strip(segments, sum(cells(text) for text, _ in runs))
        return strip.crop_extend(0, width, palette.style(Role.TEXT | ground))


def row_runs(row: EventRow, width: int) -> list[Run]:
    """The columns of a row that fit `width` cells; the text takes what is left."""
    second, millisecond = divmod(row.at_ms, 1000)
    role = LEVEL_ROLES.get(row.level, Role.ERROR)
    sign = level_sign(row.level)
    word = LEVEL_WORDS.get(row.level, "error")
    runs: list[Run] = []
    if width >= WIDE:
        turn = short_id(row.correlation)
        runs = [
            (f"{clock_time(second)}.{millisecond:03d}  ", Role.MUTED),
            (f"{sign} {word:<5}  ", role),
            (f"{clip(row.source, 9, glyphs().ellipsis):<9} ", Role.ACCENT),
            (f"{turn:>6}  ", Role.MUTED),
        ]
    elif width >= MEDIUM:
        source = clip(row.source, 8, glyphs().ellipsis)
        runs = [
            (f"{clock_time(second)} ", Role.MUTED),
            (f"{sign} {word:<5} ", role),
            (f"{source:<8} ", Role.ACCENT),
        ]
    else:
        runs = [(f"{clock_time(second)[:5]} ", Role.MUTED), (f"{sign} ", role)]
    used = sum(cells(text) for text, _ in runs)
    text_role = Role.MUTED if row.level <= Level.DEBUG else Role.TEXT
    runs.append((clip(row.text, max(width - used, 1), glyphs().ellipsis), text_role))
    return runs
