"""Who answers, and what becomes of it, as it looks: the switch, the trace, a broken reply, seams, failure, privacy."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine, provider
from tests.support.snapshots import screen_svg
from workbench.chat.values import Turn
from workbench.config.values import Configuration
from workbench.core import provider_events as pe
from workbench.core.clock import ManualClock
from workbench.providers.health.choices import ModelChoice
from workbench.tui.glyphs import choose_glyphs

WIDE = (140, 42)
SIZES = [pytest.param(size, id=f"{size[0]}x{size[1]}") for size in (WIDE, (80, 24), (40, 12))]

MIXED = Configuration(
    providers=(
        provider("openai", models=("gpt-5-mini", "gpt-5")),
        provider("router", priority=2, models=("gpt-oss-120b",)),
        provider("anthropic", priority=3, models=("claude-sonnet",)),
        provider("local", priority=4, models=("qwen3",), private=True),
        provider("gemini", priority=5, models=("flash",), needs_key=True, missing_keys=("GEMINI_API_KEY",)),
    )
)
"""Healthy, slow, open, resting and keyless."""

FIGURES = (
    ModelChoice(
        provider="openai", model="gpt-5-mini", state="open", key_state="ok", reason="5 failures: too many requests",
        price="$0.25/$2.00", context_window=400_000,
    ),
    ModelChoice(
        provider="openai", model="gpt-5", state="open", key_state="ok", reason="5 failures: too many requests",
        price="$1.25/$10.00", context_window=400_000,
    ),
    ModelChoice(
        provider="router", model="gpt-oss-120b", state="slow", key_state="ok", price="$0.075/$0.30",
        context_window=131_072, first_token_ms=7_100,
    ),
    ModelChoice(
        provider="anthropic", model="claude-sonnet", state="ok", key_state="limited", price="$3.00/$15.00",
        context_window=1_000_000, first_token_ms=810, recent_rank=0,
    ),
    ModelChoice(
        provider="local", model="qwen3", state="ok", key_state="not_needed", price="free", context_window=32_768,
        first_token_ms=120,
    ),
    ModelChoice(provider="gemini", model="flash", state="no_key", key_state="missing"),
)  # fmt: skip


def mixed_engine() -> FakeEngine:
    """Five providers, each in another state."""
    engine = FakeEngine(clock=ManualClock(), configuration=MIXED)
    engine.core.providers.models = FIGURES
    engine.core.providers.states = {figure.provider: figure.state for figure in FIGURES}
    return engine


async def break_off(d: Driven) -> Turn:
    """The first provider fails, the second is passed over, the third breaks off, and a person is asked."""
    await d.send("How should a client pick a retry budget?")
    turn = d.engine.turn_in("conversation-1")
    d.engine.ask(turn, "alpha")
    d.engine.fail(turn, "alpha", "rate_limited", http_status=429, reason="too many requests", next_step="next: beta")
    d.engine.ask(turn, "beta", ord=1)
    text = "A budget caps retries as a share of requests, so a bad hour cannot double your load. Rule one is about dead"
    d.engine.text(turn, "beta", text)
    event = pe.ReplyBroken(
        message_id=turn.message_id, provider="beta", model="beta-large", reason="the connection broke off",
        characters=len(text), next_provider="gamma", next_model="gamma-large",
    )  # fmt: skip
    d.engine.core.tell(turn, event)
    await d.settle()
    return turn


async def go_on(d: Driven) -> None:
    """The third provider goes on from there."""
    turn = await break_off(d)
    d.engine.core.tell(turn, pe.ReplyDecided(message_id=turn.message_id, decision="continue"))
    d.engine.fail(
        turn, "beta", "broken_stream", ord=1, reason="the connection broke off", first_token_ms=800,
        next_step="continue with: gamma/gamma-large",
    )  # fmt: skip
    d.engine.ask(turn, "gamma", ord=2)
    at = len(d.engine.core.said[turn.message_id])
    seam = pe.ReplyContinued(message_id=turn.message_id, at=at, after="beta", provider="gamma", model="gamma-large")
    d.engine.core.tell(turn, seam)
    d.engine.text(turn, "gamma", "lines: a retry after the caller has given up is work for nobody.")
    d.engine.done(turn, "gamma", ord=2)
    await d.until(lambda: d.app.screen is d.app.chat)
    await d.settle()


async def fail_everywhere(d: Driven) -> None:
    """Nobody answers."""
    await d.send("How should a client pick a retry budget?")
    turn = d.engine.turn_in("conversation-1")
    failures = (
        ("alpha", "rate_limited", 429, "too many requests"),
        ("beta", "connection", None, "nobody answers at 127.0.0.1:8080"),
        ("gamma", "auth", 401, "the key was refused"),
    )
    for place, (name, kind, status, reason) in enumerate(failures):
        d.engine.ask(turn, name, ord=place)
        d.engine.fail(turn, name, kind, ord=place, http_status=status, reason=reason, next_step="next")
    at_ms = d.engine.clock.now_ms() + 42_000
    d.engine.bus.publish(pe.BreakerChanged(provider="alpha", before="closed", after="open", probe_at_ms=at_ms))
    d.engine.core.finish(turn, state="failed", reason="every provider failed")
    await d.settle()


@pytest.mark.parametrize("size", SIZES)
async def test_switcher_figures(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=mixed_engine(), size=size) as d:
        await d.pilot.press("ctrl+l")
        await d.settle()
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_broken_reply(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=size) as d:
        await break_off(d)
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_trace_of_a_continued_reply(
    tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion
) -> None:  # fmt: skip
    async with driven(tmp_path, size=size) as d:
        await go_on(d)
        await d.pilot.press("ctrl+t")
        await d.settle()
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_nobody_answered(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=size) as d:
        await fail_everywhere(d)
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_waiting_in_private(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=mixed_engine(), size=size) as d:
        d.app.desk.slot.private = True
        await d.send("How should a client pick a retry budget?")
        waiting = pe.RequestWaiting(reason="all providers are full", ready_in_s=12.0, ahead=2)
        d.engine.core.tell(d.engine.turn_in("conversation-1"), waiting)
        await d.settle()
        assert d.screen() == text_golden


async def test_ascii_question(tmp_path: Path) -> None:
    choose_glyphs(ascii_only=True)
    async with driven(tmp_path, size=WIDE) as d:
        await break_off(d)
        assert d.screen().isascii()


async def test_ascii_moments(tmp_path: Path, text_golden: SnapshotAssertion) -> None:
    choose_glyphs(ascii_only=True)
    async with driven(tmp_path, size=WIDE) as d:
        await go_on(d)
        d.app.desk.slot.private = True
        d.app.chat.refresh_chrome()
        await d.pilot.press("ctrl+l")
        await d.settle()
        assert d.screen().isascii()
        assert d.screen() == text_golden


# Colour is the claim of the following.


@pytest.mark.parametrize("size", SIZES)
async def test_switcher_colours(tmp_path: Path, size: tuple[int, int], svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=mixed_engine(), size=size) as d:
        await d.pilot.press("ctrl+l")
        await d.settle()
        assert screen_svg(d.app) == svg_golden


async def test_broken_reply_colours(tmp_path: Path, svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=(80, 24)) as d:
        await break_off(d)
        assert screen_svg(d.app) == svg_golden


async def test_seam_and_trace_colours(tmp_path: Path, svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=WIDE) as d:
        await go_on(d)
        await d.pilot.press("ctrl+t")
        await d.settle()
        assert screen_svg(d.app) == svg_golden
