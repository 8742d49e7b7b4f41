"""Laid-out lines of text: runs with style keys, and how long text is cut into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size

Run = tuple[str, int]
"""Text without a line break, and its style key (see `palette`)."""

TAB = "    "


class Join(IntEnum):
    """How a line continues the one above it; a copied selection puts them together again."""

    NOTHING = 0
    """It does not: a line of its own."""
    SPACE = 1
    """The text was wrapped between words."""
    DIRECT = 2
    """The text was cut inside a word."""
    LABEL = 3
    """It is no part of the text, and is not copied with it."""


class Line(NamedTuple):
    """One row of cells."""

    runs: tuple[Run, ...]
    join: Join = Join.NOTHING
    lead: int = 0
    """Characters at the left that are decoration (indent, quote bar) when this line continues another."""
    fill: int = -1
    """Style key the row is filled up with to the right; -1 leaves it unfilled."""

    @property
    def text(self) -> str:
        """The characters of the row."""
        return "".join(text for text, _ in self.runs)


BLANK = Line(())

# A wide East Asian character may be followed by a line break, but not by closing punctuation at a line's start.
_WIDE = (
    "\u1100-\u115e\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\U00020000-\U0003fffd"
)
_CLOSING = "\u3001\u3002\u300d\u300f\u3011\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f,.;:!?)"
# Not compiled here: that takes 3 ms, and nothing is wrapped before the first paint. `re` keeps what it compiled.
_WORD = rf"[{_WIDE}][{_CLOSING}]*\s*|[^\s{_WIDE}]+\s*|\s+"


def wrap(text: str, width: int) -> list[tuple[int, int, Join]]:
    """Cut one source line (no LF) into spans of at most `width` cells, by words where they fit.

    Each span is (first character, end, how it joins the span before); blanks at a wrapped line's end are left out.
    """
    width = max(width, 1)
    if len(text) <= width and (text.isascii() or cell_len(text) <= width):
        return [(0, len(text), Join.NOTHING)]
    if text.isascii() and not text[0].isspace():
        return _wrap_ascii(text, width)
    return _wrap_any(text, width)


def _wrap_ascii(text: str, width: int) -> list[tuple[int, int, Join]]:
    """The same as `_wrap_any` for ASCII that does not begin with a blank, in one step a line."""
    spans: list[tuple[int, int, Join]] = []
    start, length, join = 0, len(text), Join.NOTHING
    while length - start > width:
        stop = start + width
        cut = stop if text[stop] == " " else text.rfind(" ", start, stop)
        if cut < 0:
            spans.append((start, stop, join))
            start, join = stop, Join.DIRECT
            continue
        end = cut
        while text[end - 1] == " ":
            end -= 1
        spans.append((start, end, join))
        while cut < length and text[cut] == " ":
            cut += 1
        start, join = cut, Join.SPACE
    rest = text[start:].rstrip(" ")
    if rest:
        spans.append((start, start + len(rest), join))
    return spans


def _wrap_any(text: str, width: int) -> list[tuple[int, int, Join]]:
    spans: list[tuple[int, int, Join]] = []
    start = end = used = 0
    join = Join.NOTHING
    for match in re.finditer(_WORD, text):
        first, last = match.span()
        word = match.group()
        bare = word.rstrip()
        bare_width = len(bare) if bare.isascii() else cell_len(bare)
        if used + bare_width > width:
            if used and end > start:
                spans.append((start, end, join))
                join = Join.SPACE if text[end:first] else Join.DIRECT
                start, used = first, 0
            if bare_width > width:
                *whole, (start, _, join) = _chop(text, first, first + len(bare), width, join)
                spans.extend(whole)
                rest = text[start : first + len(bare)]
                used = len(rest) if rest.isascii() else cell_len(rest)
            else:
                used = bare_width
        else:
            used += bare_width
        used += cells(word[len(bare) :])
        if bare:
            end = first + len(bare)
        elif start == first:
            # Blanks at the very beginning are an indent, which stays as far as it fits.
            end = _chop(text, first, last, width, join)[0][1]
    if end > start or not spans:
        spans.append((start, max(end, start), join))
    return spans


def _chop(text: str, start: int, end: int, width: int, join: Join) -> list[tuple[int, int, Join]]:
    part = text[start:end]
    if part.isascii():
        return [
            (at, min(at + width, end), join if at == start else Join.DIRECT) for at in range(start, end, width)
        ] or [(start, end, join)]
    spans: list[tuple[int, int, Join]] = []
    at, used = start, 0
    for index, character in enumerate(part, start):
        cells = get_character_cell_size(character)
        if used + cells > width and index > at:
            spans.append((at, index, join if at == start else Join.DIRECT))
            at, used = index, 0
        used += cells
    spans.append((at, end, join if at == start else Join.DIRECT))
    return spans


def chop(text: str, width: int) -> list[tuple[int, int]]:
    """Spans of at most `width` cells, cut wherever the width ends; blanks are kept."""
    return [(start, end) for start, end, _ in _chop(text, 0, len(text), max(width, 1), Join.NOTHING)]


def wrap_runs(runs: Sequence[Run], width: int) -> list[tuple[tuple[Run, ...], Join]]:
    """Lay runs out at `width` cells; LF inside a run breaks the line."""
    out: list[tuple[tuple[Run, ...], Join]] = []
    for source in _split_lines(runs):
        if len(source) == 1:
            text, key = source[0]
            for start, end, join in wrap(text, width):
                out.append((((text[start:end], key),) if end > start else (), join))
            continue
        text = "".join(piece for piece, _ in source)
        for start, end, join in wrap(text, width):
            out.append((slice_runs(source, start, end), join))
    return out


def _split_lines(runs: Sequence[Run]) -> list[list[Run]]:
    lines: list[list[Run]] = [[]]
    for text, key in runs:
        if "\n" not in text:
            if text:
                lines[-1].append((text, key))
            continue
        first, *others = text.split("\n")
        if first:
            lines[-1].append((first, key))
        lines.extend([(other, key)] if other else [] for other in others)
    return [line or [("", 0)] for line in lines]


def slice_runs(runs: Iterable[Run], start: int, end: int) -> tuple[Run, ...]:
    """The part of `runs` between two character positions."""
    piece: list[Run] = []
    at = 0
    for text, key in runs:
        stop = at + len(text)
        if stop > start and at < end:
            piece.append((text[max(start - at, 0) : end - at], key))
        at = stop
        if at >= end:
            break
    return tuple(piece)


def plain_lines(text: str, width: int, key: int = 0) -> list[Line]:
    """Plain text wrapped at `width` cells; tabs become four blanks."""
    if "\t" in text:
        text = text.replace("\t", TAB)
    lines: list[Line] = []
    for source in text.split("\n"):
        if len(source) <= width and source.isascii():
            lines.append(Line(((source, key),)) if source else BLANK)
            continue
        for start, end, join in wrap(source, width):
            lines.append(Line(((source[start:end], key),), join))
    return lines


def cells(text: str) -> int:
    """Cells that `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def clip(text: str, width: int, ellipsis: str) -> str:
    """`text` cut to `width` cells, its last one `ellipsis` when anything was cut."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    _, end, _ = _chop(text, 0, len(text), max(width - 1, 1), Join.NOTHING)[0]
    return text[:end] + ellipsis if width > 1 else ellipsis
