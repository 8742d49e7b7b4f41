"""What is asked for from outside: SIGTERM, SIGHUP and SIGINT end it within two seconds, SIGTSTP puts it aside."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable
from types import FrameType

END_WITHIN_S = 1.8
"""How long an end may take, whatever is stuck."""
CLOSE_CORE_AFTER_S = 0.7
"""How long the loop may take to close the core itself."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_RESTORE = b"\x1b[?1049l\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[23;2t\x1b[?25h"

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class SignalWatch:
    """Handles the signals while it is entered.

    The handlers run between two instructions of the main thread, so they also run while the loop is stuck on a
    terminal that takes no more output, or that is gone; then a thread closes the core, which marks what is being
    written as interrupted, and ends the process after `END_WITHIN_S`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        end: Callable[[int], None],
        close_core: Callable[[float], object],
        stop_asked: Callable[[asyncio.AbstractEventLoop], None],
    ) -> None:
        """`end` is called on `loop` with the exit code; `close_core`, with the seconds it has, on a thread.

        `stop_asked` is called in the handler of SIGTSTP.
        """
        self._loop = loop
        self._end = end
        self._stop_asked = stop_asked
        self._close_core = close_core
        self._before: dict[signal.Signals, _Handler] = {}
        self._terminal = _terminal_modes()
        self._deadline: threading.Thread | None = None
        self._ended = threading.Event()

    def install(self) -> None:
        """Take the signals over; only in the main thread."""
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._received)
        # Textual's own handler gives the terminal back, but neither its title nor word to the core.
        self._before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._stop)

    def remove(self) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def disarm(self) -> None:
        """The end was reached in order."""
        self._ended.set()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stop_asked(self._loop)

    def _received(self, number: int, frame: FrameType | None) -> None:
        code = 128 + number
        if self._deadline is None:
            self._deadline = threading.Thread(target=self._see_to_the_end, args=(code,), name="end", daemon=True)
            self._deadline.start()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end, code)

    def _see_to_the_end(self, code: int) -> None:
        deadline = time.monotonic() + END_WITHIN_S
        if self._ended.wait(CLOSE_CORE_AFTER_S):
            return
        try:
            self._close_core(deadline - time.monotonic())
        finally:
            if not self._ended.wait(max(deadline - time.monotonic(), 0)):
                self._end_now(code)

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
