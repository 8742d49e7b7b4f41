"""Ends asked for from outside: SIGTERM, SIGHUP and SIGINT lead to an orderly end within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import FrameType

END_WITHIN_S = 1.8
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_RESTORE = b"\x1b[?1049l\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[23;2t\x1b[?25h"

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class SignalWatch:
    """Handles the signals while it is entered.

    The handlers run between two instructions of the main thread, so they also run while the loop is stuck on a
    terminal that takes no more output; then a thread ends the process after `END_WITHIN_S`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, end: Callable[[int], None]) -> None:
        """`end` is called on `loop` with the exit code."""
        self._loop = loop
        self._end = end
        self._before: dict[signal.Signals, _Handler] = {}
        self._terminal = _terminal_modes()
        self._deadline: threading.Timer | None = None

    def install(self) -> None:
        """Take the signals over; only in the main thread."""
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._received)

    def remove(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def disarm(self) -> None:
        """The end was reached in order."""
        if self._deadline is not None:
            self._deadline.cancel()

    def _received(self, number: int, frame: FrameType | None) -> None:
        code = 128 + number
        if self._deadline is None:
            self._deadline = threading.Timer(END_WITHIN_S, self._end_now, (code,))
            self._deadline.daemon = True
            self._deadline.start()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end, code)

    def _end_now(self, code: int) -> None:
        # The terminal may be the very thing that is stuck, so nothing here waits for it.
        with contextlib.suppress(OSError, ValueError, AttributeError, termios.error):
            descriptor = sys.__stderr__.fileno() if sys.__stderr__ else 2
            os.set_blocking(descriptor, False)
            os.write(descriptor, _RESTORE)
        if self._terminal is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(0, termios.TCSANOW, self._terminal)
        os._exit(code)


def _terminal_modes() -> list[int | list[bytes | int]] | None:
    try:
        return termios.tcgetattr(0)
    except (OSError, termios.error):
        return None
