"""The providers as a table, drawn line by line."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.textlines import cells
from workbench.tui.palette import BOLD, COMPONENTS, ON_SELECTED, PALETTE_CSS, Palette, PaletteKeeper, Role
from workbench.tui.providers.board import Board
from workbench.tui.providers.rows import NAME_LIMIT, Column, columns_for, header, row_runs


class ProviderTable(ScrollView, can_focus=True):
    """One row a provider, in order of priority, with a cursor; the first line holds the titles."""

    HELP = """\
The providers in order of priority: who is well, how quick they are, what they cost. Figures are of the last 15
minutes, times in seconds; a dot in the line of minutes is one in which every answer failed.
"""

    DEFAULT_CSS = f"""
    ProviderTable {{
        height: 1fr;
        background: $surface;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        {PALETTE_CSS}
    }}
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS.values())

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Page up", show=False),
        Binding("pagedown", "move(10)", "Page down", show=False),
        Binding("home,g", "move(-1000000)", "First", show=False),
        Binding("end,G", "move(1000000)", "Last", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """A click on the row under the cursor."""

    def __init__(self, board: Board, *, id: str | None = None) -> None:
        """Shows `board`; call `update_rows` when it has changed."""
        super().__init__(id=id)
        self._board = board
        self._now_ms = 0
        self._palette = PaletteKeeper(self)

    def update_rows(self, now_ms: int) -> None:
        """Draw what the board holds now; countdowns are those of `now_ms`."""
        self._now_ms = now_ms
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._board.rows) + 1)
        self._reveal()
        self.refresh()

    def on_resize(self) -> None:
        """Other columns may fit."""
        self.update_rows(self._now_ms)

    def _reveal(self) -> None:
        # The titles stay on the first line, so one row fewer than lines is in sight.
        room = max(self.scrollable_content_region.height - 1, 1)
        top, cursor = self.scroll_offset.y, self._board.cursor
        if cursor < top:
            self.scroll_to(y=cursor, animate=False, force=True)
        elif cursor >= top + room:
            self.scroll_to(y=cursor - room + 1, animate=False, force=True)

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self._go_to(self._board.cursor + step)

    def _go_to(self, index: int) -> None:
        before = self._board.cursor
        self._board.move_to(index)
        if self._board.cursor != before:
            self._reveal()
            self.refresh()
            self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the current row it opens it."""
        index = self.scroll_offset.y + event.y - 1
        if event.y < 1 or index >= len(self._board.rows):
            return
        if index == self._board.cursor:
            self.post_message(self.Opened())
        else:
            self._go_to(index)

    def notify_style_update(self) -> None:
        """A theme or class has changed."""
        self._palette.stale()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """The titles, or one row."""
        palette = self._palette.current()
        width = self.scrollable_content_region.width
        rows = self._board.rows
        columns = columns_for(width, max((cells(clean_line(row.name, NAME_LIMIT)) for row in rows), default=0))
        if y == 0:
            return self._strip([(header(columns), Role.MUTED)], palette, width)
        index = self.scroll_offset.y + y - 1
        if index >= len(rows):
            return Strip.blank(width, palette.style(Role.TEXT))
        return self._row(index, columns, palette, width)

    def _row(self, index: int, columns: list[Column], palette: Palette, width: int) -> Strip:
        status = self._board.rows[index]
        current = index == self._board.cursor
        mark = glyphs().current if current else " "
        runs = row_runs(status, columns, now_ms=self._now_ms, testing=status.name in self._board.testing)
        return self._strip([(f"{mark} ", Role.ACCENT | BOLD), *runs], palette, width, ON_SELECTED if current else 0)

    @staticmethod
    def _strip(runs: list[tuple[str, int]], palette: Palette, width: int, ground: int = 0) -> Strip:
        segments = [Segment(text, palette.style(role | ground)) for text, role in runs]
        strip = Strip(segments, sum(cells(text) for text, _ in runs))
        return strip.crop_extend(0, width, palette.style(Role.TEXT | ground))
