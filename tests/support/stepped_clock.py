"""A manual clock whose sleepers sleep until the test moves it on."""

from __future__ import annotations

import asyncio

from workbench.core.clock import ManualClock

_TURNS = 30


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class SteppedClock(ManualClock):
    """Time passes in `advance` only, for sleepers too."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        super().__init__(now_ms)
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        """Until the clock has moved by `seconds`."""
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.monotonic() + seconds, waking))
        await waking

    def advance(self, seconds: float) -> None:
        """Move both clocks and wake whose time has come."""
        super().advance(seconds)
        for due_s, waking in list(self._sleepers):
            if due_s <= self.monotonic() + 1e-9:
                self._sleepers.remove((due_s, waking))
                if not waking.done():
                    waking.set_result(None)

    async def pass_time(self, seconds: float) -> None:
        """Advance, and let everybody do what is due."""
        self.advance(seconds)
        await settle()
