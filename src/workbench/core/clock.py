"""Time as the program sees it: wall time for records, monotonic time for deadlines."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time and lets it pass."""

    def now_ms(self) -> int:
        """Wall time in integer milliseconds since 1970, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps; only differences have a meaning."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        """Wall time in integer milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds on the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass on the running loop."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told; `sleep` moves it at once."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        """Start at `now_ms` wall time and monotonic zero."""
        self._now_ms = now_ms
        self._monotonic = 0.0

    def now_ms(self) -> int:
        """The wall time set so far."""
        return self._now_ms

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._monotonic += seconds
        self._now_ms += round(seconds * 1000)

    async def sleep(self, seconds: float) -> None:
        """Advance by `seconds` and give other tasks one turn."""
        self.advance(seconds)
        await asyncio.sleep(0)


_EARLIEST_S = -62_135_596_800
_LATEST_S = 253_402_300_799
"""The first and last second that a calendar of four-digit years has."""


def iso_utc(at_ms: int) -> str:
    """Integer milliseconds as ISO 8601 in UTC with milliseconds, e.g. `2026-11-20T09:41:02.117Z`.

    Times before year 1 or after 9999 give the nearest second that can be written.
    """
    seconds = min(max(at_ms // 1000, _EARLIEST_S), _LATEST_S)
    whole = datetime.fromtimestamp(seconds, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z".rjust(24, "0")
