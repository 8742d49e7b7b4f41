"""The queue at work: requests that found everybody full sleep here until it is their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.provider_events import RequestWaiting
from workbench.providers.resilience.admission import Ask, Full
from workbench.providers.resilience.standing import ProviderStanding, Verdict
from workbench.providers.resilience.waiting import Ahead, Chance, Waiter, WaitingQueue
from workbench.providers.routing.order import Candidate, Skipped

SHORTEST_PAUSE_S = 0.001


@dataclass(slots=True)
class _Seat:
    """What a waiting request waits for, and how it is woken."""

    candidates: dict[str, Candidate]
    tokens: float
    bell: asyncio.Event = field(default_factory=asyncio.Event)


class WaitingRoom:
    """Wakes those who wait when a place may be theirs; used on one event loop."""

    def __init__(self, standing: ProviderStanding, bus: EventBus, clock: Clock) -> None:
        """Nobody waits."""
        self._standing = standing
        self._bus = bus
        self._clock = clock
        self._queue = WaitingQueue()
        self._seats: dict[Waiter, _Seat] = {}

    def ahead(self, ask: Ask) -> Ahead:
        """What those take away who go before `ask`."""
        return self._queue.ahead(ask.turn_id, ask.urgency, self._clock.monotonic())

    def admitted(self, ask: Ask) -> None:
        """It got what it was called for, if it was."""
        self._queue.admitted(ask.turn_id)
        self.stir()

    def stir(self) -> None:
        """Something may have become free: let those try whose turn it is."""
        if not len(self._queue):
            return
        for waiter in self._queue.call(self._chance, self._clock.monotonic()):
            seat = self._seats.get(waiter)
            if seat is not None:
                seat.bell.set()

    async def wait(self, candidates: Sequence[Candidate], ask: Ask, *, timeout_s: float) -> bool:
        """Queue until one of these may have a free place and it is this request's turn; False when it took too long.

        True too when none of them is worth waiting for any more.
        """
        deadline_s = self._clock.monotonic() + timeout_s
        seat = _Seat({candidate.provider.name: candidate for candidate in reversed(candidates)}, ask.tokens)
        waiter = self._queue.join(ask.turn_id, ask.urgency, tuple(seat.candidates), ask.tokens)
        self._seats[waiter] = seat
        came = False
        try:
            self.stir()
            if waiter.called_s is None:
                self._tell_waiting(waiter, seat, ask)
            while waiter.called_s is None:
                left_s = deadline_s - self._clock.monotonic()
                if left_s <= 0 or not await self._pause(waiter, seat, left_s):
                    break
                self.stir()
            came = waiter.called_s is not None
        finally:
            del self._seats[waiter]
            if not came:
                self._queue.leave(waiter)
                self.stir()
        return came

    def _chance(self, waiter: Waiter, name: str, ahead: Ahead) -> Chance:
        match self._verdict(waiter, name, ahead).answer:
            case None:
                return Chance.FREE
            case Full():
                return Chance.FULL
            case Skipped():
                return Chance.OUT

    def _verdict(self, waiter: Waiter, name: str, ahead: Ahead) -> Verdict:
        seat = self._seats[waiter]
        return self._standing.judge(seat.candidates[name], seat.tokens, ahead)

    def _tell_waiting(self, waiter: Waiter, seat: _Seat, ask: Ask) -> None:
        ahead = self.ahead(ask)
        found: list[tuple[float, str]] = []
        for name in seat.candidates:
            answer = self._verdict(waiter, name, ahead).answer
            if isinstance(answer, Full):
                ready_in_s = float("inf") if answer.ready_in_s is None else answer.ready_in_s
                found.append((ready_in_s, f"{name}: {answer.reason}"))
        ready_in_s, reason = min(found, default=(float("inf"), "nobody can be asked now"))
        if len(found) > 1:
            reason = f"all {len(found)} providers are full, {reason}"
        self._bus.publish(
            RequestWaiting(
                reason=reason,
                ready_in_s=None if ready_in_s == float("inf") else round(ready_in_s, 3),
                ahead=self._queue.before(waiter),
                correlation=ask.turn_id,
                conversation_id=ask.conversation_id,
            )
        )

    async def _pause(self, waiter: Waiter, seat: _Seat, left_s: float) -> bool:
        """Until something may have changed; False when `left_s` have passed before."""
        bell = seat.bell = asyncio.Event()
        delay_s = self._ready_in(waiter, seat)
        if delay_s is None:
            try:
                async with asyncio.timeout(left_s):
                    await bell.wait()
            except TimeoutError:
                return False
            return True
        delay_s = min(max(delay_s, SHORTEST_PAUSE_S), left_s)
        sleeping = asyncio.create_task(self._clock.sleep(delay_s), name="workbench-waiting")
        sleeping.add_done_callback(lambda _: bell.set())
        try:
            await bell.wait()
        finally:
            sleeping.cancel()
        return True

    def _ready_in(self, waiter: Waiter, seat: _Seat) -> float | None:
        """Seconds until it is worth looking again; None when others must do something first."""
        if not waiter.front:
            return None
        now_s = self._clock.monotonic()
        ahead = self._queue.ahead(waiter.turn_id, waiter.urgency, now_s)
        times = [self._verdict(waiter, name, ahead).ready_in_s for name in seat.candidates if name not in ahead.wanted]
        called_until_s = self._queue.called_until_s()
        if called_until_s is not None:
            times.append(called_until_s - now_s)
        return min((time for time in times if time is not None), default=None)
