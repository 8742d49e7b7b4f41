"""Taking away for good what nobody wants any more: what that would free, and doing it in short transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.core.errors import UsageError
from workbench.core.events import Level
from workbench.core.progress import Progress, Tell
from workbench.storage.event_log import EventLog
from workbench.storage.files import stamped_at
from workbench.storage.store import Store
from workbench.storage.swapping import damaged_files, unsalvaged
from workbench.storage.transaction import Row, Transaction
from workbench.storage.upkeep.values import (
    WARNINGS_KEPT,
    Prunable,
    Pruned,
    Pruning,
    TakeOut,
)  # fmt: skip
from workbench.storage.waiting import to_the_end

EVENTS_AT_ONCE = 2_000
MESSAGES_AT_ONCE = 100
PAUSE_S = 0.02
"""Between two transactions, so that what waits to be written is."""

DAY_MS = 86_400_000

# Messages of a deleted conversation go with it, those that were deleted one by one go by their own time. Of a message
# are counted its texts, a third of them again in the full-text index, and its other columns.
_COUNT_TRASH = """
    select count(*) as messages,
      coalesce(sum(220 + length(cast(m.text as blob)) * 4 / 3 + coalesce(length(cast(m.parts as blob)), 0)), 0) as size,
      coalesce(sum((select count(*) from attempts a where a.message_id = m.id)), 0) as attempts
    from conversations c join messages m on m.conversation_id = c.id
    where c.id in (
      select id from conversations where deleted_at <= :until
      union select conversation_id from deletions where at <= :until
    ) and (c.deleted_at <= :until or (c.deleted_at is null and m.deleted_at <= :until))
"""
_COUNT_CONVERSATIONS = "select count(*) from conversations where deleted_at <= ?"
_NEXT_CONVERSATION = "select id from conversations where deleted_at <= ? limit 1"
_NEXT_WITH_DELETED = """
    select d.conversation_id as id from deletions d
    join conversations c on c.id = d.conversation_id and c.deleted_at is null
    where d.at <= ? limit 1
"""
_WRITTEN = "select 1 from messages where conversation_id = :id and state = 'streaming' limit 1"
# The last first: what is below a message stands after it, so nothing goes by a cascade, past the full-text index.
_LAST_MESSAGES = "select * from messages where conversation_id = :id order by n desc limit :limit"
_LAST_DELETED = """
    select * from messages where conversation_id = :id and deleted_at <= :until order by n desc limit :limit
"""
# By number, because that is how they lie; and by time, because a clock that was wrong for a while moves the number.
_OLD = "seq < :info and at < :info_at and (level < :warning or (seq < :serious and at < :serious_at))"
_COUNT_EVENTS = """
    select count(*) as events, coalesce(sum(80 + length(cast(text as blob)) + length(cast(payload as blob))), 0) as size
    from events where $old
""".replace("$old", _OLD)
_NEXT_EVENTS = """
    select max(seq) as last, count(*) as count from (
      select seq from events where seq > :after and $old order by seq limit :limit
    )
""".replace("$old", _OLD)
_DELETE_EVENTS = """
    delete from events where seq > :after and seq <= :last and $old
