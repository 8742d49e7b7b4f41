from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.support.storage import opened, until
from workbench.core.bus import EventBus
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.core.events import (
    AttemptStarted,
    ConversationChanged,
    EngineStarted,
    Event,
    Level,
    StorageTrouble,
    TurnFinished,
)
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret
from workbench.storage.event_log import EventLog, EventQuery, Extent
from workbench.storage.event_recorder import EventRecorder
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Strange(Event):
    """Carries anything."""

    kind: ClassVar[str] = "strange"
    content: object = None

    def text(self) -> str:
        return str(self.content)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db") as one:
        yield one


async def test_an_event_comes_back_as_it_was(store: Store) -> None:
    log = EventLog(store)
    bus = EventBus(ManualClock())
    event = bus.publish(
        TurnFinished(
            message_id="m", state="failed", reason="nobody answered", conversation_id="c", task_id="t", correlation="r"
        )
    )
    await log.append([event])
    (found,) = await log.page()
    assert (found.seq, found.at_ms, found.level, found.source) == (1, event.at_ms, Level.ERROR, "chat")
    assert (found.kind, found.text) == ("turn.finished", event.text())
    assert (found.conversation_id, found.task_id, found.correlation) == ("c", "t", "r")
    assert found.data == event.data()
    assert await log.newest_seq() == 1


async def test_a_row_whose_payload_is_no_object_can_be_read(store: Store) -> None:
    log = EventLog(store)
    await log.append([EngineStarted(version="1"), EngineStarted(version="2")])

    async def damage(transaction: Transaction) -> None:
        await transaction.execute("update events set payload = '[1]' where seq = 1")

    await store.write(damage)
    assert [dict(event.data) for event in await log.page()] == [{"payload": [1]}, {"version": "2", "offline": False}]


async def test_pages_follow_and_look_back_without_a_gap(store: Store) -> None:
    log = EventLog(store)
    await log.append([EngineStarted(version=str(n)) for n in range(1, 1301)])
    seqs = range(1, 1301)
    assert [e.seq for e in await log.page(limit=700)] == list(seqs)[-700:]
    assert [e.seq for e in await log.page(after_seq=10, limit=1200)] == list(seqs)[10:1210]
    assert [e.seq for e in await log.page(before_seq=601, limit=600)] == list(seqs)[:600]
    assert [e.seq for e in await log.page(after_seq=5, before_seq=9)] == [6, 7, 8]
    assert await log.page(after_seq=1300) == []


async def test_filters_narrow_together(store: Store) -> None:
    log = EventLog(store)
    await log.append([
        EngineStarted(version="1.0", conversation_id="conv-c", at_ms=100),
        StorageTrouble(problem="100% full", conversation_id="conv-c", at_ms=200),
        StorageTrouble(problem="", at_ms=300),
        ConversationChanged(conversation_id="conv-d", task_id="t", at_ms=400),
        AttemptStarted(provider="openai", model="m", ord=0, correlation="turn-1", at_ms=500),
    ])  # fmt: skip

    async def seqs(**filters: Any) -> list[int]:
        query = EventQuery(**filters)
        found = [event.seq for event in await log.page(query)]
        assert await log.seqs(query, after_seq=0, before_seq=100) == found
        return found

    assert await seqs(level=Level.INFO) == [1, 2, 3, 5]
    assert await seqs(level=Level.ERROR) == [2]
    assert await seqs(sources=("storage",)) == [2, 3]
    assert await seqs(sources=("storage", "chat")) == [2, 3, 4]
    assert await seqs(conversation_id="conv-c") == [1, 2]
    assert await seqs(conversation_id="conv-") == [1, 2, 4], "the beginning of an id is enough"
    assert await seqs(task_id="t") == [4]
    assert await seqs(correlation="turn") == [5]
    assert await seqs(seqs=(1, 4, 9)) == [1, 4]
    assert await seqs(provider="openai") == [5]
    assert await seqs(provider="open") == []
    assert await seqs(since_ms=200, conversation_id="conv-c") == [2]
    assert await seqs(text="0% FULL") == [2]
    assert await seqs(text="%") == [2], "a percent sign is itself"
    assert await seqs(text="storage.trouble") == [2, 3]
    assert await seqs(text="\0\ud800") == []
    assert await seqs(fits=lambda text, kind: "full" in text or kind == "attempt.started") == [2, 5]


