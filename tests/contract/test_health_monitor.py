"""The monitor over real HTTP: who is asked and when, that nothing hangs, and that processes share the work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.support.doubles import FaultyProvider, eventually, server_error, silence
from tests.support.health import Ward, at
from tests.support.storage import opened
from workbench.config.values import Configuration, Provider, Settings
from workbench.core.clock import ManualClock
from workbench.core.provider_events import ProviderChecked
from workbench.providers.health import monitor as monitor_module
from workbench.providers.health.monitor import HealthMonitor
from workbench.providers.resilience.values import BreakerState, BreakerView
from workbench.storage.store import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db", clock=ManualClock()) as store:
        yield store


def watching(ward: Ward, clock: ManualClock) -> HealthMonitor:
    return HealthMonitor(ward.configured, ward.prober, ward.standings, clock=clock, random=Random(1))


async def test_a_round_asks_those_that_are_on_and_have_a_key(store: Store) -> None:
    async with FaultyProvider() as double:
        clock = ManualClock()
        keyless = replace(at("keyless", double), api_keys=(), key_refs=())
        local = replace(at("local", double), api_keys=(), key_refs=(), needs_key=False)
        off = replace(at("off", double), enabled=False)
        ward = Ward(store, clock, at("a", double), keyless, local, off)
        results = await watching(ward, clock).round()
        assert [(result.name, result.ok) for result in results] == [("a", True), ("local", True)]
        assert {request.method for request in double.requests} == {"GET"}
        assert {status.name: status.state for status in await ward.directory.list()}["a"] == "ok"


async def test_an_interval_of_zero_asks_nobody_until_it_is_changed(store: Store) -> None:
    async with FaultyProvider() as double:
        clock = ManualClock()
        ward = Ward(store, clock, at("a", double), interval_s=0)
        assert await watching(ward, clock).round() == []
        assert double.requests == []
        ward.configuration = replace(ward.configuration, settings=Settings(health_check_interval=5))
        assert len(await watching(ward, clock).round()) == 1


async def test_two_monitors_of_one_home_probe_once_an_interval(store: Store) -> None:
    async with FaultyProvider() as double:
        clock = ManualClock()
        pair = [watching(Ward(store, clock, at("a", double)), clock) for _ in range(2)]
        for number in range(1, 4):
            rounds = await asyncio.gather(*(monitor.round() for monitor in pair))
            assert sorted(len(results) for results in rounds) == [0, 1]
            assert await pair[0].round() == await pair[1].round() == []
            assert len(double.requests) == number
            clock.advance(30)


async def test_a_provider_that_was_tested_by_hand_is_not_asked_again_at_once(store: Store) -> None:
    async with FaultyProvider() as double:
        clock = ManualClock()
        ward = Ward(store, clock, at("a", double), at("b", double))
        await ward.directory.test(["a"])
        assert [result.name for result in await watching(ward, clock).round()] == ["b"]


async def test_recovery_is_noticed_and_told(store: Store) -> None:
    async with FaultyProvider(probe=server_error()) as double:
        clock = ManualClock()
        ward = Ward(store, clock, at("a", double))
        ward.standings.breakers["a"] = BreakerView(state=BreakerState.OPEN)
        monitor = watching(ward, clock)
        await monitor.round()
        assert ward.standings.recovered == []
        double.probe = None
        clock.advance(30)
        await monitor.round()
        assert ward.standings.recovered == ["a"]
        told = [event.ok for event in ward.events.drain() if isinstance(event, ProviderChecked)]
        assert told == [False, True]


async def test_a_provider_that_hangs_costs_the_deadline_and_nobody_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_module, "DEADLINE_S", 0.4)
    async with FaultyProvider(probe=silence()) as hung, FaultyProvider() as well:
        clock = ManualClock()
        ward = Ward(store, clock, at("hung", hung), at("well", well))
        await ward.prober.check([at("warm", well)])
        began = time.monotonic()
        results = {result.name: result for result in await watching(ward, clock).round()}
        assert time.monotonic() - began < 3
        assert (results["hung"].error_kind, results["well"].ok) == ("timeout", True)
        await eventually(lambda: hung.requests[0].closed_at is not None)


async def test_closing_in_the_middle_of_a_round_closes_the_connection(store: Store) -> None:
    async with FaultyProvider(probe=silence()) as hung:
        clock = ManualClock()
        monitor = watching(Ward(store, clock, at("a", hung)), clock)
        monitor.start()
        await eventually(lambda: hung.requests)
        await monitor.aclose()
        await eventually(lambda: hung.requests[0].closed_at is not None)
        await monitor.aclose()
        assert [task for task in asyncio.all_tasks() if task.get_name() == "health-monitor"] == []


async def test_it_goes_on_by_itself_with_the_configuration_of_the_moment(store: Store) -> None:
    async with FaultyProvider() as first, FaultyProvider() as second:
        clock = ManualClock()
        ward = Ward(store, clock, at("a", first))
        monitor = watching(ward, clock)
        monitor.start()
        await eventually(lambda: first.requests)
        ward.configuration = replace(ward.configuration, providers=(at("b", second),))
        await eventually(lambda: second.requests)
        await monitor.aclose()


async def test_a_round_that_fails_is_not_the_last(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    async with FaultyProvider() as double:
        clock = ManualClock()
        ward = Ward(store, clock, at("a", double))
        troubles = [RuntimeError("no configuration")]

        async def configured() -> Configuration:
            if troubles:
                raise troubles.pop()
            return ward.configuration

        monitor = HealthMonitor(configured, ward.prober, ward.standings, clock=clock, random=Random(1))
        monitor.start()
        await eventually(lambda: double.requests)
        await monitor.aclose()
        assert "a round of probes failed" in caplog.text


async def test_without_providers_nothing_is_claimed(store: Store) -> None:
    clock = ManualClock()
    nobody: tuple[Provider, ...] = ()
    ward = Ward(store, clock, *nobody)
    assert await watching(ward, clock).round() == []
    assert await store.read("select * from probes") == []
