"""Matches in laid-out lines: wrapped rows are looked at as the one line they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from workbench.tui.markdown.textlines import Join, Line
from workbench.tui.state.finding import Needle

REACH = 40
"""Rows above and below that are looked at with a row that was wrapped."""


class Mark(NamedTuple):
    """A part of a match that stands in one row."""

    y: int
    start: int
    """First character of the row's text."""
    end: int


LineAt = Callable[[int], Line]


def marks_around(line_at: LineAt, height: int, y: int, needle: Needle) -> list[Mark]:
    """What of the matches stands in row `y`."""
    first = y
    while first > max(y - REACH, 0) and line_at(first).join in (Join.SPACE, Join.DIRECT):
        first -= 1
    last = y
    while last + 1 < min(height, y + REACH) and line_at(last + 1).join in (Join.SPACE, Join.DIRECT):
        last += 1
    return [mark for match in _matches(line_at, first, last, needle) for mark in match if mark.y == y]


def matches_in(line_at: LineAt, first: int, end: int, needle: Needle) -> Iterator[list[Mark]]:
    """The matches of rows `first` up to `end`, in order; an empty list after each line without any.

    So a caller can give way to others while it looks through a long text.
    """
    y = first
    while y < end:
        last = y
        while last + 1 < end and last - y < REACH and line_at(last + 1).join in (Join.SPACE, Join.DIRECT):
            last += 1
        found = _matches(line_at, y, last, needle)
        yield from found or [[]]
        y = last + 1


def _matches(line_at: LineAt, first: int, last: int, needle: Needle) -> list[list[Mark]]:
    text = ""
    rows: list[tuple[int, int, int]] = []
    for y in range(first, last + 1):
        line = line_at(y)
        if line.join is Join.LABEL:
            continue
        lead = line.lead if y > first else 0
        if y > first and line.join is Join.SPACE:
            text += " "
        rows.append((len(text), y, lead))
        text += line.text[lead:]
    return [_parts(rows, len(text), start, end) for start, end in needle.places(text)]


def _parts(rows: list[tuple[int, int, int]], length: int, start: int, end: int) -> list[Mark]:
    marks: list[Mark] = []
    for index, (at, y, lead) in enumerate(rows):
        stop = rows[index + 1][0] if index + 1 < len(rows) else length
        if start < stop and end > at:
            marks.append(Mark(y, max(start - at, 0) + lead, min(end, stop) - at + lead))
    return marks
