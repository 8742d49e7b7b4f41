"""How far long work has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step of long work, and how much of it is done."""

    doing: str
    """The present step, for people: `counting`, `copying`, `checking the copy` ..."""
    done: int = 0
    total: int = 0
    """In the same unit as `done`; 0 when it is not known."""

    @property
    def words(self) -> str:
        """The step, and the share that is done where that is known."""
        return f"{self.doing}  {100 * self.done // self.total} %" if self.total else self.doing


Tell = Callable[[Progress], None]
"""Hears of progress, on the core's loop, or on the calling thread where there is no loop."""


def unheard(_: Progress) -> None:
    """Tells nobody."""
