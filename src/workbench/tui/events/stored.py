"""The stored events that a filter lets through: where each page of them lies, and the few pages that are in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.tui.events.values import EventRow

PAGE = 200
"""Rows of a full page."""
_SPARSE = 10
"""Numbers per row that fits from which those of a page are remembered."""
PAGES_KEPT = 24
"""Pages whose rows are in memory: what is shown, and some way in both directions."""


@dataclass(frozen=True, slots=True)
class Page:
    """All the events between two numbers of the log (both included) that the filter lets through."""

    first: int
    last: int
    count: int
    seqs: tuple[int, ...] = ()
    """Their numbers, where few of those in between fit: to find them again could mean to look at all of them."""


def pages_of(seqs: Sequence[int]) -> list[Page]:
    """Pages for these numbers, which are in order; the newest page first."""
    return [_page(seqs[max(end - PAGE, 0) : end]) for end in range(len(seqs), 0, -PAGE)]


def _page(seqs: Sequence[int]) -> Page:
    first, last, count = seqs[0], seqs[-1], len(seqs)
    few = count < PAGE or last - first >= _SPARSE * count
    return Page(first, last, count, tuple(seqs) if few else ())


def dense_pages(first: int, last: int) -> list[Page]:
    """Pages for all numbers from `first` to `last`; the newest page first."""
    return [
        Page(max(end - PAGE + 1, first), end, min(PAGE, end - first + 1)) for end in range(last, first - 1, -PAGE)
    ]  # fmt: skip


class StoredPages:
    """Rows count backwards from the newest, 0 first, so that finding older ones moves nothing."""

    def __init__(self) -> None:
        """None yet."""
        self._pages: list[Page] = []
        self._ends: list[int] = []
        """Rows up to and with each page."""
        self._rows: OrderedDict[int, tuple[EventRow, ...]] = OrderedDict()

    def __len__(self) -> int:
        """Rows found so far."""
        return self._ends[-1] if self._ends else 0

    def add_older(self, pages: Sequence[Page]) -> None:
        """Pages before those that are known, the newest first."""
        for page in pages:
            latest = self._pages[-1] if self._pages else None
            if latest is not None and latest.count + page.count <= PAGE and latest.last not in self._rows:
                # Few fit the filter: small pages become one.
                seqs = (*page.seqs, *latest.seqs)
                self._pages[-1] = Page(page.first, latest.last, latest.count + page.count, seqs)
                self._ends[-1] += page.count
            else:
                self._pages.append(page)
                self._ends.append(len(self) + page.count)

    def add_newer(self, pages: Sequence[Page]) -> None:
        """Pages after those that are known, the newest first."""
        known, self._pages, self._ends = self._pages, [], []
        for page in [*pages, *known]:
            self._pages.append(page)
            self._ends.append(len(self) + page.count)

    def pages_between(self, newest: int, oldest: int) -> list[Page]:
        """The pages with the rows that have from `newest` to `oldest` newer ones."""
        return self._pages[bisect_right(self._ends, newest) : bisect_right(self._ends, oldest) + 1]

    def row(self, back: int) -> EventRow | None:
        """The row that has `back` newer ones; None while its page is not in memory. Raises IndexError."""
        index = bisect_right(self._ends, back)
        page = self._pages[index]
        rows = self._rows.get(page.last)
        if rows is None:
            return None
        self._rows.move_to_end(page.last)
        within = back - (self._ends[index] - page.count)
        # Rows may have been deleted since they were counted.
        return rows[-1 - within] if within < len(rows) else None

    def has(self, page: Page) -> bool:
        """Whether its rows are in memory."""
        return page.last in self._rows

    def keep(self, page: Page, rows: Sequence[EventRow]) -> None:
        """Put the rows of a page, oldest first, into memory; the page looked at longest ago goes."""
        self._rows[page.last] = tuple(rows)
        self._rows.move_to_end(page.last)
        while len(self._rows) > PAGES_KEPT:
            self._rows.popitem(last=False)

    def page_with(self, seq: int) -> tuple[Page, int] | None:
        """The page of the first row at or after number `seq`, and how many rows are newer than that page."""
        # Newest first: the pages that end before `seq` are at the end of the list.
        low, high = 0, len(self._pages)
        while low < high:
            middle = (low + high) // 2
            if self._pages[middle].last < seq:
                high = middle
            else:
                low = middle + 1
        if low == 0:
            return None
        page = self._pages[low - 1]
        return page, self._ends[low - 1] - page.count
