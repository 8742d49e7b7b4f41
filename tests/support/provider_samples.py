"""Providers as they can be: well, slow, open, without a key, switched off, local, scripted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.support.app import Driven
from tests.support.fake_engine import FakeEngine, provider
from tests.support.fake_providers import status
from workbench.config.values import Configuration
from workbench.core.clock import ManualClock
from workbench.providers.health.values import (
    Checked,
    Figures,
    LastError,
    Minute,
    ProviderDetail,
    ProviderStatus,
    RecentAttempt,
)
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition, KeyView, LimitView
from workbench.providers.values import Attempt
from workbench.tui.screens.providers import ProvidersScreen

NOW_MS = 1_790_000_000_000
_NANO = 1_000_000_000


def minutes(*medians: int | None) -> tuple[Minute, ...]:
    """One for each; None is one in which every answer failed."""
    return tuple(Minute(p50_ms=median, failures=0 if median else 2) for median in medians)


def figures(
    p50: int, p95: int, first: int, *, asked: int = 40, failed: int = 0, dollars: float | None = None
) -> Figures:
    """Of a stretch of time."""
    return Figures(
        attempts=asked, failures=failed, p50_ms=p50, p95_ms=p95, first_token_p50_ms=first,
        first_token_p95_ms=first * 2, spend_nano=None if dollars is None else round(dollars * _NANO),
    )  # fmt: skip


def key(
    ref: str, condition: KeyCondition = KeyCondition.OK, *, until_ms: int | None = None, reason: str = ""
) -> KeyView:
    """A key by its name."""
    return KeyView(ref=ref, condition=condition, until_ms=until_ms, reason=reason)


OPEN = BreakerView(
    state=BreakerState.OPEN, reason="5 failures in 60 s, HTTP 429 last", failures=5, opened_at_ms=NOW_MS - 29_000,
    probe_at_ms=NOW_MS + 31_000,
)  # fmt: skip


def six(now_ms: int = NOW_MS) -> list[ProviderStatus]:
    """One of each kind, in order of priority."""
    return [
        status(
            "anthropic", kind="anthropic", model="claude-sonnet-4-5", models=("claude-sonnet-4-5", "claude-opus-4-1"),
            keys=(key("keyring:anthropic"),), recent=figures(1100, 2900, 800), heard_at_ms=now_ms - 4_000,
            day=figures(1200, 3100, 850, asked=412, failed=3, dollars=0.21), checked=Checked(
                ok=True, at_ms=now_ms - 40_000, latency_ms=120
            ), minutes=minutes(1000, 1300, 1000, 1250, 1500, 1300, 1000, 900, 1200, 1000, 1000, 1250, 1300, 1000, 1050),
        ),
        status(
            "router", "slow", kind="openrouter", model="gpt-5-mini", keys=(key("OPENROUTER_API_KEY"),), priority=2,
            recent=figures(4000, 11_200, 3100, failed=5), day=figures(3900, 11_000, 3000, failed=5, dollars=0.08),
            heard_at_ms=now_ms - 61_000, minutes=minutes(
                2000, 2100, 3000, 4500, 6400, 7900, 6500, 4600, 4000, 4500, 6300, 4400, 4100, 3000, 2900
            ),
        ),
        status(
            "openai", "open", kind="openai", model="gpt-5", priority=3, breaker=OPEN, key_state="limited",
            keys=(
                key("keyring:openai", KeyCondition.LIMITED, until_ms=now_ms + 42_000, reason="429"),
                key("OPENAI_API_KEY_2", KeyCondition.BAD, reason="HTTP 401"),
            ),
            recent=Figures(attempts=9, failures=9), day=figures(1300, 2100, 700, asked=60, failed=9, dollars=0.02),
            last_error=LastError(
                kind="rate_limited", reason="Rate limit reached for gpt-5 in organization org-1 on requests per min",
                http_status=429, at_ms=now_ms - 29_000,
            ),
            checked=Checked(
                ok=False, at_ms=now_ms - 12_000, error_kind="rate_limited", reason="HTTP 429 too many requests"
            ),
            heard_at_ms=now_ms - 12_000,
            minutes=minutes(1000, 1000, 1200, 1000, 1000, 1000, 3000, 3900, *([None] * 7)),
        ),
        status("gemini", "no_key", kind="gemini", model="gemini-2.5-flash", key_state="missing", priority=4),
        status(
            "local", kind="ollama", model="qwen3:8b", key_state="not_needed", priority=5, private=True,
            recent=figures(600, 1000, 90), day=figures(600, 1000, 90, asked=51, dollars=0.0),
            heard_at_ms=now_ms - 300_000,
            minutes=minutes(*([600] * 15)),
        ),
        status("spare", "disabled", kind="mistral", model="mistral-small", keys=(key("MISTRAL_API_KEY"),), priority=6),
    ]  # fmt: skip


def attempt(state: str, at_ms: int, **more: Any) -> RecentAttempt:
    """One that was asked for `gpt-5`."""
    return RecentAttempt(attempt=Attempt(ord=0, provider="openai", model="gpt-5", state=state, **more), at_ms=at_ms)


def details(statuses: Sequence[ProviderStatus], now_ms: int = NOW_MS) -> dict[str, ProviderDetail]:
    """Of the first and of the open one."""
    by_name = {each.name: each for each in statuses}
    return {
        "anthropic": ProviderDetail(
            status=by_name["anthropic"], context_window=200_000, price="$3.00 in, $15.00 out a million tokens",
            limits=(LimitView(name="concurrent", scope="provider", level=3, capacity=4),),
        ),
        "openai": ProviderDetail(
            status=by_name["openai"], context_window=400_000, price="$1.25 in, $10.00 out a million tokens",
            base_url="https://api.openai.com/v1", errors=(("rate_limited", 4), ("timeout", 1)),
            limits=(
                LimitView(name="requests", scope="provider", level=0, capacity=60, ready_in_s=1.0),
                LimitView(name="tokens", scope="keyring:openai", level=89_000, capacity=90_000),
                LimitView(name="concurrent", scope="provider", level=0, capacity=2, ready_in_s=None),
            ),
            attempts=(
                attempt("failed", now_ms - 29_000, error_kind="rate_limited", http_status=429, duration_ms=400),
                attempt("failed", now_ms - 35_000, error_kind="timeout", duration_ms=15_000),
                attempt("ok", now_ms - 480_000, duration_ms=1300),
            ),
        ),
    }  # fmt: skip


def engine_with_providers() -> FakeEngine:
    """An engine with all six."""
    statuses = six()
    configured = [
        provider(
            each.name, priority=each.priority, enabled=each.enabled, private=each.private,
            needs_key=each.key_state == "missing",
        )
        for each in statuses
    ]  # fmt: skip
    engine = FakeEngine(clock=ManualClock(), configuration=Configuration(providers=tuple(configured)))
    engine.core.providers.statuses = statuses
    engine.core.providers.details = details(engine.core.providers.statuses)
    return engine


async def open_pane(d: Driven) -> ProvidersScreen:
    """Go to the pane and wait until it has read everything."""
    await d.pilot.press("f4")
    await d.until(lambda: isinstance(d.app.screen, ProvidersScreen) and d.app.screen.board.has_read)
    await d.settle()
    screen = d.app.screen
    assert isinstance(screen, ProvidersScreen)
    return screen
