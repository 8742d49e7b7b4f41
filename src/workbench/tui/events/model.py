"""The live events: a ring, in the order in which they came."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from workbench.core.events import Event
from workbench.tui.events.filters import KnownNames
from workbench.tui.events.values import EventRow, row_of_event

CAPACITY = 100_000
"""Events kept; older ones are in the event log."""

_TRIM = 10_000
"""Events let go at once, so that letting go costs little per event."""


class EventsModel:
    """Positions count from the first event ever and never change. Rows are made when they are looked at."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """An empty ring."""
        self._capacity = capacity
        self._events: list[Event] = []
        self._first = 0
        self.known = KnownNames()
        """What has been named so far."""
        self._row = lru_cache(maxsize=1_000)(self._make_row)

    def __len__(self) -> int:
        """Events held now."""
        return len(self._events)

    @property
    def first(self) -> int:
        """Position of the oldest event held."""
        return self._first

    @property
    def end(self) -> int:
        """Position after the newest event."""
        return self._first + len(self._events)

    def event(self, position: int) -> Event:
        """The event at `position`; raises IndexError when it is not held."""
        index = position - self._first
        if index < 0:
            raise IndexError(position)
        return self._events[index]

    def row(self, position: int) -> EventRow:
        """The same as a row."""
        return self._row(position)

    def _make_row(self, position: int) -> EventRow:
        return row_of_event(self.event(position))

    def extend(self, events: Sequence[Event]) -> None:
        """Take live events; those that are never stored (token deltas) are left out."""
        kept = [event for event in events if event.stored]
        self._events.extend(kept)
        self.known.learn(kept)
        if len(self._events) > self._capacity + min(_TRIM, self._capacity):
            surplus = len(self._events) - self._capacity
            del self._events[:surplus]
            self._first += surplus