async def test_a_condition_of_the_readers_own_is_asked_page_by_page(store: Store) -> None:
    log = EventLog(store)
    await log.append([EngineStarted(version=str(n)) for n in range(1, 1301)])
    query = EventQuery(fits=lambda text, _: text.endswith("99 started"))
    expected = [n for n in range(1, 1301) if n % 100 == 99]
    assert await log.seqs(query, after_seq=0, before_seq=1301) == expected
    assert await log.seqs(query, after_seq=99, before_seq=1299) == expected[1:-1]
    assert [e.seq for e in await log.page(query, after_seq=0, limit=3)] == expected[:3]
    assert [e.seq for e in await log.page(query, before_seq=700, limit=2)] == [599, 699]


async def test_tells_how_far_it_reaches_and_where_a_time_is(store: Store) -> None:
    log = EventLog(store)
    assert await log.extent() == Extent()
    assert await log.seq_at(5) == 0
    await log.append([EngineStarted(version="1", at_ms=n * 10) for n in range(1, 101)])
    assert await log.extent() == Extent(first_seq=1, last_seq=100, count=100)
    assert (await log.extent()).is_dense
    assert [await log.seq_at(ms) for ms in (0, 10, 11, 500, 1000, 1001)] == [1, 1, 2, 50, 100, 101]

    async def delete(transaction: Transaction) -> None:
        await transaction.execute("delete from events where seq between 20 and 80 or seq = 1")

    await store.write(delete)
    assert not (await log.extent()).is_dense
    assert [await log.seq_at(ms) for ms in (10, 200, 810, 820)] == [2, 20, 20, 82]


@pytest.mark.parametrize(
    "content",
    [
        "nul \0 and \ud800 alone", float("nan"), float("inf"), 2**80, b"bytes", object, {1: {2, 3}}, Path("x"),
        {"\ud800": "\0"}, "x" * 2_000_000,
    ],
    ids=str,
)  # fmt: skip
async def test_whatever_an_event_carries_can_be_written(store: Store, content: object) -> None:
    log = EventLog(store)
    await log.append([Strange(content=content)])
    assert (await log.page())[0].kind == "strange"


async def test_an_event_that_contains_itself_can_be_written(store: Store) -> None:
    circle: list[object] = []
    circle.append(circle)
    await EventLog(store).append([Strange(content=circle)])


async def test_a_key_is_not_written_down(store: Store) -> None:
    REDACTOR.register(Secret("canary-91b2c3d4e5f6"))
    log = EventLog(store)
    content = {"canary-91b2c3d4e5f6": ["api: canary-91b2c3d4e5f6", '"q": "api_key=abcdefgh"']}
    await log.append([Strange(content=content)])
    rows = await store.read("select * from events")
    assert all("canary-91b2c3d4e5f6" not in str(value) for value in tuple(rows[0]))
    assert (await log.page())[0].data


async def test_the_recorder_writes_within_250_ms_and_only_what_is_stored(store: Store) -> None:
    bus, log = EventBus(), EventLog(store)
    recorder = EventRecorder(bus, log)
    recorder.start()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    bus.publish(ConversationChanged(conversation_id="not stored"))
    bus.publish(EngineStarted(version="1"))
    while await log.newest_seq() < 1:
        assert loop.time() - begun < 5
        await asyncio.sleep(0.005)
    took = loop.time() - begun
    await recorder.close()
    assert took < 1, "a quarter of a second, and what a busy machine adds"
    assert [event.kind for event in await log.page()] == ["engine.started"]


