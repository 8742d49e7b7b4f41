"""Stores, and processes that use one, for the tests of storage and conversations."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path

from workbench.core.clock import ManualClock, SystemClock
from workbench.storage.schema import STEPS, Step
from workbench.storage.store import Store
from workbench.storage.transaction import Parameters, Row, Transaction

ROOT = Path(__file__).resolve().parents[2]


@contextlib.asynccontextmanager
async def opened(
    path: Path, *, clock: ManualClock | SystemClock | None = None, steps: Sequence[Step] = STEPS
) -> AsyncIterator[Store]:
    """A store that is closed at the end, whatever happens."""
    store = await Store.open(path, clock=clock or SystemClock(), steps=steps)
    try:
        yield store
    finally:
        await store.close()


@contextlib.contextmanager
def plain(path: Path) -> Iterator[sqlite3.Connection]:
    """SQLite's own view of a database file, without any of our code."""
    with contextlib.closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as connection:
        yield connection


def integrity(path: Path) -> str:
    """What SQLite's `integrity_check` says: `ok`, or the first problem."""
    with plain(path) as connection:
        return str(connection.execute("pragma integrity_check(1)").fetchone()[0])


def schema_of(path: Path) -> tuple[int, list[tuple[str, str]]]:
    """The version of a database and the text of everything in its schema."""
    with plain(path) as connection:
        version = connection.execute("pragma user_version").fetchone()[0]
        return version, sorted(connection.execute("select name, coalesce(sql, '') from sqlite_master").fetchall())


async def until(true: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Wait until `true()`, at most `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)


def child(command: str, *args: object, **more: str) -> subprocess.Popen[str]:
    """A process of its own that runs a command of `storage_child`; its output and input are pipes."""
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", **more}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.storage_child", command, *map(str, args)],
        cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def end(process: subprocess.Popen[str]) -> None:
    """Kill a process that still runs, and close its pipes."""
    if process.poll() is None:
        process.kill()
    process.communicate()


class FailingTransaction(Transaction):
    """A transaction whose N-th statement (from 0) does what `fault` does instead."""

    def __init__(self, inner: Transaction, number: int, fault: Callable[[], None]) -> None:
        self._inner = inner
        self._left = number
        self._fault = fault

    async def execute(self, sql: str, params: Parameters = ()) -> int:
        if self._left == 0:
            self._fault()
        self._left -= 1
        return await self._inner.execute(sql, params)

    async def executemany(self, sql: str, rows: Iterable[Parameters]) -> int:
        return await self._inner.executemany(sql, rows)

    async def fetch(self, sql: str, params: Parameters = ()) -> list[Row]:
        return await self._inner.fetch(sql, params)


def failing(step: Step, number: int, fault: Callable[[], None]) -> Step:
    """`step`, failing at its N-th statement."""

    async def run(transaction: Transaction) -> None:
        await step.run(FailingTransaction(transaction, number, fault))

    return Step(number=step.number, title=step.title, run=run)


NEXT_STATEMENTS = (
    "create table extra(id text primary key, n integer not null) strict",
    "alter table conversations add column colour text",
    "insert into extra select id, 1 from conversations",
    "create index extra_n on extra(n)",
    "update conversations set colour = 'red'",
)


async def _next(transaction: Transaction) -> None:
    for statement in NEXT_STATEMENTS:
        await transaction.execute(statement)


NEXT = Step(number=STEPS[-1].number + 1, title="a step for tests", run=_next)


ROWS = 40
"""What `filled` writes."""


async def filled(path: Path, steps: Sequence[Step] = STEPS) -> Path:
    """A database with rows, closed."""
    async with opened(path, steps=steps) as store:
        rows = [(f"c{n:03}", f"title {n}", n, n) for n in range(ROWS)]
        sql = "insert into conversations(id, title, created_at, updated_at) values (?, ?, ?, ?)"
        await store.write(lambda t: t.executemany(sql, rows))
    return path


def damage_table(path: Path, table: str) -> None:
    """Overwrite a table's first page."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        page = connection.execute("select rootpage from sqlite_master where name = ?", (table,)).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))
