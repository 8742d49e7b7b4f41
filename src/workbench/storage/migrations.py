"""Bringing an older database to the schema that this program knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiosqlite

from workbench.core.errors import StorageError
from workbench.core.progress import Progress, Tell, unheard
from workbench.storage.connections import pragma_value
from workbench.storage.failures import REFUSED_VALUES, backups_hint, storage_error
from workbench.storage.schema import Step
from workbench.storage.transaction import Transaction
from workbench.storage.waiting import to_the_end


async def migrate(
    connection: aiosqlite.Connection,
    database: Path,
    steps: Sequence[Step],
    back_up: Callable[[], Awaitable[object]],
    tell: Tell = unheard,
) -> int:
    """Run the pending steps, each in a transaction with its `user_version`; gives how many there were.

    An existing database is backed up before the first of them. A step that fails leaves the schema before it.
    """
    version = await pragma_value(connection, "user_version")
    pending = [step for step in steps if step.number > version]
    if pending and version > 0:
        await back_up()
    for step in pending:
        if version > 0:
            tell(Progress(doing=step.title))
        await _run(connection, database, step)
    return len(pending)


async def _run(connection: aiosqlite.Connection, database: Path, step: Step) -> None:
    transaction = Transaction(connection, database)
    try:
        # A step may rebuild a table that others refer to; inside a transaction the switch would have no effect.
        await connection.execute_fetchall("pragma foreign_keys=off")
        await connection.execute_fetchall("begin immediate")
        await step.run(transaction)
        broken = list(await connection.execute_fetchall("pragma foreign_key_check"))
        if broken:
            raise StorageError(
                f"The upgrade to schema {step.number} would break {len(broken)} reference(s)",
                hint=backups_hint(database),
                where="storage",
            )
        await connection.execute_fetchall(f"pragma user_version={step.number}")
        await connection.execute_fetchall("commit")
    except BaseException as error:
        await to_the_end(connection.rollback())
        if isinstance(error, (sqlite3.Error, *REFUSED_VALUES)):
            raise storage_error(error, database) from error
        raise
    finally:
        transaction.close()
        await to_the_end(_foreign_keys_on(connection))


async def _foreign_keys_on(connection: aiosqlite.Connection) -> None:
    await connection.execute_fetchall("pragma foreign_keys=on")
