"""One message as laid-out lines: header, what is folded, text, notes and badge."""

from __future__ import annotations

from typing import Final

from workbench.core.text import clean, clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.flow import Flow, MarkdownFlow
from workbench.tui.markdown.plain import PlainFlow
from workbench.tui.markdown.seams import SeamedFlow
from workbench.tui.markdown.textlines import BLANK, Line, Run, cells, clip, plain_lines
from workbench.tui.palette import BOLD, ITALIC, ON_PANEL, Role
from workbench.tui.widgets.message_view import MessageView

MEASURE: Final = 100
"""Cells of the reading column."""

GUTTER: Final = 2
"""Cells at the left for the bar and a blank."""

FEED: Final = 1_000_000
"""Characters of a text that are cleaned at once."""

MOST_ROWS: Final = 150_000
"""Rows of a text that are shown: what is taller makes every layout of the column slow, and nobody scrolls there."""

_BADGE_ROLES = {"": Role.MUTED, "success": Role.SUCCESS, "warning": Role.WARNING, "error": Role.ERROR}
_BADGE_LIMIT = 600


class MessageLines:
    """Lines of a `MessageView`; when only its text grew, only the last block is laid out again.

    A very long text is laid out in slices: while `pending`, `lay_out` adds another one.
    """

    def __init__(self, view: MessageView) -> None:
        """Nothing is laid out yet."""
        self.width = 0
        self.unfolded = False
        self._compact: bool = False
        self._head: list[Line] = []
        self._foot: list[Line] = []
        self._reasoning_count = self._gap = self._text_count = 0
        self._text_stays_at = -1
        self._stale = True
        self._begin(view)

    def _begin(self, view: MessageView) -> None:
        self.view = view
        self._flow: Flow = PlainFlow(self._text_key)
        if view.role == "assistant":
            self._flow = SeamedFlow() if view.seams else MarkdownFlow()
        self._reasoning: Flow = PlainFlow(Role.MUTED | ITALIC)
        self._words = _WordCount()
        self._taken = self._reasoning_taken = 0
        self._grow(view)

    @property
    def _text_key(self) -> int:
        return {"user": Role.TEXT | ON_PANEL, "note": int(Role.MUTED)}.get(self.view.role, int(Role.TEXT))

    def _grow(self, view: MessageView) -> None:
        self.view = view
        if isinstance(self._flow, SeamedFlow):
            for at, label in view.seams[self._flow.cuts :]:
                while self._taken < at:
                    self._taken = _feed(self._flow, view.text[:at], self._taken, whole=True)
                self._flow.cut(clean_line(label))
        self._feed()

    def _feed(self) -> None:
        view = self.view
        self._taken = _feed(self._flow, view.text, self._taken, whole=not view.streaming)
        before = self._reasoning_taken
        self._reasoning_taken = _feed(self._reasoning, view.reasoning, before, whole=not view.streaming)
        self._words.add(view.reasoning[before : self._reasoning_taken])
        if not view.streaming and not self._is_hungry:
            self._flow.finish()
        self._stale = True

    @property
    def _is_hungry(self) -> bool:
        """Whether more of the text is to be taken; the CR at the end of text that still comes is not."""
        kept = int(self.view.streaming)
        return self._taken + kept < len(self.view.text) or self._reasoning_taken + kept < len(self.view.reasoning)

    def take(self, view: MessageView) -> None:
        """Take another state of the message."""
        old = self.view
        grows = (
            view.role == old.role
            and view.seams == old.seams
            and view.fold == old.fold
            and view.text.startswith(old.text)
            and view.reasoning.startswith(old.reasoning)
            and (old.streaming or (view.text == old.text and view.reasoning == old.reasoning))
        )
        same_above = grows and view.header == old.header and view.reasoning == old.reasoning
        self._text_stays_at = self.first_text_line if same_above else -1
        if grows:
            self._grow(view)
        else:
            self._begin(view)

    @property
    def can_fold(self) -> bool:
        """Whether a part of it is shown only when it is unfolded."""
        return bool(self.view.reasoning or self.view.fold)

    def fold(self, *, unfolded: bool) -> None:
        """Show or hide what is folded."""
        self.unfolded = unfolded and self.can_fold
        self._stale = True

    # -- layout ------------------------------------------------------------------------------------------------

    @property
    def height(self) -> int:
        """All lines laid out so far."""
        return len(self._head) + self._reasoning_count + self._gap + self._text_count + len(self._foot)

    @property
    def unchanged(self) -> int:
        """Lines from the top that are, after what was taken last is laid out, as they were before."""
        if self._text_stays_at != self.first_text_line:
            return 0
        return self._text_stays_at + (min(self._flow.unchanged, self._text_count) if self._text_count else 0)

    @property
    def first_text_line(self) -> int:
        """Where the text begins, or what stands there instead."""
        return len(self._head) + self._reasoning_count + self._gap

    @property
    def caret_line(self) -> int:
        """Where streaming text goes on; -1 when nothing streams."""
        return max(self.height - len(self._foot) - 1, len(self._head) - 1) if self.view.streaming else -1

    @property
    def pending(self) -> bool:
        """Whether another `lay_out` would show more."""
        if self._is_full:
            return False
        if self._is_hungry:
            return True
        shown = self.unfolded or not self.view.fold
        return (shown and self._flow.pending) or (self.unfolded and self._reasoning.pending)

    @property
    def _is_full(self) -> bool:
        return self._text_count >= MOST_ROWS or self._reasoning_count >= MOST_ROWS

    def go_on(self) -> None:
        """Lay out the next slice of what is pending."""
        if self._is_hungry:
            self._feed()
        self._stale = True
        self.lay_out(self.width)

    def lay_out(self, width: int, *, compact: bool | None = None) -> bool:
        """Lay out at `width` cells, `compact` without blank lines of ours; whether anything may have changed."""
        compact = self._compact if compact is None else compact
        if width != self.width or compact != self._compact:
            self.width, self._compact = width, compact
            self._stale = True
        if not self._stale:
            return False
        self._stale = False
        view, inner = self.view, self.inner_width
        self._head = self._header_lines(inner)
        self._reasoning_count = 0
        if view.reasoning and self.unfolded:
            # Indented, with a bar of its own.
            self._reasoning_count = self._reasoning.layout(max(inner - 2, 1))
        self._text_count = self._flow.layout(inner) if self._taken and (self.unfolded or not view.fold) else 0
        self._gap = int(bool(view.reasoning and self._text_count and not self._compact))
        self._foot = self._footer_lines(inner)
        return True

    @property
    def inner_width(self) -> int:
        """Cells for the text."""
        return max(min(self.width, MEASURE + GUTTER) - GUTTER, 1)

    @property
    def ground(self) -> int:
        """What the message stands on."""
        return ON_PANEL if self.view.role == "user" else 0

    def _header_lines(self, width: int) -> list[Line]:
        view, signs = self.view, glyphs()
        lines: list[Line] = []
        if view.header:
            lines.append(_two_sided(view.header, width, Role.MUTED | BOLD | self.ground, Role.MUTED | self.ground))
        sign = signs.unfolded if self.unfolded else signs.folded
        if view.reasoning:
            lines.append(Line(((f"{sign} reasoning {signs.dot} {self._words.count} words", Role.MUTED),)))
        if view.fold:
            count = view.text.rstrip().count("\n") + 1
            told = f"{sign} {clean_line(view.fold, 60)} {signs.dot} {count:,} line{'s' * (count != 1)}"
            lines.append(Line(((clip(told, width, signs.ellipsis), Role.MUTED),)))
        return lines

    def _footer_lines(self, width: int) -> list[Line]:
        view = self.view
        lines: list[Line] = []
        if self._is_full and (self._is_hungry or self._flow.pending or self._reasoning.pending):
            told = f"The first {MOST_ROWS:,} lines of {len(view.text):,} characters; y copies all, v opens all."
            lines = [BLANK, *plain_lines(told, width, Role.WARNING)]
        for note in view.notes:
            if not lines and self._text_count and not self._compact:
                lines.append(BLANK)
            lines.extend(plain_lines(clean_line(note, _BADGE_LIMIT), width, Role.TEXT))
        if view.badge:
            role = _BADGE_ROLES[view.badge_severity]
            if (self._text_count or self._head or lines) and not self._compact:
                lines.append(BLANK)
            if view.badge_severity and cells(view.badge) > width:
                text = clean_line(view.badge.replace("\t", "  "), _BADGE_LIMIT)
                lines.extend(plain_lines(text, width, role))
            else:
                lines.append(_two_sided(view.badge, width, role, Role.MUTED))
        return [*lines, BLANK]

    def line(self, y: int) -> Line:
        """A line without its gutter."""
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

    def full_line(self, y: int, *, current: bool) -> Line:
        """Line `y` with its gutter, the ground it stands on, and the caret of streaming text."""
        line = self.line(y)
        last = y >= self.height - 1
        ground = 0 if last else self.ground
        runs: list[Run] = [self._gutter(ground, last=last, current=current), *line.runs]
        used = GUTTER + sum(cells(text) for text, _ in line.runs)
        measure = self.inner_width + GUTTER
        if y == self.caret_line and used < measure:
            runs.append((glyphs().caret, Role.ACCENT))
            used += 1
        fill = line.fill if line.fill >= 0 else Role.TEXT | ground
        if (line.fill >= 0 or ground) and used < measure:
            runs.append((" " * (measure - used), fill))
        return Line(tuple(runs), line.join, GUTTER + line.lead, line.fill)

    def _gutter(self, ground: int, *, last: bool, current: bool) -> Run:
        signs = glyphs()
        if last:
            return ("  ", Role.TEXT)
        if self.view.role == "user":
            bar = signs.bar_current if current else signs.bar
            return (f"{bar} ", Role.ACCENT | ground)
        return (f"{signs.bar} ", Role.ACCENT | ground) if current else ("  ", Role.TEXT | ground)


class _WordCount:
    """Words of a text that comes in pieces."""

    def __init__(self) -> None:
        self.count = 0
        self._inside = False

    def add(self, piece: str) -> None:
        if piece:
            self.count += len(piece.split()) - int(self._inside and not piece[0].isspace())
            self._inside = not piece[-1].isspace()


def _feed(flow: Flow, text: str, taken: int, *, whole: bool) -> int:
    """Give the flow what is new in `text`, or a part of it; a CR at the end waits for the LF that may follow it."""
    end = min(len(text), taken + FEED)
    if text.endswith("\r", taken, end) and not (whole and end == len(text)):
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
