"""A database that exists in memory only: the same schema and the same promises, and no byte of it on a disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import aiosqlite

from workbench.core.clock import Clock
from workbench.core.errors import StorageError
from workbench.storage.connections import READ_LIMIT, connect_memory
from workbench.storage.failures import REFUSED_VALUES, storage_error
from workbench.storage.migrations import migrate
from workbench.storage.schema import STEPS
from workbench.storage.store import Store
from workbench.storage.transaction import Parameters, Row, Transaction
from workbench.storage.waiting import to_the_end

T = TypeVar("T")


class MemoryStore(Store):
    """A store on one connection, so reads and writes take turns; gone when it is closed."""

    def __init__(self, clock: Clock) -> None:
        """Not for callers: `create` makes stores."""
        super().__init__(Path(":memory:"), clock, STEPS)
        self._only: aiosqlite.Connection | None = None

    @classmethod
    async def create(cls, clock: Clock) -> MemoryStore:
        """A new, empty database. Raises StorageError."""
        store = cls(clock)
        connection = await connect_memory()
        try:
            await migrate(connection, store.path, STEPS, _nothing_to_back_up)
        except BaseException:
            await to_the_end(connection.close())
            raise
        store._only = connection
        return store

    async def read(self, sql: str, params: Parameters = ()) -> list[Row]:
        """The rows of one query, at most 500: page what can be longer. Raises StorageError."""
        async with self._turn:
            try:
                rows = list(await self._connection().execute_fetchall(sql, params))
            except (sqlite3.Error, *REFUSED_VALUES) as error:
                raise storage_error(error, self.path) from error
        if len(rows) > READ_LIMIT:
            raise StorageError(f"A read gave more than {READ_LIMIT} rows", detail=sql, where="storage")
        return rows

    async def alone(self, sql: str) -> list[Row]:
        """The rows of one statement that may not stand in a transaction. Raises StorageError."""
        return await self.read(sql)

    async def _transaction(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._turn:
            connection = self._connection()
            transaction = Transaction(connection, self.path)
            self._writing = asyncio.current_task()
            try:
                await transaction.execute("begin immediate")
                result = await work(transaction)
                await transaction.execute("commit")
            except BaseException:
                await to_the_end(connection.rollback())
                raise
            finally:
                self._writing = None
                transaction.close()
            return result

    def _connection(self) -> aiosqlite.Connection:
        if self._only is None:
            raise StorageError("The database is closed", where="storage")
        return self._only

    async def _stop(self) -> None:
        await super()._stop()
        connection, self._only = self._only, None
        if connection is not None:
            await connection.close()


async def _nothing_to_back_up() -> None:
    return None
