"""Reads the event log for the pane: which stored events fit the filter, and the rows of pages that are looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from workbench.tui.events.shown import ShownEvents
from workbench.tui.events.stored import Page, dense_pages, pages_of
from workbench.tui.events.values import Stored, row_of_stored

if TYPE_CHECKING:
    from workbench.storage.event_log import EventQuery, Extent

FIRST_SPAN = 2_000
"""Numbers that the first question spans, so that the newest rows are there at once; each next one spans twice that."""
LARGEST_SPAN = 50_000
_LARGEST_SPAN_IN_PYTHON = 5_000
"""For expressions, which the database cannot answer."""


class EventsPort(Protocol):
    """The stored events; see `EventLog`."""

    async def page(
        self, query: EventQuery, *, after_seq: int | None = None, before_seq: int | None = None, limit: int = 500
    ) -> Sequence[Stored]:
        """Events that fit, oldest first: the first ones after a number, else the newest before one."""
        ...

    async def seqs(self, query: EventQuery, *, after_seq: int, before_seq: int) -> Sequence[int]:
        """The numbers of those that fit, between two numbers."""
        ...

    async def extent(self) -> Extent:
        """How far the log reaches."""
        ...

    async def seq_at(self, at_ms: int) -> int:
        """The number below which all events are before a time."""
        ...


class LogReading:
    """Fills a `ShownEvents`; calls `changed` whenever there is more to show."""

    def __init__(self, log: EventsPort, shown: ShownEvents, changed: Callable[[], None]) -> None:
        """Reads nothing yet."""
        self._log, self._shown, self._changed = log, shown, changed
        self._generation = -1
        self._dense = False
        self._end = 0
        """Stored rows are those before this number; what follows is live."""
        self._looked_to = 0
        """All numbers from here to the end have been looked at."""
        self._span = FIRST_SPAN
        self._live_first: int = shown.model.first
        self._first = 0
        self._progress = asyncio.Event()

    @property
    def is_done(self) -> bool:
        """Whether all stored events have been looked at for the filter that is set."""
        return self._generation == self._shown.generation and self._looked_to <= self._first

    @property
    def total(self) -> int:
        """Stored events, whether they fit the filter or not."""
        return max(self._end - self._first, 0) if self._first else 0

    async def read(self) -> None:
        """Find the stored events that fit the filter, the newest first. Raises `WorkbenchError`."""
        try:
            await self._read()
        except BaseException:
            # Who waits for more must not wait for ever.
            self._generation, self._looked_to = self._shown.generation, self._first
            self._progress.set()
            raise

    async def _read(self) -> None:
        shown = self._shown
        generation = shown.generation
        extent = await self._log.extent()
        end = await self._boundary(extent)
        if generation != shown.generation:
            return
        self._generation, self._first, self._end = generation, extent.first_seq, end
        self._looked_to, self._span, self._live_first = end, FIRST_SPAN, shown.model.first
        self._dense = shown.filter.is_open and extent.is_dense
        if self._dense:
            # Every number is a row: nothing need be looked at.
            shown.add_older(dense_pages(self._first, end - 1) if extent.count else [])
            self._looked_to = self._first
            self._told()
            return
        await self._look_back(generation)

    async def _look_back(self, generation: int) -> None:
        query = self._shown.filter.query()
        largest = _LARGEST_SPAN_IN_PYTHON if query.fits else LARGEST_SPAN
        while self._looked_to > self._first:
            after = max(self._looked_to - self._span, self._first) - 1
            seqs = await self._log.seqs(query, after_seq=after, before_seq=self._looked_to)
            if generation != self._shown.generation:
                return
            self._shown.add_older(pages_of(seqs))
            self._looked_to, self._span = after + 1, min(self._span * 2, largest)
            self._told()
        if self._shown.first == self._shown.live_first:
            self._shown.add_older([])
        self._told()

    def _told(self) -> None:
        self._progress.set()
        self._changed()

    async def _boundary(self, extent: Extent) -> int:
        model = self._shown.model
        if not len(model):
            return extent.last_seq + 1
        return min(await self._log.seq_at(model.event(model.first).at_ms), extent.last_seq + 1)

    async def catch_up(self) -> bool:
        """Take stored events in the place of live ones that were let go; whether there were any."""
        shown = self._shown
        generation, live_first = shown.generation, shown.model.first
        if not self.is_done or live_first == self._live_first:
            return False
        end = max(await self._log.seq_at(shown.model.event(live_first).at_ms), self._end)
        if self._dense:
            pages = dense_pages(self._end, end - 1)
        else:
            query = shown.filter.query()
            pages = pages_of(await self._log.seqs(query, after_seq=self._end - 1, before_seq=end))
        if generation != shown.generation:
            return False
        self._end, self._live_first = end, live_first
        shown.add_newer(pages)
        return True

    async def load(self, first: int, last: int) -> None:
        """Bring the rows from rank `first` to `last` into memory. Raises `WorkbenchError`."""
        shown = self._shown
        generation = shown.generation
        query = shown.filter.query()
        for page in shown.missing_pages(first, last):
            rows = [row_of_stored(event) for event in await self._read_page(query, page)]
            if generation != shown.generation:
                return
            shown.stored.keep(page, rows)

    async def _read_page(self, query: EventQuery, page: Page) -> Sequence[Stored]:
        if page.seqs:
            from workbench.storage.event_log import EventQuery

            query = EventQuery(seqs=page.seqs)
        return await self._log.page(query, after_seq=page.first - 1, before_seq=page.last + 1, limit=page.count)

    async def rank_at(self, at_ms: int) -> int | None:
        """The rank of the first row at or after a time, once everything back to it was looked at; None without rows."""
        shown = self._shown
        rank = shown.live_rank_at(at_ms)
        if rank is not None:
            return min(rank, shown.end - 1)
        generation = shown.generation
        seq = await self._log.seq_at(at_ms)
        while not self.is_done and (self._generation != generation or self._looked_to > seq):
            self._progress.clear()
            await self._progress.wait()
            if generation != shown.generation:
                return None
        found = shown.stored.page_with(seq)
        if found is None:
            return shown.live_first if shown.end > shown.live_first else (shown.end - 1 if len(shown) else None)
        page, _ = found
        if not shown.stored.has(page):
            query = shown.filter.query()
            shown.stored.keep(page, [row_of_stored(event) for event in await self._read_page(query, page)])
        return shown.stored_rank_of(seq)
