"""Admission by breakers and keys: who is let in, with which key, and what is said of it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.support.admitting import Door, candidate, configured, failed
from workbench.core.provider_events import BreakerChanged, KeyChanged
from workbench.core.secret import Secret
from workbench.providers.resilience.admission import Admission, Full, OpenAdmission
from workbench.providers.resilience.values import BreakerState, KeyCondition
from workbench.providers.routing.order import Skipped
from workbench.providers.values import ErrorKind

P = configured()
REFUSED = failed("connection", "connection refused")


async def test_five_failures_open_the_breaker_and_it_says_so() -> None:
    door = Door()
    for _ in range(5):
        await door.call(P, REFUSED)
    skipped = await door.skipped(P)
    assert skipped.kind is ErrorKind.BREAKER_OPEN
    assert skipped.reason == "its breaker is open after 5 failures (connection refused); next probe in 5 s"
    assert door.admission.look(candidate(P)) == skipped
    (event,) = door.events()
    assert isinstance(event, BreakerChanged)
    assert (event.provider, event.before, event.after, event.failures) == ("p", "closed", "open", 5)
    assert event.probe_at_ms == door.clock.now_ms() + 5_000
    view = door.admission.breaker(P)
    assert (view.state, view.failures, view.probe_at_ms) == (BreakerState.OPEN, 5, door.clock.now_ms() + 5_000)


async def test_a_hung_provider_costs_its_timeout_once() -> None:
    door = Door()
    await door.call(P, failed("first_token_timeout", "no first token within 15 s"))
    assert "no first token within 15 s" in (await door.skipped(P)).reason


async def test_an_open_breaker_costs_next_to_nothing() -> None:
    door = Door()
    await door.open(P)
    began = time.perf_counter()
    for _ in range(200):
        await door.skipped(P)
    assert (time.perf_counter() - began) / 200 < 0.005


async def test_one_probe_goes_and_its_answer_closes_the_breaker() -> None:
    door = Door()
    await door.open(P)
    door.clock.advance(5)
    assert door.admission.look(candidate(P)) is None
    probe = await door.admitted(P)
    assert probe.probe
    assert "its one probe is out" in (await door.skipped(P)).reason
    assert "its one probe is out" in (await door.skipped(P, early_probe=True)).reason
    door.end(P, probe)
    assert not (await door.admitted(P)).probe
    assert door.moves() == ["closed open", "open half_open", "half_open closed"]


async def test_a_probe_that_fails_opens_it_for_twice_as_long() -> None:
    door = Door()
    await door.open(P)
    door.clock.advance(5)
    await door.call(P, failed("server_error", "HTTP 503"))
    assert (await door.skipped(P)).reason == ("its breaker is open after a failed probe (HTTP 503); next probe in 10 s")


@pytest.mark.parametrize("ending", ["cancelled", "rate_limited", "bad_request"])
async def test_a_probe_that_says_nothing_makes_room_for_another(ending: str) -> None:
    door = Door()
    provider = configured(keys=2)
    await door.open(provider)
    door.clock.advance(5)
    probe = await door.admitted(provider)
    if ending == "cancelled":
        door.end(provider, probe, state="cancelled")
    else:
        door.end(provider, probe, failed(ending))
    assert (await door.admitted(provider)).probe


async def test_a_probe_goes_before_its_time_when_nobody_else_is_left() -> None:
    door = Door()
    await door.open(P)
    probe = await door.admitted(P, early_probe=True)
    assert probe.probe
    await door.skipped(P, early_probe=True)
    door.end(P, probe)
    await door.admitted(P)


async def test_a_free_check_that_is_answered_brings_the_probe_forward() -> None:
    door = Door()
    await door.admission.heard_well(P)
    assert door.events() == [], "nothing to notice while it is closed"
    await door.open(P)
    await door.admission.heard_well(P)
    assert door.admission.breaker(P).state is BreakerState.HALF_OPEN
    assert door.moves() == ["closed open", "open half_open"]
    assert (await door.admitted(P)).probe


async def test_another_address_begins_with_a_closed_breaker() -> None:
    door = Door()
    await door.open(P)
    moved = replace(P, base_url="http://127.0.0.1:9")
    await door.admission.refresh([moved])
    assert door.moves() == ["closed open", "open closed"]
    assert not (await door.admitted(moved)).probe


async def test_what_an_old_address_did_is_not_held_against_the_new_one() -> None:
    door = Door()
    leaves = [await door.admitted(P) for _ in range(6)]
    moved = replace(P, base_url="http://127.0.0.1:9")
    for _ in range(3):
        await door.call(moved, REFUSED)
    for leave in leaves:
        door.end(P, leave, REFUSED)
    assert door.admission.breaker(moved).failures == 3


async def test_a_refused_key_opens_the_breaker_until_it_is_changed() -> None:
    door = Door()
    await door.call(P, failed("auth", "HTTP 401 invalid key", status=401))
    skipped = await door.skipped(P, early_probe=True)
    assert skipped.kind is ErrorKind.BREAKER_OPEN
    assert skipped.reason.startswith("its key KEY_A was refused (HTTP 401): change the key, or reset it")
    view = door.admission.breaker(P)
    assert (view.state, view.probe_at_ms) == (BreakerState.OPEN, None)
    key, breaker = door.events()
    assert isinstance(key, KeyChanged) and isinstance(breaker, BreakerChanged)
    assert (key.key_ref, key.state, breaker.before, breaker.after) == ("KEY_A", "bad", "closed", "open")
    door.clock.advance(86_400)
    await door.skipped(P)
    changed = replace(P, api_keys=(Secret("sk-new"),))
    await door.admission.refresh([changed])
    key, breaker = door.events()
    assert isinstance(key, KeyChanged) and isinstance(breaker, BreakerChanged)
    assert (key.state, breaker.before, breaker.after) == ("ok", "open", "closed")
    await door.admitted(changed)


async def test_refused_keys_come_back_by_a_reset() -> None:
    door = Door()
    two = configured(keys=2)
    for _ in range(2):
        await door.call(two, failed("auth", status=403))
    assert "KEY_A was refused (HTTP 403), the others" in (await door.skipped(two)).reason
    door.events()
    await door.admission.reset_keys("p")
    assert [type(event).__name__ for event in door.events()] == ["KeyChanged", "BreakerChanged", "KeyChanged"]
    await door.admitted(two)


@pytest.mark.parametrize("kind", ["auth", "rate_limited", "quota"])
async def test_with_another_key_left_the_provider_may_be_asked_again_at_once(kind: str) -> None:
    door = Door()
    two = configured(keys=2)
    first = await door.call(two, failed(kind, status=429))
    assert door.admission.another_key(candidate(two))
    second = await door.call(two, failed(kind, status=429))
    assert (first.key_ref, second.key_ref) == ("KEY_A", "KEY_B")
    assert second.api_key == two.api_keys[1]
    assert not door.admission.another_key(candidate(two))


async def test_keys_take_turns_and_a_limited_one_comes_last() -> None:
    door = Door()
    three = configured(keys=3)
    assert [(await door.call(three)).key_ref for _ in range(4)] == ["KEY_A", "KEY_B", "KEY_C", "KEY_A"]
    await door.call(three, failed("rate_limited", retry_after_s=1.0))
    door.clock.advance(1)
    assert {(await door.call(three)).key_ref for _ in range(4)} == {"KEY_A", "KEY_C"}


async def test_limited_keys_are_waited_for_or_passed_over() -> None:
    door = Door()
    await door.call(P, failed("rate_limited", status=429, retry_after_s=60))
    full = await door.full(P)
    assert (full.ready_in_s, full.reason) == (60.0, "its key KEY_A rests until 14:14:20: rate limited (HTTP 429)")
    door.clock.advance(60)
    await door.call(P, failed("rate_limited", status=429, retry_after_s=61))
    skipped = await door.skipped(P)
    assert skipped.kind is ErrorKind.RATE_LIMITED
    assert skipped.reason == "its key KEY_A rests until 14:15:21: rate limited (HTTP 429)"
    assert door.admission.breaker(P).state is BreakerState.CLOSED, "it is the key's matter"


async def test_the_key_that_is_ready_first_says_how_long_it_takes() -> None:
    door = Door()
    two = configured(keys=2)
    await door.call(two, failed("quota"))
    await door.call(two, failed("rate_limited", retry_after_s=9))
    assert (await door.full(two)).ready_in_s == 9
    assert [(view.ref, view.condition) for view in door.admission.keys(two)] == [
        ("KEY_A", KeyCondition.LIMITED), ("KEY_B", KeyCondition.LIMITED),
    ]  # fmt: skip


async def test_a_provider_without_keys_rests_and_is_refused_as_well() -> None:
    door = Door()
    local = configured(keys=0)
    leave = await door.call(local, failed("rate_limited", retry_after_s=3))
    assert (leave.api_key, leave.key_ref) == (None, None)
    assert (await door.full(local)).ready_in_s == 3
    (rests,) = door.admission.keys(local)
    assert (rests.ref, rests.condition) == ("", KeyCondition.LIMITED)
    door.clock.advance(3)
    assert door.admission.keys(local) == ()
    await door.call(local, failed("auth", status=401))
    assert "without a key was refused (HTTP 401)" in (await door.skipped(local)).reason


async def test_a_key_that_is_switched_off_is_not_used() -> None:
    door = Door()
    two = configured(keys=2)
    await door.admission.refresh([two])
    await door.admission.set_key_enabled("p", "KEY_A", False)
    assert {(await door.call(two)).key_ref for _ in range(3)} == {"KEY_B"}
    await door.admission.set_key_enabled("p", "KEY_B", False)
    assert (await door.skipped(two)).kind is ErrorKind.DISABLED
    await door.admission.set_key_enabled("p", "KEY_A", True)
    assert (await door.call(two)).key_ref == "KEY_A"


async def test_a_missing_key_is_said() -> None:
    assert (await Door().skipped(replace(P, api_keys=(), key_refs=()))).kind is ErrorKind.NO_KEY


async def test_a_reset_by_hand_closes_the_breaker() -> None:
    door = Door()
    await door.open(P)
    await door.admission.reset_breaker("p")
    assert not (await door.admitted(P)).probe
    assert door.moves() == ["closed open", "open closed"]


async def test_looking_takes_and_changes_nothing() -> None:
    door = Door()
    one = configured(max_concurrent=1, rate_limit=1)
    for _ in range(5):
        assert door.admission.look(candidate(one)) is None
    leave = await door.admitted(one)
    assert isinstance(door.admission.look(candidate(one)), Full)
    door.end(one, leave)
    assert door.events() == []


async def test_no_key_is_ever_told() -> None:
    door = Door()
    two = configured(keys=2)
    leave = await door.admitted(two)
    told = [repr(leave), repr(door.admission.keys(two))]
    door.end(two, leave, failed("auth", status=401))
    await door.call(two, failed("rate_limited"))
    found = await door.admit(two)
    told += [repr(found), *(f"{event!r} {event.text()} {event.data()}" for event in door.events())]
    assert not any(key.reveal() in text for key in two.api_keys for text in told)


async def test_the_open_admission_lets_everybody_in_as_a_new_one_does() -> None:
    door = Door()
    both: tuple[Admission, ...] = (OpenAdmission(), door.admission)
    for admission in both:
        leave = await admission.admit(candidate(P), door.turn())
        assert not isinstance(leave, Skipped | Full)
        assert (leave.key_ref, leave.api_key) == ("KEY_A", P.api_keys[0])
        assert await admission.wait([candidate(P)], door.turn(), timeout_s=0)
        assert admission.look(candidate(P)) is None
        assert [view.ref for view in admission.keys(P)] == ["KEY_A"]
        assert admission.breaker(P).state is BreakerState.CLOSED
