"""How large a home is: by table, by conversation, and what is free."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.support.upkept import kept
from workbench.core.errors import StorageError
from workbench.core.events import StorageTrouble
from workbench.core.progress import Progress
from workbench.storage.upkeep import sizes
from workbench.storage.upkeep.hands import Hand, StoppedError


async def test_tables_and_free_pages_make_up_the_file(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with kept(path) as home:
        for number in range(40):
            await home.talk(f"prompt {number}", "a word " * 2_000)
        told: list[Progress] = []
        found = await home.upkeep.sizes(told.append)
        assert found.exact
        assert found.database == sum(table.size for table in found.tables) + found.free + _pointer_maps(found.database)
        assert found.tables[0].name == "messages"
        assert found.tables[0].rows == 80
        assert {"messages_fts": 80, "conversations": 40}.items() <= {t.name: t.rows for t in found.tables}.items()
        assert found.log > 0
        assert (found.backup_count, found.backups) == (0, 0)
        backup = await home.upkeep.back_up()
        again = await home.upkeep.sizes()
        assert (again.backup_count, again.backups) == (1, backup.size)
        assert told[-1].doing.startswith("counting")


def _pointer_maps(size: int) -> int:
    """Pages that only say where others are moved to; one for every 819."""
    return 4096 * -(-(size // 4096 - 2) // 820)


async def test_without_dbstat_sizes_are_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "workbench.db"
    async with kept(path) as home:
        for number in range(40):
            await home.talk(f"prompt {number}", "a word " * 2_000)
        exact = {table.name: table.size for table in (await home.upkeep.sizes()).tables}

        def not_there(*_: object) -> dict[str, int]:
            raise sqlite3.OperationalError("no such table: dbstat")

        monkeypatch.setattr(sizes, "_by_page", not_there)
        found = await home.upkeep.sizes()
        assert not found.exact
        estimated = {table.name: table.size for table in found.tables}
        assert found.tables[0].name == "messages"
        assert 0.7 < estimated["messages"] / exact["messages"] < 1.4


async def test_conversations_come_largest_first_in_pages_that_belong_together(tmp_path: Path) -> None:
    async with kept(tmp_path / "workbench.db") as home:
        begun = [await home.talk(f"prompt {number}", "x" * 1_000 * (number % 7)) for number in range(20)]
        largest = [turn.conversation.id for turn in begun if turn.conversation.title in ("prompt 6", "prompt 13")]
        event = StorageTrouble(conversation_id=largest[0], problem="y" * 5_000)
        await home.events.append([event])
        await home.trash.delete_conversation(largest[1])
        first = await home.upkeep.largest_conversations(limit=8)
        second = await home.upkeep.largest_conversations(offset=8, limit=12)
        assert first.total == second.total == 20
        ids = [one.id for one in (*first.conversations, *second.conversations)]
        assert sorted(ids) == sorted(turn.conversation.id for turn in begun)
        assert set(ids[:2]) == set(largest)
        by_id = {one.id: one for one in first.conversations}
        assert by_id[largest[0]].size > by_id[largest[1]].size + 5_000, "what is kept about it counts too"
        assert by_id[largest[1]].deleted
        assert by_id[largest[1]].messages == 2
        kept_sizes = [one.size for one in second.conversations]
        assert kept_sizes == sorted(kept_sizes, reverse=True)


def test_measuring_can_be_stopped_and_a_damaged_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t(x)")
    hand = Hand()
    hand.stop()
    with pytest.raises(StoppedError):
        sizes.measure(path, hand)
    path.write_bytes(b"SQLite format 3\0" + bytes(5_000))
    with pytest.raises(StorageError, match="damaged"):
        sizes.measure(path, Hand())
