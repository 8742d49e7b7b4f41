"""Making a branch a conversation of its own."""

from __future__ import annotations

import json

from workbench.conversations.branching.placing import first_place_of, free_place
from workbench.conversations.keeping import rows, writes
from workbench.conversations.search import index
from workbench.conversations.values import Conversation, MessageState
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import UsageError
from workbench.core.events import ConversationChanged
from workbench.core.ids import new_id
from workbench.core.text import folded, safe_for_storage
from workbench.storage.store import Store
from workbench.storage.transaction import Row, Transaction

BRANCH = " (branch)"
"""What the title of a branch has behind that of its conversation."""
_LONGEST_TITLE = 200
_BATCH = 200
"""Messages whose texts are in memory at one time."""

_PATH = """
    with recursive above(id, place) as (
      select id, 0 from messages where id = :id and conversation_id = :conversation and deleted_at is null
      union all
      select m.parent_id, a.place + 1 from above a join messages m on m.id = a.id where m.parent_id is not null
    )
    select m.id, m.state, m.created_at from above a join messages m on m.id = a.id order by a.place desc
"""
_COPY_CONVERSATION = """
    insert into conversations(
      id, title, title_folded, titled_by, settings, tags, folder, forked_from_id, created_at, updated_at
    )
    select :id, :title, :folded, titled_by, settings, tags, folder, :message, :now, :now
    from conversations where id = :from
"""
# What was tried and paid for it stays with the message that it was tried and paid for: figures count it once.
_COPY_MESSAGE = """
    insert into messages(
      n, id, conversation_id, parent_id, role, state, provider, model, finish_reason, reason, rating, created_at, text,
      parts
    )
    select :n, :id, :conversation, :parent, role, state, provider, model, finish_reason, reason, rating, created_at,
      text, parts
    from messages where id = :from
"""
_COPIED = "select $columns from messages where id in (select value from json_each(:ids))".replace(
    "$columns", index.COLUMNS
)


class Forking:
    """Copies branches; what stood there stays as it is."""

    def __init__(self, store: Store, clock: Clock, bus: EventBus) -> None:
        """In `store`; a new conversation is told on `bus`."""
        self._store, self._clock, self._bus = store, clock, bus

    async def fork(self, conversation_id: str, message_id: str) -> Conversation:
        """Make the branch down to a message a conversation of its own, with copies of its messages.

        Settings (a private one stays private), tags and folder go along; attempts and their costs stay with the
        original. Raises NotFoundError for what is not there or lies in the trash, UsageError while the message is
        being written, StorageError.
        """
        now = self._clock.now_ms()

        async def work(transaction: Transaction) -> Conversation:
            path = await _path(transaction, conversation_id, message_id)
            if any(row["state"] == MessageState.STREAMING for row in path):
                raise UsageError("This reply is still being written", hint="Wait until it is done, or stop it")
            titles = await transaction.fetch("select title from conversations where id = ?", (conversation_id,))
            title = _title_of_branch(titles[0]["title"])
            fork_id = new_id()
            values = {
                "id": fork_id, "title": title, "folded": folded(title), "message": path[-1]["id"], "now": now,
                "from": conversation_id,
            }  # fmt: skip
            await transaction.execute(_COPY_CONVERSATION, values)
            copies = await _copies(transaction, fork_id, path)
            await transaction.executemany(_COPY_MESSAGE, copies)
            for start in range(0, len(copies), _BATCH):
                ids = json.dumps([copy["id"] for copy in copies[start : start + _BATCH]])
                await index.put(transaction, await transaction.fetch(_COPIED, {"ids": ids}))
            leaf = (copies[-1]["id"], fork_id)
            await transaction.execute("update conversations set active_leaf_id = ? where id = ?", leaf)
            return rows.conversation_of((await transaction.fetch(rows.CONVERSATION, {"id": fork_id}))[0])

        made = await self._store.write(work)
        self._bus.publish(ConversationChanged(conversation_id=made.id))
        return made


async def _path(transaction: Transaction, conversation_id: str, message_id: str) -> list[Row]:
    await writes.active_leaf(transaction, conversation_id)
    path = await transaction.fetch(_PATH, {"id": safe_for_storage(message_id), "conversation": conversation_id})
    if not path:
        raise writes.no_message(message_id)
    return path


async def _copies(transaction: Transaction, fork_id: str, path: list[Row]) -> list[dict[str, object]]:
    """The values of the copies: each at a place of its own time, after the one above it."""
    copies: list[dict[str, object]] = []
    place = -1
    parent: str | None = None
    for row in path:
        place = await free_place(transaction, max(first_place_of(row["created_at"]), place + 1))
        id_ = new_id()
        copies.append({"n": place, "id": id_, "conversation": fork_id, "parent": parent, "from": row["id"]})
        parent = id_
    return copies


def _title_of_branch(title: str) -> str:
    return writes.one_line(title.removesuffix(BRANCH), _LONGEST_TITLE - len(BRANCH)) + BRANCH
