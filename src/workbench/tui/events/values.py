"""An event as the pane shows it, live or stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from workbench.core.events import Event, Level
from workbench.core.text import clean_line

_TEXT_LIMIT = 500


class Stored(Protocol):
    """What is read of a stored event; see `StoredEvent`."""

    @property
    def seq(self) -> int:
        """Its number in the log."""
        ...

    @property
    def at_ms(self) -> int:
        """When it happened."""
        ...

    @property
    def level(self) -> Level:
        """How much it matters."""
        ...

    @property
    def source(self) -> str:
        """Which part told it."""
        ...

    @property
    def kind(self) -> str:
        """What kind of event it is."""
        ...

    @property
    def text(self) -> str:
        """One line for people."""
        ...

    @property
    def conversation_id(self) -> str | None:
        """Where it belongs."""
        ...

    @property
    def task_id(self) -> str | None:
        """Where it belongs."""
        ...

    @property
    def correlation(self) -> str:
        """The turn or task run it belongs to."""
        ...

    @property
    def data(self) -> Mapping[str, object]:
        """Its own fields."""
        ...


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event; `text` is one cleaned line, and so are `source` and `kind`."""

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

    @property
    def full_text(self) -> str:
        """The whole of its text; foreign and not cleaned."""
        origin = self.origin
        return origin.text() if isinstance(origin, Event) else origin.text

    @property
    def task_id(self) -> str | None:
        """The task it belongs to."""
        return self.origin.task_id

    @property
    def stored_seq(self) -> int | None:
        """Its number in the log; None for a live one, which has none that is known."""
        return None if isinstance(self.origin, Event) else self.origin.seq

    @property
    def provider(self) -> str:
        """The provider it names, if it names one."""
        origin = self.origin
        named = provider_of(origin) if isinstance(origin, Event) else origin.data.get("provider")
        return named if isinstance(named, str) else ""

    @property
    def message_id(self) -> str:
        """The message it names, if it names one."""
        named = self.data.get("message_id")
        return named if isinstance(named, str) else ""


def provider_of(event: Event) -> str:
    """The provider that a live event names, if it names one."""
    named = getattr(event, "provider", "")
    return named if isinstance(named, str) else ""


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
