"""Two texts side by side: which lines are the same, and which words differ. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from workbench.core.text import clean
from workbench.tui.markdown.textlines import Run, wrap_runs
from workbench.tui.palette import BOLD, UNDERLINE, Role

LONGEST = 200_000
"""Characters of each text that are compared."""
MOST_LINES = 4_000
"""Lines of a changed part that are looked at one by one."""
MOST_WORDS = 4_000
"""Words of a changed part that are compared; a longer one differs as a whole."""

_WORD = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")
_LEAST_SAME = 2
"""Words in a row that must be the same in both, between two differences, to count."""

_SAME = int(Role.TEXT)
_ONLY_LEFT = Role.ERROR | UNDERLINE
_ONLY_RIGHT = Role.SUCCESS | BOLD
_SIGNS = {"left": ("-", Role.ERROR | BOLD), "right": ("+", Role.SUCCESS | BOLD)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that belong together: the same on both sides, or one side's in the place of the other's."""

    same: bool
    left: tuple[tuple[Run, ...], ...]
    right: tuple[tuple[Run, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRow:
    """A row of the comparison."""

    left: tuple[Run, ...]
    right: tuple[Run, ...] = ()
    """Empty when both stand one above the other."""
    changed: bool = False
    begins: bool = False
    """Whether a difference begins here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two texts have in common and what not."""

    blocks: tuple[Block, ...]
    note: str = ""
    """What was left out, in a sentence."""

    @property
    def differences(self) -> int:
        """How many there are."""
        return sum(not block.same for block in self.blocks)


def compared(left: str, right: str) -> Comparison:
    """Compare line by line, and in what differs word by word; of huge texts the beginning."""
    note = ""
    if max(len(left), len(right)) > LONGEST:
        note = f"Only the first {LONGEST:,} characters of each are compared."
    mine, theirs = (clean(text[:LONGEST]).replace("\r\n", "\n").split("\n") for text in (left, right))
    first = _in_common(mine, theirs)
    last = _in_common(mine[first:][::-1], theirs[first:][::-1])
    blocks = [_same(mine[:first])] if first else []
    blocks += _middle(mine[first : len(mine) - last], theirs[first : len(theirs) - last])
    if last:
        blocks.append(_same(mine[len(mine) - last :]))
    return Comparison(blocks=tuple(blocks), note=note)


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _middle(mine: Sequence[str], theirs: Sequence[str]) -> list[Block]:
    if not mine and not theirs:
        return []
    if max(len(mine), len(theirs)) > MOST_LINES:
        return [_changed(mine, theirs)]
    blocks: list[Block] = []
    for tag, i, j, k, m in SequenceMatcher(None, mine, theirs).get_opcodes():
        if tag == "equal" and (any(line.strip() for line in mine[i:j])):
            blocks.append(_same(mine[i:j]))
        elif blocks and not blocks[-1].same:
            # Blank lines that happen to be in both do not tear a difference apart.
            before = blocks.pop()
            blocks.append(_changed([*_texts(before.left), *mine[i:j]], [*_texts(before.right), *theirs[k:m]]))
        else:
            blocks.append(_changed(mine[i:j], theirs[k:m]))
    return blocks


def _texts(lines: Sequence[tuple[Run, ...]]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def _same(lines: Sequence[str]) -> Block:
    both = tuple(((line, _SAME),) for line in lines)
    return Block(same=True, left=both, right=both)


def _changed(mine: Sequence[str], theirs: Sequence[str]) -> Block:
    left, right = _WORD.findall("\n".join(mine)), _WORD.findall("\n".join(theirs))
    if not mine or not theirs or max(len(left), len(right)) > MOST_WORDS:
        return Block(
            same=False,
            left=tuple(((line, _ONLY_LEFT),) for line in mine),
            right=tuple(((line, _ONLY_RIGHT),) for line in theirs),
        )
    mine_runs: list[Run] = []
    their_runs: list[Run] = []
    codes = SequenceMatcher(None, [word.strip() for word in left], [word.strip() for word in right]).get_opcodes()
    for place, (tag, i, j, k, m) in enumerate(codes):
        alone = 0 < place < len(codes) - 1 and j - i < _LEAST_SAME
        same = tag == "equal" and not alone
        mine_runs.append(("".join(left[i:j]), _SAME if same else _ONLY_LEFT))
        their_runs.append(("".join(right[k:m]), _SAME if same else _ONLY_RIGHT))
    return Block(same=False, left=_lines(mine_runs), right=_lines(their_runs))


def _lines(runs: Sequence[Run]) -> tuple[tuple[Run, ...], ...]:
    """Runs cut at their line breaks."""
    lines: list[list[Run]] = [[]]
    for text, key in runs:
        first, *others = text.split("\n")
        lines[-1].append((first, key))
        lines.extend([(other, key)] for other in others)
    return tuple(tuple(run for run in line if run[0]) for line in lines)


def side_by_side(comparison: Comparison, width: int) -> list[DrawnRow]:
    """Rows of two columns of `width` cells each."""
    rows: list[DrawnRow] = []
    for block in comparison.blocks:
        begins = not block.same
        for left, right in zip_longest(block.left, block.right):
            mine = _column(left, width, "" if block.same else "left")
            theirs = _column(right, width, "" if block.same else "right")
            for one, other in zip_longest(mine, theirs, fillvalue=()):
                rows.append(DrawnRow(left=one, right=other, changed=not block.same, begins=begins))
                begins = False
    return rows


def stacked(comparison: Comparison, width: int) -> list[DrawnRow]:
    """Rows of one column: what is only at the left, then what is only at the right."""
    rows: list[DrawnRow] = []
    for block in comparison.blocks:
        begins = not block.same
        sides = [("", block.left)] if block.same else [("left", block.left), ("right", block.right)]
        for side, lines in sides:
            for line in lines:
                for runs in _column(line, width, side):
                    rows.append(DrawnRow(left=runs, changed=not block.same, begins=begins))
                    begins = False
    return rows


def _column(line: tuple[Run, ...] | None, width: int, side: str) -> list[tuple[Run, ...]]:
    """A line wrapped, with a sign before each row where it is only on one side."""
    if line is None:
        return []
    sign = _SIGNS.get(side, (" ", Role.MUTED))
    wrapped = wrap_runs([(text.replace("\t", "    "), key) for text, key in line] or [("", _SAME)], max(width - 2, 1))
    return [((sign[0], sign[1]), (" ", _SAME), *runs) for runs, _ in wrapped]
