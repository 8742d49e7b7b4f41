"""What is listed of each provider: states, figures, details; and that listing contacts nobody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.health import KEY, Row, Ward, at, insert
from tests.support.scripted_model import provider
from tests.support.storage import opened
from workbench.config.values import Provider
from workbench.core.clock import ManualClock
from workbench.core.errors import NotFoundError, UsageError
from workbench.providers.health.directory import key_state_of
from workbench.providers.health.documents import detail_document, route_document, status_document
from workbench.providers.health.figures import MINUTE_MS
from workbench.providers.health.values import Checked, Figures
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition, KeyView, LimitView
from workbench.providers.routing.catalogue import EmptyCatalogue, ModelFacts
from workbench.storage.store import Store

CONTRACT = {
    "name", "kind", "model", "models", "enabled", "state", "breaker", "key_state", "p50_ms", "p95_ms",
    "first_token_ms", "error_rate", "checked_at",
}  # fmt: skip


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db", clock=ManualClock()) as store:
        yield store


async def test_figures_of_the_last_minutes_and_of_the_day(store: Store) -> None:
    clock = ManualClock()
    await insert(store, [Row(provider="a", started_at=clock.now_ms(), first_ms=1, took_ms=99_999, cost_nano=7)])
    clock.advance(16 * 60)
    now = clock.now_ms()
    await insert(store, [
        *(Row(provider="b", started_at=now - 50_000 + n, first_ms=100 + n, took_ms=1000 * n) for n in range(1, 21)),
        Row(provider="c", started_at=now - 99_000, first_ms=9_000, took_ms=10_000),
        Row(provider="c", started_at=now - 98_000, state="failed", took_ms=50),
        Row(provider="c", started_at=now - 97_000, first_ms=8_000, took_ms=9_000),
        Row(provider="d", started_at=now - 90, first_ms=10, took_ms=20),
        Row(provider="d", started_at=now - 80, state="failed", took_ms=50, error_kind="timeout"),
        Row(provider="d", started_at=now - 70, state="cancelled", took_ms=50),
        Row(provider="d", started_at=now - 60, took_ms=0, cached=True),
    ])  # fmt: skip
    listed = {s.name: s for s in await Ward(store, clock, *(provider(name) for name in "abcd")).directory.list()}
    a, b, c, d = (listed[name] for name in "abcd")
    assert (a.state, a.recent, a.day.attempts, a.day.spend_nano) == ("unknown", Figures(), 1, 7)
    assert a.heard_at_ms == now - 16 * MINUTE_MS + 99_999
    assert (b.state, b.recent.p50_ms, b.recent.p95_ms, b.recent.error_rate) == ("ok", 10_000, 19_000, 0.0)
    assert (b.recent.first_token_p50_ms, b.recent.first_token_p95_ms) == (110, 119)
    assert (c.state, c.recent.first_token_p50_ms, c.recent.error_rate) == ("slow", 8_000, 0.333)
    assert (d.state, d.recent.error_rate, d.recent.p50_ms, d.heard_at_ms) == ("unknown", 0.5, 20, now - 30)
    assert [minute.failures for minute in d.minutes[-2:]] == [0, 1]


async def test_one_slow_start_in_twenty_makes_a_provider_slow(store: Store) -> None:
    clock = ManualClock()
    rows = [Row(provider="a", started_at=clock.now_ms() - 60_000 + n, first_ms=50, took_ms=60) for n in range(9)]
    await insert(store, [*rows, Row(provider="a", started_at=clock.now_ms() - 50_000, first_ms=10_001, took_ms=10_002)])
    (status,) = await Ward(store, clock, provider("a")).directory.list()
    assert (status.state, status.recent.first_token_p50_ms, status.recent.first_token_p95_ms) == ("slow", 50, 10_001)


OPEN = BreakerView(state=BreakerState.OPEN, reason="5 failures", failures=5, opened_at_ms=1, probe_at_ms=2)
HALF_OPEN = BreakerView(state=BreakerState.HALF_OPEN)
BAD = (KeyView(ref="A", condition=KeyCondition.BAD),)
RESTS = (KeyView(ref="A", condition=KeyCondition.LIMITED, until_ms=9),)
OFF = (KeyView(ref="A", condition=KeyCondition.DISABLED),)


@pytest.mark.parametrize(
    ("changes", "breaker", "keys", "heard", "expected"),
    [
        ({"enabled": False, "api_keys": ()}, OPEN, BAD, None, "disabled"),
        ({"api_keys": ()}, OPEN, None, None, "no_key"),
        ({}, OPEN, OFF, None, "no_key"),
        ({}, OPEN, None, "slow", "open"),
        ({}, HALF_OPEN, None, "ok", "open"),
        ({}, BreakerView(), BAD, "ok", "open"),
        ({}, BreakerView(), None, "slow", "slow"),
        ({}, BreakerView(), None, "ok", "ok"),
        ({}, BreakerView(), None, "failed", "unknown"),
        ({}, BreakerView(), None, None, "unknown"),
        ({}, BreakerView(), RESTS, "ok", "open"),
        ({"api_keys": (), "needs_key": False}, BreakerView(), None, "ok", "ok"),
        ({"api_keys": (), "needs_key": False}, BreakerView(), (replace(RESTS[0], ref=""),), "ok", "open"),
    ],
)
async def test_the_first_state_that_fits_is_shown(
    changes: dict[str, Any],
    breaker: BreakerView,
    keys: tuple[KeyView, ...] | None,
    heard: str | None,
    expected: str,
    store: Store,
) -> None:
    clock = ManualClock()
    ward = Ward(store, clock, replace(provider("a"), **changes))
    ward.standings.breakers["a"] = breaker
    if keys is not None:
        ward.standings.key_views["a"] = keys
    if heard is not None:
        first_ms = 6_000 if heard == "slow" else 10
        state = "failed" if heard == "failed" else "ok"
        await insert(store, [Row(provider="a", started_at=clock.now_ms() - 9_000, first_ms=first_ms, state=state)])
    assert [status.state for status in await ward.directory.list()] == [expected]


@pytest.mark.parametrize(
    ("ok", "age_s", "attempt", "expected"),
    [(True, 10, "connection", "ok"), (False, 10, "", "unknown"), (True, 60, "connection", "unknown"),
     (False, 60, "", "ok"), (True, 901, None, "unknown"), (True, 900, None, "ok"),
     # That it can be reached does not show that it answers again.
     (True, 10, "broken_stream", "unknown"), (True, 10, "quota", "unknown")],
)  # fmt: skip
async def test_the_newest_thing_heard_lately_decides(
    ok: bool, age_s: int, attempt: str | None, expected: str, store: Store
) -> None:
    clock = ManualClock()
    ward = Ward(store, clock, provider("a"))
    if attempt is not None:
        at_ms, state = clock.now_ms() - 30_000, "failed" if attempt else "ok"
        await insert(store, [Row(provider="a", started_at=at_ms, state=state, error_kind=attempt or None)])
    checked = Checked(ok=ok, at_ms=clock.now_ms() - age_s * 1000)
    await ward.log.keep({"a": checked})
    (status,) = await ward.directory.list()
    assert (status.state, status.checked) == (expected, checked)


async def test_providers_stand_in_order_of_priority_with_their_key_states() -> None:
    keyless = replace(provider("keyless", priority=2), api_keys=())
    off = replace(provider("off", priority=1), enabled=False, api_keys=())
    local = Provider(name="local", kind="ollama", models=("m",), needs_key=False, priority=3)
    listed = await Ward(None, ManualClock(), local, keyless, off).directory.list()
    assert [(status.name, status.state, status.key_state) for status in listed] == [
        ("off", "disabled", "missing"),
        ("keyless", "no_key", "missing"),
        ("local", "unknown", "not_needed"),
    ]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [("ok bad", "ok"), ("bad limited disabled", "limited"), ("bad disabled", "bad"), ("disabled", "disabled")],
)
def test_one_good_key_is_enough(conditions: str, expected: str) -> None:
    views = [KeyView(ref=word, condition=KeyCondition(word)) for word in conditions.split()]
    assert key_state_of(provider("a"), views) == expected


async def test_the_document_has_the_fields_that_scripts_rely_on(store: Store) -> None:
    clock = ManualClock()
    ward = Ward(store, clock, provider("a"))
    document = status_document((await ward.directory.list())[0])
    assert set(document) >= CONTRACT
    assert (document["breaker"], document["checked_at"], document["p50_ms"]) == ("closed", None, None)
    await insert(store, [Row(provider="a", started_at=clock.now_ms() - 500, state="failed", error_kind="quota")])
    ward.standings.breakers["a"] = HALF_OPEN
    ward.standings.key_views["a"] = (KeyView(ref="A_KEY", condition=KeyCondition.LIMITED, until_ms=1_000),)
    document = status_document((await ward.directory.list())[0])
    assert (document["breaker"], document["error_rate"], document["key_state"]) == ("half_open", 1.0, "limited")
    assert document["checked_at"] == "2026-09-21T14:13:19.600Z"
    assert document["keys"] == [
        {"ref": "A_KEY", "state": "limited", "until": "1970-01-01T00:00:01.000Z", "reason": ""}
    ]  # fmt: skip
    json.dumps(document)


class _Priced(EmptyCatalogue):
    def facts(self, provider: Provider, model: str) -> ModelFacts:
        """A price list of one."""
        return ModelFacts(context_window=8_000, input_nano=3_000, output_nano=15_000)


async def test_the_detail_says_all_there_is(store: Store) -> None:
    clock = ManualClock()
    now = clock.now_ms()
    ward = Ward(store, clock, at("a", "http://127.0.0.1:1/v1"), provider("b"), catalogue=_Priced())
    ward.standings.limit_views["a"] = (LimitView(name="requests", scope="provider", level=3, capacity=5),)
    await insert(store, [
        Row(provider="a", started_at=now - 900, state="failed", error_kind="timeout", error_text="late"),
        Row(provider="a", started_at=now - 800, first_ms=5, took_ms=10),
        Row(provider="b", started_at=now - 700),
    ])  # fmt: skip
    detail = await ward.directory.detail("a")
    assert detail.status == (await ward.directory.list())[0]
    assert [(each.attempt.state, each.attempt.reason) for each in detail.attempts] == [("ok", ""), ("failed", "late")]
    assert detail.errors == (("timeout", 1),)
    assert detail.limits == ward.standings.limit_views["a"]
    assert (detail.price, detail.context_window) == ("$3.00 in, $15.00 out a million tokens", 8_000)
    assert (detail.base_url, detail.key_refs) == ("http://127.0.0.1:1/v1", ("A_KEY",))
    document = detail_document(detail, await ward.directory.route_now())
    assert set(document) >= CONTRACT
    assert KEY.reveal() not in json.dumps(document)
    with pytest.raises(NotFoundError, match="nobody") as raised:
        await ward.directory.detail("nobody")
    assert "a, b" in raised.value.hint


async def test_what_the_router_would_do_is_asked_of_the_router() -> None:
    ward = Ward(None, ManualClock(), provider("a"), provider("b"))
    route = await ward.directory.route_now(pinned_provider="b", pinned_model="m", private=True)
    assert ward.preview.wishes == [("b", "m", True)]
    steps = cast("list[dict[str, object]]", route_document(route)["steps"])
    assert [step["provider"] for step in steps] == ["a", "b"]


async def test_offline_nobody_is_tested_and_everything_is_listed(store: Store) -> None:
    ward = Ward(store, ManualClock(), provider("a"), offline=True)
    assert [status.name for status in await ward.directory.list()] == ["a"]
    with pytest.raises(UsageError, match="Offline"):
        await ward.directory.test()


async def test_a_picker_gets_every_model_with_its_standing(store: Store) -> None:
    clock = ManualClock()
    await insert(store, [Row(provider="b", started_at=clock.now_ms() - 100)])
    two = replace(provider("b", priority=2), models=("m", "n"))
    choices = await Ward(store, clock, two, provider("a")).directory.choices()
    assert [(each.provider, each.model, each.recent_rank) for each in choices] == [
        ("a", "a-1", None), ("b", "m", 0), ("b", "n", None),
    ]  # fmt: skip
