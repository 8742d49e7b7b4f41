"""Figures of attempts, against a plain computation in Python."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.health import Row, clear, insert
from tests.support.storage import opened
from workbench.core.clock import ManualClock
from workbench.providers.health.figures import DAY_MS, MINUTE_MS, RECENT_MS, TrafficFigures
from workbench.providers.health.values import SPARK_MINUTES, Figures, LastError, Minute
from workbench.storage.store import Store
from workbench.storage.transaction import Parameters
from workbench.storage.transaction import Row as StoredRow

NOW = ManualClock().now_ms()
NAMES = ("a", "b", "c")


def nearest_rank(values: Sequence[int], share: float) -> int | None:
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None


def naive_figures(rows: Sequence[Row], since: int) -> Figures:
    counted = [row for row in rows if row.started_at >= since and row.state in ("ok", "failed") and not row.cached]
    good = [row for row in counted if row.state == "ok"]
    whole = [row.took_ms for row in good if row.took_ms is not None]
    first = [row.first_ms for row in good if row.first_ms is not None]
    costs = [row.cost_nano for row in counted if row.cost_nano is not None]
    return Figures(
        attempts=len(counted),
        failures=len(counted) - len(good),
        p50_ms=nearest_rank(whole, 0.5),
        p95_ms=nearest_rank(whole, 0.95),
        first_token_p50_ms=nearest_rank(first, 0.5),
        first_token_p95_ms=nearest_rank(first, 0.95),
        spend_nano=sum(costs) if costs else None,
    )


def naive_minutes(rows: Sequence[Row]) -> tuple[Minute, ...]:
    minutes: list[Minute] = []
    for number in range(NOW // MINUTE_MS - SPARK_MINUTES + 1, NOW // MINUTE_MS + 1):
        mine = [row for row in rows if row.started_at // MINUTE_MS == number and not row.cached]
        whole = [row.took_ms for row in mine if row.state == "ok" and row.took_ms is not None]
        failures = sum(row.state == "failed" for row in mine)
        minutes.append(Minute(p50_ms=nearest_rank(whole, 0.5), failures=failures))
    return tuple(minutes)


ROWS = st.builds(
    Row,
    provider=st.sampled_from(NAMES),
    started_at=st.one_of(
        st.integers(NOW - 16 * MINUTE_MS, NOW),
        st.integers(NOW - DAY_MS - 1000, NOW),
        st.sampled_from([NOW - RECENT_MS, NOW - RECENT_MS - 1, NOW - DAY_MS, NOW - DAY_MS - 1]),
    ),
    state=st.sampled_from(["ok", "ok", "ok", "failed", "cancelled", "skipped", "running"]),
    first_ms=st.none() | st.integers(0, 20_000),
    took_ms=st.none() | st.integers(0, 60_000),
    cost_nano=st.none() | st.integers(0, 10**9),
    cached=st.sampled_from([False, False, False, True]),
)


def test_figures_are_those_of_a_plain_computation(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        store = runner.run(Store.open(tmp_path / "workbench.db"))

        async def compare(rows: list[Row]) -> None:
            await clear(store)
            await insert(store, rows)
            found = await TrafficFigures(store, ManualClock(NOW)).read(NAMES)
            for name in NAMES:
                mine = [row for row in rows if row.provider == name]
                assert found[name].recent == naive_figures(mine, NOW - RECENT_MS)
                assert found[name].day == naive_figures(mine, NOW - DAY_MS)
                assert found[name].minutes == naive_minutes(mine)

        @settings(max_examples=100, deadline=None)
        @given(rows=st.lists(ROWS, max_size=60))
        def all_agree(rows: list[Row]) -> None:
            runner.run(compare(rows))

        try:
            all_agree()
        finally:
            runner.run(store.close())


async def test_the_newest_error_of_a_day_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        hours_ago = NOW - 3 * 3_600_000
        await insert(store, [
            Row(provider="a", started_at=hours_ago, state="failed", error_kind="timeout", error_text="old", took_ms=50),
            Row(provider="a", started_at=hours_ago + 9, state="failed", error_kind="rate_limited", error_text="busy",
                http_status=429, took_ms=70),
            Row(provider="a", started_at=NOW - 500, took_ms=200),
            Row(provider="b", started_at=NOW - 900, state="failed", error_kind="auth", took_ms=100),
            Row(provider="c", started_at=NOW - DAY_MS - 1, state="failed", error_kind="auth"),
        ])  # fmt: skip
        found = await TrafficFigures(store, ManualClock(NOW)).read(NAMES)
    assert found["a"].last_error == LastError(
        kind="rate_limited", reason="busy", http_status=429, at_ms=hours_ago + 79
    )  # fmt: skip
    assert (found["a"].newest_ok, found["a"].newest_at_ms) == (True, NOW - 300)
    assert (found["b"].newest_ok, found["b"].newest_at_ms) == (False, NOW - 800)
    assert (found["c"].last_error, found["c"].newest_ok, found["c"].newest_at_ms) == (None, None, None)


async def test_error_kinds_are_counted_most_frequent_first(tmp_path: Path) -> None:
    kinds = ["timeout", "rate_limited", "rate_limited", "auth", "rate_limited", "timeout"]
    async with opened(tmp_path / "workbench.db") as store:
        rows = [Row(provider="a", started_at=NOW - 1000, state="failed", error_kind=kind) for kind in kinds]
        rows.append(Row(provider="a", started_at=NOW - RECENT_MS - 1, state="failed", error_kind="old"))
        rows.append(Row(provider="b", started_at=NOW, state="failed", error_kind="elsewhere"))
        await insert(store, rows)
        counted = await TrafficFigures(store, ManualClock(NOW)).error_kinds("a")
    assert counted == (("rate_limited", 3), ("timeout", 2), ("auth", 1))


async def test_recent_attempts_are_the_newest_twenty_that_were_asked(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        rows = [Row(provider="a", started_at=NOW - 100 + place, took_ms=place) for place in range(25)]
        rows += [Row(provider="a", started_at=NOW, state="skipped"), Row(provider="b", started_at=NOW)]
        await insert(store, rows)
        attempts = await TrafficFigures(store, ManualClock(NOW)).attempts("a")
    assert [recent.at_ms for recent in attempts] == [NOW - 100 + place for place in range(24, 4, -1)]
    assert [recent.attempt.duration_ms for recent in attempts] == list(range(24, 4, -1))
    assert attempts[0].conversation_id is None


class _Counting:
    """A store that counts its reads, each of which takes a while."""

    def __init__(self, store: Store, clock: ManualClock, takes_s: float) -> None:
        self.store, self.clock, self.takes_s = store, clock, takes_s
        self.of_a_day = 0

    async def read(self, sql: str, params: Parameters = ()) -> list[StoredRow]:
        if isinstance(params, dict) and cast("int", params["since"]) <= self.clock.now_ms() - DAY_MS:
            self.of_a_day += 1
            self.clock.advance(self.takes_s)
        return await self.store.read(sql, params)


@pytest.mark.parametrize(("takes_s", "again"), [(0.0, True), (0.2, False)])
async def test_a_day_that_takes_long_to_read_is_not_read_all_the_time(
    takes_s: float, again: bool, tmp_path: Path
) -> None:
    async with opened(tmp_path / "workbench.db") as store:
        clock = ManualClock(NOW)
        counting = _Counting(store, clock, takes_s)
        figures = TrafficFigures(cast("Store", counting), clock)
        await figures.read(["a"])
        first = counting.of_a_day
        clock.advance(30)
        await figures.read(["a"])
        assert (counting.of_a_day > first) is again
        clock.advance(3 * takes_s * 100)
        await insert(store, [Row(provider="a", started_at=clock.now_ms())])
        assert (await figures.read(["a"]))["a"].day.attempts == 1
        assert (await figures.read(["b"]))["b"].day.attempts == 0


async def test_many_providers_are_more_than_one_read(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(900)]
    async with opened(tmp_path / "workbench.db") as store:
        await insert(store, [Row(provider=name, started_at=NOW - 5) for name in names])
        found = await TrafficFigures(store, ManualClock(NOW)).read(names)
    assert sum(traffic.recent.attempts for traffic in found.values()) == 900
