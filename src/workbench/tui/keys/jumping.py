"""Jump mode: which letter stands where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The row under the fingers first."""
LABEL_WIDTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A label on the screen, in cells from its upper left corner."""

    letter: str
    x: int
    y: int


def spots(corners: Sequence[tuple[int, int]], width: int, height: int, taken: Sequence[Spot] = ()) -> list[Spot]:
    """A letter for each corner (x, y), in order, none upon another or off the screen; as many as there are letters."""
    placed = list(taken)
    free = [letter for letter in LETTERS if all(spot.letter != letter for spot in taken)]
    for (x, y), letter in zip(corners, free, strict=False):
        at = max(min(x, width - LABEL_WIDTH), 0), max(min(y, height - 1), 0)
        while any(spot.y == at[1] and abs(spot.x - at[0]) < LABEL_WIDTH for spot in placed):
            at = _next(at, width, height)
        placed.append(Spot(letter=letter, x=at[0], y=at[1]))
    return placed[len(taken) :]


def _next(at: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    x, y = at[0] + LABEL_WIDTH, at[1]
    return (x, y) if x + LABEL_WIDTH <= width else (0, (y + 1) % height)