async def test_close_loses_nothing_of_a_burst_from_other_threads(store: Store) -> None:
    bus, log = EventBus(), EventLog(store)
    recorder = EventRecorder(bus, log)
    recorder.start()

    def burst(thread: int) -> None:
        for number in range(4000):
            bus.publish(EngineStarted(version=f"{thread}-{number}"))
            bus.publish(Strange(content=number))

    threads = [threading.Thread(target=burst, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(lambda: [thread.join() for thread in threads])
    await recorder.close()
    await recorder.close()
    assert recorder.lost == 0
    assert (await store.read("select count(*) from events"))[0][0] == 24_000


class FailingLog(EventLog):
    """A log whose disk is full until told otherwise."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.full = True
        self.tries = 0
        self.largest = 0

    async def append(self, events: Sequence[Event]) -> None:
        self.tries += 1
        self.largest = max(self.largest, len(events))
        if self.full:
            raise StorageError("The disk is full")
        await super().append(events)


async def test_trouble_is_told_once_nothing_is_lost_and_the_end_of_it_is_told(store: Store) -> None:
    bus, log = EventBus(), FailingLog(store)
    heard = bus.subscribe(kinds=[StorageTrouble])
    recorder = EventRecorder(bus, log, retry_s=0.02)
    recorder.start()
    for number in range(1200):
        bus.publish(EngineStarted(version=str(number)))
    await until(lambda: log.tries > 4)
    assert [event.data()["problem"] for event in heard.drain()] == ["The disk is full"]
    log.full = False
    told: list[Event] = []
    await until(lambda: bool(told.extend(heard.drain()) or told))
    await recorder.close()
    assert [event.data()["problem"] for event in told] == [""]
    assert log.largest <= 500
    versions = [e.data["version"] for e in await log.page(limit=2000) if e.kind == "engine.started"]
    assert versions == [str(n) for n in range(1200)]
    assert [e.text for e in await log.page(EventQuery(sources=("storage",)))] == [
        "not saved: The disk is full", "saving works again",
    ]  # fmt: skip


async def test_memory_is_bounded_while_the_disk_is_full_and_what_is_given_up_is_counted(store: Store) -> None:
    bus, log = EventBus(), FailingLog(store)
    recorder = EventRecorder(bus, log, retry_s=0.01, kept=100)
    recorder.start()
    for start in range(0, 5000, 1000):
        for number in range(start, start + 1000):
            bus.publish(EngineStarted(version=str(number)))
        tries = log.tries
        await until(lambda tries=tries: log.tries > tries + 1)
    assert len(recorder._waiting) <= 100
    log.full = False
    await recorder.close()
    kept = [e.data["version"] for e in await log.page() if e.kind == "engine.started"]
    assert kept[-1] == "4999"
    assert len(kept) + recorder.lost >= 5000
    assert recorder.lost >= 4899


async def test_close_does_not_wait_for_a_disk_that_stays_full(store: Store) -> None:
    bus, log = EventBus(), FailingLog(store)
    recorder = EventRecorder(bus, log)
    recorder.start()
    bus.publish(EngineStarted(version="1"))
    await until(lambda: log.tries == 1)
    await asyncio.wait_for(recorder.close(), 3)
    assert recorder.lost >= 1


async def test_an_event_that_cannot_be_written_does_not_cost_the_others(store: Store) -> None:
    class Unspeakable:
        def __str__(self) -> str:
            raise ValueError("no words")

    log = EventLog(store)
    strange = Strange(content="lone", conversation_id="\ud800", task_id="a\0b", correlation="\udfff")
    await log.append([Strange(content=Unspeakable()), strange, EngineStarted(version="1")])
    found = await log.page()
    assert [event.kind for event in found] == ["strange", "engine.started"]
    assert (found[0].conversation_id, found[0].task_id) == ("\ufffd", "a\ufffdb")
