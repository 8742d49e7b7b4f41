"""Replies whose program died while they were arriving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from workbench.conversations.keeping import rows, writes
from workbench.conversations.search import index
from workbench.conversations.values import Message
from workbench.core.clock import Clock
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

INTERRUPTED = "workbench ended while this reply was arriving"
"""The reason of a reply whose program died."""


async def mark_interrupted(
    store: Store, clock: Clock, own_id: str, is_alive: Callable[[str], bool]
) -> list[Message]:  # fmt: skip
    """Mark the replies that still stream though their instance is gone; gives them as they are now.

    Their text stays, and attempts that were running are closed with them. `own_id` is the running instance here;
    `is_alive` is asked of the others, on a thread.
    """
    found = await store.read("select distinct owner from messages where state = 'streaming' limit 500")
    marked: list[Message] = []
    for owner in [row["owner"] for row in found]:
        if owner == own_id or (owner and await asyncio.to_thread(is_alive, owner)):
            continue
        values = {"owner": owner, "after": 0, "limit": rows.PAGE}
        while page := await store.read(rows.STREAMING_OF, values):
            marked.extend(await _interrupt(store, clock, [row["id"] for row in page], owner))
    return marked


async def _interrupt(store: Store, clock: Clock, message_ids: Sequence[str], owner: str | None) -> list[Message]:
    now = clock.now_ms()

    async def work(transaction: Transaction) -> list[Message]:
        changed: list[Message] = []
        for message_id in message_ids:
            values = {"id": message_id, "owner": owner, "reason": INTERRUPTED, "now": now}
            if await transaction.execute(writes.INTERRUPT_REPLY, values):
                await transaction.execute(writes.CANCEL_ATTEMPTS, values)
                await index.put_message(transaction, message_id)
                changed.extend(rows.message_of(row) for row in await transaction.fetch(rows.BY_ID, values))
        return changed

    return await store.write(work)
