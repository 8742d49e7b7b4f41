"""The three time limits of one answer, kept by a single timer.

A timer for each of an answer's many pieces would cost more than all else that is done with them. This one stays where
it is while pieces come; when it fires, it looks whether its time has moved on, and is set anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from workbench.providers.calling.classification import failure
from workbench.providers.values import AttemptFailure, ErrorKind, Timeouts

T = TypeVar("T")


class Patience:
    """Waits for the pieces of one answer, and no longer than its limits allow.

    They count by the time of the running loop, and only while somebody waits here: the total excepted.
    """

    def __init__(self, limits: Timeouts) -> None:
        """The answer is asked for now; `close` when it has ended."""
        self._loop = asyncio.get_running_loop()
        self._limits = limits
        self._gap_s = limits.first_token_s
        self._gap_since = self._loop.time()
        self._ends_at = self._gap_since + limits.total_s
        self._heard = False
        self._reader: asyncio.Task[object] | None = None
        """Who waits now: another one perhaps than the last time, where the answer is handed on."""
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False

    def heard(self) -> None:
        """Content came and was dealt with: the time to the next begins."""
        self._heard = True
        self._gap_s = self._limits.stall_s
        self._gap_since = self._loop.time()

    async def wait(self, piece: Awaitable[T]) -> T:
        """The next piece, or what its awaitable raises. Raises AttemptFailure when a limit has passed.

        Cancelling from outside goes through, as with `asyncio.timeout`.
        """
        reader = asyncio.current_task()
        if reader is None:
            raise RuntimeError("only a task can wait")
        cancelled_before = reader.cancelling()
        self._due = min(self._gap_since + self._gap_s, self._ends_at)
        self._reader = reader
        if self._timer is None or self._due < self._timer.when():
            self._set_timer()
        try:
            return await piece
        except asyncio.CancelledError:
            if not self._expired or reader.cancelling() - 1 > cancelled_before:
                raise
        finally:
            self._reader = None
            if self._expired:
                self._expired = False
                reader.uncancel()
        raise self._failure()

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._due, self._ring, self._due)

    def _ring(self, due: float) -> None:
        self._timer = None
        if self._reader is None:
            # The next one to wait sets it anew.
            return
        if self._due > due:
            self._set_timer()
        else:
            self._expired = True
            self._reader.cancel()

    def _failure(self) -> AttemptFailure:
        limits = self._limits
        if self._ends_at <= self._gap_since + self._gap_s:
            return failure(ErrorKind.TIMEOUT, f"no whole answer within {limits.total_s:g} s")
        if not self._heard:
            return failure(ErrorKind.FIRST_TOKEN_TIMEOUT, f"no first token within {limits.first_token_s:g} s")
        return failure(ErrorKind.STALLED, f"nothing for {limits.stall_s:g} s in mid-answer")
