"""Opening SQLite connections the one way they are used here."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import aiosqlite

from workbench.core.errors import StorageError
from workbench.storage.failures import REFUSED_VALUES, primary_code, storage_error
from workbench.storage.schema import APPLICATION_ID
from workbench.storage.waiting import to_the_end

READ_LIMIT = 500
"""Rows one read may give: longer ones hold the interpreter lock for too long and are paged."""

BUSY_TIMEOUT_MS = 5_000
WAL_KEPT_BYTES = 64 * 1024 * 1024
"""What a checkpoint leaves of a log that has grown."""

_WRITER_PRAGMAS = (
    f"pragma busy_timeout={BUSY_TIMEOUT_MS}",
    "pragma foreign_keys=on",
    "pragma synchronous=full",
    # What is purged is overwritten: nobody finds it in the file, and salvaging does not bring it back.
    "pragma secure_delete=on",
    "pragma cache_size=-16000",
    f"pragma journal_size_limit={WAL_KEPT_BYTES}",
)
_MEMORY_PRAGMAS = (
    "pragma foreign_keys=on",
    # A large sort would else lay its rows down in a file.
    "pragma temp_store=memory",
)
_READER_PRAGMAS = (
    f"pragma busy_timeout={BUSY_TIMEOUT_MS}",
    "pragma trusted_schema=off",
    "pragma query_only=1",
    "pragma cache_size=-16000",
)


_NOTHING_BESIDE = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
)
"""What SQLite reports when it cannot make the files that it needs beside a database."""


_HEADER_ONLY = 1
"""Pages of a database that has no table yet."""


class TooManyRowsError(sqlite3.DataError):
    """A read gave more than `READ_LIMIT` rows."""


class _BoundedCursor(sqlite3.Cursor):
    def fetchall(self) -> list[sqlite3.Row]:
        """The rows, on the connection's own thread and in one hop; raises TooManyRowsError."""
        rows = self.fetchmany(READ_LIMIT + 1)
        self.close()
        if len(rows) > READ_LIMIT:
            raise TooManyRowsError(f"a read gave more than {READ_LIMIT} rows")
        return rows


class _BoundedConnection(sqlite3.Connection):
    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        """Run a query on a cursor that refuses to hand out too many rows."""
        return self.cursor(_BoundedCursor).execute(sql, cast("Sequence[str]", parameters))


def uri_of(database: Path) -> str:
    """The path as SQLite's URI form wants it."""
    return database.absolute().as_uri()


@functools.cache
def _json_checks_are_trusted() -> bool:
    """Whether this SQLite lets a `check(json_valid(...))` run under `trusted_schema=off`.

    Some versions, 3.40 among them, take their own JSON functions for unsafe ones. Under these the connection that
    writes has to trust the schema; there is no function of ours and no extension that a hostile one could reach.
    """
    with contextlib.closing(sqlite3.connect(":memory:")) as probe:
        probe.execute("pragma trusted_schema=off")
        try:
            probe.execute("create table probe(json text check(json_valid(json)))")
            probe.execute("insert into probe values ('{}')")
        except sqlite3.OperationalError:
            return False
    return True


async def connect_writer(database: Path) -> aiosqlite.Connection:
    """The connection that writes; the file must exist. A new database gets its header here."""
    connection = await _connect(database, f"{uri_of(database)}?mode=rw", sqlite3.Connection)
    try:
        for pragma in _WRITER_PRAGMAS:
            await connection.execute_fetchall(pragma)
        if _json_checks_are_trusted():
            await connection.execute_fetchall("pragma trusted_schema=off")
        # Who makes it may have been killed between the first two of these: each writes the first page.
        if await pragma_value(connection, "page_count") <= _HEADER_ONLY:
            # Vacuuming in steps can only be chosen before the first table. The header is written before the log is
            # switched on: else all of a young database lies in the log, beside an empty file.
            await connection.execute_fetchall("pragma auto_vacuum=incremental")
            await connection.execute_fetchall(f"pragma application_id={APPLICATION_ID}")
        mode = await _first(connection, "pragma journal_mode=wal")
        if mode != "wal":
            raise StorageError(
                f"The folder {database.parent} cannot hold a database",
                detail=f"SQLite offers journal mode {mode} only, as on a network file system",
                hint="Let WORKBENCH_HOME name a folder on a local disk",
                where="storage",
            )
    except BaseException as error:
        await to_the_end(connection.close())
        raise _explained(error, database) from error
    return connection


async def connect_reader(database: Path, *, lasting: bool = False) -> aiosqlite.Connection:
    """A connection that can only read, and never checkpoints.

    With `lasting` the file is taken for one that nobody changes, if SQLite cannot lay anything beside it: on a full
    disk, or in a folder that may not be written.
    """
    try:
        return await _reader(database, "ro")
    except StorageError as problem:
        if not lasting or primary_code(problem.__cause__ or problem) not in _NOTHING_BESIDE:
            raise
        return await _reader(database, "ro&immutable=1")


async def _reader(database: Path, mode: str) -> aiosqlite.Connection:
    connection = await _connect(database, f"{uri_of(database)}?mode={mode}", _BoundedConnection)
    try:
        for pragma in _READER_PRAGMAS:
            await connection.execute_fetchall(pragma)
        # The first look at the file: what cannot be read says so now. A file without a table is one in the making.
        application = await pragma_value(connection, "application_id")
        if application != APPLICATION_ID and await pragma_value(connection, "page_count") > _HEADER_ONLY:
            raise StorageError(
                f"{database} belongs to another program",
                detail=f"its application id is {application:#x}, not {APPLICATION_ID:#x}",
                hint="It is left as it is. Move it away and start again",
                where="storage",
            )
    except BaseException as error:
        await to_the_end(connection.close())
        raise _explained(error, database) from error
    return connection


async def connect_memory() -> aiosqlite.Connection:
    """The only connection to a new database that no file holds; closing it ends that."""
    connection = await _connect(Path(":memory:"), ":memory:", sqlite3.Connection)
    for pragma in _MEMORY_PRAGMAS:
        await connection.execute_fetchall(pragma)
    return connection


async def pragma_value(connection: aiosqlite.Connection, name: str) -> int:
    """The integer value of a pragma."""
    return int(await _first(connection, f"pragma {name}"))


async def _first(connection: aiosqlite.Connection, sql: str) -> str | int:
    for row in await connection.execute_fetchall(sql):
        return row[0]
    raise StorageError("The database gave no answer", detail=sql, where="storage")


def _explained(error: BaseException, database: Path) -> BaseException:
    return storage_error(error, database) if isinstance(error, (sqlite3.Error, *REFUSED_VALUES)) else error


async def _connect(database: Path, uri: str, factory: type[sqlite3.Connection]) -> aiosqlite.Connection:
    made: list[aiosqlite.Connection] = []

    def make() -> None:
        made.append(aiosqlite.connect(uri, uri=True, isolation_level=None, factory=factory))

    # A connection's thread is a daemon when the thread that makes it is one: so a connection that can not be closed
    # (a dead disk) cannot keep the process alive.
    maker = threading.Thread(target=make, name="workbench-sqlite", daemon=True)
    maker.start()
    maker.join()
    connection = made[0]
    try:
        await to_the_end(_open(connection))
    except asyncio.CancelledError:
        await to_the_end(connection.close())
        raise
    except sqlite3.Error as error:
        raise storage_error(error, database) from error
    connection.row_factory = sqlite3.Row
    return connection


async def _open(connection: aiosqlite.Connection) -> None:
    await connection
