"""The stored event log: what happened, in order, how it gets there, and the questions one can ask of it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from workbench.core.bus import EventBus, Subscription
from workbench.core.errors import StorageError
from workbench.core.events import Event, Level, StorageTrouble
from workbench.core.redaction import REDACTOR
from workbench.core.text import safe_for_storage
from workbench.storage.connections import READ_LIMIT
from workbench.storage.store import Store
from workbench.storage.transaction import Row, Transaction

BATCH = 500
"""Events written in one transaction."""

FLUSH_S = 0.2
"""Events are gathered for at most this long before they are written."""

RETRY_S = 5.0
"""The pause after a failed write."""

KEPT_EVENTS = 20_000
"""What is kept in memory while nothing can be saved; older ones are given up, and counted."""

CLOSE_DEADLINE_S = 2.0
_SUBSCRIPTION_BOUND = 100_000

_INSERT = """
    insert into events(at, level, source, kind, conversation_id, task_id, correlation, text, payload)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DEPTH = 20
_LARGEST_WHOLE = 2**63

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
        *,
        after_seq: int | None = None,
        before_seq: int | None = None,
        level: Level | None = None,
        source: str | None = None,
        conversation_id: str | None = None,
        task_id: str | None = None,
        since_ms: int | None = None,
        text: str | None = None,
        limit: int = READ_LIMIT,
    ) -> list[StoredEvent]:
        """At most `limit` events that fit all the conditions, oldest first.

        With `after_seq` the first ones after it (to follow the log), else the newest, or the newest before
        `before_seq` (to look back). `level` is the least one, `text` is looked for in text and kind in any case.
        """
        conditions, values = _conditions(
            level=level, source=source, conversation_id=conversation_id, task_id=task_id, since_ms=since_ms, text=text
        )
        forward = after_seq is not None
        found: list[StoredEvent] = []
        while len(found) < limit:
            bounds, edges = list(conditions), list(values)
            if after_seq is not None:
                bounds.append("seq > ?")
                edges.append(after_seq)
            if before_seq is not None:
                bounds.append("seq < ?")
                edges.append(before_seq)
            wanted = min(READ_LIMIT, limit - len(found))
            sql = ["select * from events", f"where {' and '.join(bounds)}" if bounds else ""]
            sql.append("order by seq limit ?" if forward else "order by seq desc limit ?")
            rows = await self._store.read(" ".join(sql), (*edges, wanted))
            found.extend(_stored(row) for row in rows)
            if len(rows) < wanted:
                break
            if forward:
                after_seq = found[-1].seq
            else:
                before_seq = found[-1].seq
        return found if forward else found[::-1]

    async def newest_seq(self) -> int:
        """The sequence number of the newest event, 0 when there is none."""
        rows = await self._store.read("select max(seq) from events")
        return int(rows[0][0] or 0)


class EventRecorder:
    """One task that writes down every event marked `stored`."""

    def __init__(self, bus: EventBus, log: EventLog, *, retry_s: float = RETRY_S, kept: int = KEPT_EVENTS) -> None:
        """From `bus` to `log`; after a failure again every `retry_s` seconds, with `kept` events in memory."""
        self._bus = bus
        self._log = log
        self._retry_s = retry_s
        self._waiting: deque[Event] = deque()
        self._kept = kept
        self.lost = 0
        """Events given up because nothing could be saved for too long."""
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._ending = asyncio.Event()
        self._trouble = False
        self._written = 0

    def start(self) -> None:
        """Begin to record on the running loop."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            # The bus may be used after the loop's end; nobody records then.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._news.set)

        self._subscription = self._bus.subscribe(_is_stored, bound=_SUBSCRIPTION_BOUND, wake=wake)
        self._task = asyncio.create_task(self._record(), name="workbench-event-recorder")

    async def close(self) -> None:
        """Write what is left, then stop; gives up when nothing gets written for two seconds. Twice is once."""
        if self._subscription is not None:
            self._subscription.close()
        task, self._task = self._task, None
        if task is None:
            return
        self._ending.set()
        self._news.set()
        written = -1
        while not task.done() and written != self._written:
            written = self._written
            await asyncio.wait({task}, timeout=CLOSE_DEADLINE_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.lost += len(self._waiting)

    async def _record(self) -> None:
        while not self._ending.is_set():
            await self._news.wait()
            await self._pause(FLUSH_S)
            self._news.clear()
            self._gather()
            while self._waiting and not await self._write() and not self._ending.is_set():
                await self._pause(self._retry_s)
                self._gather()
        self._gather()
        await self._write()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    def _gather(self) -> None:
        if self._subscription is not None:
            self._waiting.extend(self._subscription.drain())
        # Only while nothing can be saved: a burst is no reason to give anything up.
        while self._trouble and len(self._waiting) > self._kept:
            self._waiting.popleft()
            self.lost += 1

    async def _write(self) -> bool:
        """Write all that waits, batch by batch; whether it worked."""
        while self._waiting:
            batch = list(itertools.islice(self._waiting, BATCH))
            try:
                await self._log.append(batch)
            except StorageError as error:
                if not self._trouble:
                    self._trouble = True
                    self._bus.publish(StorageTrouble(problem=str(error)))
                return False
            self._written += len(batch)
            for _ in batch:
                self._waiting.popleft()
        if self._trouble:
            self._trouble = False
            self._bus.publish(StorageTrouble(problem=""))
        return True


def _is_stored(event: Event) -> bool:
    return event.stored


def _conditions(
    *,
    level: Level | None,
    source: str | None,
    conversation_id: str | None,
    task_id: str | None,
    since_ms: int | None,
    text: str | None,
) -> tuple[list[str], list[object]]:
    pattern = None
    if text:
        escaped = safe_for_storage(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{escaped}%"
    candidates: list[tuple[str, object]] = [
        ("level >= ?", None if level is None else int(level)),
        ("source = ?", source),
        ("conversation_id = ?", conversation_id),
        ("task_id = ?", task_id),
        ("at >= ?", since_ms),
        ("(text || ' ' || kind) like ? escape '\\'", pattern),
    ]
    chosen = [(condition, value) for condition, value in candidates if value is not None]
    return [condition for condition, _ in chosen], [value for _, value in chosen]


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


def _stored(row: Row) -> StoredEvent:
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
        data=json.loads(row["payload"]),
    )


def _level(number: int) -> Level:
    """The level of that number, or the highest below it: a later version may know more of them."""
    return max((level for level in Level if level <= number), default=Level.DEBUG)
