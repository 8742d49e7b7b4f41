"""Whose turn it is: a counter that survives restarts and that all processes of one home share."""

from __future__ import annotations

import logging

from workbench.core.errors import StorageError
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

logger = logging.getLogger(__name__)

_ADVANCE = """
insert into rotations(name, position) values ('providers', 1)
on conflict(name) do update set position = position + 1
returning position
"""


class Rotation:
    """Hands out positions, each once."""

    def __init__(self, store: Store | None = None) -> None:
        """Kept in `store`; without one, or while it cannot be written, in memory."""
        self._store = store
        self._position = 0

    async def take(self) -> int:
        """The next position, counted from 0."""
        if self._store is not None and not self._store.read_only:
            try:
                self._position = await self._store.write(_advance)
            except StorageError as problem:
                logger.warning("the turn of providers was not saved: %s", problem)
            else:
                return self._position - 1
        self._position += 1
        return self._position - 1

    async def look(self) -> int:
        """The position that `take` would give now."""
        if self._store is not None:
            try:
                found = await self._store.read("select position from rotations where name = 'providers'")
            except StorageError:
                return self._position
            self._position = found[0]["position"] if found else self._position
        return self._position


async def _advance(transaction: Transaction) -> int:
    return (await transaction.fetch(_ADVANCE))[0]["position"]
