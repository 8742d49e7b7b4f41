"""Key to painted cell: how long a typed letter takes until its bytes go to the terminal, at the 95th percentile.

The composer in the whole application, idle and while a reply streams at 100 tokens a second, beside a bare `TextArea`
in a bare application; all in one process at 140x42, with a driver that takes the bytes and writes them nowhere. A
letter counts as painted with the first write that holds it. Aims: 5 ms idle, 16 ms while a reply streams.

    python -m benchmarks.typing [letters]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import TextArea

from tests.support.app import shell_files
from tests.support.fake_engine import FakeEngine
from workbench.core.clock import ManualClock
from workbench.tui.app import WorkbenchApp
from workbench.tui.shell import Shell
from workbench.tui.ui_state import UiState

SIZE = (140, 42)
BETWEEN_S = 0.02
"""Pause before each letter: fifty a second, as fast as a held key."""
TOKENS_PER_SECOND = 100
PROSE = "A **budget** caps retries as a share of requests, so a bad hour cannot double your load. " * 3 + "\n\n"
LETTERS = "".join(map(chr, (*range(0x410, 0x450), *range(0x561, 0x586))))
"""Cyrillic and Armenian: they stand nowhere else on the screen and in no control sequence."""


@dataclass
class Took:
    """Seconds of each letter."""

    wall_s: list[float] = field(default_factory=list[float])
    cpu_s: list[float] = field(default_factory=list[float])
    """Of the loop's thread, which other programs disturb less."""


def p95_ms(seconds: list[float]) -> float:
    """Milliseconds."""
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1000


class Taking(HeadlessDriver):
    """Takes what a terminal would get, and tells when a text was in it."""

    wanted = ""
    painted: asyncio.Event | None = None
    at = cpu = 0.0

    @property
    def is_headless(self) -> bool:
        """So that the application paints."""
        return False

    def write(self, data: str) -> None:
        """Look whether what is waited for is there."""
        cls = type(self)
        if cls.painted is not None and not cls.painted.is_set() and cls.wanted in data:
            cls.at, cls.cpu = time.perf_counter(), time.thread_time()
            cls.painted.set()


class Bare(App[None]):
    """One TextArea, as large as the composer."""

    CSS = "TextArea { height: 3; }"

    def compose(self) -> ComposeResult:
        """The floor."""
        yield TextArea(soft_wrap=True)


@asynccontextmanager
async def running(app: App[None] | App[int]) -> AsyncIterator[None]:
    """The application on its own task, painted once."""
    app.driver_class = Taking
    ready = asyncio.Event()
    task = asyncio.create_task(app.run_async(headless=False, size=SIZE, mouse=False))
    app.call_later(ready.set)
    await ready.wait()
    await asyncio.sleep(1.0)
    try:
        yield
    finally:
        # Drafts are kept a third of a second behind the keys.
        await asyncio.sleep(0.5)
        app.exit()
        await task


async def typed(text_area: TextArea, count: int) -> Took:
    """From each key until it was painted."""
    took = Took()
    for place, letter in islice(cycle(enumerate(LETTERS)), count):
        if place == 0:
            # Each letter is to be on the screen once.
            text_area.load_text("")
            await asyncio.sleep(0.2)
        await asyncio.sleep(BETWEEN_S)
        Taking.wanted, Taking.painted = letter, asyncio.Event()
        before, cpu = time.perf_counter(), time.thread_time()
        text_area.app.post_message(events.Key(letter, letter))
        await asyncio.wait_for(Taking.painted.wait(), 5)
        took.wall_s.append(Taking.at - before)
        took.cpu_s.append(Taking.cpu - cpu)
    return took


@contextmanager
def told(engine: FakeEngine, app: WorkbenchApp) -> Iterator[None]:
    """A reply that streams meanwhile."""
    turn = engine.turn_in("conversation-1")

    async def tell() -> None:
        words = cycle(PROSE.split(" "))
        first: int | None = 800
        while True:
            engine.text(turn, "alpha", f"{next(words)} ", first_token_ms=first)
            first = None
            await asyncio.sleep(1 / TOKENS_PER_SECOND)

    async def pump() -> None:
        # As the application's own timer does in a terminal.
        while True:
            await app.pump.flush()
            app.chat.tick()
            await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(work()) for work in (tell, pump)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def of_bare(count: int) -> Took:
    """Type into a bare TextArea."""
    app = Bare()
    async with running(app):
        return await typed(app.query_one(TextArea), count)


async def of_ours(count: int, *, streaming: bool) -> Took:
    """Type into the composer."""
    engine = FakeEngine(clock=ManualClock())
    with tempfile.TemporaryDirectory() as home:
        shell = Shell(make_link=lambda: engine, files=shell_files(Path(home)), clock=engine.clock, remembered=UiState())
        app = WorkbenchApp(shell)
        async with running(app):
            composer = app.chat.composer
            if not streaming:
                return await typed(composer, count)
            composer.insert("tell me")
            app.post_message(events.Key("enter", None))
            await asyncio.sleep(0.5)
            with told(engine, app):
                await asyncio.sleep(1.0)
                return await typed(composer, count)


def main(count: int) -> int:
    """Print the figures; the exit code says whether the aims are met."""
    runs: list[tuple[str, Callable[[], Took], float]] = [
        ("bare TextArea", lambda: asyncio.run(of_bare(count)), 0.0),
        ("composer, idle", lambda: asyncio.run(of_ours(count, streaming=False)), 5.0),
        ("composer, a reply streams", lambda: asyncio.run(of_ours(count, streaming=True)), 16.0),
    ]
    met, floor = True, 0.0
    print(f"{count} letters, key to painted cell    median       p95   ratio   CPU p95")
    for name, run, aim in runs:
        took = run()
        p95 = p95_ms(took.wall_s)
        floor = floor or p95
        aimed = f"   (aim: at most {aim:.0f} ms)" if aim else ""
        figures = f"{statistics.median(took.wall_s) * 1000:8.1f} ms{p95:7.1f} ms{p95 / floor:8.2f}"
        print(f"{name:32}{figures}{p95_ms(took.cpu_s):7.1f} ms{aimed}", flush=True)
        met = met and (not aim or p95 <= aim)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 400))
