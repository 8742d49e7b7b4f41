"""Indexing what is not in the index yet: after an upgrade everything, otherwise nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from workbench.conversations.search import index
from workbench.core.errors import StorageError
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

FIRST_BATCH: Final = 50
LARGEST_BATCH: Final = 500
AIM_S: Final = 0.04
"""How long a batch may keep others from writing."""
PAUSE_S: Final = 0.04
DELAY_S: Final = 1.0
"""How long after the start it begins: the first screen comes first."""

_ANY: Final = "select 1 from messages where indexed = 0 and state <> 'streaming' limit 1"
_NEXT: Final = """
    select $columns from messages where indexed = 0 and state <> 'streaming' order by n desc limit ?
""".replace("$columns", index.COLUMNS)

logger = logging.getLogger(__name__)


class CatchingUp:
    """Indexes in the background, newest first, in short transactions; it goes on where any process of the home was."""

    def __init__(self, store: Store, *, delay_s: float | None = None, pause_s: float = PAUSE_S) -> None:
        """In `store`, which is not read-only."""
        self._store = store
        self._delay_s = DELAY_S if delay_s is None else delay_s
        self._pause_s = pause_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.create_task(self._run(), name="index-messages")

    async def wait(self) -> None:
        """Until all is indexed, or the disk refused."""
        if self._task is not None:
            await self._task

    async def close(self) -> None:
        """End after the batch that is being written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await asyncio.sleep(self._delay_s)
        try:
            if not await self._store.read(_ANY):
                return
            size = FIRST_BATCH
            loop = asyncio.get_running_loop()
            while True:
                began = loop.time()
                if not await self._store.write(lambda transaction, size=size: _batch(transaction, size)):
                    return
                size = next_size(size, loop.time() - began)
                await asyncio.sleep(self._pause_s)
        except StorageError as problem:
            logger.warning("messages could not be indexed; the next start tries again: %s", problem)


def next_size(size: int, seconds: float) -> int:
    """How many messages to index at once after a batch of `size` took so long."""
    if seconds > AIM_S:
        return max(size // 2, 1)
    return min(size * 2, LARGEST_BATCH) if seconds < AIM_S / 2 else size


async def _batch(transaction: Transaction, size: int) -> int:
    return await index.put(transaction, await transaction.fetch(_NEXT, (size,)))
