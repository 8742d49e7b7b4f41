"""Nobody else is left: who rests is probed, another's probe is waited for, a cut answer is begun anew."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace

import pytest

from tests.support.admitting import Door, candidate
from tests.support.answering import Desk, Outcome, request
from tests.support.scripted_model import ScriptedModel, Step, fails, provider, says
from tests.support.stepped_clock import SteppedClock
from workbench.config.values import OnBrokenStream, Provider
from workbench.core.events import AttemptEnded
from workbench.core.provider_events import RequestWaiting
from workbench.providers.resilience.admission import Admitted, Ask
from workbench.providers.resilience.values import BreakerState
from workbench.providers.values import Attempt, ErrorKind, TextPart, Timeouts

A, B = provider("a"), provider("b", priority=2)
PATIENT = Timeouts(first_token_s=5.0, stall_s=5.0, total_s=60.0)


def desk(model: ScriptedModel, door: Door) -> Desk:
    return Desk(model, clock=door.clock, admission=door.admission)


async def passing(clock: SteppedClock, answer: Coroutine[None, None, Outcome]) -> Outcome:
    """The answer, after as much time as it takes."""
    turn = asyncio.create_task(answer)
    for _ in range(1000):
        if turn.done():
            return turn.result()
        await clock.pass_time(0.1)
    raise AssertionError("the turn does not end")


async def lend(door: Door, to: Provider) -> Admitted:
    """Another request's probe is out."""
    found = await door.admission.admit(candidate(to), Ask(turn_id="another"), early_probe=True)
    assert isinstance(found, Admitted) and found.probe
    return found


def give_back(door: Door, to: Provider, leave: Admitted, *, state: str = "ok") -> None:
    attempt = Attempt(ord=0, provider=to.name, model=to.models[0], state=state)
    door.admission.record(candidate(to), leave, attempt, None)


async def rest(door: Door, *providers: Provider) -> None:
    for each in providers:
        await door.open(each)
        assert door.admission.breaker(each).state is BreakerState.OPEN


async def test_everybody_who_rests_is_probed_once_the_soonest_due_first() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    await rest(door, B)
    door.clock.advance(1)
    await rest(door, A)
    model = ScriptedModel({"a": [says("well again")], "b": [[fails(ErrorKind.SERVER_ERROR, status=500)]]})
    outcome = await desk(model, door).answer(request(A, B, timeouts=PATIENT))
    assert outcome.trail == [
        ("a", "skipped", "breaker_open"),
        ("b", "skipped", "breaker_open"),
        ("b", "failed", "server_error"),
        ("a", "ok", None),
    ]
    assert outcome.text == "well again"
    assert door.admission.breaker(A).state is BreakerState.CLOSED


async def test_when_all_probes_fail_the_answer_ends_at_once() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    await rest(door, A, B)
    began = door.clock.monotonic()
    down: list[Step] = [fails(ErrorKind.CONNECTION)]
    outcome = await desk(ScriptedModel({"a": [down], "b": [down]}), door).answer(request(A, B, timeouts=PATIENT))
    assert [state for _, state, _ in outcome.trail] == ["skipped", "skipped", "failed", "failed"]
    assert not outcome.answered.complete
    assert door.clock.monotonic() == began


async def test_who_was_refused_is_not_probed() -> None:
    door = Door()
    await door.call(A, fails(ErrorKind.AUTH, status=401))
    model = ScriptedModel({"a": [says("never")]})
    outcome = await desk(model, door).answer(request(A, timeouts=PATIENT))
    assert (outcome.trail, model.calls) == ([("a", "skipped", "breaker_open")], [])


async def test_another_requests_probe_is_waited_for_visibly() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    await rest(door, A)
    leave = await lend(door, A)
    model = ScriptedModel({"a": [says("fine")]})
    waiting = desk(model, door)
    turn = asyncio.create_task(waiting.answer(request(A, timeouts=PATIENT)))
    await clock.pass_time(3.0)
    assert model.calls == []
    give_back(door, A, leave)
    await clock.pass_time(1.0)
    outcome = await turn
    assert outcome.text == "fine"
    # Looking again and again is told once.
    assert outcome.trail == [("a", "skipped", "breaker_open"), ("a", "ok", None)]
    (told,) = waiting.events(RequestWaiting)
    assert told.data()["reason"] == "all breakers are open, and a is being probed"


async def test_a_probe_that_is_never_answered_is_waited_for_within_the_turns_time() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    await rest(door, A)
    await lend(door, A)
    model = ScriptedModel({"a": [says("never")]})
    outcome = await passing(clock, desk(model, door).answer(request(A, timeouts=replace(PATIENT, total_s=10.0))))
    assert (outcome.answered.complete, model.calls) == (False, [])


CUT: list[Step] = [TextPart(text="half an "), fails(ErrorKind.BROKEN_STREAM)]


async def test_a_cut_answer_is_begun_anew_by_the_same_provider_when_nobody_else_is_left() -> None:
    model = ScriptedModel({"a": [CUT, says("a whole answer")]})
    clock = SteppedClock()
    door = Door(clock=clock)
    asking = desk(model, door)
    outcome = await passing(clock, asking.answer(request(provider("a", retries=1), timeouts=PATIENT)))
    assert (outcome.voided, outcome.text) == (["half an "], "a whole answer")
    assert outcome.trail == [("a", "failed", "broken_stream"), ("a", "ok", None)]
    assert [event.data()["next_step"] for event in asking.events(AttemptEnded)] == ["restart with: a/a-1", ""]


@pytest.mark.parametrize("policy", [OnBrokenStream.STOP, OnBrokenStream.CONTINUE])
async def test_only_a_restart_asks_the_same_provider_again(policy: OnBrokenStream) -> None:
    model = ScriptedModel({"a": [CUT]})
    asked = request(provider("a", retries=1), timeouts=PATIENT, on_broken_stream=policy)
    outcome = await desk(model, Door()).answer(asked)
    assert (outcome.text, outcome.answered.complete, len(model.calls)) == ("half an ", False, 1)


async def test_after_a_tool_has_run_nothing_is_begun_anew() -> None:
    model = ScriptedModel({"a": [CUT]})
    asked = request(provider("a", retries=1), timeouts=PATIENT, tool_has_run=True)
    outcome = await desk(model, Door()).answer(asked)
    assert (outcome.text, len(model.calls)) == ("half an ", 1)


async def test_a_retry_goes_though_the_failure_has_opened_the_breaker() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    await door.open(A, 4)
    model = ScriptedModel({"a": [[fails(ErrorKind.SERVER_ERROR, status=503)], says("fine")]})
    asked = request(replace(A, max_retries=1), timeouts=PATIENT)
    outcome = await passing(clock, desk(model, door).answer(asked))
    assert outcome.trail == [("a", "failed", "server_error"), ("a", "ok", None)]


async def test_silence_is_not_paid_for_twice() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    model = ScriptedModel({"a": [[fails(ErrorKind.FIRST_TOKEN_TIMEOUT)]]})
    outcome = await passing(clock, desk(model, door).answer(request(provider("a", retries=2), timeouts=PATIENT)))
    assert outcome.trail == [("a", "failed", "first_token_timeout")]
