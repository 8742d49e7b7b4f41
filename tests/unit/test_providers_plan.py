"""What is left to try stays within bounds: probes without a place, keys whose rest takes no time, named fallbacks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.admitting import Door, configured, failed
from tests.support.answering import Desk, Outcome, request
from tests.support.scripted_model import ScriptedModel, fails, provider, says
from tests.support.stepped_clock import SteppedClock
from workbench.config.values import Provider
from workbench.core.clock import ManualClock
from workbench.core.provider_events import RequestWaiting
from workbench.providers.answering.plan import MAX_ATTEMPTS
from workbench.providers.resilience.admission import Admitted, Ask, Full, OpenAdmission
from workbench.providers.resilience.values import BreakerState, BreakerView
from workbench.providers.routing.order import Candidate, Route, Skipped
from workbench.providers.routing.router import Measured, Router
from workbench.providers.values import AnswerRequest, Attempt, AttemptFailure, ErrorKind, Timeouts

A, B, C = (provider(name, priority=place) for place, name in enumerate("abc"))
PATIENT = Timeouts(first_token_s=1.0, stall_s=1.0, total_s=20.0)


async def passing(clock: SteppedClock, answer: asyncio.Task[Outcome]) -> Outcome:
    """The answer, after as much time as it takes."""
    for _ in range(400):
        if answer.done():
            return answer.result()
        await clock.pass_time(0.1)
    raise AssertionError("the turn does not end")


async def resting_behind_an_open_breaker(door: Door, rest_s: float) -> ScriptedModel:
    """A provider whose breaker is open and whose one key rests."""
    leaves = [await door.admitted(A) for _ in range(6)]
    for leave in leaves[1:]:
        door.end(A, leave, failed("server_error", status=500))
    door.end(A, leaves[0], failed("rate_limited", status=429, retry_after_s=rest_s))
    return ScriptedModel({"a": [says("fine")]})


async def test_a_probe_that_finds_no_place_waits_for_it_and_blocks_nobody() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    model = await resting_behind_an_open_breaker(door, 3.0)
    desk = Desk(model, clock=clock, admission=door.admission)
    outcome = await passing(clock, asyncio.create_task(desk.answer(request(A, timeouts=PATIENT))))
    assert outcome.text == "fine"
    # Passed over twice, for each reason once, however often it was looked at.
    assert outcome.trail == [
        ("a", "skipped", "breaker_open"), ("a", "skipped", "rate_limited"), ("a", "ok", None),
    ]  # fmt: skip
    (waiting,) = [event for event in desk.events(RequestWaiting) if isinstance(event, RequestWaiting)]
    assert "a has no place for a probe: its key" in waiting.reason


async def test_a_probe_that_never_finds_a_place_is_given_up_in_time() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    model = await resting_behind_an_open_breaker(door, 50.0)
    desk = Desk(model, clock=door.clock, admission=door.admission)
    began_s = door.clock.monotonic()
    # The breaker's own time comes meanwhile, and then the queue is where it waits.
    outcome = await passing(clock, asyncio.create_task(desk.answer(request(A, timeouts=PATIENT, wait_s=5.0))))
    assert (outcome.text, model.calls) == ("", [])
    assert door.clock.monotonic() - began_s <= PATIENT.total_s + 1


@pytest.mark.parametrize(("keys", "requests"), [(1, 2), (2, 3), (3, 4)])
async def test_a_key_whose_rest_takes_no_time_is_not_asked_over_and_over(keys: int, requests: int) -> None:
    door = Door(clock=ManualClock())
    busy = configured("a", keys=keys, max_retries=1)
    model = ScriptedModel({"a": [[fails(ErrorKind.RATE_LIMITED, status=429, retry_after_s=0.0)]]})
    outcome = await Desk(model, clock=door.clock, admission=door.admission).answer(request(busy))
    assert not outcome.answered.complete
    # Each key once, and one retry.
    assert len(model.calls) == requests
    assert len({call.api_key.reveal() for call in model.calls[:keys] if call.api_key is not None}) == keys


async def test_named_fallbacks_are_asked_once_each() -> None:
    model = ScriptedModel({name: [[fails(ErrorKind.CONTEXT_WINDOW, status=400)]] for name in "abc"})
    outcome = await Desk(model).answer(request(A, B, C, context_window_fallback=("b", "c")))
    assert [call.provider.name for call in model.calls] == ["a", "b", "c"]
    assert not outcome.answered.complete


async def test_a_retry_that_cannot_be_paid_for_does_not_keep_a_turn_from_waiting_for_a_place() -> None:
    clock = SteppedClock()
    door = Door(clock=clock)
    flaky = provider("a", retries=1)
    narrow = configured("b", keys=1, max_concurrent=1)
    leave = await door.admitted(narrow)
    model = ScriptedModel({"a": [[fails(ErrorKind.SERVER_ERROR, status=500)]], "b": [says("fine")]})
    desk = Desk(model, clock=door.clock, admission=door.admission)
    while desk.failover.budget.spend(door.clock.monotonic()):
        pass
    answer = asyncio.create_task(desk.answer(request(flaky, narrow)))
    await clock.pass_time(0.1)
    (waiting,) = door.events()
    assert isinstance(waiting, RequestWaiting)
    assert (waiting.correlation, waiting.conversation_id) == ("turn-1", "conversation-1")
    door.end(narrow, leave)
    outcome = await passing(clock, answer)
    assert outcome.text == "fine"


class Open(Router):
    """Routes a private request to everybody: the boundary has a second wall."""

    async def route(self, request: AnswerRequest, *, take_turn: bool = True) -> tuple[Route, Measured]:
        del take_turn
        candidates = tuple(Candidate(provider=each, model=each.models[0]) for each in request.providers)
        return Route(strategy="open", candidates=candidates, skipped=()), Measured(1, {})


async def test_a_refused_request_takes_no_place() -> None:
    door = Door(clock=ManualClock())
    model = ScriptedModel({"a": [says("fine")]})
    router = Open(clock=door.clock, random=Desk(model).failover.random)
    desk = Desk(model, clock=door.clock, admission=door.admission, router=router)
    with pytest.raises(RuntimeError, match="private"):
        await desk.answer(request(A, private=True))
    assert model.calls == []
    (everybody,) = door.admission.limits(A)
    assert everybody.level == everybody.capacity


class Moody(OpenAdmission):
    """Says anything at any time, and counts what it has let in."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self.out = self.questions = 0

    def _says(self, candidate: Candidate) -> Skipped | Full | None:
        self.questions += 1
        name, model = candidate.provider.name, candidate.model
        kind = self._chance.choice([ErrorKind.BREAKER_OPEN, ErrorKind.DISABLED, ErrorKind.RATE_LIMITED])
        skipped = Skipped(provider=name, model=model, kind=kind, reason="so it is")
        full = Full(reason="no place", ready_in_s=self._chance.choice([None, 0.0, 1.0, 500.0]))
        return self._chance.choice([skipped, skipped, full, full, None])

    def look(self, candidate: Candidate) -> Skipped | Full | None:
        return self._says(candidate)

    def breaker(self, provider: Provider) -> BreakerView:
        return BreakerView(state=self._chance.choice(list(BreakerState)), probe_at_ms=self._chance.choice([None, 1]))

    def another_key(self, candidate: Candidate) -> bool:
        return self._chance.random() < 0.7

    async def wait(self, candidates: Sequence[Candidate], ask: Ask, *, timeout_s: float) -> bool:
        return self._chance.random() < 0.9

    async def admit(self, candidate: Candidate, ask: Ask, *, early_probe: bool = False) -> Admitted | Skipped | Full:
        found = self._says(candidate)
        if found is not None:
            return found
        self.out += 1
        return Admitted(api_key=None)

    def record(
        self, candidate: Candidate, admitted: Admitted, attempt: Attempt, failure: AttemptFailure | None
    ) -> None:
        self.out -= 1


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    kinds=st.lists(
        st.sampled_from([
            ErrorKind.RATE_LIMITED, ErrorKind.AUTH, ErrorKind.CONNECTION, ErrorKind.FIRST_TOKEN_TIMEOUT,
            ErrorKind.CONTEXT_WINDOW, ErrorKind.CONTENT_POLICY,
        ]),
        min_size=1,
        max_size=4,
    ),
)  # fmt: skip
def test_a_turn_ends_whatever_admission_says(seed: int, kinds: list[ErrorKind]) -> None:
    names = [f"p{place}" for place in range(len(kinds))]
    everybody = [replace(configured(name, keys=2), max_retries=2, priority=place) for place, name in enumerate(names)]
    model = ScriptedModel({
        name: [[fails(kind, status=400, retry_after_s=0.0)]] for name, kind in zip(names, kinds, strict=True)
    })  # fmt: skip
    admission = Moody(seed)
    desk = Desk(model, admission=admission, clock=ManualClock(), seed=seed)
    asked = request(
        *everybody, timeouts=PATIENT, context_window_fallback=tuple(names), content_policy_fallback=tuple(names)
    )  # fmt: skip
    outcome = asyncio.run(desk.answer(asked))
    assert not outcome.answered.complete
    assert len(model.calls) <= MAX_ATTEMPTS
    assert admission.out == 0
    assert admission.questions < 5_000
    assert desk.clock.monotonic() <= PATIENT.total_s * 3
