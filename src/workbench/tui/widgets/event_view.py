"""A list of events on the line API: a million rows cost what is on the screen."""

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
from workbench.tui.events.filters import LEVEL_NAMES
from workbench.tui.events.shown import ShownEvents
from workbench.tui.events.values import EventRow
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.textlines import Run, cells, clip
from workbench.tui.palette import BOLD, COMPONENTS, ON_SELECTED, PALETTE_CSS, Palette, PaletteKeeper, Role

WIDE = 100
"""Cells from which rows show milliseconds, the level's word, and the turn."""
MEDIUM = 60
"""Cells from which rows show the level's word and the source."""
_STRIPS_KEPT = 1_000

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
        Binding("up,k", "move(-1)", "Up", show=False, id="events.row_up"),
        Binding("down,j", "move(1)", "Down", show=False, id="events.row_down"),
        Binding("pageup", "move_page(-1)", "Page up", show=False, id="events.page_up"),
        Binding("pagedown", "move_page(1)", "Page down", show=False, id="events.page_down"),
        Binding("home,g", "first", "Oldest", show=False, id="events.oldest"),
        Binding("end,G", "follow", "Newest", show=False, id="events.newest"),
    ]

    following: reactive[bool] = reactive(True, init=False)
    """Whether the newest row is kept in sight and under the cursor."""

    class Moved(Message):
        """The cursor is on another row, or more is known of that row, or following has changed."""

    class Chosen(Message):
        """A click on the row under the cursor."""

    class RowsWanted(Message):
        """Rows that are in sight are not in memory."""

    def __init__(self, shown: ShownEvents, *, id: str | None = None) -> None:
        """Shows what `shown` lets through."""
        super().__init__(id=id)
        self._shown = shown
        self._cursor: int | None = None
        """Rank of the row under the cursor; None while it is the newest."""
        self._first, self._end = shown.first, shown.end
        self._strips: LRUCache[tuple[int, bool], Strip] = LRUCache(_STRIPS_KEPT)
        self._palette = PaletteKeeper(self)
        self._painted: Palette | None = None
        self._painted_width = 0
        self._asked = self._failed = False
        self.new_rows = 0
        """Rows that came since following ended."""

    # -- content -----------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Begin at the newest row."""
        self.renew()

    def renew(self) -> None:
        """The filter has changed: begin at the newest row."""
        self._strips.clear()
        self._asked = self._failed = False
        self._cursor = None
        self.following = True
        self.new_rows = 0
        self._first, self._end = self._shown.first, self._shown.end
        self._fit()
        self._settle()
        self.refresh()

    def update_rows(self) -> None:
        """Show what was found since the last time."""
        first, end = self._shown.first, self._shown.end
        if (first, end) == (self._first, self._end):
            return
        earlier, grown = self._first - first, end - self._end
        self._first, self._end = first, end
        if not self.following:
            self.new_rows += max(grown, 0)
        top = self.scroll_offset.y
        self._fit()
        if self.following:
            self._settle()
        elif earlier:
            # The same rows stay in sight although others above them came or went.
            self._scroll(max(top + earlier, 0))
        self.refresh()

    def rows_came(self) -> None:
        """Rows that were wanted are in memory now."""
        self._asked = False
        self._strips.clear()
        self.refresh()
        self.post_message(self.Moved())

    def rows_failed(self) -> None:
        """Rows that were wanted cannot be read; they are asked for again when the reader moves."""
        self._failed = True

    @property
    def ranks_in_sight(self) -> tuple[int, int]:
        """Ranks of the first and the last row that should be in memory: a screen more than is shown, both ways."""
        height = max(self.scrollable_content_region.height, 1)
        top = self._shown.first + self.scroll_offset.y
        return top - height, top + 2 * height

    def _fit(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._shown))

    def _scroll(self, top: int) -> None:
        # At once: Textual would paint the rows where they are, and then all of them again.
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def _settle(self) -> None:
        if self.following:
            self._cursor = None
            end = max(len(self._shown) - self.scrollable_content_region.height, 0)
            self._scroll(end)
        elif self.cursor is not None:
            self._reveal(self.cursor)

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new width."""
        self._fit()
        self._settle()

    # -- cursor ------------------------------------------------------------------------------------------------

    @property
    def cursor(self) -> int | None:
        """Rank of the row under the cursor; None when there is no row."""
        if not len(self._shown):
            return None
        newest = self._shown.end - 1
        return newest if self._cursor is None else min(max(self._cursor, self._shown.first), newest)

    @property
    def is_placed(self) -> bool:
        """Whether the cursor was put on a row since the filter changed."""
        return self._cursor is not None

    @property
    def cursor_row(self) -> EventRow | None:
        """The row under the cursor; None when there is none, or it is still being read."""
        rank = self.cursor
        return None if rank is None else self._shown.row(rank)

    def move_to(self, rank: int) -> None:
        """Put the cursor on a row; that ends following."""
        if not len(self._shown):
            return
        self._cursor = min(max(rank, self._shown.first), self._shown.end - 1)
        self.following = False
        self._asked = self._asked and not self._failed
        self._failed = False
        self._reveal(self._cursor)
        self.refresh()
        self.post_message(self.Moved())

    def stay(self) -> None:
        """Keep the cursor where it is while newer rows come."""
        if self.following and self.cursor is not None:
            self.move_to(self.cursor)

    def show_in_the_middle(self, rank: int) -> None:
        """Put the cursor on a row, with others before and after it in sight."""
        self.move_to(rank)
        height = max(self.scrollable_content_region.height, 1)
        self._scroll(max((self._cursor or 0) - self._shown.first - height // 2, 0))

    def _reveal(self, rank: int) -> None:
        index = rank - self._shown.first
        height = max(self.scrollable_content_region.height, 1)
        top = self.scroll_offset.y
        if index < top:
            self._scroll(index)
        elif index >= top + height:
            self._scroll(index - height + 1)

    def action_move(self, step: int) -> None:
        """Move by rows."""
        rank = self.cursor
        if rank is not None:
            self.move_to(rank + step)

    def action_move_page(self, step: int) -> None:
        """Move by screens."""
        self.action_move(step * max(self.scrollable_content_region.height - 1, 1))

    def action_first(self) -> None:
        """Go to the oldest row."""
        self.move_to(self._shown.first)

    def action_follow(self) -> None:
        """Go to the newest row and keep it in sight."""
        self.following = True
        self.new_rows = 0
        self._settle()
        self.refresh()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the current row it shows it."""
        rank = self._shown.first + self.scroll_offset.y + event.y
        if rank >= self._shown.end:
            return
        if not self.following and rank == self.cursor:
            self.post_message(self.Chosen())
        else:
            self.move_to(rank)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up without the cursor ends following, too."""
        super().watch_scroll_y(old_value, new_value)
        if self.following and new_value < old_value and new_value < self.max_scroll_y and len(self._shown):
            self._cursor = self._shown.end - 1
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
        rank = self._shown.first + self.scroll_offset.y + y
        if rank >= self._shown.end:
            return Strip.blank(width, palette.style(Role.TEXT))
        key = (rank, rank == self.cursor)
        strip = self._strips.get(key)
        if strip is None:
            row = self._shown.row(rank)
            if row is None:
                return self._paint_unread(palette, current=key[1])
            strip = self._strips[key] = self._paint(row, palette, current=key[1])
        return strip

    def _paint_unread(self, palette: Palette, *, current: bool) -> Strip:
        if not self._asked:
            self._asked = True
            self.post_message(self.RowsWanted())
        ground = ON_SELECTED if current else 0
        mark = glyphs().current if current else " "
        strip = Strip([Segment(f"{mark} {glyphs().ellipsis}", palette.style(Role.MUTED | ground))], 3)
        return strip.crop_extend(0, self._painted_width, palette.style(Role.TEXT | ground))

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
    word = LEVEL_NAMES.get(row.level, "error")
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
