"""How long until `workbench` shows its first screen and takes a key, against a bare Textual application.

Both are started in a pseudo-terminal, in turn, in the same run; the figures are medians. First paint is the moment the
first screen is written; usable is the moment a typed letter appears. The aim for both ratios is at most 1.5.

Neither compiles anything while it is measured, whatever the environment says: both keep their compiled modules in one
folder, as installed programs do, and the first start of each only fills it.

    python benchmarks/startup.py [ROUNDS]
"""

from __future__ import annotations

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
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 7
DEADLINE_S = 30.0
LETTER = "Ж".encode()
"""Typed into the composer; nothing else on the screen has it."""
SOURCE = Path(__file__).resolve().parent.parent / "src"

FLOOR = """
from textual.app import App
from textual.widgets import Input, Static

class Bare(App):
    def compose(self):
        yield Static("a bare application, painted")
        yield Input()

Bare().run()
"""
CONFIGURATION = """\
providers:
  local: {kind: openai-compatible, base_url: "http://127.0.0.1:9", models: [none]}
"""
OURS = "from workbench.main import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start, in seconds; processor time is that of the whole process until then."""

    paint_s: float
    paint_cpu_s: float
    usable_s: float
    usable_cpu_s: float


def cpu_of(pid: int) -> float:
    """Processor seconds a process has used in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(code: str, arguments: list[str], painted: bytes, cache: str) -> Start:
    """Start `code` in a terminal of its own and wait until it has painted and echoed a letter."""
    # Compiled modules are kept, as they are for an installed program.
    environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(SOURCE), "PYTHONPYCACHEPREFIX": cache}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(sys.executable, [sys.executable, "-c", code, *arguments], environ)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 42, 140, 0, 0))
    try:
        wait_for(terminal, painted)
        paint_s, paint_cpu_s = time.perf_counter() - began, cpu_of(pid)
        os.write(terminal, LETTER)
        wait_for(terminal, LETTER)
        return Start(
            paint_s=paint_s, paint_cpu_s=paint_cpu_s, usable_s=time.perf_counter() - began, usable_cpu_s=cpu_of(pid)
        )
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def wait_for(terminal: int, wanted: bytes) -> None:
    """Read until the terminal was sent `wanted`."""
    seen = b""
    end = time.perf_counter() + DEADLINE_S
    while time.perf_counter() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65_536)
            if wanted in seen:
                return
    raise TimeoutError(f"{wanted!r} did not appear; the last output was {seen[-300:]!r}")


def median(starts: list[Start], name: str) -> float:
    """Median of one figure."""
    return statistics.median(getattr(one, name) for one in starts)


def main() -> None:
    """Measure in turn and print ratios."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    floor: list[Start] = []
    ours: list[Start] = []
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as cache:
        # With a provider the composer has the focus from the start.
        config = Path(home) / "config" / "config.yaml"
        config.parent.mkdir()
        config.write_text(CONFIGURATION, encoding="utf-8")
        for turn in range(rounds + 1):
            bare = start(FLOOR, [], b"a bare application, painted", cache)
            full = start(OURS, ["--home", home], b"ype a message", cache)
            if turn:  # the first ones only fill caches
                floor.append(bare)
                ours.append(full)
    print(f"{rounds} starts each, medians in ms     bare   workbench   ratio")
    for name, title in (
        ("paint_s", "first paint, wall"), ("paint_cpu_s", "first paint, processor"),
        ("usable_s", "usable composer, wall"), ("usable_cpu_s", "usable composer, processor"),
    ):  # fmt: skip
        low, high = median(floor, name) * 1000, median(ours, name) * 1000
        print(f"{title:<32} {low:7.0f}     {high:7.0f}    {high / low:.2f}")


if __name__ == "__main__":
    main()
