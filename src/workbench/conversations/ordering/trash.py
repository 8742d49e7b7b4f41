"""What was deleted: hidden at once, kept until it is purged, and brought back by undo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.conversations.keeping import rows, writes
from workbench.conversations.ordering.references import conversation_named
from workbench.conversations.values import Conversation
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import NotFoundError, UsageError
from workbench.core.history_events import TOLD, ConversationsDeleted, ConversationsRestored
from workbench.core.text import clean_line, safe_for_storage
from workbench.storage.store import Store
from workbench.storage.transaction import Row, Transaction

_BELOW = """
    with recursive below(id) as (
      select id from messages where id = :id and conversation_id = :conversation and deleted_at is null
      union all
      select m.id from below b join messages m on m.parent_id = b.id and m.deleted_at is null
    )
    select m.id, m.parent_id, m.role, m.state from below b join messages m on m.id = b.id
"""
# `+` leads to the index of the conversation, not to that of all first messages of all conversations.
_BESIDE = """
    select id from messages
    where +parent_id is :parent and conversation_id = :conversation and role = :role and deleted_at is null
    order by n > (select n from messages where id = :id), abs(n - (select n from messages where id = :id)) limit 1
"""
_HIDE = """
    update messages set deleted_at = :at where id in (select value from json_each(:ids))
