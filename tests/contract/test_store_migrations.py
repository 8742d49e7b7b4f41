"""Opening: upgrades, newer and damaged databases, links, and who may read the files."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.storage import (
    NEXT,
    NEXT_STATEMENTS,
    child,
    end,
    failing,
    integrity,
    opened,
    plain,
    schema_of,
)  # fmt: skip
from workbench.conversations.placing import first_place_of
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.storage.backups import KEPT, back_up
from workbench.storage.files import marker_of
from workbench.storage.schema import APPLICATION_ID, STEPS, Step
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction

ROWS = 40


class FaultError(Exception):
    """What the N-th statement raises."""


def fault() -> None:
    raise FaultError


async def filled(path: Path, steps: Sequence[Step] = STEPS) -> Path:
    """A database with rows, closed."""
    async with opened(path, steps=steps) as store:
        rows = [(f"c{n:03}", f"title {n}", n, n) for n in range(ROWS)]
        sql = "insert into conversations(id, title, created_at, updated_at) values (?, ?, ?, ?)"
        await store.write(lambda t: t.executemany(sql, rows))
    return path


async def test_a_new_database_has_the_pragmas_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "new" / "workbench.db"
    async with opened(path) as store:
        assert not store.read_only
        assert store.notice == ""
        assert (await store.read("pragma query_only"))[0][0] == 1
        for pragma, value in [("foreign_keys", 1), ("synchronous", 2), ("busy_timeout", 5000), ("cache_size", -16000)]:
            found: list[object] = []

            async def look(transaction: Transaction, pragma: str = pragma, found: list[object] = found) -> None:
                found.append((await transaction.fetch(f"pragma {pragma}"))[0][0])

            await store.write(look)
            assert found == [value], pragma
    with plain(path) as connection:
        for pragma, value in [
            ("journal_mode", "wal"), ("auto_vacuum", 2), ("application_id", APPLICATION_ID),
            ("user_version", len(STEPS)),
        ]:  # fmt: skip
            assert connection.execute(f"pragma {pragma}").fetchone()[0] == value
        tables = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
    assert {table for table in tables if not table.startswith("messages_fts_")} == {
        "messages_fts", "conversations", "messages", "attempts", "events", "drafts", "sqlite_sequence",
        "breakers", "provider_keys", "rotations", "probes", "deletions",
    }  # fmt: skip


async def test_the_first_step_is_made_wholly_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    failed = 0
    while not schema_of(path)[1]:
        with contextlib.suppress(FaultError):
            await (await Store.open(path, steps=(failing(STEPS[0], failed, fault),))).close()
            break
        assert schema_of(path) == (0, []), f"after statement {failed}"
        failed += 1
    assert failed > 15, "every statement has failed once"
    async with opened(path) as store:
        assert await store.read("select * from messages") == []


@pytest.mark.parametrize("number", range(len(NEXT_STATEMENTS)))
async def test_an_upgrade_that_fails_at_any_statement_leaves_the_old_schema(tmp_path: Path, number: int) -> None:
    path = await filled(tmp_path / "workbench.db")
    before = schema_of(path)
    with pytest.raises(FaultError):
        await Store.open(path, steps=(*STEPS, failing(NEXT, number, fault)))
    assert schema_of(path) == before
    async with opened(path, steps=(*STEPS, NEXT)) as store:
        rows = await store.read("select count(*), min(colour), (select count(*) from extra) from conversations")
        assert tuple(rows[0]) == (ROWS, "red", ROWS)
    assert schema_of(path)[0] == NEXT.number


@pytest.mark.parametrize("number", range(len(NEXT_STATEMENTS)))
async def test_a_process_that_dies_at_any_statement_leaves_the_old_schema(tmp_path: Path, number: int) -> None:
    path = await filled(tmp_path / "workbench.db")
    before = schema_of(path)
    process = child("die-in-step", path, number)
    assert process.wait(timeout=15) == 9
    end(process)
    assert schema_of(path) == before
    assert integrity(path) == "ok"
    backups = list((tmp_path / "backups").glob("*.db"))
    assert len(backups) == 1
    assert schema_of(backups[0]) == before


async def test_an_upgrade_that_would_break_references_is_rolled_back(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    before = schema_of(path)

    async def orphan(transaction: Transaction) -> None:
        sql = "insert into messages(id, conversation_id, role, created_at) values ('m', 'nobody', 'user', 1)"
        await transaction.execute(sql)

    with pytest.raises(StorageError, match="break"):
        await Store.open(path, steps=(*STEPS, type(NEXT)(number=NEXT.number, title="bad", run=orphan)))
    assert schema_of(path) == before


async def test_each_released_step_upgrades_a_database_that_is_in_use_wholly_or_not_at_all(tmp_path: Path) -> None:
    for step in STEPS[1:]:
        path = await filled(tmp_path / f"{step.number}" / "workbench.db", STEPS[: step.number - 1])
        before, failed = schema_of(path), 0
        while schema_of(path)[0] < step.number:
            assert schema_of(path) == before, f"after statement {failed}"
            with contextlib.suppress(FaultError):
                steps = (*STEPS[: step.number - 1], failing(step, failed, fault))
                await (await Store.open(path, steps=steps)).close()
            failed += 1
        assert failed > 1, "a statement has failed"
        async with opened(path) as store:
            assert (await store.read("select count(*) from conversations"))[0][0] == ROWS


async def test_messages_get_places_in_time_that_keep_the_order_of_each_conversation(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    # One conversation whose clock was set back, and one with more messages in a second than it has places.
    times = {"a": [5_000, 7_000, 6_000, 9_999], "b": [6_500] * 100}
    async with opened(path, steps=STEPS[:3]) as store:

        async def fill(transaction: Transaction) -> None:
            for conversation, created in times.items():
                await transaction.execute(
                    "insert into conversations(id, title, created_at, updated_at) values (?, 'Été', 1, 1)",
                    (conversation,),
                )
                for number, at in enumerate(created):
                    above = f"{conversation}{number - 1}" if number else None
                    await transaction.execute(
                        "insert into messages(id, conversation_id, parent_id, role, created_at, text)"
                        " values (?, ?, ?, 'user', ?, 'said')",
                        (f"{conversation}{number}", conversation, above, at),
                    )

        await store.write(fill)
    async with opened(path) as store:
        placed = await store.read("select id, conversation_id, n, created_at from messages order by n")
        assert len({row["n"] for row in placed}) == 104
        for conversation, created in times.items():
            ids = [row["id"] for row in placed if row["conversation_id"] == conversation]
            assert ids == [f"{conversation}{number}" for number in range(len(created))]
        assert all(row["n"] >= first_place_of(row["created_at"]) for row in placed)
        assert next(row["n"] for row in placed if row["id"] == "a0") == first_place_of(5_000)
        assert (await store.read("select title_folded from conversations"))[0][0] == "ete"
        with pytest.raises(StorageError):
            await store.write(lambda t: t.execute("update messages set text = 'other' where id = 'a0'"))


def put_back(backup: Path, path: Path) -> None:
    for file in path.parent.glob("workbench.db*"):
        file.unlink()
    shutil.copy(backup, path)


async def test_the_backup_before_an_upgrade_is_whole_private_and_only_made_when_needed(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    assert not (tmp_path / "backups").exists(), "a new database needs none"
    async with opened(path):
        pass
    assert not (tmp_path / "backups").exists(), "nothing was pending"
    async with opened(path, steps=(*STEPS, NEXT), clock=ManualClock()):
        pass
    (backup,) = (tmp_path / "backups").iterdir()
    assert integrity(backup) == "ok"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with plain(backup) as connection:
        assert connection.execute("pragma user_version").fetchone()[0] == len(STEPS)
        assert connection.execute("select count(*) from conversations").fetchone()[0] == ROWS
        assert connection.execute("pragma journal_mode").fetchone()[0] == "delete"
    # A person can follow the hint: the backup alone, in the database's place, is the database as it was.
    put_back(backup, path)
    async with opened(path) as store:
        assert (await store.read("select count(*) from conversations"))[0][0] == ROWS


async def test_an_upgrade_does_not_begin_without_its_backup(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    (tmp_path / "backups").write_text("in the way")
    before = schema_of(path)
    with pytest.raises(StorageError, match="backup"):
        await Store.open(path, steps=(*STEPS, NEXT))
    assert schema_of(path) == before


async def test_the_newest_seven_backups_are_kept(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    clock = ManualClock()
    made = []
    for _ in range(KEPT + 3):
        made.append(back_up(path, now_ms=clock.now_ms()))
        clock.advance(1)
    assert sorted((tmp_path / "backups").iterdir()) == sorted(made)[-KEPT:]


async def test_a_backup_of_a_damaged_database_is_refused_and_leaves_no_half_file(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    # Pages are copied as they are, so only looking at the copy finds it.
    damage_table(path, "messages")
    with pytest.raises(StorageError, match="damaged"):
        back_up(path, now_ms=1)
    assert list((tmp_path / "backups").iterdir()) == []


def damage_table(path: Path, table: str) -> None:
    """Overwrite a table's first page."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        page = connection.execute("select rootpage from sqlite_master where name = ?", (table,)).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))


