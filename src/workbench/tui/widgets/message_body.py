"""One message of a transcript: a line-API widget over cached strips."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from workbench.tui.markdown.matching import Mark, marks_around, matches_in
from workbench.tui.markdown.textlines import Join, cells
from workbench.tui.palette import LINK, Palette, Role
from workbench.tui.state.finding import Needle
from workbench.tui.widgets.message_lines import GUTTER, MessageLines
from workbench.tui.widgets.message_view import MessageView

_STRIPS_KEPT = 2_000
_NEXT_SLICE_S: Final = 0.01
_AT_ONCE_S: Final = 0.03
_MOST_WAITS = 200
_MOST_SLICES = 10_000
_COMPARED: Final = 20
"""Last lines that are looked at one by one while text comes, so that only those that changed are painted."""

_Spans = list[tuple[int, int, Style]]


class MessageBody(Widget):
    """Shows a `MessageView`; a very long one grows slice by slice, so that nothing waits for it."""

    DEFAULT_CSS = """
    MessageBody { width: 1fr; height: auto; }
    """

    ALLOW_SELECT = True

    # A line that comes has the screen laid out already; Textual would do it once more when that is done.
    virtual_size = Reactive(Size(0, 0), layout=False)

    @dataclass
    class LinkClicked(Message):
        """Somebody clicked on a link."""

        message_id: str
        words: str
        """What stands there of it."""

    def __init__(
        self, view: MessageView, palette: Callable[[], Palette], grew: Callable[[MessageBody, int], None]
    ) -> None:
        """`palette` gives the styles of the current theme; `grew` is told how many lines have been added."""
        super().__init__()
        self._palette = palette
        self._grew = grew
        self._painted: Palette | None = None
        self._filters: Sequence[LineFilter] = ()
        self._ground = Color(0, 0, 0)
        self._current = False
        self._strips: dict[int, Strip] = {}
        self._lines = MessageLines(view)
        self._next_slice: Timer | None = None
        self._needle: Needle | None = None
        self._found: tuple[Mark, ...] = ()

    @property
    def view(self) -> MessageView:
        """What is shown."""
        return self._lines.view

    def update_view(self, view: MessageView) -> None:
        """Show another state of the message."""
        lines, was_height, was_caret = self._lines, self._lines.height, self._lines.caret_line
        first = max(was_height - _COMPARED, 0)
        shown = [(lines.line(y), y == was_caret) for y in range(first, was_height)]
        lines.take(view)
        if not lines.width:
            return
        self._lay_out(lines.width)
        # The last line has no bar, so it is painted in another way where it is no longer the last.
        end = min(was_height, lines.height) - int(lines.height != was_height)
        kept = max(min(lines.unchanged, *(y for y in (was_caret, lines.caret_line) if y >= 0), end), 0)
        while first <= kept < end:
            if (lines.line(kept), kept == lines.caret_line) != shown[kept - first]:
                break
            kept += 1
        self._strips = {y: strip for y, strip in self._strips.items() if y < kept}
        if lines.height != was_height:
            self._grew(self, lines.height - was_height)
            self.refresh(layout=True)
        elif kept < was_height:
            self.refresh(Region(0, kept, self.size.width, was_height - kept))

    @property
    def is_current(self) -> bool:
        """Whether the message cursor is on it."""
        return self._current

    @is_current.setter
    def is_current(self, current: bool) -> None:
        if current != self._current:
            self._current = current
            self._paint_again()

    @property
    def unfolded(self) -> bool:
        """Whether its reasoning or tool output is shown."""
        return self._lines.unfolded

    @unfolded.setter
    def unfolded(self, unfolded: bool) -> None:
        if unfolded != self._lines.unfolded and self._lines.can_fold:
            self._lines.fold(unfolded=unfolded)
            self._strips.clear()
            self.refresh(layout=True)

    # -- layout ------------------------------------------------------------------------------------------------

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines of the message at `width` cells, as far as they are laid out."""
        self._lay_out(width)
        return self._lines.height

    def _lay_out(self, width: int) -> None:
        if width != self._lines.width:
            self._strips.clear()
        changed = self._lines.lay_out(width, compact=bool(cast("Any", self).app.has_class("-compact")))
        if changed and self._lines.pending and self._next_slice is None and self.is_attached:
            self._next_slice = self.set_timer(_NEXT_SLICE_S, self.lay_out_more)

    def lay_out_anew(self) -> None:
        """Other room between things is wanted."""
        self._strips.clear()
        self.refresh(layout=True)

    @property
    def is_growing(self) -> bool:
        """Whether more of it is to be laid out."""
        return not self._lines.width or self._lines.pending

    async def laid_out(self) -> None:
        """Wait until all of it is laid out."""
        for _ in range(_MOST_WAITS):
            if self._lines.width or not self.is_attached:
                break
            await asyncio.sleep(_NEXT_SLICE_S)
        self._lay_out(self._lines.width)
        for _ in range(_MOST_SLICES):
            if not self.is_attached or not self.lay_out_more():
                break
            await asyncio.sleep(0)

    def lay_out_more(self) -> bool:
        """Lay out the next slice of a very long text; whether there was one."""
        if self._next_slice is not None:
            self._next_slice.stop()
            self._next_slice = None
        if not self._lines.pending or not self._lines.width:
            return False
        before, began = self._lines.height, time.perf_counter()
        self._lines.go_on()
        while self._lines.pending and time.perf_counter() - began < _AT_ONCE_S:
            # Every layout of the column costs as much as some slices.
            self._lines.go_on()
        self._lay_out(self._lines.width)
        if self._lines.pending and self._next_slice is None:
            self._next_slice = self.set_timer(_NEXT_SLICE_S, self.lay_out_more)
        # What stands below the slice has moved: the badge, and all of the text where reasoning has grown.
        self._strips.clear()
        self._grew(self, self._lines.height - before)
        self.refresh(layout=True)
        return True

    # -- painting ----------------------------------------------------------------------------------------------

    def _paint_again(self) -> None:
        self._strips.clear()
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines in `crop`; with no frame around them, they need no second cache with a look at every line."""
        palette, filters = self._palette(), self.get_line_filters()
        if palette is not self._painted or filters != self._filters:
            self._painted, self._filters = palette, filters
            self._strips.clear()
        self._ground = self.background_colors[1]
        self._lay_out(self.size.width)
        strips = [self._strips.get(y) or self.render_line(y) for y in crop.line_range]
        return strips if crop.width == self.size.width else [strip.crop(crop.x, crop.right) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """The strip of line `y`, with selection and the offsets that selecting needs."""
        palette = self._palette()
        # What has just been removed may be painted once more.
        selection = self.text_selection if self.is_attached else None
        span = selection.get_span(y) if selection is not None else None
        strip = self._paint(y, palette, span).apply_offsets(0, y)
        for line_filter in self._filters:
            strip = strip.apply_filter(line_filter, self._ground)
        if span is None:
            if len(self._strips) > _STRIPS_KEPT:
                self._strips.clear()
            self._strips[y] = strip
        return strip

    def _paint(self, y: int, palette: Palette, span: tuple[int, int] | None) -> Strip:
        line = self._lines.full_line(y, current=self._current)
        style = palette.style
        segments = [Segment(text, style(key)) for text, key in line.runs if text]
        spans: _Spans = self._marked(y, palette)
        if span is not None:
            spans.append((*span, self.screen.get_component_rich_style("screen--selection")))
        for start, end, over in spans:
            segments = _styled(segments, start, end, over)
        strip = Strip(segments, sum(cells(segment.text) for segment in segments))
        return strip.crop_extend(0, self.size.width, style(Role.TEXT))

    # -- finding -----------------------------------------------------------------------------------------------

    def show_matches(self, needle: Needle | None, found: tuple[Mark, ...] = ()) -> None:
        """Highlight what matches; `found` is the match that is looked at."""
        if (needle, found) != (self._needle, self._found):
            self._needle, self._found = needle, found
            self._paint_again()

    def matches(self, needle: Needle) -> Iterator[list[Mark]]:
        """The matches in what is laid out, from the top; an empty list after each line without any."""
        return matches_in(self._lines.line, 0, self._lines.height, needle)

    def _marked(self, y: int, palette: Palette) -> _Spans:
        if self._needle is None:
            return []
        colour = palette.style(Role.WARNING).color
        hit = Style(color=colour, bold=True, underline=True)
        current = Style(color=colour, bold=True, reverse=True)
        return [
            (mark.start + GUTTER, mark.end + GUTTER, current if mark in self._found else hit)
            for mark in marks_around(self._lines.line, self._lines.height, y, self._needle)
        ]

    # -- pointing and selecting --------------------------------------------------------------------------------

    def on_click(self, event: events.Click) -> None:
        """A click on a link asks for the list of links."""
        offset = event.get_content_offset(self)
        if offset is None or self.text_selection is not None:
            return
        at = 0
        for text, key in self._lines.full_line(offset.y, current=False).runs:
            at += cells(text)
            if offset.x < at:
                if key & LINK:
                    self.post_message(self.LinkClicked(self.view.id, text.strip().strip("()")))
                return

    def text_between(self, top: int, bottom: int) -> str:
        """What stands in these lines."""
        last = min(bottom, self._lines.height)
        return "\n".join(self._lines.line(y).text for y in range(max(top, 0), last))

    def selection_updated(self, selection: Selection | None) -> None:
        """Paint the lines again."""
        self._paint_again()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text: without gutters, and wrapped lines put together again."""
        if not self._lines.width:
            return None
        first = selection.start.y if selection.start is not None else 0
        last = self._lines.height - 1
        if selection.end is not None:
            last = min(last, selection.end.y + 1)
        parts: list[str] = []
        for y in range(first, last):
            span = selection.get_span(y)
            line = self._lines.full_line(y, current=False)
            if span is None or line.join is Join.LABEL:
                continue
            start, end = span
            text = line.text if end < 0 else line.text[:end]
            if parts and line.join is not Join.NOTHING:
                parts.append(" " if line.join is Join.SPACE else "")
                parts.append(text[max(start, line.lead) :].rstrip())
            else:
                parts.append("\n" if parts else "")
                # Of code the indentation that we draw is left out, so that it can be pasted as it was.
                parts.append(text[max(start, line.lead if line.fill >= 0 else GUTTER) :].rstrip())
        return "".join(parts), "\n\n"


def _styled(segments: list[Segment], start: int, end: int, style: Style) -> list[Segment]:
    """Segments with another style over characters `start` to `end`, or to the last one when `end` is negative."""
    painted: list[Segment] = []
    at = 0
    for segment in segments:
        text, base, _ = segment
        stop = at + len(text)
        low = min(max(start, at), stop) - at
        high = (stop if end < 0 else min(max(end, at), stop)) - at
        for piece, chosen in ((text[:low], False), (text[low:high], True), (text[high:], False)):
            if piece:
                painted.append(Segment(piece, (base or Style()) + style if chosen else base))
        at = stop
    return painted
