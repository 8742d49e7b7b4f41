"""`workbench providers` inside this process: what it prints, what it changes, how it ends."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import KEY, configure, invoke, provider_entry
from tests.support.doubles import closed_port, running_provider
from tests.support.health import Row, insert
from tests.support.in_process import Streams
from workbench.cli.provider_views import ago, breaker_text, detail_lines, route_lines, until
from workbench.providers.health.values import (
    Checked,
    Figures,
    LastError,
    ProviderDetail,
    ProviderStatus,
    RecentAttempt,
    RouteNow,
    RouteStep,
)
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition, KeyView, LimitView
from workbench.providers.values import Attempt
from workbench.storage.store import Store

NOWHERE = f"http://127.0.0.1:{closed_port()}/v1"
MINUTE = 60_000


@pytest.fixture
def streams(capsys: pytest.CaptureFixture[str]) -> Streams:
    return Streams(capsys)


@pytest.fixture
def home(isolation: Path) -> Path:
    """A home with two providers, of which the first has failed once and answered once."""
    configure(isolation, [NOWHERE, NOWHERE])
    now = time.time_ns() // 1_000_000

    async def fill() -> None:
        store = await Store.open(isolation / "data" / "workbench.db")
        await insert(store, [
            Row(provider="alpha", started_at=now - 9_000, state="failed", error_kind="rate_limited", http_status=429,
                error_text="slow \x1b[31mdown", took_ms=300),
            Row(provider="alpha", started_at=now - 5_000, first_ms=400, took_ms=1_250, cost_nano=4_000_000),
        ])  # fmt: skip
        await store.close()

    asyncio.run(fill())
    return isolation


def config_text(home: Path) -> str:
    return (home / "config" / "config.yaml").read_text()


def test_the_table_says_how_each_provider_is(home: Path, streams: Streams) -> None:
    assert invoke("providers", "list") == 0
    heading, alpha, beta = streams.read().splitlines()
    assert " ".join(heading.split()) == "NAME STATE MODEL P50 P95 FIRST TOKEN ERRORS BREAKER KEY HEARD"
    assert alpha.split()[:9] == ["alpha", "ok", "model-alpha", "1.25", "s", "1.25", "s", "0.40", "s"]
    assert "50%" in alpha and "closed" in alpha and alpha.endswith(" ago")
    assert beta.split() == ["beta", "unknown", "model-beta", "–", "–", "–", "–", "closed", "ok", "–"]


def test_the_document_has_both_stretches_of_time(home: Path, streams: Streams) -> None:
    assert invoke("providers", "list", "--json") == 0
    alpha, beta = streams.json()["providers"]
    assert (alpha["p50_ms"], alpha["first_token_ms"], alpha["error_rate"], alpha["breaker"]) == (
        1250,
        400,
        0.5,
        "closed",
    )
    assert (alpha["day"]["attempts"], alpha["day"]["spend_usd"]) == (2, 0.004)
    assert alpha["last_error"]["kind"] == "rate_limited"
    assert [key["ref"] for key in alpha["keys"]] == ["DOUBLE_KEY"]
    assert (beta["state"], beta["checked_at"], beta["p50_ms"]) == ("unknown", None, None)


def test_one_provider_in_all_detail(home: Path, streams: Streams) -> None:
    assert invoke("providers", "show", "alpha") == 0
    text = streams.read()
    expected = (
        "alpha: ok, openai-compatible, priority 1", "DOUBLE_KEY ok", "2 requests, 50% failed, p50 1.25 s",
        "rate_limited ×1", "rate_limited 429 slow", "$0.0040", "route now", " 1  alpha/model-alpha",
    )  # fmt: skip
    assert [said for said in expected if said not in text] == []
    assert "\x1b" not in text and KEY not in text
    assert invoke("providers", "show", "alpha", "--json") == 0
    document = streams.json()
    assert [attempt["state"] for attempt in document["recent_attempts"]] == ["ok", "failed"]
    assert (document["errors"], len(document["latency_15_min"])) == ({"rate_limited": 1}, 15)
    assert [step["provider"] for step in document["route"]["steps"]] == ["alpha", "beta"]
    assert invoke("providers", "show", "nobody") == 2
    streams.read()
    assert "no provider named nobody" in streams.err and "alpha, beta" in streams.err


def test_a_provider_is_switched_off_and_on_in_the_file(home: Path, streams: Streams) -> None:
    before = config_text(home)
    assert invoke("providers", "disable", "alpha") == 0
    assert streams.read() == "alpha is off; its state is disabled\n"
    assert config_text(home).count('"enabled": false') == 1
    assert invoke("providers", "route") == 0
    first, second, third = streams.read().splitlines()
    assert (first, second.split()[:2]) == ("strategy: priority", ["1", "beta/model-beta"])
    assert third.strip() == "–  alpha/model-alpha  switched off in the configuration"
    assert invoke("providers", "enable", "alpha", "--json") == 0
    assert streams.json()["provider"]["enabled"] is True
    assert config_text(home).replace(', "enabled": true', "") == before
    assert invoke("providers", "disable", "nobody", "--json") == 2
    assert streams.json()["error"]["kind"] == "not_found"


def test_a_file_that_cannot_be_edited_is_exit_code_2(home: Path, streams: Streams) -> None:
    path = home / "config" / "config.yaml"
    path.write_text(f"x-a: &a {{kind: openai-compatible, base_url: '{NOWHERE}'}}\nproviders:\n  alpha: *a\n")
    before = path.read_text()
    assert invoke("providers", "disable", "alpha") == 2
    streams.read()
    assert "only you can change" in streams.err
    assert path.read_text() == before


def test_the_way_of_a_request_with_wishes(home: Path, streams: Streams) -> None:
    assert invoke("providers", "route", "-p", "beta", "-m", "other", "--json") == 0
    assert [(step["provider"], step["model"]) for step in streams.json()["steps"]] == [
        ("beta", "other"), ("alpha", "model-alpha"),
    ]  # fmt: skip
    remote = provider_entry("https://192.0.2.1/v1")
    configure(home, {"far": remote, "near": provider_entry(NOWHERE, priority=2)})
    assert invoke("providers", "route", "--private", "--json") == 0
    assert [(step["provider"], step["skipped"]) for step in streams.json()["steps"]] == [
        ("near", False), ("far", True),
    ]  # fmt: skip


def test_the_way_of_a_request_to_nobody_is_wrong_usage(home: Path, streams: Streams) -> None:
    assert invoke("providers", "route", "-p", "nobody", "--json") == 2
    assert streams.json()["error"]["kind"] == "not_found"


def test_a_reset_closes_the_breaker_of_the_home(home: Path, streams: Streams) -> None:
    assert invoke("providers", "reset", "alpha") == 0
    assert streams.read() == "alpha is asked again; its state is ok\n"
    assert invoke("providers", "reset", "nobody") == 2


def test_a_test_is_kept_for_the_next_command(home: Path, streams: Streams) -> None:
    with running_provider() as double:
        configure(home, [double.base_url, NOWHERE])
        assert invoke("providers", "test", "--json") == 1
        assert [(each["name"], each["ok"]) for each in streams.json()["providers"]] == [
            ("alpha", True),
            ("beta", False),
        ]
    assert invoke("providers", "list", "--json") == 0
    alpha, beta = streams.json()["providers"]
    assert (alpha["last_test"]["ok"], beta["last_test"]["error_kind"]) == (True, "connection")
    with sqlite3.connect(home / "data" / "workbench.db") as connection:
        assert KEY not in str(connection.execute("select * from probes").fetchall())
    assert invoke("--offline", "providers", "test") == 2
    assert invoke("--offline", "providers", "list") == 0


def test_without_providers_it_says_what_to_do(isolation: Path, streams: Streams) -> None:
    configure(isolation, {})
    assert invoke("providers", "list") == 0
    assert streams.read() == ""
    assert "OPENAI_API_KEY" in streams.err and "config.yaml" in streams.err
    assert invoke("providers", "route") == 0
    assert "nobody would be asked" in streams.read()
    assert invoke("providers", "test") == 2


# Words


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(0, "0 s"), (1, "1 s"), (59_000, "59 s"), (60_000, "1 min"), (7_260_000, "2 h"), (3 * 86_400_000, "3 d")],
)
def test_spans_of_time(milliseconds: int, expected: str) -> None:
    assert ago(0, milliseconds) == f"{expected} ago"
    assert until(milliseconds, 0) == (f"in {expected}" if milliseconds else "now")


def status(**more: Any) -> ProviderStatus:
    return ProviderStatus(name="a", kind="openai", model="m", models=("m", "n"), enabled=True, state="open", **more)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (BreakerView(), "closed"),
        (BreakerView(state=BreakerState.OPEN, probe_at_ms=31_000), "open, probe in 31 s"),
        (BreakerView(state=BreakerState.OPEN, probe_at_ms=-1), "open, probe now"),
        (BreakerView(state=BreakerState.OPEN), "open"),
        (BreakerView(state=BreakerState.HALF_OPEN), "half-open"),
    ],
)
def test_breakers_in_words(view: BreakerView, expected: str) -> None:
    assert breaker_text(status(breaker=view), 0) == expected


def test_every_part_of_a_detail_is_told() -> None:
    detail = ProviderDetail(
        status=status(
            breaker=BreakerView(state=BreakerState.OPEN, reason="5 failures", probe_at_ms=4 * MINUTE),
            keys=(KeyView(ref="A", condition=KeyCondition.LIMITED, until_ms=MINUTE, reason="429"), KeyView(ref="B")),
            recent=Figures(attempts=1, failures=1),
            last_error=LastError(kind="timeout", reason="late", http_status=None, at_ms=-MINUTE),
            checked=Checked(ok=False, at_ms=-1000, error_kind="auth", reason="HTTP 401"),
            scripted=True,
            private=True,
        ),
        limits=(
            LimitView(name="requests", scope="provider", level=58, capacity=60, ready_in_s=0.0),
            LimitView(name="tokens", scope="A", level=-5, capacity=1000, ready_in_s=2.25),
            LimitView(name="concurrent", scope="all", level=0, capacity=10, ready_in_s=None),
        ),
        attempts=(RecentAttempt(attempt=Attempt(ord=0, provider="a", model="m", state="running"), at_ms=0),),
        context_window=200_000,
        price="$3.00 in, $15.00 out a million tokens",
    )
    assert (
        "\n".join(detail_lines(detail, 0))
        == """\
a: open, openai, priority 1, private, scripted
  models      m, n
  context     200,000 tokens
  price       $3.00 in, $15.00 out a million tokens
  keys        A limited, again in 1 min: 429
              B ok
  breaker     open, probe in 4 min: 5 failures
  limits      requests a minute: 58 of 60 free
              tokens a minute (A): -5 of 1,000 free, next in 2.2 s
              concurrent (all): 0 of 10 free, next when a request ends
  15 minutes  1 request, 100% failed, p50 –, p95 –, first token –, p95 –, cost unknown
  a day       no requests
  last error  1 min ago: timeout late
  last test   1 s ago: auth: HTTP 401
  heard       not in a day
  attempts    1970-01-01T00:00:00.000Z  m  running  –"""
    )


def test_a_way_on_which_nobody_is_asked() -> None:
    route = RouteNow(strategy="fastest", steps=(RouteStep(provider="a", model="", reason="no key", skipped=True),))
    assert list(route_lines(route)) == ["strategy: fastest", " –  a  no key", "nobody would be asked"]
