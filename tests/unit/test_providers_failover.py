"""The attempt loop against a scripted model: order, limits, retries, broken streams, cancellation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.answering import Desk, Outcome, request
from tests.support.scripted_model import ScriptedModel, Step, fails, provider, says
from workbench.config.values import OnBrokenStream
from workbench.core.clock import ManualClock
from workbench.core.events import AttemptEnded, AttemptStarted, FirstToken, RouteChosen
from workbench.providers.answering.broken import SMALL_TEXT, resume_by_itself
from workbench.providers.values import (
    BrokenStream,
    ErrorKind,
    Finish,
    Resume,
    TextPart,
    Timeouts,
    ToolCall,
)

GOOD = says("fine", " answer")


async def two(first: list[Step], second: list[Step] = GOOD, **more: object) -> tuple[Outcome, Desk, ScriptedModel]:
    model = ScriptedModel({"a": [first], "b": [second]})
    desk = Desk(model)
    outcome = await desk.answer(request(provider("a"), provider("b", priority=2), **more))
    return outcome, desk, model


async def test_a_good_answer() -> None:
    outcome, desk, model = await two(GOOD)
    assert outcome.text == "fine answer"
    assert outcome.order == ["Answering", "TextPart", "Answered"]
    assert outcome.trail == [("a", "ok", None)]
    answered = outcome.answered
    assert (answered.complete, answered.provider, answered.model, answered.finish_reason) == (True, "a", "a-1", "stop")
    assert (answered.usage.input_tokens, answered.usage.output_tokens) == (3, 5)
    assert model.closed == 1
    events = desk.subscription.drain()
    assert [type(event) for event in events] == [RouteChosen, AttemptStarted, FirstToken, AttemptEnded]
    assert {(event.correlation, event.conversation_id) for event in events} == {("turn-1", "conversation-1")}
    assert desk.recorded.rows[0] == answered.attempts[0]
    assert desk.recorded.keys == {0: "key-1"}


BEFORE_TEXT: list[tuple[list[Step], ErrorKind]] = [
    ([fails(ErrorKind.RATE_LIMITED, status=429)], ErrorKind.RATE_LIMITED),
    ([fails(ErrorKind.SERVER_ERROR, status=500)], ErrorKind.SERVER_ERROR),
    ([fails(ErrorKind.AUTH, status=401)], ErrorKind.AUTH),
    ([fails(ErrorKind.CONTEXT_WINDOW, status=400)], ErrorKind.CONTEXT_WINDOW),
    ([fails(ErrorKind.CONNECTION)], ErrorKind.CONNECTION),
    ([Finish(reason=None)], ErrorKind.EMPTY),
    ([Finish(reason="stop")], ErrorKind.EMPTY),
    ([TextPart(text=" \n"), Finish(reason="stop")], ErrorKind.EMPTY),
    ([Finish(reason="content_filter")], ErrorKind.CONTENT_POLICY),
    ([10.0], ErrorKind.FIRST_TOKEN_TIMEOUT),
    ([TextPart(text=""), 10.0], ErrorKind.FIRST_TOKEN_TIMEOUT),
    ([], ErrorKind.EMPTY),
]


@pytest.mark.parametrize(("script", "kind"), BEFORE_TEXT)
@pytest.mark.parametrize("policy", OnBrokenStream)
async def test_before_the_first_token_the_next_one_answers_once(
    script: list[Step], kind: ErrorKind, policy: OnBrokenStream
) -> None:
    outcome, _, model = await two(script, timeouts=Timeouts(first_token_s=0.1, stall_s=0.1), on_broken_stream=policy)
    assert outcome.text == "fine answer"
    assert outcome.trail == [("a", "failed", kind.value), ("b", "ok", None)]
    assert outcome.answered.complete
    assert [call.provider.name for call in model.calls] == ["a", "b"]
    assert model.closed == 2


AFTER_TEXT: list[tuple[list[Step], ErrorKind]] = [
    ([TextPart(text="half an"), Finish(reason=None)], ErrorKind.BROKEN_STREAM),
    ([TextPart(text="half an"), Finish(reason="error")], ErrorKind.BROKEN_STREAM),
    ([TextPart(text="half an")], ErrorKind.BROKEN_STREAM),
    ([TextPart(text="half an"), fails(ErrorKind.CONNECTION)], ErrorKind.BROKEN_STREAM),
    ([TextPart(text="half an"), fails(ErrorKind.SERVER_ERROR)], ErrorKind.BROKEN_STREAM),
    ([TextPart(text="half an"), 10.0], ErrorKind.STALLED),
]


@pytest.mark.parametrize(("script", "kind"), AFTER_TEXT)
async def test_restart_replaces_the_broken_text(script: list[Step], kind: ErrorKind) -> None:
    limits = Timeouts(first_token_s=0.1, stall_s=0.1)
    outcome, _, _ = await two(script, timeouts=limits, on_broken_stream=OnBrokenStream.RESTART)
    assert outcome.order == ["Answering", "TextPart", "Restarted", "Answering", "TextPart", "Answered"]
    assert (outcome.voided, outcome.text) == (["half an"], "fine answer")
    assert outcome.trail == [("a", "failed", kind.value), ("b", "ok", None)]


@pytest.mark.parametrize(("script", "kind"), AFTER_TEXT)
async def test_stop_keeps_what_came(script: list[Step], kind: ErrorKind) -> None:
    limits = Timeouts(first_token_s=0.1, stall_s=0.1)
    outcome, desk, model = await two(script, timeouts=limits, on_broken_stream=OnBrokenStream.STOP)
    answered = outcome.answered
    assert (outcome.text, outcome.voided) == ("half an", [])
    assert (answered.complete, answered.provider, answered.finish_reason) == (False, "a", None)
    assert not answered.unreachable
    assert answered.reason
    assert outcome.trail == [("a", "failed", kind.value)]
    assert len(model.calls) == 1
    assert [event.data()["next_step"] for event in desk.events(AttemptEnded)] == ["stop: what came is kept"]


async def test_ask_without_a_person_restarts_only_while_little_is_lost() -> None:
    small, _, _ = await two([TextPart(text="x" * (SMALL_TEXT - 1))], on_broken_stream=OnBrokenStream.ASK)
    large, _, _ = await two([TextPart(text="x" * SMALL_TEXT)], on_broken_stream=OnBrokenStream.ASK)
    assert small.answered.complete
    assert not large.answered.complete
    assert large.text == "x" * SMALL_TEXT


async def anybody(broken: BrokenStream) -> Resume:
    del broken
    return Resume.KEEP


@given(policy=st.sampled_from(OnBrokenStream), characters=st.integers(1, 10_000), person=st.booleans())
def test_every_policy_has_an_answer(policy: OnBrokenStream, characters: int, person: bool) -> None:
    asked = request(on_broken_stream=policy, decide=anybody if person else None)
    resume = resume_by_itself(asked, characters)
    assert (resume is None) is (policy is OnBrokenStream.ASK and person)
    assert (resume is Resume.CONTINUE) is (policy is OnBrokenStream.CONTINUE)
    assert resume_by_itself(replace(asked, tool_has_run=True), characters) is Resume.KEEP


async def test_broken_text_stands_when_nobody_else_answers() -> None:
    outcome, _, model = await two([TextPart(text="half an")], [fails(ErrorKind.SERVER_ERROR, status=500)])
    assert (outcome.text, outcome.voided) == ("half an", [])
    answered = outcome.answered
    assert (answered.complete, answered.provider) == (False, "a")
    assert "broke off in mid-answer" in answered.reason
    # After its first token a provider is not asked again.
    assert [call.provider.name for call in model.calls] == ["a", "b"]


async def test_lost_reasoning_alone_is_no_answer_to_keep() -> None:
    broken: list[Step] = [TextPart(text="let me think", reasoning=True), Finish(reason=None)]
    outcome, _, _ = await two(broken, on_broken_stream=OnBrokenStream.STOP)
    assert outcome.answered.complete
    assert outcome.text == "fine answer"
    assert outcome.trail[0] == ("a", "failed", "empty")


async def test_length_is_whole_and_a_tool_call_needs_no_text() -> None:
    outcome, _, _ = await two([TextPart(text="long"), Finish(reason="length")])
    assert (outcome.answered.complete, outcome.answered.finish_reason) == (True, "length")
    outcome, _, _ = await two(
        [Finish(reason="tool_calls", tool_calls=(ToolCall(id="1", name="clock", arguments="{}"),))]
    )
    assert (outcome.answered.complete, outcome.answered.finish_reason) == (True, "tool_calls")


async def test_all_failed() -> None:
    outcome, _, _ = await two([fails(ErrorKind.AUTH, status=401)], [fails(ErrorKind.CONNECTION)])
    answered = outcome.answered
    assert (answered.complete, answered.provider, answered.unreachable) == (False, None, False)
    assert answered.reason == "no provider answered: a: 401, it auth; b: connection, it connection"


@pytest.mark.parametrize("kind", [ErrorKind.CONNECTION, ErrorKind.TIMEOUT, ErrorKind.FIRST_TOKEN_TIMEOUT])
async def test_unreachable_when_nobody_could_be_reached(kind: ErrorKind) -> None:
    outcome, _, _ = await two([fails(kind)], [fails(ErrorKind.CONNECTION)])
    assert outcome.answered.unreachable


async def test_nobody_to_ask() -> None:
    desk = Desk(ScriptedModel({}))
    outcome = await desk.answer(request(replace(provider("a"), api_keys=(), missing_keys=("A_KEY",))))
    assert outcome.trail == [("a", "skipped", "no_key")]
    assert outcome.answered.reason == "no provider can be asked: a: no_key, no key, A_KEY is not set"
    assert not outcome.answered.unreachable
    nobody = await Desk(ScriptedModel({})).answer(request())
    assert nobody.answered.reason == "no provider can be asked: none is configured"


async def test_the_skipped_have_rows_and_events() -> None:
    desk = Desk(ScriptedModel({"b": [GOOD]}))
    outcome = await desk.answer(request(replace(provider("a"), enabled=False), provider("b")))
    assert outcome.trail == [("a", "skipped", "disabled"), ("b", "ok", None)]
    assert desk.recorded.rows[0].state == "skipped"
    events = desk.subscription.drain()
    ended = [event for event in events if isinstance(event, AttemptEnded)]
    assert next((event.provider, event.state, event.reason) for event in ended) == (
        "a", "skipped", "switched off in the configuration",
    )  # fmt: skip
    route = next(event for event in events if isinstance(event, RouteChosen))
    assert (route.order, dict(route.skipped)) == (("b/b-1",), {"a": "switched off in the configuration"})


async def test_the_same_provider_is_asked_again_when_nobody_else_is_left() -> None:
    busy = [fails(ErrorKind.SERVER_ERROR, status=500)]
    model = ScriptedModel({"a": [busy, GOOD]})
    desk = Desk(model)
    outcome = await desk.answer(request(provider("a", retries=2)))
    assert outcome.trail == [("a", "failed", "server_error"), ("a", "ok", None)]
    steps = [event.data()["next_step"] for event in desk.events(AttemptEnded)]
    assert str(steps[0]).startswith("retry in 0.")


async def test_another_provider_comes_before_any_waiting() -> None:
    clock = ManualClock()
    model = ScriptedModel({"a": [[fails(ErrorKind.RATE_LIMITED, status=429, retry_after_s=5.0)], GOOD], "b": [GOOD]})
    desk = Desk(model, clock=clock)
    outcome = await desk.answer(request(provider("a", retries=2), provider("b", priority=2)))
    assert outcome.answered.provider == "b"
    assert clock.monotonic() == 0.0


async def test_retry_after_is_obeyed_when_there_is_nobody_else() -> None:
    clock = ManualClock()
    model = ScriptedModel({"a": [[fails(ErrorKind.RATE_LIMITED, status=429, retry_after_s=3.0)], GOOD]})
    outcome = await Desk(model, clock=clock).answer(request(provider("a", retries=1)))
    assert outcome.answered.complete
    assert 3.0 <= clock.monotonic() <= 4.0


async def test_nobody_waits_longer_than_the_whole_answer_may_take() -> None:
    clock = ManualClock()
    model = ScriptedModel({"a": [[fails(ErrorKind.RATE_LIMITED, status=429, retry_after_s=30.0)], GOOD]})
    outcome = await Desk(model, clock=clock).answer(request(provider("a", retries=1)))
    assert not outcome.answered.complete
    assert clock.monotonic() == 0.0


@pytest.mark.parametrize("kind", [ErrorKind.AUTH, ErrorKind.BAD_REQUEST, ErrorKind.QUOTA])
async def test_no_retry_where_nothing_would_change(kind: ErrorKind) -> None:
    model = ScriptedModel({"a": [[fails(kind, status=400)]]})
    outcome = await Desk(model).answer(request(provider("a", retries=5)))
    assert len(outcome.trail) == len(model.calls) == 1


async def test_retries_are_at_most_a_fifth_of_many_requests() -> None:
    model = ScriptedModel({"a": [[fails(ErrorKind.SERVER_ERROR, status=500)]]})
    desk = Desk(model)
    turns = 100
    for _ in range(turns):
        await desk.answer(request(provider("a", retries=2)))
    assert turns < len(model.calls) <= turns * 1.2 + 25


async def test_attempts_of_one_turn_are_bounded() -> None:
    many = [provider(f"p{place}", priority=place + 1) for place in range(30)]
    model = ScriptedModel({each.name: [[fails(ErrorKind.SERVER_ERROR)]] for each in many})
    off = [replace(provider(f"off{place}"), enabled=False) for place in range(30)]
    outcome = await Desk(model).answer(request(*off, *many))
    assert len(model.calls) == 20
    assert not outcome.answered.complete


async def test_without_fallback_nobody_else_is_asked() -> None:
    outcome, _, model = await two([fails(ErrorKind.AUTH, status=401)], fallback=False)
    assert not outcome.answered.complete
    assert [call.provider.name for call in model.calls] == ["a"]


async def test_pinned_provider_and_model() -> None:
    outcome, _, model = await two(GOOD, pinned_provider="b", pinned_model="b-9")
    assert (outcome.answered.provider, model.calls[0].model) == ("b", "b-9")
