"""Pruning: the preview says what goes, nothing else does, and it can be cancelled and killed anywhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.storage import integrity
from tests.support.upkept import Kept, kept
from workbench.core.errors import UsageError
from workbench.core.events import ReplyInterrupted, StorageTrouble
from workbench.core.progress import Progress
from workbench.core.storage_events import StoragePruned
from workbench.storage.swapping import damaged_name, salvaged, set_aside
from workbench.storage.upkeep import pruning as pruning_module
from workbench.storage.upkeep.values import Prunable, Pruned, Pruning

DAY_S = 86_400
TRASH = Pruning(what=Prunable.TRASH, days=30)


async def trashed(home: Kept) -> None:
    """An old and a new conversation in the trash, an old and a new message too, and one conversation that stays."""
    old = await home.talk("gone aardvark", "old answer")
    new = await home.talk("bison", "young answer")
    stays = await home.talk("cheetah", "one")
    branch = await home.talk("dolphin", "two", conversation_id=stays.conversation.id)
    await home.trash.delete_conversation(old.conversation.id)
    await home.trash.delete_message(stays.conversation.id, branch.user_message.id)
    home.clock.advance(31 * DAY_S)
    more = await home.talk("elephant", "three", conversation_id=stays.conversation.id)
    await home.trash.delete_conversation(new.conversation.id)
    await home.trash.delete_message(stays.conversation.id, more.reply.id)


async def test_what_is_old_in_the_trash_goes_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with kept(path) as home:
        await trashed(home)
        before = await home.texts()
        assert await home.found("aardvark") == 1
        foreseen = await home.upkeep.preview(TRASH)
        assert (foreseen.conversations, foreseen.messages, foreseen.words) == (1, 4, "1 conversation, 4 messages")
        assert await home.texts() == before, "a preview removes nothing"
        home.told()
        assert await home.upkeep.prune(TRASH) == foreseen
        assert before - await home.texts() == {"gone aardvark", "old answer", "dolphin", "two"}
        assert [await home.found(word) for word in ("aardvark", "dolphin", "bison", "elephant")] == [0, 0, 1, 1]
        (told,) = [event for event in home.told() if isinstance(event, StoragePruned)]
        assert told.text() == "removed for good from trash older than 30 days: 1 conversation, 4 messages"
        assert (await home.upkeep.prune(TRASH)).nothing
        assert home.told() == [], "nothing was removed, so nothing is told"
        # What is left in the trash can still come back.
        assert (await home.trash.restore_conversation()).title == "bison"
        (conversation,) = [c for c in (await home.conversations.list())[1] if c.title == "cheetah"]
        assert (await home.trash.restore_message(conversation.id)).messages == 1
        with pytest.raises(UsageError, match="Nothing was deleted"):
            await home.trash.restore_message(conversation.id)
        assert (await home.upkeep.check()).sound
        assert (await home.upkeep.prune(Pruning(what=Prunable.TRASH))).nothing
        await home.store.alone("pragma wal_checkpoint(truncate)")
        assert b"gone aardvark" not in path.read_bytes(), "what is purged is overwritten"
        await home.upkeep.compact()
        assert b"aardvark" not in path.read_bytes(), "and its words are merged out of the full-text index"
    assert integrity(path) == "ok"


async def test_a_purged_conversation_takes_its_attempts_and_leaves_its_forks(tmp_path: Path) -> None:
    async with kept(tmp_path / "workbench.db") as home:
        first = await home.talk("first", "one")
        fork = await home.talk("fork", "two")
        attempt = (
            "insert into attempts(id, run_id, ord, message_id, provider, model, state, started_at)"
            " values ('a', 'r', 1, ?, 'p', 'm', 'ok', 1)"
        )
        await home.store.write(lambda t: t.execute(attempt, (first.reply.id,)))
        forked = "update conversations set forked_from_id = ? where id = ?"
        await home.store.write(lambda t: t.execute(forked, (first.reply.id, fork.conversation.id)))
        streaming = await home.conversations.begin_turn(prompt="still", conversation_id=None)
        with pytest.raises(UsageError, match="still being written"):
            await home.upkeep.purge([streaming.conversation.id])
        purged = await home.upkeep.purge([first.conversation.id, "unknown"])
        assert (purged.conversations, purged.messages, purged.attempts) == (1, 2, 1)
        rows = await home.store.read("select id, forked_from_id from conversations order by created_at")
        assert [tuple(row) for row in rows] == [(fork.conversation.id, None), (streaming.conversation.id, None)]
        assert (await home.upkeep.check()).sound


async def test_a_cancelled_pruning_leaves_a_sound_rest_that_can_be_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning_module, "MESSAGES_AT_ONCE", 3)
    async with kept(tmp_path / "workbench.db") as home:
        begun = await home.talk("prompt", "answer")
        for number in range(10):
            await home.talk(f"more {number}", "answer", conversation_id=begun.conversation.id)
        await home.trash.delete_conversation(begun.conversation.id)
        everything, gone = Pruning(what=Prunable.TRASH), 0
        for _ in range(4):
            running = asyncio.create_task(home.upkeep.prune(everything))
            before = len(await home.store.read("select n from messages"))
            while len(await home.store.read("select n from messages")) == before:
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            gone += before - len(await home.store.read("select n from messages"))
            assert (await home.upkeep.check()).sound
        assert 0 < len(await home.store.read("select n from messages")) < 22
        told_of = [event.messages for event in home.told() if isinstance(event, StoragePruned)]
        assert sum(told_of) == gone, "nothing is removed silently, whatever becomes of the rest"
        told: list[Progress] = []
        await home.upkeep.prune(everything, told.append)
        assert await home.texts() == set()
        assert (told[-1].done, told[-1].doing) == (told[-1].total, "emptying the trash")


async def test_events_go_by_age_and_warnings_stay_six_times_as_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning_module, "EVENTS_AT_ONCE", 7)
    async with kept(tmp_path / "workbench.db") as home:

        async def some(count: int) -> None:
            at = home.clock.now_ms()
            quiet = [StorageTrouble(at_ms=at, problem="") for _ in range(count)]
            await home.events.append([*quiet, ReplyInterrupted(at_ms=at, message_id="m", characters=1)])

        await some(20)
        home.clock.advance(170 * DAY_S)
        await some(30)
        home.clock.advance(20 * DAY_S)
        await some(40)
        pruning = Pruning(what=Prunable.EVENTS, days=30)
        foreseen = await home.upkeep.preview(pruning)
        assert foreseen.events == 21, "all of the oldest, because its warning is 190 days old"
        assert foreseen.size > 21 * 80
        assert (await home.upkeep.prune(pruning)).events == 21
        home.clock.advance(25 * DAY_S)
        assert (await home.upkeep.prune(pruning)).events == 30
        assert len(await home.events.page()) == 42
        assert (await home.upkeep.prune(Pruning(what=Prunable.EVENTS))).events == 42


async def test_events_of_a_wrong_clock_take_no_younger_ones_with_them(tmp_path: Path) -> None:
    async with kept(tmp_path / "workbench.db") as home:
        home.clock.advance(1_000 * DAY_S)
        now = home.clock.now_ms()
        young, dead_clock = now - 10 * DAY_S * 1000, now - 900 * DAY_S * 1000
        for at in (young, dead_clock, dead_clock, young):
            await home.events.append([StorageTrouble(at_ms=at, problem="") for _ in range(20)])
        pruned = await home.upkeep.prune(Pruning(what=Prunable.EVENTS, days=30))
        assert pruned.events <= 40
        assert sum(event.at_ms == young for event in await home.events.page()) == 40


async def test_set_aside_files_go_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with kept(path) as home:
        old = damaged_name(path, home.clock.now_ms())
        old.write_bytes(b"x" * 10)
        log = old.with_name(f"{old.name}-wal")
        log.write_bytes(b"y" * 5)
        home.clock.advance(3 * DAY_S)
        new = damaged_name(path, home.clock.now_ms())
        new.write_bytes(b"z")
        pruned = await home.upkeep.prune(Pruning(what=Prunable.DAMAGED, days=2))
        assert pruned == Pruned(what=Prunable.DAMAGED, files=2, size=15)
        assert [file.exists() for file in (old, log, new)] == [False, False, True]


async def test_a_file_that_is_still_needed_or_was_named_by_hand_is_not_pruned(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    path.write_bytes(b"damaged")
    # As at the start of the program, with everything still to be brought over.
    pending = set_aside(path, 1)
    mine = path.with_name("workbench.damaged-mine.db")
    mine.write_bytes(b"kept by hand")
    everything = Pruning(what=Prunable.DAMAGED)
    async with kept(path) as home:
        assert (await home.upkeep.prune(everything)).nothing
        assert (pending.read_bytes(), mine.exists()) == (b"damaged", True)
        salvaged(path)
        assert (await home.upkeep.prune(everything)).files == 1
        assert (pending.exists(), mine.exists()) == (False, True)
