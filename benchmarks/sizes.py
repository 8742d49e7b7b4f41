"""Replies of hostile size and long conversations: the longest hold of the loop, CPU and memory, beside a bare `Log`.

Each case runs in a process of its own, headless at 140x42. A text is given to the transcript as one finished reply and
awaited until the last line of it is laid out; the floor is Textual's `Log` with the same text. The hold is the longest
processor time between two turns of the loop. Memory is what the process has grown by at its peak, against the size of
the text. The aim: no hold over 250 ms, and memory at most three times the text plus 50 MB.

    python -m benchmarks.sizes [NAME]
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Log

from benchmarks.paste import Watch
from tests.support.transcript_host import TranscriptApp
from workbench.tui.markdown.blocks import warm_up
from workbench.tui.widgets.message_body import MessageBody
from workbench.tui.widgets.message_view import MessageView

SIZE = (140, 42)
MEGABYTE = 1_000_000
MOST_LOOKS = 5_000

PARAGRAPH = "lorem ipsum dolor sit amet consectetur " * 25 + "\n\n"
ROWS = "".join("|" + "|".join(f"cell {row}.{column}" for column in range(10)) + "|\n" for row in range(500))

TEXTS: dict[str, Callable[[], str]] = {
    "a reply of 10 MB": lambda: PARAGRAPH * (10 * MEGABYTE // len(PARAGRAPH)),
    "10 MB of short lines": lambda: "- ab\n" * (2 * MEGABYTE),
    "3 MB of wide characters": lambda: "漢字かな、漢字。" * 375_000,
    "a line of 1 MB": lambda: "x" * MEGABYTE,
    "5,000 list items": lambda: "".join(f"- item {number} **bold**\n" for number in range(5_000)),
    "a table of 500x10": lambda: "|" + "head|" * 10 + "\n" + "|-" * 10 + "|\n" + ROWS,
    "100,000 unclosed fences": lambda: "```a\n" * 100_000,
    "60 stacked accents": lambda: ("a" + "\u0301" * 60 + " ") * 5_000,
    "500 nested lists": lambda: "".join(" " * (2 * level) + f"- level{level}\n" for level in range(500)),
}
CONVERSATIONS = {"200 messages mounted": 200, "a 1,000-message conversation readable": 1_000}

REPLY = f"""\
## An answer

With **bold** words, `code` and [a link](https://a.example).

- one
  1. nested
- two

> quoted

| name | value |
|------|------:|
| a    |     1 |

```python
def double(x: int) -> int:
    return 2 * x
```

{"word " * 200}
"""
_STEP = 10
"""Messages from one stop on the way to the next: fewer than are mounted at each, so that none is left out."""


def resident_mb() -> float:
    """The memory this process has now; the most it has had where the system does not tell."""
    told = Path("/proc/self/statm")
    if told.exists():
        return int(told.read_text("ascii").split()[1]) * resource.getpagesize() / MEGABYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE


class Peak:
    """Looks at the memory beside the work."""

    def __init__(self) -> None:
        """From now on."""
        self._before = self._most = resident_mb()
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._most = max(self._most, resident_mb())
            await asyncio.sleep(0.02)

    def stop(self) -> float:
        """Megabytes it has grown by at most."""
        self._task.cancel()
        return max(self._most, resident_mb()) - self._before


@dataclass(slots=True)
class Figures:
    """What one run takes from now on."""

    hold_ms: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    grown_mb: float = 0.0
    _cpu: float = field(default_factory=time.process_time)
    _wall: float = field(default_factory=time.perf_counter)
    _watch: Watch = field(default_factory=Watch)
    _memory: Peak = field(default_factory=Peak)

    def end(self) -> Figures:
        """Take the figures now."""
        self.hold_ms, self.grown_mb = self._watch.stop() * 1000, self._memory.stop()
        self.cpu_s, self.wall_s = time.process_time() - self._cpu, time.perf_counter() - self._wall
        return self

    def __str__(self) -> str:
        """One row."""
        times = f"hold {self.hold_ms:6.0f} ms   CPU {self.cpu_s:6.2f} s   {self.wall_s:6.2f} s"
        return f"{times}   memory {self.grown_mb:5.0f} MB"


class Bare(App[None]):
    """One Log."""

    def compose(self) -> ComposeResult:
        """The floor."""
        yield Log()


@contextlib.asynccontextmanager
async def running(app: TranscriptApp) -> AsyncIterator[Pilot[None]]:
    """The transcript, with the libraries loaded as they are in a running application."""
    warm_up()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        yield pilot


async def of_log(text: str) -> Figures:
    """The floor: write the text into a Log."""
    app = Bare()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        figures = Figures()
        app.query_one(Log).write(text)
        await pilot.pause()
        await pilot.pause()
        return figures.end()


async def of_reply(text: str) -> Figures:
    """Show the text as a finished reply, and wait until all of it is laid out."""
    app = TranscriptApp()
    async with running(app) as pilot:
        figures = Figures()
        app.transcript.append(MessageView("reply", "assistant", text, badge="done"))
        await pilot.pause()
        body = app.transcript.mounted("reply")
        for _ in range(MOST_LOOKS):
            if body is None or not body.is_growing:
                break
            await asyncio.sleep(0.02)
        await pilot.pause()
        return figures.end()


async def of_conversation(count: int, *, all_of_it: bool) -> Figures:
    """Show a conversation: its end only, or all of it, by walking up to its first message."""
    views = [
        MessageView(str(number), "assistant" if number % 2 else "user", REPLY if number % 2 else f"question {number}")
        for number in range(count)
    ]
    app = TranscriptApp()
    async with running(app) as pilot:
        figures = Figures()
        app.transcript.show(views, has_earlier=False)
        await pilot.pause()
        shown = set[str]()
        for view in views[::-_STEP] + views[:1] if all_of_it else []:
            app.transcript.put_cursor(view.id)
            await pilot.pause(0)
            shown.update(body.view.id for body in app.query(MessageBody) if not body.is_growing)
        if all_of_it and len(shown) < count:
            raise RuntimeError(f"only {len(shown)} messages were mounted and laid out")
        return figures.end()


def run(name: str, what: str) -> Figures:
    """Run one case in this process."""
    if name in CONVERSATIONS:
        return asyncio.run(of_conversation(CONVERSATIONS[name], all_of_it=name.startswith("200")))
    text = TEXTS[name]()
    return asyncio.run(of_log(text) if what == "log" else of_reply(text))


def main() -> None:
    """Print each case, beside its floor."""
    if len(sys.argv) == 3:
        print(run(sys.argv[1], sys.argv[2]), end="")
        return
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for name in [name for name in (*TEXTS, *CONVERSATIONS) if wanted in name]:
        size = f", {len(TEXTS[name]().encode()) / MEGABYTE:.1f} MB" if name in TEXTS else ""
        print(f"{name}{size}")
        for what in ("log", "workbench") if name in TEXTS else ("workbench",):
            command = [sys.executable, "-m", "benchmarks.sizes", name, what]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(f"  {what:<10} {told}", flush=True)


if __name__ == "__main__":
    main()
