"""Places: how many requests may run, how many a minute, and the queue in front of them."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.admitting import Door, candidate, configured, failed
from tests.support.stepped_clock import SteppedClock, settle
from workbench.config.values import Provider
from workbench.core.clock import ManualClock
from workbench.core.provider_events import RequestWaiting
from workbench.providers.resilience.admission import Ask
from workbench.providers.values import ErrorKind, Urgency


def waiting(door: Door, *providers: Provider, ask: Ask | None = None, timeout_s: float = 300) -> asyncio.Task[bool]:
    candidates = [candidate(provider) for provider in providers]
    return asyncio.create_task(door.admission.wait(candidates, ask or door.turn(), timeout_s=timeout_s))


async def advanced(door: Door, seconds: float) -> None:
    assert isinstance(door.clock, SteppedClock)
    await door.clock.pass_time(seconds)


async def test_no_more_run_than_a_provider_allows() -> None:
    door = Door()
    one = configured(max_concurrent=1)
    leave = await door.admitted(one)
    full = await door.full(one)
    assert (full.reason, full.ready_in_s) == ("1 of 1 requests are running", None)
    door.end(one, leave)
    door.end(one, leave)
    again = await door.admitted(one)
    await door.full(one)
    door.end(one, again)


async def test_no_more_run_than_all_providers_together_may() -> None:
    door = Door(limit=2)
    a, b = configured("a"), configured("b")
    leave = await door.admitted(a)
    await door.admitted(b)
    assert (await door.full(b)).reason == "2 of 2 requests are running"
    door.limit = 3
    await door.admitted(b)
    door.end(a, leave)
    await door.admitted(a)


@pytest.mark.parametrize("ending", ["ok", "failed", "cancelled", "unsent"])
async def test_every_ending_gives_the_place_back(ending: str) -> None:
    door = Door(limit=1)
    one = configured(max_concurrent=1)
    for _ in range(3):
        leave = await door.admitted(one)
        match ending:
            case "failed":
                door.end(one, leave, failed("bad_request", status=400))
            case "unsent":
                door.end(one, leave, failed("internal"))
            case state:
                door.end(one, leave, state=state)
    assert [view.level for view in door.admission.limits(one)] == [1, 1]


async def test_requests_and_tokens_a_minute_are_counted_for_provider_and_key() -> None:
    door = Door()
    one = configured(rate_limit=3, key_token_limit=600)
    leave = await door.admitted(one, door.turn(tokens=500))
    full = await door.full(one, door.turn(tokens=200))
    assert (full.reason, full.ready_in_s) == ("the KEY_A key's 600 tokens a minute are used", pytest.approx(10))
    door.end(one, leave, input_tokens=20, output_tokens=30)
    views = {(view.scope, view.name): view.level for view in door.admission.limits(one)}
    assert views == {("provider", "requests"): 2, ("KEY_A", "tokens"): 550, ("all", "concurrent"): 10}


async def test_an_attempt_that_never_left_costs_nothing() -> None:
    door = Door()
    one = configured(rate_limit=1, token_limit=10)
    leave = await door.admitted(one, door.turn(tokens=10))
    door.end(one, leave, failed("connection"))
    door.end(one, await door.admitted(one, door.turn(tokens=10)), failed("server_error", status=500))
    assert (await door.full(one)).ready_in_s == 60


async def test_the_other_key_is_used_when_one_has_reached_its_limit() -> None:
    door = Door()
    two = configured(keys=2, key_rate_limit=2)
    assert [(await door.call(two)).key_ref for _ in range(4)] == ["KEY_A", "KEY_B", "KEY_A", "KEY_B"]
    assert (await door.full(two)).ready_in_s == pytest.approx(30)
    assert door.admission.another_key(candidate(two)), "a limit of ours is no rest"


async def test_places_of_keys_are_used_one_after_another_then_waited_for() -> None:
    door = Door()
    two = configured(keys=2, key_max_concurrent=1)
    first, second = await door.admitted(two), await door.admitted(two)
    assert (first.key_ref, second.key_ref) == ("KEY_A", "KEY_B")
    full = await door.full(two)
    assert (full.reason, full.ready_in_s) == ("1 of 1 requests with the KEY_A key are running", None)
    task = waiting(door, two, ask=(turn := door.turn()))
    await settle()
    assert not task.done()
    door.end(two, second)
    assert await task
    assert (await door.admitted(two, turn)).key_ref == "KEY_B"


async def test_a_key_that_is_busy_is_waited_for_rather_than_one_that_rests_for_long() -> None:
    door = Door()
    two = configured(keys=2, key_max_concurrent=1)
    await door.call(two, failed("rate_limited", status=429, retry_after_s=3600.0))
    await door.admitted(two)
    full = await door.full(two)
    assert (full.reason, full.ready_in_s) == ("1 of 1 requests with the KEY_B key are running", None)


async def test_a_changed_limit_counts_at_once() -> None:
    door = Door()
    await door.call(configured(rate_limit=1))
    await door.full(configured(rate_limit=1))
    await door.call(configured(rate_limit=2))
    await door.full(configured(rate_limit=2))
    await door.call(configured())


async def test_who_waits_is_told_and_called_when_a_place_comes_free() -> None:
    door = Door()
    one = configured(max_concurrent=1)
    leave = await door.admitted(one)
    first, second = door.turn(), door.turn()
    tasks = [waiting(door, one, ask=first), waiting(door, one, ask=second)]
    await settle()
    told = [event for event in door.events() if isinstance(event, RequestWaiting)]
    assert [(e.correlation, e.reason, e.ready_in_s, e.ahead) for e in told] == [
        ("turn-2", "p: 1 of 1 requests are running", None, 0), ("turn-3", "p: 1 of 1 requests are running", None, 1),
    ]  # fmt: skip
    door.end(one, leave)
    await settle()
    assert [task.done() for task in tasks] == [True, False]
    assert (await door.full(one)).reason == "the free place is promised to who waited for it"
    leave = await door.admitted(one, first)
    door.end(one, leave)
    assert await tasks[1]
    await door.admitted(one, second)


async def test_a_newcomer_does_not_take_what_another_was_called_for() -> None:
    door = Door()
    one = configured(max_concurrent=1)
    leave = await door.admitted(one)
    ask = door.turn()
    task = waiting(door, one, ask=ask)
    await settle()
    door.end(one, leave)
    await door.full(one)
    assert await task
    await door.full(one)
    await door.admitted(one, ask)


async def test_people_go_before_background_work() -> None:
    door = Door()
    one = configured(max_concurrent=1)
    leave = await door.admitted(one)
    batch, chat = door.turn(urgency=Urgency.BACKGROUND), door.turn()
    tasks = [waiting(door, one, ask=batch), waiting(door, one, ask=chat)]
    await settle()
    door.end(one, leave)
    await settle()
    assert [task.done() for task in tasks] == [False, True]
    door.end(one, await door.admitted(one, chat))
    assert await tasks[0]


async def test_a_bucket_that_refills_wakes_who_waits() -> None:
    door = Door()
    one = configured(rate_limit=6)
    for _ in range(6):
        await door.call(one)
    asks = [door.turn(), door.turn()]
    tasks = [waiting(door, one, ask=ask) for ask in asks]
    await settle()
    (event, _) = door.events()
    assert isinstance(event, RequestWaiting) and event.ready_in_s == pytest.approx(10)
    await advanced(door, 9.9)
    assert not tasks[0].done()
    await advanced(door, 0.11)
    assert [task.done() for task in tasks] == [True, False]
    door.end(one, await door.admitted(one, asks[0]))
    await advanced(door, 10)
    assert await tasks[1]


async def test_a_key_that_has_rested_wakes_who_waits() -> None:
    door = Door()
    one = configured()
    await door.call(one, failed("rate_limited", retry_after_s=7))
    task = waiting(door, one)
    await settle()
    await advanced(door, 6.9)
    assert not task.done()
    await advanced(door, 0.2)
    assert await task


async def test_a_probe_that_is_due_wakes_who_waits() -> None:
    door = Door()
    a, b = configured("a"), configured("b", max_concurrent=1)
    await door.open(a)
    await door.admitted(b)
    task = waiting(door, a, b)
    await settle()
    await advanced(door, 4.9)
    assert not task.done()
    await advanced(door, 0.2)
    assert await task


async def test_who_waits_for_several_takes_the_first_that_is_free() -> None:
    door = Door()
    a, b = configured("a", max_concurrent=1), configured("b", max_concurrent=1)
    await door.admitted(a)
    leave = await door.admitted(b)
    ask = door.turn()
    task = waiting(door, a, b, ask=ask)
    await settle()
    (event,) = door.events()
    assert isinstance(event, RequestWaiting)
    assert event.reason.startswith("all 2 providers are full, a: 1 of 1")
    door.end(b, leave)
    assert await task
    await door.full(a, ask)
    await door.admitted(b, ask)


async def test_nobody_waits_for_who_would_be_passed_over() -> None:
    door = Door()
    one = configured(max_concurrent=5)
    leaves = [await door.admitted(one) for _ in range(5)]
    task = waiting(door, one)
    await settle()
    for leave in leaves:
        door.end(one, leave, failed("auth", status=401))
    assert await task
    assert (await door.skipped(one)).kind is ErrorKind.BREAKER_OPEN


async def test_waiting_ends_in_time() -> None:
    door = Door()
    one = configured(max_concurrent=1, rate_limit=1)
    leave = await door.admitted(one)
    assert not await waiting(door, one, timeout_s=0)
    assert not await waiting(door, one, timeout_s=0.01), "while it depends on running requests real time counts"
    door.end(one, leave)
    task = waiting(door, one, timeout_s=59)
    await settle()
    await advanced(door, 59)
    assert not await task
    await advanced(door, 1)
    await door.admitted(one)


async def test_a_wait_that_is_cancelled_holds_nobody_up() -> None:
    door = Door()
    one = configured(max_concurrent=1)
    leave = await door.admitted(one)
    ask = door.turn()
    first, second = waiting(door, one), waiting(door, one, ask=ask)
    await settle()
    # Called and cancelled in the same moment: the place goes to the next.
    door.end(one, leave)
    first.cancel()
    assert await second
    await door.admitted(one, ask)
    assert first.cancelled()


async def test_who_was_called_and_never_came_holds_nobody_up_for_long() -> None:
    door = Door()
    one = configured(max_concurrent=1)
    leave = await door.admitted(one)
    first, second = waiting(door, one), waiting(door, one)
    await settle()
    door.end(one, leave)
    assert await first
    await settle()
    assert not second.done()
    await advanced(door, 1)
    assert await second


async def test_who_slept_before_an_urgent_one_was_called_looks_again_when_that_one_does_not_come() -> None:
    door = Door()
    one = configured(max_concurrent=1)
    leave = await door.admitted(one)
    batch = waiting(door, one, ask=door.turn(urgency=Urgency.BACKGROUND))
    await settle()
    chat = waiting(door, one)
    await settle()
    door.end(one, leave)
    assert await chat
    await settle()
    await advanced(door, 0.9)
    assert not batch.done()
    await advanced(door, 0.2)
    assert await batch


async def test_a_small_newcomer_does_not_overtake_a_large_request_that_waits() -> None:
    door = Door()
    one = configured(token_limit=600)
    door.end(one, await door.admitted(one, door.turn(tokens=500)))
    large = door.turn(tokens=550)
    task = waiting(door, one, ask=large)
    await settle()
    assert (await door.full(one, door.turn(tokens=10))).reason == "others wait for it already"
    await advanced(door, 45.1)
    assert await task
    await door.admitted(one, large)
    await door.admitted(one, door.turn(tokens=1))


async def test_on_a_clock_that_only_sleeping_moves_a_wait_for_time_costs_none() -> None:
    door = Door(clock=ManualClock())
    one = configured(rate_limit=1)
    await door.call(one)
    ask = door.turn()
    assert await waiting(door, one, ask=ask)
    await door.admitted(one, ask)
    assert door.clock.monotonic() == pytest.approx(60, abs=0.01)


async def test_a_thousand_waiters_are_served_in_order_and_quickly() -> None:
    door = Door(limit=64)
    one = configured(max_concurrent=64)
    done: list[int] = []

    async def request(number: int) -> None:
        ask = door.turn()
        while True:
            if await door.admission.wait([candidate(one)], ask, timeout_s=300):
                leave = await door.admitted(one, ask)
                break
        await asyncio.sleep(0)
        done.append(number)
        door.end(one, leave)

    await asyncio.wait_for(asyncio.gather(*(request(number) for number in range(1000))), 10)
    assert sorted(done) == list(range(1000))
    assert all(abs(place - number) <= 64 for place, number in enumerate(done)), "nobody went far ahead"
