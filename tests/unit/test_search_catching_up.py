"""What is not in the index after an upgrade gets there in the background, newest first, whoever does it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.storage import opened, plain
from workbench.config.paths import resolve_paths
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.search import catching_up
from workbench.conversations.search.catching_up import CatchingUp, next_size
from workbench.conversations.search.search import Search
from workbench.conversations.values import MessageState
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.engine.engine import Engine
from workbench.engine.options import EngineOptions
from workbench.storage.store import Store


async def upgraded(path: Path, turns: int = 6) -> None:
    """A database as an upgrade leaves it: with messages, but an empty index; the last reply streams."""
    async with opened(path) as store:
        clock = ManualClock(1_000_000)
        conversations = Conversations(store, clock, "0instance")
        for number in range(turns):
            clock.advance(60)
            begun = await conversations.begin_turn(prompt=f"needle {number}", conversation_id=None)
            if number < turns - 1:
                await conversations.finish_reply(begun.reply.id, state=MessageState.DONE, text="needle")
    with plain(path) as connection:
        connection.execute("insert into messages_fts(messages_fts) values ('delete-all')")
        connection.execute("update messages set indexed = 0")


async def test_everything_is_indexed_by_two_processes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "workbench.db"
    monkeypatch.setattr(catching_up, "FIRST_BATCH", 1)
    monkeypatch.setattr(catching_up, "LARGEST_BATCH", 1)
    await upgraded(path)
    async with opened(path) as one, opened(path) as other:
        assert (await Search(one).find("needle")).notes == ("Still indexing: 0 of 11 messages can be found",)
        workers = [CatchingUp(store, delay_s=0, pause_s=0) for store in (one, other)]
        for worker in workers:
            worker.start()
        for worker in workers:
            await worker.wait()
        page = await Search(one).find("needle")
        assert (page.total, page.notes) == (11, ())
        reply = await one.read("select indexed from messages where state = 'streaming'")
        assert [row["indexed"] for row in reply] == [0]


async def test_it_ends_in_the_middle_and_goes_on_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "workbench.db"
    monkeypatch.setattr(catching_up, "FIRST_BATCH", 4)
    await upgraded(path)
    async with opened(path) as store:
        worker = CatchingUp(store, delay_s=0, pause_s=3_600)
        worker.start()
        async with asyncio.timeout(10):
            while (page := await Search(store).find("needle")).total < 4:
                await asyncio.sleep(0)
        await worker.close()
        assert [hit.snippet for hit in page.hits] == ["needle 5", "needle", "needle 4", "needle"], "the newest first"
    async with opened(path) as store:
        worker = CatchingUp(store, delay_s=0, pause_s=0)
        worker.start()
        await worker.wait()
        assert (await Search(store).find("needle")).total == 11


async def test_the_core_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catching_up, "DELAY_S", 0)
    paths = resolve_paths(tmp_path, {})
    paths.database.parent.mkdir(parents=True)
    await upgraded(paths.database)
    engine = Engine(EngineOptions(paths=paths, environ={}, offline=True))
    engine.start()
    try:
        async with asyncio.timeout(10):
            # The reply that streamed is marked as interrupted, so it is indexed too.
            while (await engine.call(lambda core: core.search.find("role:ai"))).total < 6:
                await asyncio.sleep(0)
        assert (await engine.call(lambda core: core.search.find("needle"))).notes == ()
    finally:
        assert engine.stop(5.0)


async def test_a_disk_that_refuses_ends_it_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "workbench.db"
    await upgraded(path, 2)

    async def full(*_: object) -> None:
        raise StorageError("The disk is full")

    async with opened(path) as store:
        monkeypatch.setattr(Store, "write", full)
        worker = CatchingUp(store, delay_s=0)
        worker.start()
        await worker.wait()
    assert "The disk is full" in caplog.text


def test_batches_are_as_large_as_their_time_allows() -> None:
    assert [next_size(50, 0.01), next_size(400, 0.01), next_size(50, 0.03)] == [100, 500, 50]
    assert [next_size(50, 0.05), next_size(1, 9.0)] == [25, 1]
