"""The core over a damaged home, as the full screen starts it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.storage import filled, integrity
from tests.support.upkept import kept
from workbench.config.paths import resolve_paths
from workbench.core.errors import DatabaseDamagedError, StorageError
from workbench.core.events import Event
from workbench.core.storage_events import DatabaseNotice, DatabaseUpgrading
from workbench.engine.core import Core
from workbench.engine.engine import Engine
from workbench.engine.options import EngineOptions
from workbench.storage.schema import STEPS
from workbench.storage.upkeep.values import Prunable, Pruning


def engine_of(home: Path, *, upkeep: bool) -> Engine:
    paths = resolve_paths(home, {})
    return Engine(EngineOptions(paths=paths, environ={}, offline=True, upkeep=upkeep))


async def indexed(core: Core) -> bool:
    """Wait until nothing is left to be indexed."""
    while await core.store.read("select 1 from messages where indexed = 0"):
        await asyncio.sleep(0.02)
    return (await core.search.find("prompt")).total == 5


def test_the_full_screen_recovers_a_damaged_home_and_commands_leave_it_alone(tmp_path: Path) -> None:
    path = resolve_paths(tmp_path, {}).database

    async def fill() -> None:
        async with kept(path) as home:
            for number in range(5):
                await home.talk(f"prompt {number}", "answer")

    asyncio.run(fill())
    content = bytes(4096) + path.read_bytes()[4096:]
    path.write_bytes(content)
    command = engine_of(tmp_path, upkeep=False)
    command.start()
    with pytest.raises(DatabaseDamagedError):
        command.run(lambda core: core.conversations.list())
    command.stop()
    assert path.read_bytes() == content
    screen = engine_of(tmp_path, upkeep=True)
    heard = screen.bus.subscribe()
    screen.start()
    try:
        assert screen.run(lambda core: core.conversations.list())[0] == 5
        found = screen.run(lambda core: core.recovery.result())
        assert found is not None
        assert found.messages == 10
        notices = [event for event in heard.drain() if isinstance(event, DatabaseNotice)]
        assert [notice.messages for notice in notices] == [0, 10]
        assert screen.run(indexed), "and it can be found"
        # What the Storage page asks for.
        assert screen.run(lambda core: core.upkeep.check()).sound
        assert screen.run(lambda core: core.upkeep.sizes()).database > 0
        assert screen.run(lambda core: core.upkeep.preview(Pruning(what=Prunable.DAMAGED))).files == 1
        assert screen.run(lambda core: core.upkeep.largest_conversations()).total == 5
    finally:
        screen.stop()
    assert integrity(path) == "ok"


def test_what_is_in_the_databases_place_and_no_file_is_told_at_once(tmp_path: Path) -> None:
    resolve_paths(tmp_path, {}).database.mkdir(parents=True)
    engine = engine_of(tmp_path, upkeep=True)
    engine.start()
    with pytest.raises(StorageError, match="not a regular file"):
        engine.run(lambda core: core.conversations.list())
    engine.stop()


def test_an_upgrade_and_what_is_the_matter_with_the_database_are_told_to_every_front_end(tmp_path: Path) -> None:
    path = resolve_paths(tmp_path, {}).database
    asyncio.run(filled_with(path))
    upgrading = engine_of(tmp_path, upkeep=False)
    heard = upgrading.bus.subscribe(kinds=(DatabaseUpgrading,), wake=lambda: told.extend(heard.drain()))
    told: list[Event] = []
    upgrading.start()
    assert upgrading.run(lambda core: core.store.read("pragma user_version"))[0][0] == STEPS[-1].number
    upgrading.stop()
    doing = [event.doing for event in told if isinstance(event, DatabaseUpgrading)]
    assert "backing it up first, copying" in doing[0]
    assert doing[-2:] == [STEPS[-1].title, ""]
    path.with_name("workbench.db-wal").write_bytes(b"garbage" * 5_000)
    path.with_name("workbench.damaged-1.db").write_bytes(b"half read out")
    path.with_name("workbench.db.salvage").write_text("workbench.damaged-1.db")
    command = engine_of(tmp_path, upkeep=False)
    notices = command.bus.subscribe(kinds=(DatabaseNotice, DatabaseUpgrading))
    command.start()
    command.run(lambda core: core.conversations.list())
    command.stop()
    log, damage = [str(event.text()) for event in notices.drain()]
    assert "log of the database could not be read" in log
    assert "not all that can be read of it has been brought over" in damage


async def filled_with(path: Path) -> None:
    """A database from before there were places in time."""
    path.parent.mkdir(parents=True)
    await filled(path, STEPS[:3])
