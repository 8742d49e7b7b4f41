"""The stored event log: what happened, in order, and the questions one can ask of it."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from workbench.core.events import Event, Level
from workbench.core.redaction import REDACTOR
from workbench.core.text import safe_for_storage
from workbench.storage.connections import READ_LIMIT
from workbench.storage.store import Store
from workbench.storage.transaction import Row, Transaction

BATCH = 500
"""Events written in one transaction."""

_INSERT = """
    insert into events(at, level, source, kind, conversation_id, task_id, correlation, text, payload)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DEPTH = 20
_LARGEST_WHOLE = 2**63
_LAST_CHARACTER = "\U0010ffff"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it was written down; `seq` counts the rows of this database, over all its processes."""

    seq: int
    at_ms: int
    level: Level
    source: str
    kind: str
    text: str
    conversation_id: str | None
    task_id: str | None
    correlation: str
    data: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Conditions that all must hold; what is None or empty asks for nothing."""

    seqs: tuple[int, ...] = ()
    """Any of these numbers."""
    level: Level | None = None
    """The least one."""
    sources: tuple[str, ...] = ()
    """Any of these."""
    conversation_id: str | None = None
    """The whole id or its beginning."""
    task_id: str | None = None
    """The whole id or its beginning."""
    correlation: str | None = None
    """The whole id of a turn or task run, or its beginning."""
    provider: str | None = None
    """The provider that the event itself names."""
    since_ms: int | None = None
    text: str | None = None
    """Looked for in text and kind; the case of ASCII letters does not matter."""
    fits: Callable[[str, str], bool] | None = field(default=None, compare=False)
    """Called with text and kind of every event that holds otherwise; False leaves it out. Called on another thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far the log reaches; all zero when it is empty."""

    first_seq: int = 0
    last_seq: int = 0
    count: int = 0

    @property
    def is_dense(self) -> bool:
        """Whether no number between the first and the last is missing."""
        return self.count == 0 or self.count == self.last_seq - self.first_seq + 1


EVERYTHING = EventQuery()


class EventLog:
    """Appends events and pages through them."""

    def __init__(self, store: Store) -> None:
        """Events live in `store`."""
        self._store = store

    async def append(self, events: Sequence[Event]) -> None:
        """Write events, in transactions of at most 500; keys are redacted, nothing else is changed.

        Raises StorageError; then the first ones, in whole batches, may have been written.
        """
        for start in range(0, len(events), BATCH):
            # Looking for keys in 500 events takes a tenth of a second: not on the loop.
            rows = await asyncio.to_thread(_rows, events[start : start + BATCH])

            async def insert(transaction: Transaction, rows: list[tuple[object, ...]] = rows) -> None:
                await transaction.executemany(_INSERT, rows)

            await self._store.write(insert)

    async def page(
        self,
        query: EventQuery = EVERYTHING,
        *,
        after_seq: int | None = None,
        before_seq: int | None = None,
        limit: int = READ_LIMIT,
    ) -> list[StoredEvent]:
        """At most `limit` events that `query` lets through, oldest first.

        With `after_seq` the first ones after it (to follow the log), else the newest, or the newest before
        `before_seq` (to look back).
        """
        forward = after_seq is not None
        found: list[StoredEvent] = []
        while len(found) < limit:
            wanted = READ_LIMIT if query.fits else min(READ_LIMIT, limit - len(found))
            condition, values = _where(query, after_seq, before_seq)
            # Keyset paging: no offset, so the millionth row costs what the first one does.
            sql = ["select * from events", condition, "order by seq", "limit ?" if forward else "desc limit ?"]
            rows = await self._store.read(" ".join(sql), (*values, wanted))
            found.extend(_stored(row) for row in await _fitting(rows, query))
            if len(rows) < wanted:
                break
            if forward:
                after_seq = rows[-1]["seq"]
            else:
                before_seq = rows[-1]["seq"]
        del found[limit:]
        return found if forward else found[::-1]

    async def seqs(self, query: EventQuery, *, after_seq: int, before_seq: int) -> list[int]:
        """The numbers of all events between these two that `query` lets through, in order."""
        if query.fits is None:
            condition, values = _where(query, after_seq, before_seq)
            # One row instead of thousands: they would have to be paged.
            sql = ["select json_group_array(seq) from (select seq from events", condition, "order by seq)"]
            rows = await self._store.read(" ".join(sql), values)
            return cast("list[int]", json.loads(rows[0][0]))
        found: list[int] = []
        while True:
            condition, values = _where(query, after_seq, before_seq)
            sql = ["select seq, text, kind from events", condition, "order by seq limit ?"]
            rows = await self._store.read(" ".join(sql), (*values, READ_LIMIT))
            found.extend(row["seq"] for row in await _fitting(rows, query))
            if len(rows) < READ_LIMIT:
                return found
            after_seq = rows[-1]["seq"]

    async def extent(self) -> Extent:
        """How far the log reaches."""
        # SQLite finds one end in an index at once, but both only by going through all of it.
        rows = await self._store.read(
            "select (select min(seq) from events), (select max(seq) from events), (select count(*) from events)"
        )
        return Extent(first_seq=rows[0][0] or 0, last_seq=rows[0][1] or 0, count=rows[0][2])

    async def seq_at(self, at_ms: int) -> int:
        """The number below which all events are before a time, while all others are not.

        Numbers follow time but for a fraction of a second between processes, so it is found by halving.
        """
        rows = await self._store.read("select (select min(seq) from events), (select max(seq) from events)")
        low, high = rows[0][0] or 0, (rows[0][1] or 0) + 1
        while low < high:
            middle = (low + high) // 2
            rows = await self._store.read("select seq, at from events where seq >= ? order by seq limit 1", (middle,))
            if rows and rows[0]["at"] < at_ms:
                low = rows[0]["seq"] + 1
            else:
                high = middle
        return low

    async def newest_seq(self) -> int:
        """The sequence number of the newest event, 0 when there is none."""
        rows = await self._store.read("select max(seq) from events")
        return int(rows[0][0] or 0)


