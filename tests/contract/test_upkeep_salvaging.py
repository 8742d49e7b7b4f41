"""Rows that are garbage in a damaged database: they cost themselves, and nothing that comes after them."""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.storage import opened
from tests.support.upkept import kept
from workbench.core.bus import EventBus
from workbench.core.clock import ManualClock
from workbench.core.errors import DatabaseDamagedError
from workbench.core.storage_events import DatabaseNotice
from workbench.storage.files import wal_of
from workbench.storage.store import Store
from workbench.storage.swapping import suspicion_of
from workbench.storage.upkeep.recovery import Recovery, open_store
from workbench.storage.upkeep.salvaging import salvage
from workbench.storage.upkeep.staging import gather

PAGE = 4096
ROUNDS = 6


async def damaged_copy(folder: Path) -> Path:
    """A database of 24 conversations of two messages, all of it in its file."""
    path = folder / "damaged.db"
    async with kept(path) as home:
        for number in range(24):
            await home.talk(f"prompt {number}", f"answer {number} " * 30)
        await home.store.alone("pragma wal_checkpoint(truncate)")
    return path


async def test_rows_that_the_new_database_refuses_cost_only_themselves(tmp_path: Path) -> None:
    damaged = await damaged_copy(tmp_path)
    with closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute("pragma ignore_check_constraints=on")
        connection.execute("pragma writable_schema=on")
        # Not strict any more, so that it takes what a flipped bit makes of a row.
        connection.execute("update sqlite_master set sql = replace(sql, 'strict', '') where type = 'table'")
    with closing(sqlite3.connect(damaged)) as connection, connection:
        connection.execute("pragma ignore_check_constraints=on")
        ids = [row[0] for row in connection.execute("select id from conversations order by created_at")]
        connection.execute("update conversations set settings = '{' where id = ?", (ids[3],))
        connection.execute("update messages set reason = x'00' where conversation_id = ? and role = 'user'", (ids[5],))
        connection.execute("update messages set pinned = 7 where conversation_id = ?", (ids[6],))
    async with opened(tmp_path / "new" / "workbench.db") as store:
        found = await salvage(store, damaged, lambda _: None)
        # Lost are one message with garbage for a reason and two with garbage for a mark; and the row of a conversation.
        assert found.messages == 48 - 1 - 2
        assert (await store.read("select count(*) from messages"))[0][0] == found.messages
        titles = {row["id"]: row["title"] for row in await store.read("select id, title from conversations")}
        assert titles[ids[3]] == "Recovered conversation"
        assert titles[ids[4]] == "prompt 4"
        answer = await store.read("select parent_id, text from messages where conversation_id = ?", (ids[5],))
        assert [(row["parent_id"], row["text"][:8]) for row in answer] == [(None, "answer 5")]


async def test_whatever_bytes_are_flipped_the_rest_is_brought_over_and_sound(tmp_path: Path) -> None:
    damaged = await damaged_copy(tmp_path)
    whole, chance = damaged.read_bytes(), random.Random(5)
    for number in range(ROUNDS):
        content = bytearray(whole)
        for _ in range(60):
            content[chance.randrange(PAGE, len(content))] ^= 1 << chance.randrange(8)
        damaged.write_bytes(content)
        async with opened(tmp_path / str(number) / "workbench.db") as store:
            found = await salvage(store, damaged, lambda _: None)
            assert found.messages > 20
            assert (await store.read("select count(*) from messages"))[0][0] == found.messages
            assert not await store.read("pragma foreign_key_check")


async def test_pages_of_which_some_bytes_are_not_used_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "reserved.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("vacuum")
        connection.execute("pragma user_version=1")
    content = bytearray(path.read_bytes())
    # As the SQLite of macOS makes them.
    content[20] = 12
    content[105:107] = (PAGE - 12).to_bytes(2, "big")
    path.write_bytes(content)
    texts = ["x" * 20_000, "short", "y" * 4_070]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table drafts(conversation_id text, text text, updated_at integer)")
        connection.executemany("insert into drafts values (?, ?, 7)", [(str(n), text) for n, text in enumerate(texts)])
    assert path.read_bytes()[20] == 12
    async with opened(tmp_path / "new" / "workbench.db") as store:
        await salvage(store, path, lambda _: None)
        rows = await store.read("select text from drafts order by conversation_id")
        assert [row["text"] for row in rows] == texts


async def test_a_damaged_backup_and_a_full_disk_do_not_keep_a_recovery_from_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = await damaged_copy(tmp_path)
    path = tmp_path / "home" / "workbench.db"
    path.parent.mkdir()
    shutil.copy(damaged, path)
    with path.open("r+b") as file:
        file.write(bytes(PAGE))
    (path.parent / "backups").mkdir()
    (path.parent / "backups" / "workbench-20260101T000000000Z.db").write_bytes(b"no database")

    def full(*_: object, **__: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    for gathers, words in ((full, "disk is full"), (gather, "Recovered 48 messages")):
        monkeypatch.setattr("workbench.storage.upkeep.salvaging.gather", gathers)
        bus = EventBus()
        heard = bus.subscribe(kinds=(DatabaseNotice,))
        store = await open_store(path, ManualClock(), salvage=True)
        recovery = Recovery(store, bus)
        await recovery.start()
        await recovery.result()
        await recovery.close()
        await store.close()
        assert words in heard.drain()[-1].text()


async def test_the_screen_does_not_wait_for_a_long_recovery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await damaged_copy(tmp_path)
    with path.open("r+b") as file:
        file.write(bytes(PAGE))
    begun, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any, **more: Any) -> int:
        begun.set()
        go_on.wait(10)
        return gather(*arguments, **more)

    monkeypatch.setattr("workbench.storage.upkeep.salvaging.gather", slow)
    monkeypatch.setattr("workbench.storage.upkeep.recovery.WAITED_S", 0.01)
    store = await open_store(path, ManualClock(), salvage=True)
    recovery = Recovery(store, EventBus())
    await recovery.start()
    assert not go_on.is_set(), "it goes on beside"
    assert await store.read("select * from messages") == []
    await store.write(lambda t: t.execute("insert into drafts values ('', 'typed meanwhile', 1)"))
    go_on.set()
    found = await recovery.result()
    assert begun.is_set() and found is not None and found.messages == 48
    await recovery.close()
    await store.close()


async def test_a_large_file_is_not_looked_through_when_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await damaged_copy(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("select rootpage from sqlite_master where name = 'probes'").fetchone()[0]
    async with opened(path) as store:
        await store.write(lambda t: t.execute("insert into drafts values ('', 'in the log', 1)"))
        # As a kill leaves it: with a log.
        left = {file: bytearray(file.read_bytes()) for file in (path, wal_of(path))}
    left[path][(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    for file, content in left.items():
        file.write_bytes(content)
    with pytest.raises(DatabaseDamagedError, match="damaged"):
        await Store.open(path)
    monkeypatch.setattr("workbench.storage.store.CHECKED_BYTES", 0)
    suspicion_of(path).touch()
    with pytest.raises(DatabaseDamagedError, match="damaged"):
        await Store.open(path)
    assert suspicion_of(path).exists(), "what was met once is set aside, whatever its size"
    suspicion_of(path).unlink()
    async with opened(path) as store:
        assert (await store.read("select count(*) from messages"))[0][0] == 48