async def test_a_newer_database_opens_for_reading_only_and_says_so(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    with plain(path) as connection:
        connection.execute("pragma user_version=99")
    async with opened(path) as store:
        assert store.read_only
        assert "99" in store.notice
        assert (await store.read("select count(*) from conversations"))[0][0] == ROWS
        with pytest.raises(StorageError, match="reading only"):
            await store.write(lambda t: t.execute("delete from conversations"))
    assert schema_of(path)[0] == 99
    assert not (tmp_path / "backups").exists()


async def test_read_only_on_request_needs_a_database(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    with pytest.raises(StorageError, match="no database"):
        await Store.open(path, read_only=True)
    assert not path.exists()
    await filled(path)
    store = await Store.open(path, read_only=True)
    try:
        assert (await store.read("select count(*) from conversations"))[0][0] == ROWS
    finally:
        await store.close()


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


async def refused(path: Path, words: str) -> None:
    """Opening fails, with where the backups are, and the file stays as it is."""
    before = content(path)
    with pytest.raises(StorageError, match=words) as caught:
        await Store.open(path)
    assert str(path.parent / "backups") in caught.value.hint
    assert content(path) == before


async def test_an_emptied_database_is_noticed(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    path.write_bytes(b"")
    await refused(path, "empty")
    # Told to, it begins anew.
    path.unlink()
    marker_of(path).unlink()
    async with opened(path) as store:
        assert await store.read("select * from conversations") == []


async def test_an_emptied_database_without_its_marker_but_with_backups_is_noticed(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    back_up(path, now_ms=1)
    marker_of(path).unlink()
    path.write_bytes(b"")
    await refused(path, "empty")


async def test_a_log_without_its_database_is_not_thrown_away(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    path.with_name("workbench.db-wal").write_bytes(b"rows that were acknowledged")
    await refused(path, "missing")
    assert path.with_name("workbench.db-wal").read_bytes() == b"rows that were acknowledged"


@pytest.mark.parametrize("content", [b"x", b"just some text\n" * 1000, b"SQLite format 2\0" + bytes(4096), bytes(8192)])
async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "workbench.db"
    path.write_bytes(content)
    await refused(path, "not a database")


async def test_a_torn_header_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    path.write_bytes(b"SQLite format 3\0" + os.urandom(8176))
    await refused(path, "damaged")


async def test_a_cut_database_is_left_alone(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)
    await refused(path, "damaged")


async def test_a_damaged_page_is_found_when_it_was_not_closed_in_order(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    with plain(path) as connection:
        connection.execute("insert into drafts values ('a', 'b', 1)")
        # As a kill would leave them: the row is in the log only.
        for name in ("workbench.db", "workbench.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"kept-{name}")
    for name in ("workbench.db", "workbench.db-wal"):
        (tmp_path / f"kept-{name}").replace(tmp_path / name)
    damage_table(path, "conversations")
    await refused(path, "damaged")


async def test_a_database_that_another_process_has_open_is_not_checked_each_time(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    damage_table(path, "messages")
    async with opened(path) as first:
        await first.write(lambda t: t.execute("insert into drafts values ('a', 'b', 1)"))
        async with opened(path) as second:
            assert len(await second.read("select * from drafts")) == 1


async def test_a_damaged_page_is_a_storage_error_when_it_is_read(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    damage_table(path, "conversations")
    async with opened(path) as store:
        with pytest.raises(StorageError, match="damaged") as caught:
            await store.read("select * from conversations order by title")
        assert "backups" in caught.value.hint


@pytest.mark.parametrize("tables", ["create table theirs(x)", "pragma application_id=1"])
async def test_another_program_s_database_is_left_alone(tmp_path: Path, tables: str) -> None:
    path = tmp_path / "workbench.db"
    with plain(path) as connection:
        connection.execute("create table x(y)")
        connection.execute(tables)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        await Store.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", ["", "-wal", ".lock", ".made"])
async def test_a_linked_database_is_refused(tmp_path: Path, suffix: str) -> None:
    real = tmp_path / "elsewhere"
    real.write_bytes(b"")
    link = tmp_path / "data" / f"workbench.db{suffix}"
    link.parent.mkdir()
    link.symlink_to(real)
    with pytest.raises(StorageError, match="link"):
        await Store.open(tmp_path / "data" / "workbench.db")
    assert real.read_bytes() == b""


async def test_all_files_are_private_under_any_umask(tmp_path: Path) -> None:
    path = tmp_path / "data" / "workbench.db"
    umask = os.umask(0)
    try:
        await filled(path)
        path.chmod(0o666)
        async with opened(path, steps=(*STEPS, NEXT)) as store:
            await store.write(lambda t: t.execute("insert into drafts values ('a', 'b', 1)"))
            files = [file for file in path.parent.rglob("*") if file.is_file()]
            assert {file.name for file in files} > {"workbench.db", "workbench.db-wal", "workbench.db-shm"}
            modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in files}
            assert set(modes.values()) == {"0o600"}, modes
            folders = [path.parent, path.parent / "backups"]
            assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    finally:
        os.umask(umask)


async def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        await Store.open(tmp_path / "file" / "data" / "workbench.db")


async def test_json_columns_refuse_what_is_no_json(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    async with opened(path) as store:
        with pytest.raises(StorageError, match="CHECK"):
            await store.write(lambda t: t.execute("update conversations set settings = 'no json'"))
