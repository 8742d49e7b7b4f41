"""When the pump runs: at once after quiet, else at its interval, and whatever the timers do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from workbench.tui import pump
from workbench.tui.pump import BEAT_S, BUSY_INTERVAL_S, CALM_INTERVAL_S, Rhythm

Act = Callable[[], Awaitable[None]]


class FakeTimer:
    def __init__(self, delay_s: float, act: Act) -> None:
        self.delay_s = delay_s
        self.act = act
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True


class FakeHost:
    """Keeps the timers; the test says when they are due."""

    def __init__(self) -> None:
        self.timers: list[FakeTimer] = []
        self.beat: Act | None = None

    def set_timer(self, delay: float, act: Act) -> FakeTimer:
        self.timers.append(FakeTimer(delay, act))
        return self.timers[-1]

    def set_interval(self, interval: float, act: Act) -> None:
        assert interval == BEAT_S
        self.beat = act


class Paced:
    """A rhythm at a time that the test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.busy = True
        self.runs = 0
        self.meanwhile: Callable[[], None] = lambda: None
        self.host = FakeHost()
        monkeypatch.setattr(pump.time, "monotonic", lambda: self.now)
        self.rhythm = Rhythm(cast("Any", self.host), self._run, lambda: self.busy)
        self.rhythm.begin()

    async def _run(self) -> None:
        self.runs += 1
        self.meanwhile()
        await asyncio.sleep(0)

    async def wake(self) -> None:
        await asyncio.to_thread(self.rhythm.wake)
        await asyncio.sleep(0)

    async def due(self) -> None:
        timer = self.host.timers[-1]
        self.now += timer.delay_s
        await timer.act()

    async def beat(self) -> None:
        assert self.host.beat is not None
        await self.host.beat()


async def test_what_comes_after_quiet_is_shown_at_once_and_what_follows_at_the_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paced = Paced(monkeypatch)
    await paced.wake()
    assert paced.host.timers[-1].delay_s < 0.01
    await paced.due()
    paced.now += 0.01
    await paced.wake()
    await paced.wake()
    assert len(paced.host.timers) == 2, "one timer is enough"
    assert paced.host.timers[-1].delay_s == pytest.approx(BUSY_INTERVAL_S - 0.01)
    await paced.due()
    paced.busy = False
    await paced.wake()
    assert paced.host.timers[-1].delay_s == pytest.approx(CALM_INTERVAL_S)
    assert paced.runs == 2


async def test_a_beat_without_events_does_not_put_off_the_first_token(monkeypatch: pytest.MonkeyPatch) -> None:
    paced = Paced(monkeypatch)
    await paced.beat()
    assert paced.runs == 1
    await paced.wake()
    assert paced.host.timers[-1].delay_s < 0.01


async def test_a_timer_that_never_comes_is_made_up_for_by_the_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    paced = Paced(monkeypatch)
    await paced.wake()
    await paced.beat()
    assert paced.runs == 0, "the timer is not late yet"
    paced.now += 0.1
    await paced.beat()
    assert paced.runs == 1
    assert paced.host.timers[-1].stopped
    await paced.wake()
    assert len(paced.host.timers) == 2


async def test_what_comes_during_a_run_is_not_forgotten_and_runs_do_not_overlap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paced = Paced(monkeypatch)
    paced.meanwhile = paced.rhythm.wake
    await paced.wake()
    first = asyncio.create_task(paced.due())
    await asyncio.sleep(0)
    await paced.beat()
    await first
    assert paced.runs == 1
    assert len(paced.host.timers) == 2
