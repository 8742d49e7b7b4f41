"""How long going on to the next provider takes, and what an open breaker and a hung provider cost."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from tests.support.doubles import FaultyProvider, ok, reset_at_once, server_error, silence, status
from tests.support.exchange import Behaviour
from tests.support.provider_room import QUICK, ProviderRoom, at, provider_room
from workbench.core.clock import SystemClock
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.resilience.values import BreakerState

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM.
    pytest.mark.timeout(60),
]

TURNS = 50


@pytest.mark.parametrize("name", ["500", "400", "reset"])
async def test_the_next_request_leaves_within_100_ms_of_an_error(
    name: str, client: LiteLLMClient, tmp_path: Path
) -> None:
    errors: dict[str, Behaviour] = {"500": server_error(), "400": status(400), "reset": reset_at_once()}
    gaps_ms: list[float] = []
    async with FaultyProvider(errors[name]) as first, FaultyProvider(ok()) as second:
        a, b = at("a", first), at("b", second, 2)
        async with provider_room(tmp_path, client, a, b) as room:
            for _ in range(TURNS):
                first.requests.clear()
                second.requests.clear()
                assert (await room.ask("hi")).complete
                gaps_ms.append((second.calls[0].at - (first.calls[0].answered_at or first.calls[0].at)) * 1000)
                await room.admission.reset_breaker("a")
    assert median(gaps_ms) < 100, gaps_ms
    # One turn may meet a collection of garbage, a busy disk or another process; none may wait for something.
    assert sorted(gaps_ms)[-2] < 250, sorted(gaps_ms)


class WallClock(SystemClock):
    """The machine's clocks, but wall time passes only when told: rests last as long as the test wants."""

    def __init__(self) -> None:
        self._now_ms = super().now_ms()

    def now_ms(self) -> int:
        return self._now_ms

    def advance(self, seconds: float) -> None:
        self._now_ms += round(seconds * 1000)


async def timed(room: ProviderRoom) -> float:
    """Milliseconds that one turn takes."""
    began = time.perf_counter()
    assert (await room.ask("hi")).complete
    return (time.perf_counter() - began) * 1000


async def test_an_open_breaker_costs_at_most_5_ms(client: LiteLLMClient, tmp_path: Path) -> None:
    async with FaultyProvider(silence()) as hung, FaultyProvider(ok()) as well:
        a, b = at("a", hung), at("b", well, 2)
        async with provider_room(tmp_path, client, a, b, clock=WallClock()) as room:
            await room.ask("opens the breaker of a")
            assert room.admission.breaker(a).state is BreakerState.OPEN
            with_open, without = room.configuration, replace(room.configuration, providers=(b,))
            took_ms: dict[bool, list[float]] = {True: [], False: []}
            for _ in range(TURNS):
                # Taken in turns, so that whatever else the machine does hits both alike.
                for is_open_first, configuration in ((True, with_open), (False, without)):
                    room.configuration = configuration
                    took_ms[is_open_first].append(await timed(room))
            assert len(hung.calls) == 1
    # Turn by turn, so that a minute in which the machine is slow does not count for one of them.
    added_ms = median(one - other for one, other in zip(took_ms[True], took_ms[False], strict=True))
    assert added_ms <= 5.0, (added_ms, median(took_ms[True]), median(took_ms[False]))


async def test_a_hung_provider_costs_its_time_once_and_then_once_a_probe(client: LiteLLMClient, tmp_path: Path) -> None:
    limit_ms, clock = QUICK.first_token_timeout * 1000, WallClock()
    async with FaultyProvider(silence(), silence(), ok()) as hung, FaultyProvider(ok()) as well:
        a, b = at("a", hung), at("b", well, 2)
        async with provider_room(tmp_path, client, a, b, clock=clock) as room:
            assert await timed(room) >= limit_ms
            later = [await timed(room) for _ in range(10)]
            assert len(hung.calls) == 1
            # Waiting for it would cost its whole time, however slow the machine is.
            assert median(later) < limit_ms, later

            clock.advance(7)
            assert await timed(room) >= limit_ms
            clock.advance(7)
            assert await timed(room) < limit_ms, "its second period is twice as long"
            assert len(hung.calls) == 2

            clock.advance(7)
            result = await room.ask("its probe is answered")
            assert (result.message.provider, len(hung.calls)) == ("a", 3)
            assert room.admission.breaker(a).state is BreakerState.CLOSED
