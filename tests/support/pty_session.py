"""A program in a real pseudo-terminal: its screen as text, every byte it wrote, keys, resizes, signals."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pexpect
import pyte

from tests.support.warm import WarmTerminal

_UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[(?:[<>=][0-9;:]*[ -/]*[@-~]|\?[0-9;]*(?:u|\$p)|[0-9;:]* q)|\x1b[P_^X][^\x1b]*\x1b\\"
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[P_^X\]][^\x1b\x07]*\x1b?)?\Z")
MODES_RESTORED = (b"\x1b[?1049l", b"\x1b[?25h")
"""What a full-screen program must have written when it ends: main screen, visible cursor."""


class PtySession:
    """Use it in a `with`; what still runs at the end is killed.

    `wait_for` and the others raise AssertionError with the screen when what they wait for does not come.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 140,
        lines: int = 42,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        warm: bool = False,
    ) -> None:
        """Start `command` at once; `env` is added to the test's own environment."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._raw = bytearray()
        self._pending = b""
        self._reading = threading.Event()
        self._reading.set()
        self._ended = threading.Event()
        self.child: pexpect.spawn[bytes] | WarmTerminal
        if warm:
            self.child = WarmTerminal(command, size=(lines, columns), env=env or {}, cwd=cwd)
        else:
            self.child = pexpect.spawn(
                command[0],
                list(command[1:]),
                dimensions=(lines, columns),
                env={**os.environ, **(env or {})},
                cwd=None if cwd is None else str(cwd),
                timeout=None,
            )
            self.child.delaybeforesend = None
        self._reader = threading.Thread(target=self._read, name="pty-reader", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Kill what is left and close the terminal."""
        self._reading.set()
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
        self._ended.wait(5)
        # After `hang_up` there is nothing left to close.
        with contextlib.suppress(OSError):
            self.child.close()

    def _read(self) -> None:
        while True:
            self._reading.wait()
            try:
                data = self.child.read_nonblocking(65536, timeout=0.05)
            except pexpect.TIMEOUT:
                continue
            except (pexpect.EOF, OSError, ValueError):
                break
            with self._lock:
                self._raw += data
                self._feed(data)
        self._ended.set()

    def _feed(self, data: bytes) -> None:
        whole = _UNKNOWN_TO_PYTE.sub(b"", self._pending + data)
        unfinished = _UNFINISHED.search(whole)
        cut = unfinished.start() if unfinished is not None else len(whole)
        self._pending = whole[cut:]
        self._stream.feed(whole[:cut])

    @property
    def raw(self) -> bytes:
        """Every byte written so far."""
        with self._lock:
            return bytes(self._raw)

    @property
    def rows(self) -> list[str]:
        """The screen as it is now, a string a row."""
        with self._lock:
            return [row.rstrip() for row in self._screen.display]

    @property
    def text(self) -> str:
        """The screen as one string."""
        return "\n".join(self.rows)

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor, from 0."""
        with self._lock:
            return (self._screen.cursor.y, self._screen.cursor.x)

    def styles(self, row: int, column: int) -> pyte.screens.Char:
        """The character at a place with its colours and attributes (`strikethrough`, `bold`, `fg`, ...)."""
        with self._lock:
            return self._screen.buffer[row][column]

    def wait_until(self, predicate: Callable[[], object], within_s: float = 12.0, what: str = "") -> None:
        """Wait until `predicate()` is true."""
        deadline = time.monotonic() + within_s
        while not predicate():
            ended = self._ended.is_set() and not predicate()
            assert not ended, f"the program ended: {what}\n{self.text}"
            assert time.monotonic() < deadline, f"not within {within_s} s: {what}\n{self.text}"
            time.sleep(0.01)

    def wait_for(self, *texts: str, within_s: float = 12.0) -> None:
        """Wait until all `texts` are on the screen."""
        self.wait_until(lambda: all(text in self.text for text in texts), within_s, f"waiting for {texts}")

    def wait_gone(self, text: str, within_s: float = 12.0) -> None:
        """Wait until `text` is no longer on the screen."""
        self.wait_until(lambda: text not in self.text, within_s, f"waiting for the end of {text!r}")

    def wait_for_bytes(self, data: bytes, within_s: float = 12.0) -> None:
        """Wait until `data` has been written."""
        self.wait_until(lambda: data in self.raw, within_s, f"waiting for bytes {data!r}")

    def send(self, keys: str | bytes) -> None:
        """Type; control characters and escape sequences as the terminal sends them."""
        self.child.send(keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the window's size; the program gets SIGWINCH."""
        with self._lock:
            self._screen.resize(lines, columns)
        self.child.setwinsize(lines, columns)

    def stop_reading(self) -> None:
        """Behave like a terminal that has stalled."""
        self._reading.clear()

    def go_on_reading(self) -> None:
        """Behave again."""
        self._reading.set()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send the program a signal."""
        self.child.kill(number)

    def hang_up(self) -> None:
        """Close the terminal, as when its window is closed: the program gets SIGHUP."""
        self._reading.set()
        os.close(self.child.child_fd)

    def wait_exit(self, within_s: float = 8.0) -> int:
        """Wait for its end; the exit code, or minus the number of the signal that ended it."""
        assert self._ended.wait(within_s), f"still running after {within_s} s\n{self.text}"
        deadline = time.monotonic() + within_s
        while self.child.isalive():
            assert time.monotonic() < deadline, f"still running after {within_s} s\n{self.text}"
            time.sleep(0.01)
        return self.child.exitstatus if self.child.exitstatus is not None else -(self.child.signalstatus or 0)
