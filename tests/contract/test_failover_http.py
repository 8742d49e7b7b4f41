"""The attempt loop over real HTTP: whatever the first provider does, the second one's text arrives exactly once."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import pytest

from tests.support.answering import Desk, request
from tests.support.doubles import (
    Behaviour,
    FaultyProvider,
    closed_port,
    content_policy,
    context_window,
    cut,
    empty_stop,
    endless,
    eventually,
    garbage,
    hostile_error,
    html,
    in_band_error,
    keep_alive_only,
    ok,
    quota,
    rate_limited,
    reset,
    reset_at_once,
    server_error,
    silence,
    stall,
    unauthorized,
)
from workbench.config.values import OnBrokenStream, Provider
from workbench.core.clock import SystemClock
from workbench.core.events import AttemptEnded
from workbench.core.secret import Secret
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.scripted.demonstration import BROKEN, LIMITED, STEADY, DemonstrationServer
from workbench.providers.values import Restarted, TextPart, Timeouts

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM.
    pytest.mark.timeout(60),
]

KEY = Secret("canary-77aa88bb99cc00dd")
LIMITS = Timeouts(first_token_s=0.8, stall_s=0.5, total_s=5.0)
SECOND = ("The second ", "one answers.")


def at(name: str, double: FaultyProvider | str, priority: int = 1, retries: int = 2) -> Provider:
    base_url = double if isinstance(double, str) else double.base_url
    return Provider(
        name=name, kind="openai-compatible", base_url=base_url, models=(f"{name}-model",), api_keys=(KEY,),
        priority=priority, max_retries=retries,
    )  # fmt: skip


BEFORE: dict[str, tuple[Behaviour, str, int | None]] = {
    "429": (rate_limited("600"), "rate_limited", 429),
    "429, later is soon": (rate_limited("1"), "rate_limited", 429),
    "500": (server_error(), "server_error", 500),
    "401": (unauthorized(), "auth", 401),
    "402": (quota(), "quota", 402),
    "html": (html(), "empty", None),
    "empty": (empty_stop(), "empty", None),
    "garbage": (garbage(), "broken_stream", None),
    "silence": (silence(), "first_token_timeout", None),
    "keep-alive only": (keep_alive_only(), "first_token_timeout", None),
    "reset": (reset_at_once(), "connection", None),
    "cut before text": (cut(0), "empty", None),
    "context window": (context_window(), "context_window", 400),
    "policy": (content_policy(), "content_policy", 400),
    "hostile": (hostile_error(size=100_000), "bad_request", 400),
}

AFTER: dict[str, tuple[Behaviour, str]] = {
    "cut, chunked": (cut(2), "broken_stream"),
    "cut, close-delimited": (cut(2, chunked=False), "broken_stream"),
    "done without finish": (cut(2, done=True), "broken_stream"),
    "rst, chunked": (reset(2), "broken_stream"),
    "rst, close-delimited": (reset(2, chunked=False), "broken_stream"),
    "garbage": (garbage(2), "broken_stream"),
    "error inside": (in_band_error(2), "broken_stream"),
    "stall": (stall(2), "stalled"),
}


@pytest.mark.parametrize("name", BEFORE)
async def test_before_the_first_token(client: LiteLLMClient, name: str) -> None:
    behaviour, kind, http_status = BEFORE[name]
    async with FaultyProvider(behaviour) as first, FaultyProvider(ok(SECOND)) as second:
        desk = Desk(client, clock=SystemClock())
        began = time.monotonic()
        outcome = await desk.answer(request(at("a", first), at("b", second, 2), timeouts=LIMITS))
        took = time.monotonic() - began
        assert outcome.text == "The second one answers."
        assert outcome.voided == []
        assert outcome.trail == [("a", "failed", kind), ("b", "ok", None)]
        assert outcome.answered.complete
        failed = outcome.answered.attempts[0]
        assert failed.http_status == http_status
        assert failed.first_token_ms is None
        assert failed.reason
        assert KEY.reveal() not in repr(outcome.answered) + repr(desk.subscription.drain())
        assert (len(first.calls), len(second.calls)) == (1, 1)
        await eventually(lambda: first.calls[0].over)
        # Only what is waited for takes time.
        assert took < (LIMITS.first_token_s if kind == "first_token_timeout" else 0.0) + 1.5


@pytest.mark.parametrize("name", AFTER)
async def test_after_the_first_token_restart(client: LiteLLMClient, name: str) -> None:
    behaviour, kind = AFTER[name]
    async with FaultyProvider(behaviour) as first, FaultyProvider(ok(SECOND)) as second:
        desk = Desk(client, clock=SystemClock())
        asked = request(at("a", first), at("b", second, 2), timeouts=LIMITS, on_broken_stream=OnBrokenStream.RESTART)
        outcome = await desk.answer(asked)
        assert (outcome.voided, outcome.text) == (["Hello from "], "The second one answers.")
        assert outcome.order == ["Answering", "TextPart", "Restarted", "Answering", "TextPart", "Answered"]
        assert outcome.trail == [("a", "failed", kind), ("b", "ok", None)]
        assert outcome.answered.provider == "b"
        assert (len(first.calls), len(second.calls)) == (1, 1)
        await eventually(lambda: first.calls[0].over)


@pytest.mark.parametrize("name", AFTER)
async def test_after_the_first_token_stop(client: LiteLLMClient, name: str) -> None:
    behaviour, kind = AFTER[name]
    async with FaultyProvider(behaviour) as first, FaultyProvider(ok(SECOND)) as second:
        asked = request(at("a", first), at("b", second, 2), timeouts=LIMITS, on_broken_stream=OnBrokenStream.STOP)
        outcome = await Desk(client, clock=SystemClock()).answer(asked)
        answered = outcome.answered
        assert outcome.text == "Hello from "
        assert (answered.complete, answered.provider, answered.finish_reason) == (False, "a", None)
        assert outcome.trail == [("a", "failed", kind)]
        assert second.calls == []
        await eventually(lambda: first.calls[0].over)


async def test_nobody_listens_anywhere(client: LiteLLMClient) -> None:
    nowhere = [f"http://127.0.0.1:{closed_port()}/v1" for _ in range(2)]
    asked = request(at("a", nowhere[0], retries=0), at("b", nowhere[1], 2, retries=0), timeouts=LIMITS)
    outcome = await Desk(client, clock=SystemClock()).answer(asked)
    assert outcome.answered.unreachable
    assert outcome.answered.reason == (
        "no provider answered: a: connection, connection refused; b: connection, connection refused"
    )


async def test_the_same_provider_again_when_it_is_the_only_one(client: LiteLLMClient) -> None:
    async with FaultyProvider(server_error(503), rate_limited("0.1"), ok(SECOND)) as only:
        desk = Desk(client, clock=SystemClock())
        outcome = await desk.answer(request(at("a", only), timeouts=LIMITS))
        assert outcome.text == "The second one answers."
        assert outcome.trail == [("a", "failed", "server_error"), ("a", "failed", "rate_limited"), ("a", "ok", None)]
        gaps = [later.at - earlier.at for earlier, later in zip(only.calls, only.calls[1:], strict=False)]
        assert gaps[0] >= 0.25
        assert gaps[1] >= 0.1


async def test_the_whole_answer_has_a_limit_though_text_keeps_coming(client: LiteLLMClient) -> None:
    limits = Timeouts(first_token_s=0.8, stall_s=0.5, total_s=0.7)
    async with FaultyProvider(endless(0.02)) as double:
        asked = request(at("a", double), timeouts=limits, on_broken_stream=OnBrokenStream.STOP)
        outcome = await Desk(client, clock=SystemClock()).answer(asked)
        assert outcome.trail == [("a", "failed", "timeout")]
        assert not outcome.answered.complete
        assert outcome.text.startswith("Hello from the double.")
        await eventually(lambda: double.calls[0].closed_at)


async def test_a_slow_start_within_the_limits_is_no_failure(client: LiteLLMClient) -> None:
    async with FaultyProvider(ok(SECOND, first_delay_s=0.4, delay_s=0.3)) as double:
        outcome = await Desk(client, clock=SystemClock()).answer(request(at("a", double), timeouts=LIMITS))
        assert outcome.trail == [("a", "ok", None)]
        first_token_ms = outcome.answered.attempts[0].first_token_ms
        assert first_token_ms is not None
        assert 350 <= first_token_ms < 800


@pytest.mark.parametrize("behaviour", [silence(), endless()])
async def test_cancelling_the_turn_closes_the_connection(client: LiteLLMClient, behaviour: Behaviour) -> None:
    async with FaultyProvider(behaviour) as first, FaultyProvider(ok(SECOND)) as second:
        desk = Desk(client, clock=SystemClock())
        turn = asyncio.create_task(desk.answer(request(at("a", first), at("b", second, 2))))
        await eventually(lambda: first.calls)
        cancelled = time.monotonic()
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        await eventually(lambda: first.calls[0].closed_at)
        closed = first.calls[0].closed_at
        assert closed is not None
        assert closed - cancelled < 0.5
        assert desk.recorded.rows[0].state == "cancelled"
        assert [event.data()["state"] for event in desk.events(AttemptEnded)] == ["cancelled"]
        assert second.calls == []


async def test_leaving_in_the_middle_closes_the_connection(client: LiteLLMClient) -> None:
    async with FaultyProvider(endless()) as double:
        desk = Desk(client, clock=SystemClock())
        async with aclosing(desk.failover.answer(request(at("a", double)))) as parts:
            async for part in parts:
                if isinstance(part, TextPart):
                    break
        await eventually(lambda: double.calls[0].closed_at, within_s=1.0)
        assert desk.recorded.rows[0].state == "cancelled"


async def test_the_demonstration_tells_its_whole_story_on_the_first_prompt(client: LiteLLMClient) -> None:
    server = DemonstrationServer(words_per_s=0)
    scripted = await server.start()
    try:
        assert [(each.name, each.priority, each.scripted) for each in scripted] == [
            (LIMITED, 1, True),
            (BROKEN, 2, True),
            (STEADY, 3, True),
        ]
        assert all("scripted" in each.name for each in scripted)
        desk = Desk(client, clock=SystemClock())
        for turn in range(3):
            outcome = await desk.answer(request(*scripted))
            assert outcome.trail == [
                (LIMITED, "failed", "rate_limited"),
                (BROKEN, "failed", "broken_stream"),
                (STEADY, "ok", None),
            ]
            assert outcome.order.count(Restarted.__name__) == 1
            assert "scripted" in outcome.text.lower()
            assert turn > 0 or "OPENAI_API_KEY" in outcome.text
            assert outcome.answered.complete
        fourth = await desk.answer(request(*scripted))
        assert fourth.trail == [(LIMITED, "ok", None)]
    finally:
        await server.stop()
        await server.stop()


async def test_the_demonstration_says_what_really_happened(client: LiteLLMClient) -> None:
    server = DemonstrationServer(words_per_s=0)
    scripted = await server.start()
    try:
        desk = Desk(client, clock=SystemClock())
        straight = await desk.answer(request(*scripted, pinned_provider=STEADY))
        assert "Nothing went wrong" in straight.text
        after_failures = await desk.answer(request(*scripted))
        assert "429" in after_failures.text
    finally:
        await server.stop()
