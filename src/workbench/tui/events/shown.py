"""The rows that a filter shows, stored and live ones in one list, kept up to date by looking at new ones only."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable

from workbench.core.events import Event
from workbench.tui.events.filters import EventFilter
from workbench.tui.events.model import EventsModel
from workbench.tui.events.stored import Page, StoredPages
from workbench.tui.events.values import EventRow

_SLICE_S = 0.01
"""How long one look may hold the loop."""


def slice_of_time() -> Callable[[], bool]:
    """Whether the time of one look, which begins now, is up."""
    end = time.perf_counter() + _SLICE_S
    return lambda: time.perf_counter() > end


class ShownEvents:
    """Rows have ranks, whole numbers that grow with time.

    A row keeps its rank while newer ones come (larger ranks) and while older ones are found (smaller ranks): rank 0 is
    the first live event after the filter was set, the live ones before it are found backwards, the stored ones follow.
    """

    def __init__(self, model: EventsModel) -> None:
        """All rows of `model` at first."""
        self.model = model
        self.filter = EventFilter()
        self.stored = StoredPages()
        self.held_at: int | None = None
        """While paused, the position after the last live event that is shown."""
        self.generation = 0
        """Counts the filters: what was found for an earlier one is of no use."""
        self.set_filter(self.filter)

    def set_filter(self, chosen: EventFilter) -> None:
        """Show what `chosen` lets through. Raises `PatternError` and changes nothing."""
        self._test: Callable[[Event], bool] | None = None if chosen.is_open else chosen.test()
        self.filter = chosen
        self.generation += 1
        self.stored = StoredPages()
        self._stored_end: int | None = None
        self._older: list[int] = []
        self._newer: list[int] = []
        self._newer_base = 0
        self._looked_from = self._looked_to = self._limit

    @property
    def _limit(self) -> int:
        end = self.model.end
        return end if self.held_at is None else max(min(self.held_at, end), self.model.first)

    # -- ranks -------------------------------------------------------------------------------------------------

    @property
    def end(self) -> int:
        """The rank after the newest row."""
        return self._newer_base + len(self._newer)

    @property
    def live_first(self) -> int:
        """The rank of the oldest live row."""
        return self._newer_base - len(self._older)

    @property
    def first(self) -> int:
        """The rank of the oldest row found so far."""
        return self.live_first if self._stored_end is None else self._stored_end - len(self.stored)

    def __len__(self) -> int:
        """Rows found so far."""
        return self.end - self.first

    @property
    def total(self) -> int:
        """Live events, whether they are shown or not."""
        return len(self.model)

    @property
    def waiting(self) -> int:
        """Live events that came since the pause."""
        return 0 if self.held_at is None else self.model.end - self._limit

    def row(self, rank: int) -> EventRow | None:
        """The row of that rank; None while it is not in memory. Raises IndexError."""
        if rank >= self.live_first:
            return self.model.row(self._position(rank))
        if self._stored_end is None or rank < self.first:
            raise IndexError(rank)
        return self.stored.row(self._stored_end - 1 - rank) if rank < self._stored_end else None

    def _position(self, rank: int) -> int:
        if rank >= self._newer_base:
            return self._newer[rank - self._newer_base]
        return self._older[self._newer_base - 1 - rank]

    def missing_pages(self, first: int, last: int) -> list[Page]:
        """Pages with rows from rank `first` to `last` that are not in memory."""
        if self._stored_end is None:
            return []
        newest, oldest = min(last, self._stored_end - 1), max(first, self.first)
        if newest < oldest:
            return []
        pages = self.stored.pages_between(self._stored_end - 1 - newest, self._stored_end - 1 - oldest)
        return [page for page in pages if not self.stored.has(page)]

    # -- looking -----------------------------------------------------------------------------------------------

    def look(self, time_is_up: Callable[[], bool]) -> bool:
        """Take in what is new, then what is older, until the time is up; whether all has been looked at."""
        model = self.model
        self._let_go()
        limit = self._limit
        if self._test is None:
            self._newer.extend(range(self._looked_to, limit))
            self._older.extend(range(self._looked_from - 1, model.first - 1, -1))
            self._looked_from, self._looked_to = model.first, max(limit, self._looked_to)
            return True
        while self._looked_to < limit:
            if self._test(model.event(self._looked_to)):
                self._newer.append(self._looked_to)
            self._looked_to += 1
            if time_is_up():
                return False
        while self._looked_from > model.first:
            self._looked_from -= 1
            if self._test(model.event(self._looked_from)):
                self._older.append(self._looked_from)
            if time_is_up():
                return self.live_is_complete
        return True

    @property
    def live_is_complete(self) -> bool:
        """Whether every live event has been looked at."""
        return self._looked_from <= self.model.first and self._looked_to >= self._limit

    def _let_go(self) -> None:
        first = self.model.first
        while self._older and self._older[-1] < first:
            self._older.pop()
        if not self._older and self._newer and self._newer[0] < first:
            gone = bisect_left(self._newer, first)
            del self._newer[:gone]
            self._newer_base += gone
        self._looked_from = max(self._looked_from, first)
        self._looked_to = max(self._looked_to, first)

    # -- stored ones -------------------------------------------------------------------------------------------

    def add_older(self, pages: list[Page]) -> None:
        """Stored rows before those found so far; for the first time when all live ones were looked at."""
        if self._stored_end is None:
            self._stored_end = self.live_first
        self.stored.add_older(pages)

    def add_newer(self, pages: list[Page]) -> None:
        """Stored rows in the place of live ones that were let go."""
        self.stored.add_newer(pages)
        self._stored_end = self.live_first

    # -- places ------------------------------------------------------------------------------------------------

    def live_rank_at(self, at_ms: int) -> int | None:
        """The rank of the first live row at or after a time; None when it lies before all of them or there is none."""
        if self.end == self.live_first or self.model.row(self._position(self.live_first)).at_ms >= at_ms:
            return None
        ranks = range(self.live_first, self.end)
        return ranks.start + bisect_left(ranks, at_ms, key=lambda rank: self.model.event(self._position(rank)).at_ms)

    def stored_rank_of(self, seq: int) -> int | None:
        """The rank of the first stored row at or after a number, once its page is in memory; None without one."""
        found = self.stored.page_with(seq)
        if found is None or self._stored_end is None:
            return None
        page, newer = found
        for back in range(newer + page.count - 1, newer - 1, -1):
            row = self.stored.row(back)
            if row is not None and (row.stored_seq or 0) >= seq:
                return self._stored_end - 1 - back
        return self._stored_end - 1 - newer

    def same_row(self, row: EventRow, rank: int) -> int:
        """The rank of `row` among those of the same moment, which begin at `rank`; `rank` when it is not shown."""
        for candidate in range(rank, self.end):
            found = self.row(candidate)
            if found is None or found.at_ms != row.at_ms:
                break
            if found.origin == row.origin:
                return candidate
        return rank
