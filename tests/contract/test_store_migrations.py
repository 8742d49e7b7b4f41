"""Opening: upgrades, newer and damaged databases, links, and who may read the files."""

from __future__ import annotations

import contextlib
import shutil
import stat
from pathlib import Path

import pytest

from tests.support.storage import (
    NEXT,
    NEXT_STATEMENTS,
    ROWS,
    child,
    damage_table,
    end,
    failing,
    filled,
    integrity,
    opened,
    plain,
    schema_of,
)  # fmt: skip
from workbench.conversations.branching.placing import first_place_of
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.storage.schema import APPLICATION_ID, STEPS
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction
from workbench.storage.upkeep.backups import KEPT, back_up


class FaultError(Exception):
    """What the N-th statement raises."""


def fault() -> None:
    raise FaultError


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