""".replace("$old", _OLD)


class Pruner:
    """Counts and removes once; a removal is a chain of short transactions, and can be cancelled between any two."""

    def __init__(self, store: Store, take_out: TakeOut) -> None:
        """Messages leave the full-text index through `take_out`."""
        self._store = store
        self._log = EventLog(store)
        self._take_out = take_out
        self.removed = Pruned(what=Prunable.TRASH)
        """What is gone so far, also after a removal that failed or was cancelled."""

    async def preview(self, pruning: Pruning, *, now_ms: int) -> Pruned:
        """What `prune` would remove now."""
        until = now_ms - pruning.days * DAY_MS
        match pruning.what:
            case Prunable.TRASH:
                row = (await self._store.read(_COUNT_TRASH, {"until": until}))[0]
                conversations = (await self._store.read(_COUNT_CONVERSATIONS, (until,)))[0][0]
                return Pruned(
                    what=pruning.what, conversations=conversations, messages=row["messages"], size=int(row["size"]),
                    attempts=row["attempts"],
                )  # fmt: skip
            case Prunable.EVENTS:
                row = (await self._store.read(_COUNT_EVENTS, await self._bounds(pruning, now_ms)))[0]
                return Pruned(what=pruning.what, events=row["events"], size=int(row["size"]))
            case Prunable.DAMAGED:
                files = await asyncio.to_thread(_old_files, self._store.path, until)
                return Pruned(what=pruning.what, files=len(files), size=sum(file.stat().st_size for file in files))

    async def prune(self, pruning: Pruning, *, now_ms: int, tell: Tell) -> Pruned:
        """Remove it; what was removed. Cancelled or killed, it has removed a part, and can be run again."""
        foreseen = await self.preview(pruning, now_ms=now_ms)
        self.removed = Pruned(what=pruning.what)
        until = now_ms - pruning.days * DAY_MS
        match pruning.what:
            case Prunable.TRASH:
                await self._prune_trash(until, foreseen, tell)
            case Prunable.EVENTS:
                await self._prune_events(await self._bounds(pruning, now_ms), foreseen, tell)
            case Prunable.DAMAGED:
                for file in await asyncio.to_thread(_old_files, self._store.path, until):
                    size = file.stat().st_size
                    await asyncio.to_thread(file.unlink, missing_ok=True)
                    self._count(Pruned(what=pruning.what, files=1, size=size))
        return replace(self.removed, size=foreseen.size)

    async def purge(self, conversation_ids: Sequence[str], tell: Tell) -> Pruned:
        """Remove these conversations for good, whether or not they are in the trash; what was removed."""
        for done, conversation_id in enumerate(conversation_ids):
            tell(Progress(doing="purging conversations", done=done, total=len(conversation_ids)))
            await self._purge_conversation(conversation_id)
        return self.removed

    def _count(self, gone: Pruned) -> None:
        self.removed = _sum(self.removed, gone)

    async def _remove(self, work: Callable[[Transaction], Awaitable[Pruned]]) -> Pruned:
        """Run one transaction and count what it removed; it is committed also when the caller is cancelled."""

        async def remove() -> Pruned:
            gone = await self._store.write(work)
            self._count(gone)
            return gone

        return await to_the_end(remove())

    async def _prune_trash(self, until: int, foreseen: Pruned, tell: Tell) -> None:
        while rows := await self._store.read(_NEXT_CONVERSATION, (until,)):
            await self._purge_conversation(rows[0]["id"])
            tell(Progress(doing="emptying the trash", done=self.removed.messages, total=foreseen.messages))
        while rows := await self._store.read(_NEXT_WITH_DELETED, (until,)):
            values: dict[str, object] = {"id": rows[0]["id"], "until": until}
            await self._purge_messages(_LAST_DELETED, values)

            async def forget(transaction: Transaction, values: dict[str, object] = values) -> None:
                await transaction.execute(
                    "delete from deletions where conversation_id = :id and at <= :until", values
                )  # fmt: skip

            await self._store.write(forget)
            tell(Progress(doing="emptying the trash", done=self.removed.messages, total=foreseen.messages))

    async def _purge_conversation(self, conversation_id: str) -> None:
        values: dict[str, object] = {"id": conversation_id}

        async def hide(transaction: Transaction) -> None:
            if await transaction.fetch(_WRITTEN, values):
                raise UsageError("A reply is still being written there", hint="Stop it, or wait until it is done")
            # Hidden first: a half-purged conversation must not be opened, nor come back.
            await transaction.execute(
                "update conversations set active_leaf_id = null, deleted_at = coalesce(deleted_at, 0) where id = :id",
                values,
            )

        await self._store.write(hide)
        await self._purge_messages(_LAST_MESSAGES, values)

        async def delete(transaction: Transaction) -> Pruned:
            gone = await transaction.execute("delete from conversations where id = :id", values)
            return Pruned(what=Prunable.TRASH, conversations=gone)

        await self._remove(delete)

    async def _purge_messages(self, sql: str, values: dict[str, object]) -> None:
        more = True
        while more:

            async def some(transaction: Transaction) -> Pruned:
                rows = await transaction.fetch(sql, {**values, "limit": MESSAGES_AT_ONCE})
                return await self._delete(transaction, rows)

            gone = await self._remove(some)
            more = gone.messages == MESSAGES_AT_ONCE
            await asyncio.sleep(PAUSE_S if more else 0)

    async def _delete(self, transaction: Transaction, rows: Sequence[Row]) -> Pruned:
        if not rows:
            return Pruned(what=Prunable.TRASH)
        await self._take_out(transaction, rows)
        attempts = 0
        for row in rows:
            attempts += await transaction.execute("delete from attempts where message_id = ?", (row["id"],))
            await transaction.execute("delete from messages where n = ?", (row["n"],))
        return Pruned(what=Prunable.TRASH, messages=len(rows), attempts=attempts)

    async def _prune_events(self, bounds: dict[str, Any], foreseen: Pruned, tell: Tell) -> None:
        after = 0
        while True:
            row = (await self._store.read(_NEXT_EVENTS, {**bounds, "after": after, "limit": EVENTS_AT_ONCE}))[0]
            if not row["count"]:
                return
            values = {**bounds, "after": after, "last": row["last"]}

            async def some(transaction: Transaction, values: dict[str, Any] = values) -> Pruned:
                return Pruned(what=Prunable.EVENTS, events=await transaction.execute(_DELETE_EVENTS, values))

            await self._remove(some)
            after = row["last"]
            tell(Progress(doing="pruning events", done=self.removed.events, total=foreseen.events))
            await asyncio.sleep(PAUSE_S)

    async def _bounds(self, pruning: Pruning, now_ms: int) -> dict[str, Any]:
        """The numbers and times below which events, and warnings among them, are old enough."""
        info_at, serious_at = now_ms - pruning.days * DAY_MS, now_ms - pruning.days * WARNINGS_KEPT * DAY_MS
        return {
            "info": await self._log.seq_at(info_at),
            "info_at": info_at,
            "serious": await self._log.seq_at(serious_at),
            "serious_at": serious_at,
            "warning": int(Level.WARNING),
        }


def _sum(one: Pruned, other: Pruned) -> Pruned:
    return replace(
        one,
        conversations=one.conversations + other.conversations,
        messages=one.messages + other.messages,
        attempts=one.attempts + other.attempts,
        events=one.events + other.events,
        files=one.files + other.files,
        size=one.size + other.size,
    )


def _old_files(database: Path, until: int) -> list[Path]:
    # Not those that have not been read out yet, and only those that were named here.
    needed = tuple(file.name for file in unsalvaged(database))
    stamped = ((file, stamped_at(file.name)) for file in damaged_files(database) if not file.name.startswith(needed))
    return [file for file, at_ms in stamped if at_ms is not None and at_ms <= until]
