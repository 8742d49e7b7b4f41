"""Time as the program sees it: wall time for records, monotonic time for deadlines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
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


class RunTime:
    """Seconds that this process has run: they stand still while it is put aside by ctrl+z.

    Time limits count these, because a provider is not silent while nobody can listen. The clock is stopped before
    the process is and goes on after it does, so that no thread sees a jump.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` is the machine's monotonic clock."""
        self._now = now
        self._put_aside_s = 0.0
        self._stopped_at: float | None = None

    def seconds(self) -> float:
        """Only differences have a meaning."""
        stopped_at = self._stopped_at
        return (self._now() if stopped_at is None else stopped_at) - self._put_aside_s

    def stop(self) -> None:
        """The process is about to be put aside; twice is once."""
        if self._stopped_at is None:
            self._stopped_at = self._now()

    def go_on(self) -> None:
        """It is back."""
        stopped_at = self._stopped_at
        if stopped_at is not None:
            # In this order the time of other threads is at no moment ahead of what it will be.
            self._put_aside_s += self._now() - stopped_at
            self._stopped_at = None


RUN_TIME = RunTime()
"""Of this process."""


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        """Wall time in integer milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that the process has run."""
        return RUN_TIME.seconds()

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


def local_time(at_ms: int) -> datetime:
    """A moment as the clock on the wall shows it; one that no calendar can show gives the nearest that it can."""
    seconds = min(max(at_ms / 1000, _EARLIEST_S + _DAYS_S), _LATEST_S - _DAYS_S)
    return datetime.fromtimestamp(seconds, tz=UTC).astimezone()


_DAYS_S = 2 * 86_400
"""Farther than any time zone is from UTC."""
