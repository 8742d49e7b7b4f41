"""The bus: what may be merged, what may be dropped and counted, and what never is."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st

from workbench.core.bus import EventBus, Subscription
from workbench.core.clock import ManualClock
from workbench.core.events import (
    LONGEST_RUN,
    ConversationChanged,
    Delivery,
    EngineStopping,
    Event,
    Level,
    ReplyInterrupted,
    StorageTrouble,
    TextDelta,
    TurnFinished,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark(Event):
    kind: ClassVar[str] = "test.landmark"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Event):
    kind: ClassVar[str] = "test.line"
    number: int


published = st.lists(
    st.one_of(
        st.builds(lambda m, r: ("delta", m, r), st.sampled_from("ab"), st.booleans()),
        st.just(("landmark", "", False)),
        st.just(("line", "", False)),
        st.just(("drain", "", False)),
    ),
    max_size=60,
)


def run(steps: list[tuple[str, str, bool]], bound: int) -> tuple[list[list[Event]], list[Event], Subscription]:
    """Publish the steps; the drained batches, everything published, and the subscription."""
    bus = EventBus(ManualClock())
    subscription = bus.subscribe(bound=bound)
    batches: list[list[Event]] = []
    everything: list[Event] = []
    for number, (what, message, reasoning) in enumerate(steps):
        match what:
            case "delta":
                event: Event = TextDelta(message_id=message, delta=f"<{number}>", reasoning=reasoning)
            case "landmark":
                event = Landmark(number=number)
            case "line":
                event = Line(number=number)
            case _:
                batches.append(subscription.drain())
                continue
        everything.append(bus.publish(event))
    batches.append(subscription.drain())
    return batches, everything, subscription


@given(published, st.integers(0, 5))
def test_landmarks_all_arrive_and_drops_are_counted_exactly(steps: list[tuple[str, str, bool]], bound: int) -> None:
    batches, everything, subscription = run(steps, bound)
    arrived = [event for batch in batches for event in batch]
    assert [e for e in arrived if isinstance(e, Landmark)] == [e for e in everything if isinstance(e, Landmark)]
    lines = [e for e in arrived if isinstance(e, Line)]
    assert len(lines) + subscription.dropped == sum(isinstance(e, Line) for e in everything)
    for batch in batches:
        assert sum(isinstance(e, Line) for e in batch) <= bound
    # What is left is the newest of each batch.
    position = 0
    expected: list[Event] = []
    for batch_steps in split_at_drains(steps):
        mine = [e for e in everything[position : position + batch_steps] if isinstance(e, Line)]
        expected += mine[-bound:] if bound else []
        position += batch_steps
    assert lines == expected


def split_at_drains(steps: list[tuple[str, str, bool]]) -> list[int]:
    counts = [0]
    for what, _, _ in steps:
        if what == "drain":
            counts.append(0)
        else:
            counts[-1] += 1
    return counts


@given(published, st.integers(0, 5))
def test_text_concatenates_in_order_and_never_crosses_a_landmark(
    steps: list[tuple[str, str, bool]], bound: int
) -> None:
    batches, everything, _ = run(steps, bound)

    def runs(events: list[Event]) -> dict[tuple[int, str, bool], str]:
        """The text between two landmarks, by message and kind."""
        text: dict[tuple[int, str, bool], str] = defaultdict(str)
        passed = 0
        for event in events:
            if isinstance(event, Landmark):
                passed += 1
            elif isinstance(event, TextDelta):
                text[passed, event.message_id, event.reasoning] += event.delta
        return dict(text)

    assert runs([event for batch in batches for event in batch]) == runs(everything)


@given(published)
def test_a_batch_is_in_order_of_sequence_apart_from_merges(steps: list[tuple[str, str, bool]]) -> None:
    batches, everything, _ = run(steps, 1000)
    assert [event.seq for event in everything] == list(range(1, len(everything) + 1))
    for batch in batches:
        unmerged = [event.seq for event in batch if event.delivery is not Delivery.MERGED]
        assert unmerged == sorted(unmerged)
        keys = [e.merge_key() for e in batch if e.delivery is Delivery.MERGED]
        if not any(isinstance(e, Landmark) for e in batch):
            assert len(keys) == len(set(keys))


def test_a_merged_event_keeps_its_place_and_takes_the_later_stamp() -> None:
    clock = ManualClock(1000)
    bus = EventBus(clock)
    with bus.subscribe() as subscription:
        bus.publish(TextDelta(message_id="m", delta="a", correlation="t", conversation_id="c"))
        bus.publish(Line(number=1))
        clock.advance(1)
        bus.publish(TextDelta(message_id="m", delta="b", correlation="t", conversation_id="c"))
        merged, line = subscription.drain()
    assert merged == TextDelta(message_id="m", delta="ab", correlation="t", conversation_id="c", seq=3, at_ms=2000)
    assert isinstance(line, Line)


def test_notices_keep_only_the_newest() -> None:
    bus = EventBus()
    subscription = bus.subscribe()
    for _ in range(1000):
        bus.publish(ConversationChanged(conversation_id="c"))
        bus.publish(ConversationChanged(conversation_id="d"))
    assert [(e.conversation_id, e.seq) for e in subscription.drain()] == [("c", 1999), ("d", 2000)]


def test_a_long_text_that_nobody_reads_costs_time_in_proportion() -> None:
    def seconds(deltas: int) -> float:
        bus = EventBus()
        subscription = bus.subscribe()
        delta = TextDelta(message_id="m", delta="x" * 100)
        begin = time.thread_time()
        for _ in range(deltas):
            bus.publish(delta)
        spent = time.thread_time() - begin
        events = subscription.drain()
        assert sum(len(e.delta) for e in events if isinstance(e, TextDelta)) == deltas * 100
        assert len(events) <= deltas * 100 // LONGEST_RUN + 1
        return spent

    seconds(200)
    # 4 MB at the end: with quadratic copying the ratio would be near 400.
    assert seconds(40_000) / seconds(2_000) < 100


def test_dropping_needs_no_memory_for_what_was_dropped() -> None:
    bus = EventBus()
    subscription = bus.subscribe(bound=10)
    bus.publish(Landmark(number=0))
    for number in range(5000):
        bus.publish(Line(number=number))
    assert subscription.dropped == 4990
    drained = subscription.drain()
    assert [e.number for e in drained if isinstance(e, Line)] == list(range(4990, 5000))
    assert isinstance(drained[0], Landmark)


def test_events_of_several_threads_all_arrive_in_order_of_sequence() -> None:
    bus = EventBus()
    woken = threading.Event()
    subscription = bus.subscribe(wake=woken.set)
    arrived: list[Event] = []
    done = threading.Event()

    def publish(thread: int) -> None:
        for number in range(1000):
            bus.publish(Landmark(number=thread * 10_000 + number))
            bus.publish(TextDelta(message_id=str(thread), delta=f"{number},"))

    def read() -> None:
        while not done.is_set() or woken.is_set():
            if woken.wait(0.05):
                woken.clear()
                arrived.extend(subscription.drain())

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=publish, args=(n,)) for n in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join(10)
    arrived += subscription.drain()
    landmarks = [e for e in arrived if isinstance(e, Landmark)]
    assert len(landmarks) == 4000
    assert [e.seq for e in landmarks] == sorted(e.seq for e in landmarks)
    for thread in range(4):
        text = "".join(e.delta for e in arrived if isinstance(e, TextDelta) and e.message_id == str(thread))
        assert text == "".join(f"{number}," for number in range(1000))
        mine = [e.number for e in landmarks if e.number // 10_000 == thread]
        assert mine == sorted(mine)


def test_wake_is_called_once_per_filled_queue() -> None:
    bus = EventBus()
    calls: list[int] = []
    subscription = bus.subscribe(wake=lambda: calls.append(1))
    bus.publish(Line(number=1))
    bus.publish(Line(number=2))
    assert len(calls) == 1
    subscription.drain()
    bus.publish(Line(number=3))
    assert len(calls) == 2


def test_a_reader_that_fails_hurts_neither_the_publisher_nor_other_readers() -> None:
    bus = EventBus()

    def gone() -> None:
        raise RuntimeError("Event loop is closed")

    def broken(event: Event) -> bool:
        raise ValueError(event)

    dead = bus.subscribe(wake=gone)
    confused = bus.subscribe(broken)
    alive = bus.subscribe()
    bus.publish(Landmark(number=1))
    assert len(alive.drain()) == len(dead.drain()) == len(confused.drain()) == 1
    assert (dead.failures, confused.failures, alive.failures) == (1, 1, 0)


def test_a_reader_may_use_the_bus_while_it_is_woken() -> None:
    bus = EventBus()
    answered: list[Event] = []

    def answer() -> None:
        answered.extend(first.drain())
        first.close()
        bus.publish(Line(number=2))

    first = bus.subscribe(kinds=[Landmark], wake=answer)
    second = bus.subscribe()
    bus.publish(Landmark(number=1))
    assert len(answered) == 1
    assert [e.kind for e in second.drain()] == ["test.landmark", "test.line"]


def test_a_subscription_gets_what_it_asked_for_until_it_is_closed() -> None:
    bus = EventBus()
    picky = bus.subscribe(lambda e: e.correlation == "mine", kinds=[Line, Landmark])
    bus.publish(Line(number=1, correlation="mine"))
    bus.publish(Line(number=2, correlation="yours"))
    bus.publish(EngineStopping(correlation="mine"))
    picky.close()
    picky.close()
    bus.publish(Line(number=3, correlation="mine"))
    assert [e.number for e in picky.drain() if isinstance(e, Line)] == [1]
    assert picky.drain() == []


def test_severity_and_text_tell_what_happened() -> None:
    assert StorageTrouble(problem="disk full").severity is Level.ERROR
    assert StorageTrouble().severity is Level.INFO
    failed = TurnFinished(message_id="m", state="failed", reason="no provider", duration_ms=1500)
    assert failed.severity is Level.ERROR
    assert failed.text() == "reply failed in 1.5 s: no provider"
    assert ReplyInterrupted(message_id="m", characters=12).data() == {"message_id": "m", "characters": 12}
