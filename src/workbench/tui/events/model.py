"""The events that the events pane shows: a ring of rows, and which of them a filter lets through."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from workbench.core.events import Event, Level
from workbench.core.text import clean_line

CAPACITY = 100_000
"""Rows kept; older ones are in the event log."""

_TRIM = 5_000
"""Rows let go at once, so that letting go costs little per row."""

_TEXT_LIMIT = 500


class Stored(Protocol):
    """What is read of a stored event."""

    @property
    def at_ms(self) -> int:
        """See `StoredEvent`."""
        ...

    @property
    def level(self) -> Level:
        """See `StoredEvent`."""
        ...

    @property
    def source(self) -> str:
        """See `StoredEvent`."""
        ...

    @property
    def kind(self) -> str:
        """See `StoredEvent`."""
        ...

    @property
    def text(self) -> str:
        """See `StoredEvent`."""
        ...

    @property
    def conversation_id(self) -> str | None:
        """See `StoredEvent`."""
        ...

    @property
    def correlation(self) -> str:
        """See `StoredEvent`."""
        ...

    @property
    def data(self) -> Mapping[str, object]:
        """See `StoredEvent`."""
        ...


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event; `text` is one cleaned line."""

    at_ms: int
    level: Level
    source: str
    kind: str
    text: str
    correlation: str
    conversation_id: str | None
    origin: Event | Stored
    """Where the details are."""

    @property
    def data(self) -> Mapping[str, object]:
        """The event's own fields; foreign and not cleaned."""
        origin = self.origin
        return origin.data() if isinstance(origin, Event) else origin.data

    def matches(self, needle: str) -> bool:
        """Whether its text, kind, source or correlation contain `needle` (case-folded already)."""
        return (
            needle in self.text.casefold()
            or needle in self.kind
            or needle in self.source
            or needle in self.correlation.casefold()
        )


def row_of_event(event: Event) -> EventRow:
    """A live event as a row."""
    return EventRow(
        event.at_ms,
        event.severity,
        event.source,
        event.kind,
        clean_line(event.text(), _TEXT_LIMIT),
        event.correlation,
        event.conversation_id,
        event,
    )


def row_of_stored(event: Stored) -> EventRow:
    """A stored event as a row."""
    return EventRow(
        event.at_ms,
        event.level,
        clean_line(event.source, 40),
        clean_line(event.kind, 60),
        clean_line(event.text, _TEXT_LIMIT),
        event.correlation,
        event.conversation_id,
        event,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which rows are shown."""

    level: Level = Level.DEBUG
    """The least level."""
    source: str = ""
    """Empty for all."""
    text: str = ""
    """Case does not matter; empty for all."""

    @property
    def is_open(self) -> bool:
        """Whether it lets everything through."""
        return self.level <= Level.DEBUG and not self.source and not self.text

    def lets(self, row: EventRow) -> bool:
        """Whether `row` is shown."""
        return (
            row.level >= self.level
            and (not self.source or row.source == self.source)
            and (not self.text or row.matches(self.text.casefold()))
        )


class EventsModel:
    """A ring of rows in the order in which they came. Positions count from the first row ever and never change."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """An empty ring."""
        self._capacity = capacity
        self._rows: list[EventRow] = []
        self._first = 0
        self._has_loaded = False
        self.sources: set[str] = set()
        """Every source seen so far."""

    def __len__(self) -> int:
        """Rows held now."""
        return len(self._rows)

    @property
    def first(self) -> int:
        """Position of the oldest row held."""
        return self._first

    @property
    def end(self) -> int:
        """Position after the newest row."""
        return self._first + len(self._rows)

    @property
    def has_loaded(self) -> bool:
        """Whether the stored events are in."""
        return self._has_loaded

    def row(self, position: int) -> EventRow:
        """The row at `position`; raises IndexError when it is not held."""
        index = position - self._first
        if index < 0:
            raise IndexError(position)
        return self._rows[index]

    def extend(self, events: Sequence[Event]) -> None:
        """Take live events; those that are never stored (token deltas) are left out."""
        self._add([row_of_event(event) for event in events if event.stored])

    def load(self, stored: Sequence[Stored]) -> None:
        """Put stored events before the live ones, once; those that are live already are left out."""
        if self._has_loaded:
            return
        self._has_loaded = True
        live = {(row.at_ms, row.kind, row.text) for row in self._rows}
        rows = [row_of_stored(event) for event in stored]
        rows = [row for row in rows if (row.at_ms, row.kind, row.text) not in live]
        self.sources.update(row.source for row in rows)
        self._rows[:0] = rows
        # Positions of rows that are here already must not move.
        self._first -= len(rows)

    def _add(self, rows: list[EventRow]) -> None:
        self._rows.extend(rows)
        self.sources.update(row.source for row in rows)
        if len(self._rows) > self._capacity + min(_TRIM, self._capacity):
            surplus = len(self._rows) - self._capacity
            del self._rows[:surplus]
            self._first += surplus

    def positions(self, chosen: EventFilter, start: int, end: int) -> list[int]:
        """Positions from `start` to before `end` that the filter lets through."""
        start = max(start, self._first)
        end = min(end, self.end)
        if chosen.is_open:
            return list(range(start, end))
        rows, first = self._rows, self._first
        return [position for position in range(start, end) if chosen.lets(rows[position - first])]


class FilteredEvents:
    """The rows that a filter shows, kept up to date by looking at new rows only."""

    def __init__(self, model: EventsModel) -> None:
        """All rows of `model` at first."""
        self._model = model
        self.filter = EventFilter()
        self._positions: list[int] = []
        self._looked_from = self._looked_to = model.first
        self.held_at: int | None = None
        """While paused, the position after the last row shown."""
        self.refresh()

    def __len__(self) -> int:
        """Rows shown."""
        return len(self._positions)

    @property
    def model(self) -> EventsModel:
        """Where the rows are."""
        return self._model

    @property
    def waiting(self) -> int:
        """Rows that came since the pause."""
        return 0 if self.held_at is None else self._model.end - max(self.held_at, self._model.first)

    def position(self, index: int) -> int:
        """Position of the row shown at `index`."""
        return self._positions[index]

    def row(self, index: int) -> EventRow:
        """The row shown at `index`."""
        return self._model.row(self._positions[index])

    def index_near(self, position: int) -> int:
        """Index of the first row shown at or after `position`, or of the last one."""
        return max(min(bisect_left(self._positions, position), len(self._positions) - 1), 0)

    def set_filter(self, chosen: EventFilter) -> None:
        """Show what `chosen` lets through."""
        self.filter = chosen
        self._positions = []
        self._looked_from = self._looked_to = self._model.first
        self.refresh()

    def refresh(self) -> bool:
        """Take in what changed in the model; returns whether rows shown so far are gone or moved."""
        model = self._model
        if model.first < self._looked_from:
            self.set_filter(self.filter)
            return True
        gone = bisect_left(self._positions, model.first)
        if gone:
            del self._positions[:gone]
        self._looked_from = model.first
        end = model.end if self.held_at is None else min(self.held_at, model.end)
        if end > self._looked_to:
            self._positions.extend(model.positions(self.filter, self._looked_to, end))
            self._looked_to = end
        return gone > 0
