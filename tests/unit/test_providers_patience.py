"""Waiting for the pieces of an answer within its limits, with one timer for all of them."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from typing import Any

import pytest

from workbench.providers.answering.patience import Patience
from workbench.providers.values import AttemptFailure, ErrorKind, Timeouts

LONG_S = 3600.0


async def never() -> None:
    """A piece that does not come."""
    await asyncio.Event().wait()


async def soon() -> str:
    """A piece that comes after the loop has had its turn."""
    await asyncio.sleep(0)
    return "piece"


def limits(first_token_s: float = LONG_S, stall_s: float = LONG_S, total_s: float = 2 * LONG_S) -> Timeouts:
    return Timeouts(first_token_s=first_token_s, stall_s=stall_s, total_s=total_s)


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.TimerHandle]:
    """Every timer that is set on the loop of this test."""
    made: list[asyncio.TimerHandle] = []
    call_at = asyncio.BaseEventLoop.call_at

    def noted(loop: asyncio.BaseEventLoop, when: float, *more: Any, **context: Any) -> asyncio.TimerHandle:
        made.append(call_at(loop, when, *more, **context))
        return made[-1]

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_at", noted)
    return made


async def test_one_timer_serves_all_pieces(timers: list[asyncio.TimerHandle]) -> None:
    with closing(Patience(limits())) as patience:
        for _ in range(100):
            assert await patience.wait(soon()) == "piece"
            patience.heard()
        assert len(timers) == 1
    assert timers[0].cancelled()


@pytest.mark.parametrize(
    ("given", "heard", "kind"),
    [
        (limits(first_token_s=0.01), False, ErrorKind.FIRST_TOKEN_TIMEOUT),
        # The timer stands at the end of the first limit, an hour from now, and has to be moved.
        (limits(stall_s=0.01), True, ErrorKind.STALLED),
        (limits(total_s=0.01), False, ErrorKind.TIMEOUT),
        (limits(total_s=0.01), True, ErrorKind.TIMEOUT),
    ],
)
async def test_each_limit_ends_the_wait_and_leaves_the_task_as_it_was(
    given: Timeouts, heard: bool, kind: ErrorKind
) -> None:
    task = asyncio.current_task()
    with closing(Patience(given)) as patience:
        if heard:
            await patience.wait(soon())
            patience.heard()
        with pytest.raises(AttemptFailure) as caught:
            await patience.wait(never())
    assert caught.value.kind is kind
    assert task is not None
    assert task.cancelling() == 0


async def test_a_timer_that_rings_too_early_is_set_anew(timers: list[asyncio.TimerHandle]) -> None:
    with closing(Patience(limits(first_token_s=0.05, stall_s=0.05))) as patience:
        await asyncio.sleep(0.03)
        await patience.wait(soon())
        patience.heard()
        timers.clear()
        began = asyncio.get_running_loop().time()
        with pytest.raises(AttemptFailure) as caught:
            await patience.wait(never())
        # A loop calls what is due within its clock's resolution.
        assert asyncio.get_running_loop().time() - began >= 0.045
    assert caught.value.kind is ErrorKind.STALLED
    assert len(timers) == 1


async def test_time_that_passes_while_nobody_waits_is_no_silence(timers: list[asyncio.TimerHandle]) -> None:
    with closing(Patience(limits(stall_s=0.01, first_token_s=0.01))) as patience:
        await patience.wait(soon())
        while timers[0].when() > asyncio.get_running_loop().time():
            await asyncio.sleep(0.005)
        patience.heard()
        assert await patience.wait(soon()) == "piece"


async def test_whoever_waits_now_is_interrupted() -> None:
    with closing(Patience(limits(stall_s=0.02))) as patience:
        await asyncio.create_task(patience.wait(soon()))
        patience.heard()
        with pytest.raises(AttemptFailure):
            await asyncio.create_task(patience.wait(never()))


async def test_cancelling_from_outside_goes_through_even_when_the_time_is_up() -> None:
    async def cancelled_meanwhile() -> None:
        try:
            await never()
        finally:
            waiting.cancel()

    with closing(Patience(limits(first_token_s=0.01))) as patience:
        waiting = asyncio.create_task(patience.wait(cancelled_meanwhile()))
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_piece_that_outlives_its_time_does_not_hide_a_later_cancelling() -> None:
    async def stubborn() -> str:
        with suppress(asyncio.CancelledError):
            await never()
        return "late"

    async def read(patience: Patience) -> None:
        assert await patience.wait(stubborn()) == "late"
        patience.heard()
        late.set()
        await patience.wait(never())

    late = asyncio.Event()
    with closing(Patience(limits(first_token_s=0.01))) as patience:
        reading = asyncio.create_task(read(patience))
        await late.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
