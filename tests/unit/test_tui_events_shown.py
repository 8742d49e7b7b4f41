from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.fake_events import AT_MS, FakeEventLog, stored
from workbench.core.errors import StorageError
from workbench.core.events import FirstToken, Level, StorageTrouble, TextDelta
from workbench.tui.events.filters import EventFilter
from workbench.tui.events.going import belongings, message_of
from workbench.tui.events.model import EventsModel
from workbench.tui.events.reading import LogReading
from workbench.tui.events.shown import ShownEvents
from workbench.tui.events.stored import PAGE, PAGES_KEPT, Page, StoredPages, dense_pages, pages_of
from workbench.tui.events.values import row_of_event, row_of_stored


def token(number: int, **more: Any) -> FirstToken:
    return FirstToken(at_ms=AT_MS + number, provider="p", model=f"model-{number}", first_token_ms=10, **more)


def never() -> bool:
    return False


def texts(shown: ShownEvents) -> list[str]:
    rows = [shown.row(rank) for rank in range(shown.first, shown.end)]
    return ["..." if row is None else row.text.rpartition(" ")[2].rpartition("/")[2] for row in rows]


def test_the_ring_lets_the_oldest_go_and_rows_keep_their_ranks() -> None:
    model = EventsModel(capacity=100)
    shown = ShownEvents(model)
    shown.set_filter(EventFilter(text="model-1"))
    for start in range(0, 1000, 50):
        model.extend([token(n) for n in range(start, start + 50)])
        assert shown.look(never)
        expected = [f"model-{n}" for n in range(1000) if model.first <= n < model.end and "model-1" in f"model-{n}"]
        assert texts(shown) == expected
    assert 100 <= len(model) <= 200
    every = [n for n in range(1000) if "model-1" in f"model-{n}"]
    assert shown.first == shown.end == len(every), "ranks count all that ever fitted"
    model.extend([TextDelta(message_id="m", delta="not kept")])
    assert model.end == 1000
    with pytest.raises(IndexError):
        model.row(0)


def test_looks_at_the_newest_first_and_no_longer_than_it_may() -> None:
    model = EventsModel()
    model.extend([token(n) for n in range(100)])
    shown = ShownEvents(model)
    shown.set_filter(EventFilter(text="model-"))
    looks = 0

    def at_once() -> bool:
        nonlocal looks
        looks += 1
        return looks % 10 == 0

    assert not shown.look(at_once)
    assert texts(shown) == [f"model-{n}" for n in range(90, 100)]
    newest = shown.end
    model.extend([token(100)])
    while not shown.look(at_once):
        pass
    assert texts(shown) == [f"model-{n}" for n in range(101)]
    assert shown.end == newest + 1, "older rows move nothing"


def test_a_pause_holds_the_rows_and_counts_what_comes() -> None:
    model = EventsModel()
    shown = ShownEvents(model)
    model.extend([token(1)])
    shown.look(never)
    shown.held_at = model.end
    model.extend([token(2), token(3)])
    shown.look(never)
    assert (texts(shown), shown.waiting) == (["model-1"], 2)
    shown.set_filter(EventFilter(text="model"))
    shown.look(never)
    assert texts(shown) == ["model-1"]
    shown.held_at = None
    shown.look(never)
    assert (texts(shown), shown.waiting) == (["model-1", "model-2", "model-3"], 0)


def test_pages_are_found_by_row_and_by_number() -> None:
    pages = StoredPages()
    pages.add_older(pages_of([]))
    assert len(pages) == 0
    assert pages.page_with(5) is None
    pages.add_older(pages_of(range(1000, 1000 + 2 * PAGE + 7)))
    pages.add_older(pages_of([10, 20]))
    pages.add_older(pages_of([5]))
    assert len(pages) == 2 * PAGE + 10
    # Small pages became one: that of 5 to 20 and the rest of the numbers above.
    small = Page(5, 1006, 10, (5, 10, 20, *range(1000, 1007)))
    assert pages.pages_between(2 * PAGE, 2 * PAGE + 9) == [small]
    assert pages.page_with(6) == (small, 2 * PAGE)
    assert pages.page_with(1000 + 2 * PAGE + 7) is None
    assert dense_pages(1, 2 * PAGE + 1) == [
        Page(PAGE + 2, 2 * PAGE + 1, PAGE), Page(2, PAGE + 1, PAGE), Page(1, 1, 1)
    ]  # fmt: skip
    rows = [row_of_stored(stored(seq)) for seq in range(PAGES_KEPT + 2)]
    for seq, row in enumerate(rows):
        pages.keep(Page(seq, seq, 1), [row])
    assert [pages.has(Page(seq, seq, 1)) for seq in (0, 1, 2)] == [False, False, True], "only so many stay in memory"


