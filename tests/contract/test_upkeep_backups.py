"""Backups, compacting, checking and the daily upkeep."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.storage import integrity, plain
from tests.support.upkept import Kept, kept
from workbench.config.values import Configuration, Settings
from workbench.conversations.search.index import take_out
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.core.progress import Progress
from workbench.core.sizes import size_words
from workbench.core.storage_events import BackupMade, StorageCompacted, StoragePruned, UpkeepFailed
from workbench.engine.daily import DAY_MS, DailyUpkeep
from workbench.storage.upkeep import compacting
from workbench.storage.upkeep.backups import KEPT
from workbench.storage.upkeep.service import Upkeep
from workbench.storage.upkeep.values import Backup, Soundness

NEVER = Settings()
"""Nothing is pruned by itself."""


async def some(home: Kept, count: int = 20) -> None:
    """Conversations of a good size."""
    for number in range(count):
        await home.talk(f"prompt {number}", "a word " * 3_000)


async def test_a_backup_is_whole_while_others_write_and_tells_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.storage.upkeep.backups._PAGES", 5)
    monkeypatch.setattr("workbench.storage.upkeep.hands.TOLD_EVERY_S", 0)
    path, target = tmp_path / "workbench.db", tmp_path / "else" / "mine.db"
    target.parent.mkdir()
    async with kept(path) as home:
        await some(home)
        told: list[Progress] = []

        def write_meanwhile(progress: Progress) -> None:
            told.append(progress)
            if len(told) % 10 == 0:
                writing.append(asyncio.create_task(home.talk("meanwhile", "x" * 20_000)))

        writing: list[asyncio.Task[object]] = []
        home.told()
        made = await home.upkeep.back_up(target, write_meanwhile)
        assert writing, "somebody wrote while it was copied"
        await asyncio.gather(*writing)
        (event,) = [event for event in home.told() if isinstance(event, BackupMade)]
        assert event.path == str(target)
        assert {progress.doing for progress in told} == {"copying", "checking the copy"}
        copied = [progress.done for progress in told if progress.doing == "copying"]
        assert copied == sorted(copied), "it did not begin again"
        assert made == Backup(path=target, at_ms=made.at_ms, size=target.stat().st_size)
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with plain(target) as connection:
        assert connection.execute("select count(*) from messages").fetchone()[0] == 40
    assert integrity(target) == "ok"


async def test_a_backup_overwrites_nothing_unasked(tmp_path: Path) -> None:
    path, target = tmp_path / "workbench.db", tmp_path / "mine.db"
    async with kept(path) as home:
        target.write_text("precious")
        with pytest.raises(StorageError, match="exists already"):
            await home.upkeep.back_up(target)
        assert target.read_text() == "precious"
        await home.upkeep.back_up(target, overwrite=True)
        assert integrity(target) == "ok"
        with pytest.raises(StorageError, match="itself"):
            await home.upkeep.back_up(path, overwrite=True)
        (tmp_path / "link").symlink_to(target)
        with pytest.raises(StorageError, match="not a regular file"):
            await home.upkeep.back_up(tmp_path / "link", overwrite=True)
        with pytest.raises(StorageError, match="could not be made"):
            await home.upkeep.back_up(tmp_path / "no" / "such" / "folder.db")
        (tmp_path / "folder").mkdir()
        assert (await home.upkeep.back_up(tmp_path / "folder")).path == tmp_path / "folder" / "workbench.db"


async def test_a_cancelled_backup_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.storage.upkeep.backups._PAGES", 1)
    async with kept(tmp_path / "workbench.db") as home:
        await some(home)
        begun = asyncio.Event()
        running = asyncio.create_task(home.upkeep.back_up(tell=lambda _: begun.set()))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert list((tmp_path / "backups").iterdir()) == []
        await home.talk("goes on", "yes")


async def test_compacting_gives_space_back_while_others_write(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with kept(path) as home:
        await some(home, 60)
        ids = [row["id"] for row in await home.store.read("select id from conversations")]
        await home.upkeep.purge(ids[:50])
        assert (await home.upkeep.sizes()).free > 300_000
        told: list[Progress] = []
        home.told()
        compacting_now = asyncio.create_task(home.upkeep.compact(told.append))
        while not compacting_now.done():
            await home.talk("meanwhile", "yes")
        compacted = await compacting_now
        assert compacted.freed > 300_000
        assert path.stat().st_size <= compacted.after + 100_000
        assert (await home.upkeep.sizes()).free < 50_000
        assert [event.text() for event in home.told() if isinstance(event, StorageCompacted)] == [
            f"database compacted from {size_words(compacted.before)} to {size_words(compacted.after)}"
        ]
        assert {"merging the full-text index", "giving space back"} == {progress.doing for progress in told}
        assert await home.found("word") == 10
        assert (await home.upkeep.check()).sound


async def test_a_whole_compacting_wants_space_and_can_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept(tmp_path / "workbench.db") as home:
        await some(home)
        monkeypatch.setattr(compacting.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000))
        with pytest.raises(StorageError, match="not enough space"):
            await home.upkeep.compact(whole=True)
        monkeypatch.setattr(compacting.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**12))
        begun = asyncio.Event()

        def told(progress: Progress) -> None:
            if progress.doing == "writing the database anew":
                begun.set()

        running = asyncio.create_task(home.upkeep.compact(told, whole=True))
        await begun.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await home.talk("goes on", "yes")
        compacted = await home.upkeep.compact(whole=True)
        assert compacted.after <= compacted.before
        assert (await home.upkeep.check()).sound


def _break_tree(connection: sqlite3.Connection) -> None:
    connection.execute("drop trigger messages_done_stay")
    connection.execute("update messages set parent_id = (select id from messages order by n desc limit 1)")


def _break_index(connection: sqlite3.Connection) -> None:
    connection.execute("delete from messages_fts_docsize where id = (select max(id) from messages_fts_docsize)")


def _garble_index(connection: sqlite3.Connection) -> None:
    connection.execute("update messages_fts_data set block = randomblob(200) where id > 10")


def _break_reference(connection: sqlite3.Connection) -> None:
    connection.execute("update conversations set active_leaf_id = 'nobody'")


@pytest.mark.parametrize(
    ("break_it", "check", "state"),
    [
        (_break_tree, "conversations", Soundness.WRONG),
        (_break_index, "full-text index", Soundness.WRONG),
        (_garble_index, "full-text index", Soundness.DAMAGED),
        (_break_reference, "references", Soundness.WRONG),
    ],
)
async def test_a_check_finds_what_is_wrong(
    tmp_path: Path, break_it: Callable[[sqlite3.Connection], None], check: str, state: Soundness
) -> None:
    path = tmp_path / "workbench.db"
    async with kept(path) as home:
        await some(home, 3)
        assert (await home.upkeep.check()).sound
    with plain(path) as connection:
        break_it(connection)
    async with kept(path) as home:
        found = {finding.check: finding for finding in (await home.upkeep.check()).findings}
        assert found[check].state is state, found[check]
        assert found[check].detail
        assert found["pages"].state is Soundness.OK


async def test_a_check_can_be_cancelled(tmp_path: Path) -> None:
    async with kept(tmp_path / "workbench.db") as home:
        await some(home)
        begun = asyncio.Event()
        running = asyncio.create_task(home.upkeep.check(lambda _: begun.set()))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


def daily(home: Kept, settings: Settings = NEVER) -> DailyUpkeep:
    async def configured() -> Configuration:
        return Configuration(settings=settings)

    return DailyUpkeep(home.upkeep, home.clock, home.bus, configured=configured, busy=list)


async def test_once_a_day_one_process_backs_up_and_prunes_what_the_user_said(tmp_path: Path) -> None:
    async with kept(tmp_path / "workbench.db") as home:
        begun = await home.talk("prompt", "answer")
        await home.trash.delete_conversation(begun.conversation.id)
        first = daily(home)
        assert await first.look()
        assert not await first.look()
        assert not await daily(home).look(), "another process sees today's backup"
        assert await home.texts() == {"prompt", "answer"}, "by default nothing is pruned, ever"
        home.clock.advance(9 * DAY_MS / 1000)
        home.told()
        with (tmp_path / "backups" / "daily.lock").open() as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            assert not await daily(home, Settings(trash_days=9)).look(), "another process is at it"
        assert await daily(home, Settings(trash_days=9, event_days=9)).look()
        assert await home.texts() == set()
        assert [type(event) for event in home.told()] == [BackupMade, StoragePruned]
        for _ in range(8):
            home.clock.advance(DAY_MS / 1000)
            assert await first.look()
        assert len(await home.upkeep.backups()) == 7


async def test_without_a_backup_nothing_is_pruned(tmp_path: Path) -> None:
    async with kept(tmp_path / "workbench.db") as home:
        begun = await home.talk("prompt", "answer")
        await home.trash.delete_conversation(begun.conversation.id)
        home.clock.advance(9 * DAY_MS / 1000)
        upkeep = daily(home, Settings(trash_days=1))
        target = tmp_path / "backups"
        target.mkdir()
        # The copy's first name is in the way.
        stamp = await home.upkeep.back_up()
        shutil.rmtree(target)
        (target / f"{stamp.path.name}.partial" / "x").mkdir(parents=True)
        home.told()
        assert await upkeep.look()
        assert [type(event) for event in home.told()] == [UpkeepFailed]
        assert await home.texts() == {"prompt", "answer"}


async def test_backups_of_a_wrong_clock_take_no_place_of_a_right_one(tmp_path: Path) -> None:
    async with kept(tmp_path / "workbench.db") as home:
        home.clock.advance(4_000 * DAY_MS / 1000)
        ahead = [await made_later(home) for _ in range(KEPT)]
        clock = ManualClock()
        clock.advance(100 * DAY_MS / 1000)
        later = Upkeep(home.store, clock, home.bus, take_out=take_out)
        right = (await later.back_up()).path
        assert right.exists(), "the one just made stays, though seven are of a time to come"
        upkeep = DailyUpkeep(later, clock, home.bus, configured=unconfigured, busy=list)
        assert not await upkeep.look(), "today's is there"
        clock.advance(DAY_MS / 1000)
        assert await upkeep.look(), "those of a time to come are not today's"
        assert right.exists()
        assert [path.exists() for path in ahead] == [False, False, *[True] * (KEPT - 2)]


async def made_later(home: Kept) -> Path:
    home.clock.advance(DAY_MS / 1000)
    return (await home.upkeep.back_up()).path


async def unconfigured() -> Configuration:
    return Configuration()
