"""One message of a transcript: a line-API widget over cached strips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from workbench.core.text import clean, clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.flow import Flow, MarkdownFlow, PlainFlow
from workbench.tui.markdown.seams import SeamedFlow
from workbench.tui.markdown.textlines import BLANK, Join, Line, Run, cells, clip, plain_lines
from workbench.tui.palette import BOLD, ITALIC, ON_PANEL, Palette, Role
from workbench.tui.widgets.message_view import MessageView

MEASURE: Final = 100
"""Cells of the reading column."""

GUTTER: Final = 2
"""Cells at the left for the bar and a blank."""

_BADGE_ROLES = {"": Role.MUTED, "success": Role.SUCCESS, "warning": Role.WARNING, "error": Role.ERROR}
_BADGE_LIMIT = 600
_STRIPS_KEPT = 2_000


class MessageBody(Widget):
    """Shows a `MessageView`; when only its text grew, only the last block is laid out again."""

    DEFAULT_CSS = """
    MessageBody { width: 1fr; height: auto; }
    """

    ALLOW_SELECT = True

    def __init__(self, view: MessageView, palette: Callable[[], Palette]) -> None:
        """`palette` gives the styles of the current theme."""
        super().__init__()
        self._palette = palette
        self._painted: Palette | None = None
        self._current = False
        self._reasoning_shown = False
        self._width = 0
        self._strips: dict[int, Strip] = {}
        self._head: list[Line] = []
        self._foot: list[Line] = []
        self._reasoning_count = self._gap = self._text_count = 0
        self._stale = True
        self._take(view)

    def _take(self, view: MessageView) -> None:
        self.view = view
        self._flow: Flow = PlainFlow(self._text_key)
        if view.role == "assistant":
            self._flow = SeamedFlow() if view.seams else MarkdownFlow()
        self._reasoning: Flow = PlainFlow(Role.MUTED | ITALIC)
        self._words = 0
        self._taken = self._reasoning_taken = 0
        self._grow(view)

    @property
    def _text_key(self) -> int:
        return {"user": Role.TEXT | ON_PANEL, "note": int(Role.MUTED)}.get(self.view.role, int(Role.TEXT))

    def _grow(self, view: MessageView) -> None:
        self.view = view
        if isinstance(self._flow, SeamedFlow):
            for at, label in view.seams[self._flow.cuts :]:
                self._taken = _feed(self._flow, view.text[:at], self._taken, whole=True)
                self._flow.cut(clean_line(label))
        self._taken = _feed(self._flow, view.text, self._taken, whole=not view.streaming)
        if len(view.reasoning) > self._reasoning_taken:
            self._words = len(view.reasoning.split())
        self._reasoning_taken = _feed(self._reasoning, view.reasoning, self._reasoning_taken, whole=not view.streaming)
        if not view.streaming:
            self._flow.finish()
        self._stale = True

    def update_view(self, view: MessageView) -> None:
        """Show another state of the message."""
        old, was_height = self.view, self._height
        grows = (
            view.role == old.role
            and view.seams == old.seams
            and view.text.startswith(old.text)
            and view.reasoning.startswith(old.reasoning)
            and (old.streaming or (view.text == old.text and view.reasoning == old.reasoning))
        )
        kept = self._settled_lines if grows and view.header == old.header else 0
        if grows:
            self._grow(view)
        else:
            self._take(view)
        if not self._width:
            return
        if view.reasoning != old.reasoning:
            kept = min(kept, len(self._head))
        self._strips = {y: strip for y, strip in self._strips.items() if y < kept}
        self._lay_out(self._width)
        if self._height != was_height:
            self.refresh(layout=True)
        else:
            self.refresh(Region(0, kept, self.size.width, max(self._height - kept, 1)))

    @property
    def is_current(self) -> bool:
        """Whether the message cursor is on it."""
        return self._current

    @is_current.setter
    def is_current(self, current: bool) -> None:
        if current != self._current:
            self._current = current
            self._strips.clear()
            self.refresh()

    @property
    def reasoning_shown(self) -> bool:
        """Whether the reasoning is unfolded."""
        return self._reasoning_shown

    def toggle_reasoning(self) -> None:
        """Fold or unfold the reasoning, if there is any."""
        if self.view.reasoning:
            self._reasoning_shown = not self._reasoning_shown
            self._stale = True
            self._strips.clear()
            self.refresh(layout=True)

    # -- layout ------------------------------------------------------------------------------------------------

    @property
    def _height(self) -> int:
        return len(self._head) + self._reasoning_count + self._gap + self._text_count + len(self._foot)

    @property
    def _settled_lines(self) -> int:
        return len(self._head) + self._reasoning_count + self._gap + self._flow.settled

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All there is."""
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Lines of the message at `width` cells."""
        self._lay_out(width)
        return self._height

    def _lay_out(self, width: int) -> None:
        if width != self._width:
            self._width = width
            self._strips.clear()
            self._stale = True
        if not self._stale:
            return
        self._stale = False
        inner = self._inner_width
        self._head = self._header_lines(inner)
        self._reasoning_count = 0
        if self.view.reasoning:
            signs = glyphs()
            sign = signs.unfolded if self._reasoning_shown else signs.folded
            self._head.append(Line(((f"{sign} reasoning {signs.dot} {self._words} words", Role.MUTED),)))
            if self._reasoning_shown:
                # Indented, with a bar of its own.
                self._reasoning_count = self._reasoning.layout(max(inner - 2, 1))
        self._text_count = self._flow.layout(inner) if self._taken else 0
        self._gap = int(bool(self.view.reasoning and self._text_count))
        self._foot = self._footer_lines(inner)

    @property
    def _inner_width(self) -> int:
        return max(min(self._width, MEASURE + GUTTER) - GUTTER, 1)

    @property
    def _ground(self) -> int:
        return ON_PANEL if self.view.role == "user" else 0

    def _header_lines(self, width: int) -> list[Line]:
        if not self.view.header:
            return []
        return [_two_sided(self.view.header, width, Role.MUTED | BOLD | self._ground, Role.MUTED | self._ground)]

    def _footer_lines(self, width: int) -> list[Line]:
        view = self.view
        lines: list[Line] = []
        for note in view.notes:
            if not lines and self._text_count:
                lines.append(BLANK)
            lines.extend(plain_lines(clean_line(note, _BADGE_LIMIT), width, Role.TEXT))
        if view.badge:
            role = _BADGE_ROLES[view.badge_severity]
            if self._text_count or self._head or lines:
                lines.append(BLANK)
            if view.badge_severity and cells(view.badge) > width:
                text = clean_line(view.badge.replace("\t", "  "), _BADGE_LIMIT)
                lines.extend(plain_lines(text, width, role))
            else:
                lines.append(_two_sided(view.badge, width, role, Role.MUTED))
        return [*lines, BLANK]

    def _line(self, y: int) -> Line:
        head, reasoning, text = len(self._head), self._reasoning_count, self._text_count
        if y < head:
            return self._head[y]
        y -= head
        if y < reasoning:
            line = self._reasoning.line(y)
            return Line(((f"{glyphs().quote} ", Role.MUTED), *line.runs), line.join, 2)
        y -= reasoning + self._gap
        if y < 0:
            return BLANK
        if y < text:
            return self._flow.line(y)
        y -= text
        return self._foot[y] if y < len(self._foot) else BLANK

    # -- painting ----------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The strip of line `y`, with selection and the offsets that selecting needs."""
        palette = self._palette()
        if palette is not self._painted:
            self._painted = palette
            self._strips.clear()
        self._lay_out(self.size.width)
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is not None:
            return self._paint(y, palette, span).apply_offsets(0, y)
        strip = self._strips.get(y)
        if strip is None:
            if len(self._strips) > _STRIPS_KEPT:
                self._strips.clear()
            strip = self._strips[y] = self._paint(y, palette, None).apply_offsets(0, y)
        return strip

    def _full_line(self, y: int) -> Line:
        """Line `y` with its gutter, the ground it stands on, and the caret of streaming text."""
        line = self._line(y)
        last = y >= self._height - 1
        ground = 0 if last else self._ground
        runs: list[Run] = [self._gutter(ground, last=last), *line.runs]
        used = GUTTER + sum(cells(text) for text, _ in line.runs)
        measure = self._inner_width + GUTTER
        if self._is_caret_line(y) and used < measure:
            runs.append((glyphs().caret, Role.ACCENT))
            used += 1
        fill = line.fill if line.fill >= 0 else Role.TEXT | ground
        if (line.fill >= 0 or ground) and used < measure:
            runs.append((" " * (measure - used), fill))
        return Line(tuple(runs), line.join, GUTTER + line.lead, line.fill)

    def _is_caret_line(self, y: int) -> bool:
        return self.view.streaming and y == max(self._height - len(self._foot) - 1, len(self._head) - 1)

    def _gutter(self, ground: int, *, last: bool) -> Run:
        signs = glyphs()
        if last:
            return ("  ", Role.TEXT)
        if self.view.role == "user":
            bar = signs.bar_current if self._current else signs.bar
            return (f"{bar} ", Role.ACCENT | ground)
        return (f"{signs.bar} ", Role.ACCENT | ground) if self._current else ("  ", Role.TEXT | ground)

    def _paint(self, y: int, palette: Palette, span: tuple[int, int] | None) -> Strip:
        line = self._full_line(y)
        width = self.size.width
        style = palette.style
        segments = [Segment(text, style(key)) for text, key in line.runs if text]
        if span is not None:
            segments = _selected(segments, span, self.screen.get_component_rich_style("screen--selection"))
        strip = Strip(segments, sum(cells(segment.text) for segment in segments))
        return strip.crop_extend(0, width, style(Role.TEXT))

    # -- selecting ---------------------------------------------------------------------------------------------

    def selection_updated(self, selection: Selection | None) -> None:
        """Paint the lines again."""
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text: without gutters, and wrapped lines put together again."""
        if not self._width:
            return None
        parts: list[str] = []
        for y in range(self._height - 1):
            span = selection.get_span(y)
            line = self._full_line(y)
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


def _feed(flow: Flow, text: str, taken: int, *, whole: bool) -> int:
    """Give the flow what is new in `text`; a CR at the end waits for the LF that may follow it."""
    end = len(text)
    if not whole and text.endswith("\r"):
        end -= 1
    if end > taken:
        flow.extend(clean(text[taken:end].replace("\r\n", "\n")))
    return max(end, taken)


def _two_sided(text: str, width: int, left_key: int, right_key: int) -> Line:
    """A line whose part after a TAB stands at the right, if there is room for both."""
    left, _, right = text.partition("\t")
    left, right = clean_line(left), clean_line(right)
    room = width - cells(right) - 2
    if not right or room < cells(left):
        return Line(((clip(left, width, glyphs().ellipsis), left_key),))
    gap = " " * (width - cells(left) - cells(right))
    return Line(((left, left_key), (gap, right_key), (right, right_key)))


def _selected(segments: list[Segment], span: tuple[int, int], style: Style) -> list[Segment]:
    start, end = span
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
