"""What a transaction's own code may do: run statements and read rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import StorageError
from workbench.storage.failures import REFUSED_VALUES, storage_error

if TYPE_CHECKING:
    import aiosqlite

Row = sqlite3.Row
"""A row of a query: by name or by position."""

Parameters = Sequence[object] | Mapping[str, object]
"""Values of a statement's `?` or `:name` places."""


class Transaction:
    """One open write transaction; every failure is a `StorageError`. Useless after the transaction's end."""

    def __init__(self, connection: aiosqlite.Connection, database: Path) -> None:
        """Made by `Store.write`."""
        self._connection: aiosqlite.Connection | None = connection
        self._database = database

    def close(self) -> None:
        """Forget the connection: what comes later is refused."""
        self._connection = None

    async def execute(self, sql: str, params: Parameters = ()) -> int:
        """Run one statement; the number of rows it changed, -1 when that has no meaning."""
        try:
            cursor = await self._open().execute(sql, params)
            if cursor.description:
                await cursor.close()
            return cursor.rowcount
        except (sqlite3.Error, *REFUSED_VALUES) as error:
            raise storage_error(error, self._database) from error

    async def executemany(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run one statement for every row of values; the number of rows changed."""
        try:
            cursor = await self._open().executemany(sql, rows)
            return cursor.rowcount
        except (sqlite3.Error, *REFUSED_VALUES) as error:
            raise storage_error(error, self._database) from error

    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]:
        """All rows of one query; `returning` clauses too."""
        try:
            return list(await self._open().execute_fetchall(sql, params))
        except (sqlite3.Error, *REFUSED_VALUES) as error:
            raise storage_error(error, self._database) from error

    def _open(self) -> aiosqlite.Connection:
        if self._connection is None:
            raise StorageError("The transaction has already ended", where="storage")
        return self._connection
