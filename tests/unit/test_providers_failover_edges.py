"""The attempt loop at its edges: its own time limits, cancellation, the seam for breakers, anything at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answering import Desk, Outcome, request
from tests.support.scripted_model import ScriptedModel, Step, provider, says
from workbench.config.values import OnBrokenStream
from workbench.core.clock import SystemClock
from workbench.core.events import AttemptEnded, AttemptStarted, Event
from workbench.providers.calling.classification import CAUSES
from workbench.providers.resilience.admission import Admitted, Ask, Full, OpenAdmission
from workbench.providers.routing.order import Candidate, Skipped
from workbench.providers.values import (
    Answered,
    Attempt,
    AttemptFailure,
    ErrorKind,
    Finish,
    ModelCall,
    ModelPart,
    TextPart,
    Timeouts,
    ToolCall,
    ToolPart,
)

GOOD = says("fine", " answer")


def fails(kind: ErrorKind, *, status: int | None = None, retry_after_s: float | None = None) -> AttemptFailure:
    return AttemptFailure(kind, f"it {kind.value}", cause=CAUSES[kind], http_status=status, retry_after_s=retry_after_s)


async def test_the_total_limit_is_the_providers_own_when_it_has_one() -> None:
    slow: list[Step] = [step for _ in range(100) for step in (TextPart(text="x"), 0.02)]
    model = ScriptedModel({"a": [slow]})
    asked = request(replace(provider("a"), timeout_s=0.2), on_broken_stream=OnBrokenStream.STOP)
    outcome = await Desk(model, clock=SystemClock()).answer(asked)
    assert outcome.trail == [("a", "failed", "timeout")]
    assert "0.2 s" in outcome.answered.reason


async def test_a_slow_reader_is_not_a_stalled_provider() -> None:
    model = ScriptedModel({"a": [says("one", "two", "three")]})
    desk = Desk(model, clock=SystemClock())
    seen: list[object] = []
    async with aclosing(desk.failover.answer(request(provider("a"), timeouts=Timeouts(stall_s=0.05)))) as parts:
        async for part in parts:
            seen.append(part)
            await asyncio.sleep(0.1)
    assert isinstance(seen[-1], Answered)
    assert seen[-1].complete


@pytest.mark.parametrize("first", [[], [TextPart(text="I write it")]])
async def test_a_long_tool_call_is_no_silence(first: list[Step]) -> None:
    slow: list[Step] = [step for _ in range(8) for step in (ToolPart(), 0.1)]
    call = ToolCall(id="1", name="write", arguments="{}")
    model = ScriptedModel({"a": [[*first, *slow, Finish(reason="tool_calls", tool_calls=(call,))]]})
    outcome = await Desk(model, clock=SystemClock()).answer(request(provider("a")))
    assert outcome.trail == [("a", "ok", None)]
    assert outcome.answered.tool_calls == (call,)


async def _until_text(desk: Desk, model: ScriptedModel, how: str) -> None:
    asked = request(provider("a"), provider("b", priority=2))

    async def read() -> None:
        async with aclosing(desk.failover.answer(asked)) as parts:
            async for part in parts:
                if how == "close" and isinstance(part, TextPart):
                    return

    reading = asyncio.create_task(read())
    while not model.calls:
        await asyncio.sleep(0)
    if how == "cancel":
        await asyncio.sleep(0.05)
        reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert len(model.calls) == 1


@pytest.mark.parametrize("how", ["close", "cancel"])
@pytest.mark.parametrize("script", [[TextPart(text="x"), 10.0], [10.0]])
async def test_cancelling_ends_the_attempt_as_cancelled(how: str, script: list[Step]) -> None:
    if how == "close" and not isinstance(script[0], TextPart):
        how = "cancel"
    model = ScriptedModel({"a": [script], "b": [GOOD]})
    desk = Desk(model)
    await _until_text(desk, model, how)
    assert model.closed == 1
    assert (desk.recorded.rows[0].state, desk.recorded.rows[0].error_kind) == ("cancelled", "cancelled")
    assert [event.data()["state"] for event in desk.events(AttemptEnded)] == ["cancelled"]


class Doorman(OpenAdmission):
    """An admission that turns `a` away and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, ErrorKind | None]] = []
        self.out = 0

    async def admit(self, candidate: Candidate, ask: Ask, *, early_probe: bool = False) -> Admitted | Skipped | Full:
        del ask, early_probe
        if candidate.provider.name == "a":
            return Skipped(provider="a", model=candidate.model, kind=ErrorKind.BREAKER_OPEN, reason="resting for 3 s")
        self.out += 1
        return Admitted(api_key=candidate.provider.api_keys[0], key_ref="key-7")

    def record(
        self, candidate: Candidate, admitted: Admitted, attempt: Attempt, failure: AttemptFailure | None
    ) -> None:
        assert admitted.key_ref == "key-7"
        self.out -= 1
        self.told.append((candidate.provider.name, attempt.state, failure.kind if failure else None))


