"""Text that several providers wrote one after the other: each piece is laid out by itself, with a line between them."""

from __future__ import annotations

import re

from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.flow import MarkdownFlow
from workbench.tui.markdown.textlines import Join, Line, plain_lines
from workbench.tui.palette import Role

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)


class SeamedFlow:
    """Markdown with seams; a fence that is open at a seam goes on after it."""

    def __init__(self) -> None:
        """An empty text without a seam."""
        self._pieces = [MarkdownFlow()]
        self._text = ""
        self._joins: list[Join] = []
        self._labels: list[str] = []
        self._lines: list[list[Line]] = []
        self._counts: list[int] = []
        self._width = 0
        self._is_same = False

    @property
    def cuts(self) -> int:
        """How many seams there are so far."""
        return len(self._labels)

    def extend(self, more: str) -> None:
        """Take more text at the end."""
        if more and self._joins and self._joins[-1] is Join.LABEL:
            self._joins[-1] = _join(self._text, more)
        self._text += more
        self._pieces[-1].extend(more)

    def cut(self, label: str) -> None:
        """Another provider goes on here."""
        self._pieces[-1].finish()
        piece = MarkdownFlow()
        piece.extend(_open_fence(self._text))
        self._pieces.append(piece)
        self._labels.append(label)
        # How the next text meets the one before is not known yet.
        self._joins.append(Join.LABEL)

    def finish(self) -> None:
        """No more text will come for now."""
        self._pieces[-1].finish()

    def layout(self, width: int) -> int:
        """Lay out at `width` cells; returns the number of lines."""
        before = [*self._counts[:-1]]
        self._counts = [piece.layout(width) for piece in self._pieces]
        self._is_same = width == self._width and before == self._counts[:-1]
        self._width = width
        self._lines = [_label_lines(label, width) for label in self._labels]
        return sum(self._counts) + sum(map(len, self._lines))

    def line(self, y: int) -> Line:
        """A line of the last layout."""
        for place, (piece, count) in enumerate(zip(self._pieces, self._counts, strict=True)):
            if y < count:
                line = piece.line(y)
                return line._replace(join=self._joins[place - 1]) if place and not y else line
            y -= count
            labels = self._lines[place] if place < len(self._lines) else []
            if y < len(labels):
                return labels[y]
            y -= len(labels)
        raise IndexError(y)

    @property
    def pending(self) -> bool:
        """Whether another `layout` would show more."""
        return any(piece.pending for piece in self._pieces)

    @property
    def unchanged(self) -> int:
        """Lines from the top that the last layout left as they were in the one before."""
        if not self._is_same:
            return 0
        return sum(self._counts[:-1]) + sum(map(len, self._lines)) + self._pieces[-1].unchanged


def _label_lines(label: str, width: int) -> list[Line]:
    rule = glyphs().rule * 2
    lines = plain_lines(f"{rule} {label} {rule}", width, Role.WARNING)
    return [line._replace(join=Join.LABEL) for line in lines]


def _join(before: str, after: str) -> Join:
    """How two texts meet: a copied selection puts them together so."""
    if before.endswith("\n") or after.startswith("\n"):
        return Join.NOTHING
    return Join.SPACE if before[-1:].isspace() or after[:1].isspace() else Join.DIRECT


def _open_fence(text: str) -> str:
    """The line that opens the fence in which a text ends, with its line break; empty when it ends outside of one."""
    opened = fence = ""
    for found in _FENCE.finditer(text):
        markup, info = found.groups()
        if not opened:
            opened, fence = f"{markup}{info}\n", markup
        elif not info.strip() and markup.startswith(fence):
            opened = ""
    return opened