"""
# Two deletions of one conversation never have the same time, also when the clock was set back between them.
_NEXT_TIME = "select max(:now, coalesce(max(at) + 1, 0)) as at from deletions where conversation_id = :conversation"
_LAST_TIME = "select max(deleted_at) as at from conversations"
_WRITTEN = "select 1 from messages where state = 'streaming' and conversation_id = ? limit 1"
_LAST = """
    select d.at, d.message_id, d.leaf_id from deletions d
    join conversations c on c.id = d.conversation_id and c.deleted_at is null
    where d.conversation_id = :conversation order by d.at desc limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A message that was deleted, with what followed it, or that came back."""

    message_id: str
    messages: int
    """How many there are of it and below it, on all branches."""
    active_leaf_id: str | None
    """The end of the branch that is in force now."""


class Trash:
    """Hides messages and conversations, and brings them back; nothing is purged here."""

    def __init__(self, store: Store, clock: Clock, bus: EventBus) -> None:
        """What is in `store`; conversations that go and come back are told on `bus`."""
        self._store = store
        self._clock = clock
        self._bus = bus

    async def get(self, reference: str) -> Conversation:
        """The deleted conversation of that id, of that unique beginning of an id, or what was deleted `last`.

        Raises NotFoundError when there is none, or several.
        """
        if reference == "last":
            found = await self._store.read(rows.LAST_DELETED)
            if not found:
                raise NotFoundError("No conversation is in the trash")
            return rows.conversation_of(found[0])
        title, hint = "No such conversation is in the trash", "`workbench history list --trash` shows what is"
        return await conversation_named(self._store, reference, rows.DELETED_BY_PREFIX, title=title, hint=hint)

    async def delete_message(self, conversation_id: str, message_id: str) -> Deleted:
        """Hide a message and everything below it; the newest branch beside it, else what is above, is in force then.

        Raises NotFoundError for a message that is not there, UsageError while a reply below it is being written,
        StorageError.
        """
        now = self._clock.now_ms()
        values = {"id": safe_for_storage(message_id), "conversation": conversation_id, "now": now}

        async def work(transaction: Transaction) -> Deleted:
            leaf = await writes.active_leaf(transaction, conversation_id)
            hidden = await transaction.fetch(_BELOW, values)
            if not hidden:
                raise writes.no_message(message_id)
            if any(row["state"] == "streaming" for row in hidden):
                raise _still_written()
            at = (await transaction.fetch(_NEXT_TIME, values))[0]["at"]
            ids = [row["id"] for row in hidden]
            await transaction.execute(_HIDE, {"at": at, "ids": json.dumps(ids)})
            await transaction.execute(
                "insert into deletions(conversation_id, at, message_id, leaf_id) values (?, ?, ?, ?)",
                (conversation_id, at, ids[0], leaf),
            )
            if leaf in ids:
                leaf = await _leaf_instead(transaction, conversation_id, hidden[0])
                await _show(transaction, conversation_id, leaf)
            return Deleted(message_id=ids[0], messages=len(ids), active_leaf_id=leaf)

        return await self._store.write(work)

    async def restore_message(self, conversation_id: str) -> Deleted:
        """Undo the last deletion in a conversation: all of it comes back, and so does the branch that was in force.

        Raises NotFoundError when nothing is deleted there, StorageError.
        """

        async def work(transaction: Transaction) -> Deleted:
            found = await transaction.fetch(_LAST, {"conversation": conversation_id})
            if not found:
                raise NotFoundError("Nothing was deleted here")
            last = found[0]
            values = (conversation_id, last["at"])
            count = await transaction.execute(
                "update messages set deleted_at = null where conversation_id = ? and deleted_at = ?", values
            )
            await transaction.execute("delete from deletions where conversation_id = ? and at = ?", values)
            await _show(transaction, conversation_id, last["leaf_id"])
            return Deleted(message_id=last["message_id"], messages=count, active_leaf_id=last["leaf_id"])

        return await self._store.write(work)

    async def delete_conversation(self, conversation_id: str) -> None:
        """Hide a conversation. Raises NotFoundError, UsageError while a reply of it is being written, StorageError."""
        await self.delete_conversations([conversation_id])

    async def delete_conversations(self, conversation_ids: Sequence[str]) -> int:
        """Hide conversations, all of them or, when one cannot be, none; how many. Raises as `delete_conversation`."""
        now = self._clock.now_ms()
        ids = list(dict.fromkeys(conversation_ids))

        async def work(transaction: Transaction) -> None:
            # Each deletion has a time of its own, so that the last one is known.
            at = max(now, ((await transaction.fetch(_LAST_TIME))[0]["at"] or 0) + 1)
            for place, id_ in enumerate(ids):
                await writes.active_leaf(transaction, id_)
                if await transaction.fetch(_WRITTEN, (id_,)):
                    raise _still_written()
                await transaction.execute("update conversations set deleted_at = ? where id = ?", (at + place, id_))

        if ids:
            await self._store.write(work)
            self._bus.publish(ConversationsDeleted(conversations=tuple(ids[:TOLD]), count=len(ids)))
        return len(ids)

    async def restore_conversation(self) -> Conversation:
        """Bring back the conversation that was deleted last. Raises NotFoundError when there is none, StorageError."""

        async def work(transaction: Transaction) -> Conversation:
            found = await transaction.fetch(
                "select id from conversations where deleted_at is not null order by deleted_at desc limit 1"
            )
            if not found:
                raise NotFoundError("No conversation was deleted")
            return await _brought_back(transaction, found[0]["id"])

        restored = await self._store.write(work)
        self._bus.publish(ConversationsRestored(conversations=(restored.id,), count=1))
        return restored

    async def restore_conversations(self, conversation_ids: Sequence[str]) -> list[Conversation]:
        """Bring back these conversations, all or none. Raises NotFoundError for one that is not in the trash."""
        ids = list(dict.fromkeys(conversation_ids))

        async def work(transaction: Transaction) -> list[Conversation]:
            return [await _brought_back(transaction, id_) for id_ in ids]

        restored = await self._store.write(work) if ids else []
        if restored:
            self._bus.publish(ConversationsRestored(conversations=tuple(ids[:TOLD]), count=len(ids)))
        return restored


async def _brought_back(transaction: Transaction, conversation_id: str) -> Conversation:
    values = {"id": safe_for_storage(conversation_id)}
    sql = "update conversations set deleted_at = null where id = :id and deleted_at is not null"
    if not await transaction.execute(sql, values):
        raise NotFoundError(
            "This conversation is not in the trash",
            detail=clean_line(conversation_id),
            hint="`workbench history search is:trash` shows what is",
        )
    return rows.conversation_of((await transaction.fetch(rows.CONVERSATION, values))[0])


async def _leaf_instead(transaction: Transaction, conversation_id: str, top: Row) -> str | None:
    """The newest leaf beside a deleted message, of the version before it if there is one; else what is above it."""
    values = {"id": top["id"], "parent": top["parent_id"], "role": top["role"], "conversation": conversation_id}
    beside = await transaction.fetch(_BESIDE, values)
    if not beside:
        return top["parent_id"]
    found = await transaction.fetch(writes.NEWEST_LEAF, {"id": beside[0]["id"], "conversation": conversation_id})
    return found[0]["id"]


async def _show(transaction: Transaction, conversation_id: str, leaf: str | None) -> None:
    await transaction.execute("update conversations set active_leaf_id = ? where id = ?", (leaf, conversation_id))


def _still_written() -> UsageError:
    return UsageError("A reply is still being written there", hint="Stop it, or wait until it is done")
