"""Transactions are whole or nothing, whatever happens to those who asked for them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiosqlite
import pytest

from tests.support.storage import integrity, opened, plain, until
from workbench.core.errors import NotFoundError, StorageError
from workbench.storage import store as store_module
from workbench.storage.store import CLOSE_DEADLINE_S, Store
from workbench.storage.transaction import Transaction

STORM = 300
ROWS = 3
STORMS = 5
INSERT = "insert into drafts values (?, 'text', 1)"


async def storm(write: Callable[[int], Awaitable[None]]) -> Counter[str]:
    """Start many writes, cancel each at a random moment; how they ended."""
    chance = random.Random(20260101)
    ended: Counter[str] = Counter()

    async def one(number: int) -> None:
        try:
            await write(number)
            ended["done"] += 1
        except asyncio.CancelledError:
            ended["cancelled"] += 1
        except (StorageError, sqlite3.Error):
            ended["failed"] += 1

    for start in range(0, STORM, 20):
        tasks = [asyncio.create_task(one(number)) for number in range(start, start + 20)]
        for task in chance.sample(tasks, k=len(tasks)):
            await asyncio.sleep(chance.random() * 0.002)
            task.cancel()
        await asyncio.wait(tasks)
    return ended


def rows_per_write(path: Path) -> Counter[int]:
    """How many writes left how many of their rows."""
    with plain(path) as connection:
        keys = [row[0] for row in connection.execute("select conversation_id from drafts")]
    return Counter(Counter(key.split("-")[0] for key in keys).values())


async def test_300_cancels_leave_no_half_transaction_and_no_blocked_writer(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with opened(path) as store:

        async def write(number: int) -> None:
            async def work(transaction: Transaction) -> None:
                for row in range(ROWS):
                    await transaction.execute(INSERT, (f"{number}-{row}",))

            await store.write(work)

        ended = await storm(write)
        assert ended["cancelled"] > 50, ended
        assert ended["failed"] == 0
        # Behind all that still run, and then nothing is open.
        await asyncio.wait_for(write(9999), 5)
        with plain(path) as other:
            other.execute("begin immediate")
            other.execute("rollback")
    # A write goes on to its commit though nobody waits for it any more.
    assert rows_per_write(path) == {ROWS: STORM + 1}
    assert integrity(path) == "ok"


async def test_the_same_storm_breaks_a_plain_connection(tmp_path: Path) -> None:
    """Shows that the storm finds what the store protects from."""
    path = tmp_path / "workbench.db"
    async with opened(path):
        pass
    lock = asyncio.Lock()
    async with aiosqlite.connect(path, isolation_level=None, timeout=0.1) as connection:

        async def write(number: int) -> None:
            async with lock:
                await connection.execute("begin immediate")
                for row in range(ROWS):
                    await connection.execute(INSERT, (f"{number}-{row}",))
                await connection.execute("commit")

        # When in a storm it breaks depends on timing; from then on every write fails.
        failed = 0
        for _ in range(STORMS):
            if failed <= 50:
                failed = (await storm(write))["failed"]
        assert failed > 50
        with plain(path) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("begin immediate")


async def test_cancelling_the_transactions_themselves_rolls_them_back(tmp_path: Path) -> None:
    """What the end of an event loop does: every task is cancelled, shielded or not."""
    path = tmp_path / "workbench.db"
    chance = random.Random(7)
    async with opened(path) as store:
        for number in range(60):

            async def work(transaction: Transaction, number: int = number) -> None:
                for row in range(ROWS):
                    await transaction.execute(INSERT, (f"{number}-{row}",))

            writing = asyncio.ensure_future(store.write(work))
            await asyncio.sleep(chance.random() * 0.003)
            for task in asyncio.all_tasks():
                if task.get_name() == "workbench-transaction":
                    task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing

        async def last(transaction: Transaction) -> None:
            for row in range(ROWS):
                await transaction.execute(INSERT, (f"last-{row}",))

        await store.write(last)
    whole = rows_per_write(path)
    assert set(whole) == {ROWS}
    assert 1 <= whole[ROWS] < 61, "some must have been rolled back"


async def test_a_cancelled_caller_s_transaction_is_carried_to_its_commit(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    begun, go_on = asyncio.Event(), asyncio.Event()
    async with opened(path) as store:

        async def work(transaction: Transaction) -> None:
            await transaction.execute(INSERT, ("first",))
            begun.set()
            await go_on.wait()
            await transaction.execute(INSERT, ("second",))

        writing = asyncio.ensure_future(store.write(work))
        await begun.wait()
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        go_on.set()
    with plain(path) as connection:
        assert connection.execute("select count(*) from drafts").fetchone() == (2,)


async def test_without_the_shield_that_transaction_would_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    async def unshielded(task: asyncio.Task[None]) -> None:
        await task

    monkeypatch.setattr(store_module.asyncio, "shield", unshielded)
    with pytest.raises(AssertionError):
        await test_a_cancelled_caller_s_transaction_is_carried_to_its_commit(tmp_path)


async def test_an_error_in_the_work_rolls_back_and_passes_through(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db") as store:

        async def work(transaction: Transaction) -> None:
            await transaction.execute(INSERT, ("half",))
            raise NotFoundError("no such thing")

        with pytest.raises(NotFoundError):
            await store.write(work)
        assert await store.read("select * from drafts") == []


@pytest.mark.parametrize(
    "params",
    [("same", "text", 1), ("x", "\ud800", 1), ("x", "text", 2**70), ("x", "text", "not a number"), (None, None)],
)  # fmt: skip
async def test_whatever_sqlite_refuses_is_a_storage_error_and_leaves_nothing(
    tmp_path: Path, params: tuple[object, ...]
) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        await store.write(lambda t: t.execute(INSERT, ("same",)))

        async def work(transaction: Transaction) -> None:
            await transaction.execute(INSERT, ("before",))
            await transaction.execute("insert into drafts values (?, ?, ?)", params)

        with pytest.raises(StorageError):
            await store.write(work)
        assert [row[0] for row in await store.read("select conversation_id from drafts")] == ["same"]


async def test_a_swallowed_error_that_ended_the_transaction_is_no_success(tmp_path: Path) -> None:
    """SQLite rolls back by itself in some errors; what comes after must not look committed."""
    async with opened(tmp_path / "workbench.db") as store:

        async def work(transaction: Transaction) -> None:
            await transaction.execute(INSERT, ("half",))
            await transaction.execute("rollback")

        with pytest.raises(StorageError):
            await store.write(work)
        assert await store.write(lambda t: t.execute(INSERT, ("next",))) == 1


async def test_a_transaction_inside_a_transaction_is_refused_instead_of_waiting_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db") as store:

        async def nested(transaction: Transaction) -> int:
            return await store.write(lambda t: t.execute(INSERT, ("inner",)))

        with pytest.raises(StorageError, match="contain another"):
            await asyncio.wait_for(store.write(nested), 5)


async def test_a_transaction_is_useless_after_its_end(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        kept: list[Transaction] = []

        async def work(transaction: Transaction) -> None:
            kept.append(transaction)

        await store.write(work)
        with pytest.raises(StorageError, match="ended"):
            await kept[0].execute(INSERT, ("late",))


async def test_200_writes_at_once_take_turns(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        await store.write(lambda t: t.execute("insert into drafts values ('n', '0', 1)"))

        async def more(transaction: Transaction) -> None:
            value = int((await transaction.fetch("select text from drafts"))[0][0])
            await transaction.execute("update drafts set text = ?", (str(value + 1),))

        await asyncio.gather(*(store.write(more) for _ in range(200)))
        assert (await store.read("select text from drafts"))[0][0] == "200"


async def test_a_transaction_may_write_from_its_beginning(tmp_path: Path) -> None:
    """One that becomes a writer only at its first change can be told then, at once, that it cannot."""
    path = tmp_path / "workbench.db"
    async with opened(path) as store:

        async def work(_: Transaction) -> None:
            other = sqlite3.connect(path, timeout=0, isolation_level=None)
            with contextlib.closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("begin immediate")

        await store.write(work)


async def test_a_read_longer_than_a_page_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        await store.write(lambda t: t.executemany(INSERT, [(str(n),) for n in range(501)]))
        assert len(await store.read("select * from drafts limit 500")) == 500
        with pytest.raises(StorageError, match="500"):
            await store.read("select * from drafts")
        assert len(await store.read("select * from drafts limit 500")) == 500


@pytest.mark.parametrize("sql", ["delete from drafts", "create table x(y)", "pragma user_version=5"])
async def test_readers_cannot_write(tmp_path: Path, sql: str) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        with pytest.raises(StorageError):
            await store.read(sql)


async def test_a_cancelled_read_is_interrupted_and_gives_its_reader_back(tmp_path: Path) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    async with opened(tmp_path / "workbench.db") as store:
        for _ in range(4):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.read(endless), 0.1)
        assert (await asyncio.wait_for(store.read("select 1"), 5))[0][0] == 1


async def test_close_ends_running_reads_and_refuses_what_comes_later(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "workbench.db")
    await store.close()
    await store.close()
    with pytest.raises(StorageError):
        await store.read("select 1")
    with pytest.raises(StorageError):
        await store.write(lambda t: t.execute(INSERT, ("late",)))


async def test_close_gives_up_on_a_transaction_that_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CLOSE_DEADLINE_S == 2.0, "what an orderly end of the program leaves it"
    monkeypatch.setattr("workbench.storage.store.CLOSE_DEADLINE_S", 0.3)
    path = tmp_path / "workbench.db"
    store = await Store.open(path)
    begun = asyncio.Event()

    async def work(transaction: Transaction) -> None:
        await transaction.execute(INSERT, ("half",))
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.ensure_future(store.write(work))
    await begun.wait()
    await asyncio.wait_for(store.close(), 4)
    with pytest.raises(asyncio.CancelledError):
        await writing
    with plain(path) as connection:
        connection.execute("begin immediate")
        assert connection.execute("select count(*) from drafts").fetchone() == (0,)


async def test_close_waits_for_the_transactions_that_run(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    store = await Store.open(path)
    writes = [asyncio.ensure_future(store.write(lambda t, n=n: t.execute(INSERT, (str(n),)))) for n in range(20)]
    await until(lambda: store_is_busy(store))
    await store.close()
    assert [await write for write in writes] == [1] * 20


def store_is_busy(store: Store) -> bool:
    return bool([task for task in asyncio.all_tasks() if task.get_name() == "workbench-transaction"])
