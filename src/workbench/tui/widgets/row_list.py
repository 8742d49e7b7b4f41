"""A list of lines with a cursor on the line API: ten thousand cost what is on the screen."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.textlines import Run, cells
from workbench.tui.palette import BOLD, COMPONENTS, ON_SELECTED, PALETTE_CSS, PaletteKeeper, Role


class RowList(ScrollView, can_focus=True, inherit_bindings=False):
    """Keys and mouse move the cursor; what a line says is the subclass's work (`runs`)."""

    DEFAULT_CSS = f"""
    RowList {{
        background: $surface;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        {PALETTE_CSS}
    }}
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS.values())
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("home", "move(-10000000)", "First", show=False),
        Binding("end,G", "move(10000000)", "Last", show=False),
    ]

    class Moved(Message):
        """The cursor is on another line."""

        def __init__(self, rows: RowList) -> None:
            """Of `rows`."""
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> RowList:
            """The list."""
            return self.rows

    class Chosen(Moved):
        """The line under the cursor was clicked once more."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Empty."""
        super().__init__(id=id, classes=classes)
        self.cursor = 0
        """The line under the cursor; without lines it means nothing."""
        self._palette = PaletteKeeper(self)

    @property
    def row_count(self) -> int:
        """How many lines there are."""
        return 0

    def runs(self, place: int, width: int) -> list[Run]:
        """What a line says, in at most `width` cells."""
        raise NotImplementedError

    def rows_changed(self, cursor: int) -> None:
        """There are other lines, or more; the cursor is to stand on `cursor`."""
        self.cursor = min(max(cursor, 0), max(self.row_count - 1, 0))
        self.virtual_size = Size(self.scrollable_content_region.width, self.row_count)
        self.reveal()
        self.refresh()

    def reveal(self) -> None:
        """Scroll to where the cursor is seen."""
        height = max(self.scrollable_content_region.height, 1)
        top = min(max(self.scroll_offset.y, self.cursor - height + 1), self.cursor)
        if abs(top - self.scroll_offset.y) > height:
            # After a jump what is before and after it is in sight, too.
            top = max(self.cursor - height // 2, 0)
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self.rows_changed(self.cursor)

    def move_to(self, place: int) -> None:
        """Put the cursor on a line, and tell when it is another one."""
        if not self.row_count:
            return
        before = self.cursor
        self.cursor = min(max(place, 0), self.row_count - 1)
        self.reveal()
        self.refresh()
        if self.cursor != before:
            self.post_message(self.Moved(self))

    def action_move(self, step: int) -> None:
        """Move by lines."""
        self.move_to(self.cursor + step)

    def action_move_page(self, step: int) -> None:
        """Move by screens."""
        self.action_move(step * max(self.scrollable_content_region.height - 1, 1))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; on the line under it, it chooses."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        place = self.scroll_offset.y + offset.y
        if place >= self.row_count:
            return
        if place == self.cursor:
            self.post_message(self.Chosen(self))
        else:
            self.move_to(place)

    def on_focus(self) -> None:
        """The cursor shows."""
        self.refresh()

    def on_blur(self) -> None:
        """It shows less."""
        self.refresh()

    def notify_style_update(self) -> None:
        """A theme or class has changed."""
        self._palette.stale()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One line."""
        palette = self._palette.current()
        # Without the column of the scrollbar, which covers what is drawn under it.
        width = self.scrollable_content_region.width
        place = self.scroll_offset.y + y
        if place >= self.row_count:
            return Strip.blank(width, palette.style(Role.TEXT))
        current = place == self.cursor
        ground = ON_SELECTED if current else 0
        mark = glyphs().current if current else " "
        runs: list[Run] = [(f"{mark} ", Role.ACCENT | BOLD), *self.runs(place, width - 2)]
        segments = [Segment(text, palette.style(key | ground)) for text, key in runs if text]
        strip = Strip(segments, sum(cells(segment.text) for segment in segments))
        return strip.crop_extend(0, width, palette.style(Role.TEXT | ground))
