"""Databases of other programs: read, never written, and not trusted with anything."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path

from workbench.core.errors import StorageError
from workbench.storage.connections import uri_of
from workbench.storage.failures import primary_code
from workbench.storage.schema import APPLICATION_ID
from workbench.storage.transaction import Parameters, Row

LARGEST_VALUE = 64 * 1024 * 1024
"""Bytes of one value; a read that meets a larger one fails."""
STEPS_A_CHECK = 100_000
CHECKS_A_ROW = 2_000
"""A row that takes more than their product of SQLite's own steps (about 2 s) is not waited for."""


class ForeignDatabase:
    """An opened database of another program; use it on one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        """Made by `opened_foreign`."""
        self._connection = connection
        self._file = file
        self._checks = 0
        connection.set_progress_handler(self._check, STEPS_A_CHECK)
        self.columns = self._columns()
        """Of every ordinary table its columns; views and virtual tables are not there."""
        self.ours = next(self.rows("pragma application_id"))[0] == APPLICATION_ID
        """Whether it is a database of workbench."""

    def has(self, table: str, *columns: str) -> bool:
        """Whether there is an ordinary table with at least these columns."""
        return set(columns) <= self.columns.get(table, frozenset())

    def rows(self, sql: str, parameters: Parameters = ()) -> Iterator[Row]:
        """The rows of a query, one at a time; raises StorageError."""
        try:
            with contextlib.closing(self._connection.execute(sql, parameters)) as cursor:
                while True:
                    self._checks = 0
                    row = cursor.fetchone()
                    if row is None:
                        return
                    yield row
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise _unreadable(self._file, error) from error

    def _columns(self) -> dict[str, frozenset[str]]:
        sql = """
            select m.name as name, group_concat(c.name, char(10)) as columns
            from (select name from sqlite_master
                  where type = 'table' and rootpage > 0 and sql not like 'create virtual%' limit 500) m
            join pragma_table_info(m.name) c group by m.name
        """
        return {row["name"]: frozenset(row["columns"].split("\n")) for row in self.rows(sql)}

    def _check(self) -> int:
        self._checks += 1
        return int(self._checks > CHECKS_A_ROW)


@contextlib.contextmanager
def opened_foreign(file: Path) -> Generator[ForeignDatabase]:
    """Open a database of another program for reading; raises StorageError.

    Nothing is made beside it, unless its owner has left a log that must be read with it.
    """
    logged = any(file.with_name(file.name + ending).exists() for ending in ("-wal", "-journal"))
    mode = "mode=ro" if logged else "mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(
            f"{uri_of(file)}?{mode}", uri=True, timeout=1, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise _unreadable(file, error) from error
    with contextlib.closing(connection):
        connection.row_factory = sqlite3.Row
        # Text that is no UTF-8 is shown as such, instead of ending the import.
        connection.text_factory = _text
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        try:
            for pragma in ("trusted_schema=off", "query_only=1", "cell_size_check=1", "temp_store=file"):
                connection.execute(f"pragma {pragma}")
            yield ForeignDatabase(connection, file)
        except sqlite3.Error as error:
            raise _unreadable(file, error) from error


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _unreadable(file: Path, error: Exception) -> StorageError:
    interrupted = primary_code(error) == sqlite3.SQLITE_INTERRUPT
    detail = "a query took too long" if interrupted else str(error) or type(error).__name__
    return StorageError(
        f"The database {file} cannot be read",
        detail=detail,
        hint="Nothing was changed. End the program that has it open, or import a copy of it",
        where="import",
    )
