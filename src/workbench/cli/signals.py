"""Ctrl-C, SIGTERM and SIGHUP: one exception in the main thread, then time to save."""

from __future__ import annotations

import os
import signal
import time
from types import FrameType

FORCE_AFTER_S = 0.5
"""A second Ctrl-C this long after the first ends the process at once."""
INTERRUPTED = 130


class Interrupted(BaseException):
    """The user pressed Ctrl-C. Not a KeyboardInterrupt, which the parser would turn into an exit of its own."""


class Terminated(Interrupted):
    """The system asked the command to end (SIGTERM, SIGHUP)."""


class SignalHandlers:
    """Turns the first signal into an exception; later ones must not disturb the saving."""

    def __init__(self) -> None:
        """Nothing is installed yet."""
        self._first_at: float | None = None

    def install(self) -> None:
        """Take the signals over, except those that the parent process had ignored (nohup, background jobs)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)

    def rearm(self) -> None:
        """The interrupt has been dealt with and the command goes on: the next signal counts as the first."""
        self._first_at = None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        now = time.monotonic()
        if self._first_at is None:
            self._first_at = now
            raise Interrupted if number == signal.SIGINT else Terminated
        # `timeout` and service managers send SIGTERM twice in a row: only a person who insists is obeyed at once.
        if number == signal.SIGINT and now - self._first_at > FORCE_AFTER_S:
            os._exit(INTERRUPTED)


HANDLERS = SignalHandlers()
"""The process has one set of signal handlers."""
