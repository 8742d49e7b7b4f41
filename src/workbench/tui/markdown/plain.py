"""Plain text of any length as lines: only where its rows begin and end is kept, and it is wrapped in slices."""

from __future__ import annotations

from array import array

from workbench.tui.markdown.textlines import BLANK, TAB, Join, Line, wrap
from workbench.tui.palette import Role

SLICE = 256_000
"""Characters wrapped at once; of anything but ASCII a sixth of it, because that takes so much longer."""


class PlainFlow:
    """Plain text, wrapped; the row in which it ends is done again when it grows."""

    def __init__(self, key: int = Role.TEXT) -> None:
        """All of it in the style of `key`."""
        self._key = key
        self._text = ""
        self._width = self._unchanged = 0
        self._forget()

    def _forget(self) -> None:
        self._starts, self._ends, self._joins = array("I"), array("I"), bytearray()
        self._at = 0
        self._join = Join.NOTHING
        self._stop = 0
        self._tail: tuple[int, int, Join] | None = None

    def extend(self, more: str) -> None:
        """Take more text at the end."""
        self._text += more.replace("\t", TAB)

    def finish(self) -> None:
        """Nothing changes: plain text is the same while it grows."""

    @property
    def pending(self) -> bool:
        """Whether another `layout` would show more."""
        return self._stop < len(self._text)

    def layout(self, width: int) -> int:
        """Wrap one more slice at `width` cells; returns the number of lines so far."""
        if width != self._width:
            self._width = width
            self._forget()
        self._unchanged = len(self._starts)
        if self.pending:
            self._stop = self._slice_end()
            self._wrap(self._text[self._at : self._stop])
        return len(self._starts) + (self._tail is not None)

    def _slice_end(self) -> int:
        length = len(self._text)
        end = min(self._at + SLICE, length)
        if not self._text[self._at : end].isascii():
            end = min(self._at + SLICE // 6, length)
        if end == length:
            return length
        # A line that is longer than the slice is cut where it ends, and put together again in the next.
        return self._text.rfind("\n", self._at, end) + 1 or end

    def _wrap(self, piece: str) -> None:
        *whole, last = piece.split("\n")
        for source in whole:
            self._add(wrap(source, self._width))
            self._at += len(source) + 1
            self._join = Join.NOTHING
        *spans, (start, end, join) = wrap(last, self._width)
        self._add([*spans])
        self._join = join if spans else self._join
        self._tail = (self._at + start, self._at + end, self._join) if last else None
        self._at += start
        if not spans and last and self.pending:
            # Blanks without end: the row they begin is all that is shown of this slice.
            self._add([(0, end - start, self._join)])
            self._at, self._join, self._tail = self._stop, Join.SPACE, None

    def _add(self, spans: list[tuple[int, int, Join]]) -> None:
        for start, end, join in spans:
            self._starts.append(self._at + start)
            self._ends.append(self._at + end)
            self._joins.append(join)
        if spans:
            # The first row of a slice may go on with a line of the one before.
            self._joins[-len(spans)] = self._join

    def line(self, y: int) -> Line:
        """A line of the last layout."""
        if y < len(self._starts):
            start, end, join = self._starts[y], self._ends[y], Join(self._joins[y])
        elif self._tail is not None:
            start, end, join = self._tail
        else:
            raise IndexError(y)
        if start == end and join is Join.NOTHING:
            return BLANK
        return Line(((self._text[start:end], self._key),), join)

    @property
    def unchanged(self) -> int:
        """Lines from the top that the last layout left as they were in the one before."""
        return self._unchanged