class Pane:
    """A model, what is shown of it, and a log behind both."""

    def __init__(self, *, log: FakeEventLog, live: int, capacity: int = 1_000) -> None:
        self.model = EventsModel(capacity)
        self.model.extend([token(n) for n in range(live)])
        self.shown = ShownEvents(self.model)
        self.log = log
        self.changes = 0
        self.reading = LogReading(log, self.shown, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    async def read(self, chosen: EventFilter | None = None) -> None:
        self.shown.set_filter(chosen or EventFilter())
        self.shown.look(never)
        await self.reading.read()

    async def all_texts(self) -> list[str]:
        await self.reading.load(self.shown.first, self.shown.end)
        return texts(self.shown)


async def test_stored_events_come_before_the_live_ones_and_only_once() -> None:
    # The last two stored ones are the first two of the live ones.
    log = FakeEventLog([stored(n) for n in range(1, 500)])
    log.events += [stored(500, at_ms=AT_MS), stored(501, at_ms=AT_MS + 1)]
    pane = Pane(log=log, live=3)
    await pane.read()
    assert pane.reading.is_done
    assert len(pane.shown) == 499 + 3
    assert texts(pane.shown)[:3] == ["..."] * 3, "not read before it is looked at"
    every = [f"stored-{n}" for n in range(1, 500)] + ["model-0", "model-1", "model-2"]
    assert await pane.all_texts() == every
    await pane.read(EventFilter(text="stored-4"))
    assert await pane.all_texts() == [text for text in every if "stored-4" in text]
    await pane.read(EventFilter(pattern="(stored|model)-1$"))
    assert await pane.all_texts() == ["stored-1", "model-1"]
    del log.events[10:20]
    await pane.read()
    assert await pane.all_texts() == every[:10] + every[20:], "numbers may be missing"


async def test_reading_a_few_pages_of_many() -> None:
    pane = Pane(log=FakeEventLog([stored(n) for n in range(1, 100_001)]), live=0)
    await pane.read()
    assert (len(pane.shown), pane.log.pages) == (100_000, 0)
    middle = pane.shown.first + 50_000
    await pane.reading.load(middle, middle + 40)
    assert pane.log.pages <= 2
    row = pane.shown.row(middle)
    assert row is not None
    assert row.text == "stored-50001"
    rank = await pane.reading.rank_at(stored(70_000).at_ms - 5)
    assert rank is not None
    found = pane.shown.row(rank)
    assert found is not None
    assert found.text == "stored-70000"


async def test_a_time_is_found_wherever_it_lies() -> None:
    pane = Pane(log=FakeEventLog([stored(n) for n in range(1, 5_001)]), live=10)

    async def text_at(at_ms: int) -> str:
        rank = await pane.reading.rank_at(at_ms)
        assert rank is not None
        row = pane.shown.row(rank)
        return "" if row is None else row.text.rpartition("/")[2]

    await pane.read()
    assert await text_at(0) == "stored-1"
    assert await text_at(stored(3_000).at_ms) == "stored-3000"
    assert await text_at(AT_MS) == "model-0"
    assert await text_at(AT_MS + 4) == "model-4"
    assert await text_at(AT_MS + 10**9) == "model-9"
    # A search that is still under way is waited for.
    pane.log.hold = asyncio.Event()
    pane.shown.set_filter(EventFilter(text="00"))
    pane.shown.look(never)
    reading, jump = asyncio.create_task(pane.reading.read()), asyncio.create_task(text_at(stored(2_950).at_ms))
    await asyncio.sleep(0)
    pane.log.hold.set()
    await reading
    assert await jump == "stored-3000"
    empty = Pane(log=FakeEventLog(), live=0)
    await empty.read()
    assert await empty.reading.rank_at(5) is None


async def test_what_the_ring_let_go_is_read_from_the_log() -> None:
    log = FakeEventLog([stored(1), stored(2)])
    pane = Pane(log=log, live=100, capacity=100)
    for chosen in (EventFilter(), EventFilter(text="o")):
        await pane.read(chosen)
        first, end = pane.shown.first, pane.shown.end
        for _ in range(2):
            pane.model.extend([token(pane.model.end + n) for n in range(75)])
            pane.shown.look(never)
        log.events += [
            stored(3 + n, f"first token from p/model-{n}", at_ms=AT_MS + n)
            for n in range(log.events[-1].seq - 2, pane.model.end - 10)
        ]  # fmt: skip
        assert pane.model.first > 0
        assert await pane.reading.catch_up()
        assert not await pane.reading.catch_up()
        every = ["stored-1", "stored-2", *(f"model-{n}" for n in range(pane.model.end))]
        assert await pane.all_texts() == every
        assert (pane.shown.first, pane.shown.end) == (first, end + 150), "every row keeps its rank"


async def test_a_log_that_cannot_be_read_keeps_nobody_waiting() -> None:
    pane = Pane(log=FakeEventLog([stored(1)]), live=1)
    pane.log.problem = StorageError("gone")
    with pytest.raises(StorageError):
        await pane.read()
    assert texts(pane.shown) == ["model-0"]


async def test_from_an_event_to_what_it_belongs_to() -> None:
    model = EventsModel()
    log = FakeEventLog([stored(1, correlation="turn-1", data={"message_id": "message-1"})])
    here = row_of_event(token(1, correlation="turn-1", conversation_id="c"))
    assert await message_of(here, model, log) == "message-1"
    model.extend([StorageTrouble(), TextDelta(message_id="x", delta="d", correlation="turn-1")])
    assert await message_of(row_of_stored(stored(2, data={"message_id": "own"})), model, log) == "own"
    assert not await message_of(row_of_event(StorageTrouble()), model, log)
    assert not await message_of(row_of_event(token(1, correlation="turn-2")), model, log)
    assert belongings(here) == [
        EventFilter(turn="turn-1"), EventFilter(conversation="c"), EventFilter(provider="p")
    ]  # fmt: skip
    assert belongings(row_of_stored(stored(1, level=Level.ERROR))) == []
