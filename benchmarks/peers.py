"""Whole programs in a pseudo-terminal: start to usable composer, and share of a CPU while nothing happens.

Ours beside a bare Textual application and, where their executables are given, Elia and oterm: each with an empty home
and no network. Aims of ours: usable within 1.3 times a bare application, idle at most 1 % of a CPU.

    python -m benchmarks.peers [--elia PATH] [--oterm PATH] [--seconds 20] [--rounds 3]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.startup import CONFIGURATION, FLOOR, LETTER, OURS, SOURCE, cpu_of

DEADLINE_S = 60.0
SETTLED_AFTER_S = 15.0
"""Seconds after which what is loaded beside the first use is loaded, and a reply has ended."""
SIZE = (42, 140, 1_120, 672)
"""Rows and columns, and the pixels of all of them, which oterm asks for."""
NOBODY = "http://127.0.0.1:9"
CLOSED = {"HTTP_PROXY": NOBODY, "HTTPS_PROXY": NOBODY, "ALL_PROXY": NOBODY, "OLLAMA_HOST": NOBODY, "NO_PROXY": ""}
_MOST_LETTERS = 20
ANSWERS = {b"\x1b[c": b"\x1b[?62;22c", b"\x1b[16t": b"\x1b[6;16;8t", b"\x1b[6n": b"\x1b[1;1R"}
"""What terminals answer to questions that oterm waits for."""
PROMPT = b"Why do retries need a budget?"


class Terminal:
    """A program in a terminal of its own, killed at the end."""

    def __init__(self, command: list[str], home: str, cache: str) -> None:
        """Started at once, with an empty home and nobody to reach."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        environ = {
            **kept, **CLOSED, "HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor",
            "PYTHONPATH": str(SOURCE) if command[0] == sys.executable else "", "PYTHONPYCACHEPREFIX": cache,
        }  # fmt: skip
        self.seen = b""
        self.began = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE))
            os.execvpe(command[0], command, environ)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._terminal)

    def type(self, typed: bytes) -> None:
        """Send keys."""
        os.write(self._terminal, typed)

    def read(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take what it writes for so long, or until something holds; whether it does."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0 and not until():
            if select.select([self._terminal], [], [], left)[0]:
                try:
                    written = os.read(self._terminal, 65_536)
                except OSError:
                    # It has ended.
                    break
                self.seen += written
                for question, answer in ANSWERS.items():
                    if question in written:
                        os.write(self._terminal, answer)
        return until()

    def sees(self, wanted: bytes, within_s: float = DEADLINE_S) -> bool:
        """Wait until it has written something."""
        return self.read(within_s, lambda: wanted in self.seen)

    def echoes(self, letter: bytes) -> bool:
        """Type a letter, again and again where keys get lost, until it is shown."""
        for _ in range(_MOST_LETTERS):
            self.type(letter)
            if self.sees(letter, 0.5):
                return True
        return False

    def idle_share(self, seconds: float) -> float:
        """CPU seconds per second while nothing is asked of it."""
        self.read(SETTLED_AFTER_S)
        cpu, began = cpu_of(self.pid), time.perf_counter()
        self.read(seconds)
        return (cpu_of(self.pid) - cpu) / (time.perf_counter() - began)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is started, and what it shows when it is there."""

    title: str
    command: list[str]
    painted: bytes
    configured: bool = False
    """Whether it begins with a provider in its home."""
    talks: bool = False
    """Whether a conversation is held before it is left alone."""


@dataclass(slots=True, kw_only=True)
class Figures:
    """Of one start."""

    paint_s: float
    paint_cpu_s: float
    usable_s: float | None = None
    usable_cpu_s: float | None = None
    idle: float | None = None


def run(program: Program, cache: str, idle_s: float) -> Figures | None:
    """Start it once; None when it did not show what it should."""
    with tempfile.TemporaryDirectory() as home:
        if program.configured:
            config = Path(home) / "config" / "config.yaml"
            config.parent.mkdir()
            config.write_text(CONFIGURATION, encoding="utf-8")
        command = [part.replace("HOME", home) for part in program.command]
        with Terminal(command, home, cache) as terminal:
            if not terminal.sees(program.painted):
                return None
            figures = Figures(paint_s=time.perf_counter() - terminal.began, paint_cpu_s=cpu_of(terminal.pid))
            if terminal.echoes(LETTER):
                figures.usable_s = time.perf_counter() - terminal.began
                figures.usable_cpu_s = cpu_of(terminal.pid)
            if idle_s:
                if program.talks:
                    terminal.type(PROMPT + b"\r")
                    terminal.read(10.0)
                figures.idle = terminal.idle_share(idle_s)
            return figures


def milliseconds(taken: Sequence[float | None]) -> str:
    """The median, or a dash where there is none."""
    known = [each for each in taken if each is not None]
    return f"{statistics.median(known) * 1000:8.0f}" if known else f"{'-':>8}"


def measured(program: Program, rounds: int, seconds: float) -> str:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as cache:
        # The first start compiles, and is the one that is left alone.
        first = run(program, cache, seconds)
        others = [run(program, cache, 0) for _ in range(rounds)] if first is not None else []
    starts = [each for each in others if each is not None]
    if first is None or not starts:
        return f"{program.title:34} did not show {program.painted.decode()!r}"
    figures: tuple[Sequence[float | None], ...] = (
        [each.paint_s for each in starts], [each.paint_cpu_s for each in starts],
        [each.usable_s for each in starts], [each.usable_cpu_s for each in starts],
    )  # fmt: skip
    idle = f"{first.idle:8.2%}" if first.idle is not None else ""
    return f"{program.title:34}{''.join(map(milliseconds, figures))}{idle}"


def main() -> None:
    """Print a row for each program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elia", help="path of its executable")
    parser.add_argument("--oterm", help="path of its executable")
    parser.add_argument("--seconds", type=float, default=20.0, help="of doing nothing")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    ours = [sys.executable, "-c", OURS, "--home", "HOME"]
    programs = [
        Program(
            title="bare application",
            command=[sys.executable, "-c", FLOOR],
            painted=b"a bare application, painted",
        ),
        Program(title="workbench, a provider", command=ours, painted=b"ype a message", configured=True),
        Program(title="workbench, empty home", command=ours, painted=b"workbench"),
        Program(
            title="workbench, after a conversation",
            command=[*ours, "demo"],
            painted=b"ype a message",
            talks=True,
        ),
    ]
    print(f"{'medians in ms':34}   paint     CPU  usable     CPU    idle")
    for program in programs:
        print(measured(program, chosen.rounds, chosen.seconds), flush=True)
    for title, path, painted in (("Elia", chosen.elia, b"Elia"), ("oterm", chosen.oterm, b"oterm")):
        if path:
            print(measured(Program(title=title, command=[path], painted=painted), chosen.rounds, chosen.seconds))
        else:
            print(f"{title:34} not installed")


if __name__ == "__main__":
    main()