async def test_the_seam_for_breakers_limits_and_keys() -> None:
    doorman = Doorman()
    model = ScriptedModel({"b": [[fails(ErrorKind.SERVER_ERROR)]], "c": [GOOD]})
    desk = Desk(model, admission=doorman)
    outcome = await desk.answer(request(provider("a"), provider("b", priority=2), provider("c", priority=3)))
    assert outcome.trail == [
        ("a", "skipped", "breaker_open"), ("b", "failed", "server_error"), ("c", "ok", None),
    ]  # fmt: skip
    assert doorman.told == [("b", "failed", ErrorKind.SERVER_ERROR), ("c", "ok", None)]
    assert doorman.out == 0
    assert desk.recorded.keys == {1: "key-7", 2: "key-7"}


async def test_a_cancelled_attempt_is_given_back() -> None:
    doorman = Doorman()
    model = ScriptedModel({"b": [[10.0]]})
    desk = Desk(model, admission=doorman)
    reading = asyncio.create_task(desk.answer(request(provider("b"))))
    while not model.calls:
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert (doorman.told, doorman.out) == ([("b", "cancelled", None)], 0)


async def test_a_bug_in_a_client_is_an_attempt_that_failed(caplog: pytest.LogCaptureFixture) -> None:
    class Buggy(ScriptedModel):
        async def stream(self, call: ModelCall) -> AsyncGenerator[ModelPart, None]:
            if call.messages:
                raise RuntimeError("a bug")
            yield Finish(reason=None)

    outcome = await Desk(Buggy({})).answer(request(provider("a")))
    assert outcome.trail == [("a", "failed", "internal")]
    assert "RuntimeError" in outcome.answered.reason
    assert "a bug" in caplog.text


step = st.one_of(
    st.builds(TextPart, text=st.sampled_from(["", " ", "word"]), reasoning=st.booleans()),
    st.sampled_from([fails(kind) for kind in (ErrorKind.CONNECTION, ErrorKind.AUTH, ErrorKind.RATE_LIMITED)]),
    st.builds(Finish, reason=st.sampled_from([None, "stop", "length", "error"])),
)
script = st.lists(step, max_size=5).map(
    lambda steps: steps[: next((i + 1 for i, each in enumerate(steps) if isinstance(each, Finish)), len(steps))]
)


@settings(max_examples=200, deadline=None)
@given(
    scripts=st.lists(script, min_size=1, max_size=4), policy=st.sampled_from(OnBrokenStream), retries=st.integers(0, 2)
)
def test_whatever_providers_do(scripts: list[list[Step]], policy: OnBrokenStream, retries: int) -> None:
    """One result; the text that stands is one provider's; a cut answer is never a whole one."""

    async def run() -> tuple[Outcome, list[Event]]:
        all_providers = [provider(f"p{place}", priority=place + 1, retries=retries) for place in range(len(scripts))]
        model = ScriptedModel({each.name: [steps] for each, steps in zip(all_providers, scripts, strict=True)})
        desk = Desk(model)
        outcome = await desk.answer(request(*all_providers, on_broken_stream=policy))
        assert model.closed == len(model.calls)
        return outcome, desk.subscription.drain()

    outcome, events = asyncio.run(run())
    answered = outcome.answered
    by_name = {f"p{place}": steps for place, steps in enumerate(scripts)}
    if answered.complete:
        assert answered.provider is not None
        steps = by_name[answered.provider]
        own = "".join(each.text for each in steps if isinstance(each, TextPart) and not each.reasoning)
        # A seam is told of; without one the text is one provider's.
        assert outcome.text.endswith(own) if "Continued" in outcome.order else outcome.text == own
        assert isinstance(steps[-1], Finish)
        assert steps[-1].reason in ("stop", "length")
        assert not any(isinstance(each, AttemptFailure) for each in steps)
    else:
        assert answered.reason
    assert [attempt.ord for attempt in answered.attempts] == list(range(len(answered.attempts)))
    assert all(attempt.state in ("ok", "failed") for attempt in answered.attempts)
    started = [event for event in events if isinstance(event, AttemptStarted)]
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    assert len(started) == len(ended) == len(answered.attempts)
    assert all(not (a == b == "Answering") for a, b in pairwise(outcome.order))