async def _fitting(rows: Sequence[Row], query: EventQuery) -> Sequence[Row]:
    fits = query.fits
    if fits is None:
        return rows
    return await asyncio.to_thread(lambda: [row for row in rows if fits(row["text"], row["kind"])])


def _where(query: EventQuery, after_seq: int | None, before_seq: int | None) -> tuple[str, list[object]]:
    """The where clause of `query` between two numbers, made of constants only, and its values."""
    pattern = None
    if query.text:
        escaped = safe_for_storage(query.text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{escaped}%"
    candidates: list[tuple[str, object]] = [
        ("seq > ?", after_seq),
        ("seq < ?", before_seq),
        ("level >= ?", None if query.level is None else int(query.level)),
        ("json_extract(payload, '$.provider') = ?", query.provider or None),
        ("at >= ?", query.since_ms),
        ("(text || ' ' || kind) like ? escape '\\'", pattern),
    ]
    chosen = [(condition, value) for condition, value in candidates if value is not None]
    conditions, values = [condition for condition, _ in chosen], [value for _, value in chosen]
    for column in ("conversation_id", "task_id", "correlation"):
        beginning: str | None = getattr(query, column)
        if beginning:
            beginning = safe_for_storage(beginning)
            # A range, because an index serves it: what begins with it lies between it and it with the last character.
            conditions.append(f"({column} >= ? and {column} <= ?)")
            values += [beginning, beginning + _LAST_CHARACTER]
    if query.seqs:
        conditions.append(f"seq in ({', '.join('?' for _ in query.seqs)})")
        values += query.seqs
    if query.sources:
        conditions.append(f"source in ({', '.join('?' for _ in query.sources)})")
        values += [safe_for_storage(source) for source in query.sources]
    return (f"where {' and '.join(conditions)}" if conditions else ""), values


def _rows(events: Sequence[Event]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for event in events:
        try:
            rows.append(_values(event))
        except Exception:
            # An event that cannot be put into words must not cost the others, nor end the recording.
            logger.exception("an event of kind %s was not written down", event.kind)
    return rows


def _values(event: Event) -> tuple[object, ...]:
    data = {safe_for_storage(str(key)): _plain(value) for key, value in event.data().items()}
    return (
        event.at_ms,
        int(event.severity),
        event.source,
        event.kind,
        _id(event.conversation_id),
        _id(event.task_id),
        _id(event.correlation or None),
        _plain_text(event.text()),
        json.dumps(data, ensure_ascii=False),
    )


def stored_form(event: Event) -> StoredEvent:
    """An event as it would be written down, keys redacted; its `seq` is 0."""
    at_ms, level, source, kind, conversation_id, task_id, correlation, text, payload = _values(event)
    row = {
        "seq": 0, "at": at_ms, "level": level, "source": source, "kind": kind, "text": text, "payload": payload,
        "conversation_id": conversation_id, "task_id": task_id, "correlation": correlation,
    }  # fmt: skip
    return _stored(row)


def _id(text: str | None) -> str | None:
    return None if text is None else safe_for_storage(text)


def _plain_text(text: str) -> str:
    return safe_for_storage(REDACTOR.redact(text))


def _plain(value: object, depth: int = 0) -> object:
    """`value` as JSON that SQLite accepts: an event that cannot be written would hold up all that follow."""
    match value:
        case None | bool():
            return value
        case int() if abs(value) < _LARGEST_WHOLE:
            return int(value)
        case float() if math.isfinite(value):
            return value
        case str():
            return _plain_text(str(value))
        case _ if depth >= _DEPTH:
            return "…"
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            return {_plain_text(str(key)): _plain(item, depth + 1) for key, item in items}
        case list() | tuple() | set() | frozenset():
            return [_plain(item, depth + 1) for item in cast("Iterable[object]", value)]
        case _:
            return _plain_text(str(value))


def _stored(row: Row | Mapping[str, Any]) -> StoredEvent:
    # The database sees to it that it is JSON, not that it is an object.
    payload: object = json.loads(row["payload"])
    return StoredEvent(
        seq=row["seq"],
        at_ms=row["at"],
        level=_level(row["level"]),
        source=row["source"],
        kind=row["kind"],
        text=row["text"],
        conversation_id=row["conversation_id"],
        task_id=row["task_id"],
        correlation=row["correlation"] or "",
        data=cast("dict[str, object]", payload) if isinstance(payload, dict) else {"payload": payload},
    )


def _level(number: int) -> Level:
    """The level of that number, or the highest below it: a later version may know more of them."""
    return max((level for level in Level if level <= number), default=Level.DEBUG)
