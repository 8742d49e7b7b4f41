"""Tables that stay readable at any width: columns shrink and wrap, and at last rows become records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.textlines import Line, Run, cells, wrap_runs
from workbench.tui.palette import BOLD, Role

CELL_LIMIT = 7_000
"""Cells of a table above which it is laid out without looking at every column's best width."""

_LEAST = 6
"""Cells a column is never made narrower than, unless its content is."""


class Cell(NamedTuple):
    """The content of one cell."""

    runs: Sequence[Run]
    align: str = ""
    """`left`, `center`, `right` or empty."""

    @property
    def width(self) -> int:
        """Cells of its longest line."""
        return max((cells(line) for line in "".join(text for text, _ in self.runs).split("\n")), default=0)


def table_lines(rows: Sequence[Sequence[Cell]], width: int) -> list[Line]:
    """The first row is the header."""
    if not rows or not rows[0]:
        return []
    columns = len(rows[0])
    grid = [[*row[:columns], *[Cell([("", Role.TEXT)])] * (columns - len(row))] for row in rows]
    widths = _widths(grid, width - 3 * (columns - 1))
    if widths is None or columns * len(grid) > CELL_LIMIT:
        return _records(grid, width)
    signs = glyphs()
    between: Run = (f" {signs.column} ", Role.MUTED)
    lines: list[Line] = []
    wrapped_rows = [[wrap_runs(cell.runs, size) for cell, size in zip(row, widths, strict=True)] for row in grid]
    tall = any(len(cell) > 1 for row in wrapped_rows[1:] for cell in row)
    rule = Line(((f"{signs.rule}{signs.crossing}{signs.rule}".join(signs.rule * size for size in widths), Role.MUTED),))
    for index, row in enumerate(wrapped_rows):
        if index == 1 or (tall and index > 1):
            lines.append(rule)
        for level in range(max(len(cell) for cell in row)):
            runs: list[Run] = []
            for column, cell in enumerate(row):
                if column:
                    runs.append(between)
                piece = cell[level][0] if level < len(cell) else ()
                runs.extend(_aligned(piece, widths[column], grid[index][column].align))
            lines.append(Line(tuple(runs)))
    return lines


def _widths(grid: Sequence[Sequence[Cell]], room: int) -> list[int] | None:
    """Widths that together fit the room, taken from the widest columns first; None when nothing readable fits."""
    widths = [max(1, *(cell.width for cell in column)) for column in zip(*grid, strict=True)]
    if sum(min(size, _LEAST) for size in widths) > room:
        return None
    # The largest common cap under which all columns fit.
    low, high = 1, max(widths)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(size, middle) for size in widths) <= room:
            low = middle
        else:
            high = middle - 1
    capped = [min(size, low) for size in widths]
    spare = room - sum(capped)
    for index, size in enumerate(widths):
        if spare and capped[index] < size:
            capped[index] += 1
            spare -= 1
    return capped


def _aligned(piece: tuple[Run, ...], width: int, align: str) -> list[Run]:
    missing = width - sum(cells(text) for text, _ in piece)
    if missing <= 0:
        return list(piece)
    left = missing if align == "right" else missing // 2 if align == "center" else 0
    return [
        *([(" " * left, Role.TEXT)] if left else []),
        *piece,
        *([(" " * (missing - left), Role.TEXT)] if missing > left else []),
    ]


def _records(grid: Sequence[Sequence[Cell]], width: int) -> list[Line]:
    """Each row as lines of `header: value`, for tables too wide for columns."""
    header, *rows = grid
    names = [" ".join("".join(text for text, _ in cell.runs).split()) for cell in header]
    if not rows:
        return [Line(piece, join) for cell in header for piece, join in wrap_runs(cell.runs, width)]
    lines: list[Line] = []
    rule = Line(((glyphs().rule * min(width, 12), Role.MUTED),))
    for row in rows:
        if lines:
            lines.append(rule)
        for name, cell in zip(names, row, strict=True):
            runs = [(f"{name}: ", Role.TEXT | BOLD), *cell.runs] if name else cell.runs
            lines.extend(Line(piece, join) for piece, join in wrap_runs(runs, width))
    return lines
