"""How far the screen is behind: first token, stream, pane switch, each in the whole application.

A double tells the reply from a thread of its own, as the core does; a token is painted with the first write to the
terminal that holds it. The floors are a bare `Log` that is handed each token at once, and two bare screens.
Aims: first token 30 ms, stream 60 ms at most, 9 % of a CPU, switch 50 ms.

    python -m benchmarks.latency [seconds]
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count, cycle
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.drivers.headless_driver import HeadlessDriver
from textual.screen import Screen
from textual.widgets import Label, Log

from tests.support.app import shell_files
from tests.support.fake_engine import FakeEngine
from workbench.chat.values import Turn
from workbench.core.clock import SystemClock
from workbench.tui.app import WorkbenchApp
from workbench.tui.markdown.blocks import warm_up
from workbench.tui.shell import Shell
from workbench.tui.ui_state import UiState

SIZE = (140, 42)
TOKENS_PER_SECOND = 100
ANSWERS = 30
SWITCHES = 15
TEXT = "A **budget** caps retries as a share of requests, so a bad hour cannot double your load."
WORDS = TEXT.split()
SIGNS = [chr(code) for code in range(0x1401, 0x1660)]
"""Canadian syllables: one cell wide, and nowhere else on the screen."""
EVERY = 3
"""Of so many tokens one is marked with such a sign."""


class Looking(HeadlessDriver):
    """Takes what a terminal would get, and notes when what is awaited came."""

    awaited: ClassVar[dict[str, float]] = {}
    """When each text was sent."""
    behind_s: ClassVar[list[float]] = []

    @property
    def is_headless(self) -> bool:
        """So that the application paints."""
        return False

    def write(self, data: str) -> None:
        """Look what of it has been waited for."""
        now = time.perf_counter()
        for text in [text for text in list(self.awaited) if text in data]:
            self.behind_s.append(now - self.awaited.pop(text))

    @classmethod
    def forget(cls) -> None:
        """Begin anew."""
        cls.awaited.clear()
        cls.behind_s.clear()


class BareLog(App[None]):
    """The cheapest way Textual has of showing growing text."""

    def compose(self) -> ComposeResult:
        """A log."""
        yield Log()


class BareScreen(Screen[None]):
    """One line."""

    def __init__(self, text: str) -> None:
        """That says `text`."""
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The line."""
        yield Label(self._text)


class BareScreens(App[None]):
    """Two screens to go to and fro."""

    BINDINGS: ClassVar[list[BindingType]] = [("f1", "switch_mode('one')"), ("f2", "switch_mode('two')")]
    MODES: ClassVar[dict[str, Any]] = {
        "one": lambda: BareScreen("first line"),
        "two": lambda: BareScreen("second line"),
    }
    DEFAULT_MODE = "one"


@asynccontextmanager
async def running(app: App[Any]) -> AsyncIterator[None]:
    """The application on its own task, painted once, and quiet."""
    app.driver_class = Looking
    ready = asyncio.Event()
    task = asyncio.create_task(app.run_async(headless=False, size=SIZE, mouse=False))
    app.call_later(ready.set)
    await ready.wait()
    await asyncio.sleep(1.5)
    gc.collect()
    Looking.forget()
    try:
        yield
    finally:
        await asyncio.sleep(0.5)
        app.exit()
        await task


@asynccontextmanager
async def workbench() -> AsyncIterator[tuple[WorkbenchApp, FakeEngine]]:
    """The application as it runs in a terminal, with a double as its core."""
    engine = FakeEngine(clock=SystemClock())
    with tempfile.TemporaryDirectory() as home:
        shell = Shell(make_link=lambda: engine, files=shell_files(Path(home)), clock=engine.clock, remembered=UiState())
        app = WorkbenchApp(shell, in_terminal=True)
        async with running(app):
            yield app, engine


def marked_tokens() -> Iterator[tuple[str, str]]:
    """Words with a blank, and the sign in it or nothing."""
    signs = iter(SIGNS)
    for number, word in zip(count(1), cycle(WORDS), strict=False):
        sign = "" if number % EVERY else next(signs)
        end = "\n\n" if number % 60 == 0 else " "
        yield f"{word}{sign}{end}", sign


def told(tell: Callable[[str], None], seconds: float) -> None:
    """Send tokens at their rate; on a thread of its own."""
    began = time.perf_counter()
    for number, (token, sign) in enumerate(marked_tokens()):
        wait = began + number / TOKENS_PER_SECOND - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        if time.perf_counter() - began > seconds:
            return
        if sign:
            Looking.awaited[sign] = time.perf_counter()
        tell(token)


async def streamed(tell: Callable[[str], None], seconds: float) -> tuple[float, list[float]]:
    """Share of a CPU, and seconds behind of each marked token."""
    cpu, began = time.process_time(), time.perf_counter()
    thread = threading.Thread(target=told, args=(tell, seconds))
    thread.start()
    await asyncio.sleep(seconds + 0.3)
    thread.join()
    return (time.process_time() - cpu) / (time.perf_counter() - began), sorted(Looking.behind_s)


async def of_log(seconds: float) -> tuple[float, list[float]]:
    """The floor of the stream."""
    app = BareLog()
    async with running(app):
        log, loop = app.query_one(Log), asyncio.get_running_loop()

        def tell(token: str) -> None:
            loop.call_soon_threadsafe(log.write, token)

        return await streamed(tell, seconds)


async def asked(app: WorkbenchApp, engine: FakeEngine) -> Turn:
    """A turn that waits for its first token."""
    app.chat.composer.insert("why?")
    before = set(engine.core.chat.turns)
    app.post_message(events.Key("enter", None))
    for _ in range(500):
        await asyncio.sleep(0.01)
        if new := set(engine.core.chat.turns) - before:
            turn = engine.turn_in(new.pop())
            engine.ask(turn, "alpha")
            return turn
    raise TimeoutError("no turn began")


async def of_stream(seconds: float) -> tuple[float, list[float]]:
    """Our own."""
    async with workbench() as (app, engine):
        turn = await asked(app, engine)
        engine.text(turn, "alpha", "It begins. ")
        await asyncio.sleep(0.5)
        result = await streamed(lambda token: engine.text(turn, "alpha", token, first_token_ms=None), seconds)
        engine.done(turn, "alpha")
        return result


async def of_first_tokens() -> list[float]:
    """Seconds from each first token until it was painted."""
    async with workbench() as (app, engine):
        for number in range(ANSWERS):
            turn = await asked(app, engine)
            # At another moment of whatever ticks each time.
            await asyncio.sleep(0.3 + number * 0.0137)
            Looking.awaited[SIGNS[number]] = time.perf_counter()
            engine.text(turn, "alpha", f"{SIGNS[number]} ")
            await asyncio.sleep(0.3)
            engine.done(turn, "alpha")
            await asyncio.sleep(0.3)
        return sorted(Looking.behind_s)


async def switched(app: App[Any], key: str, text: str) -> float:
    """Seconds from a key until `text` is painted."""
    Looking.forget()
    Looking.awaited[text] = time.perf_counter()
    app.post_message(events.Key(key, None))
    for _ in range(500):
        await asyncio.sleep(0.01)
        if Looking.behind_s:
            await asyncio.sleep(0.3)
            return Looking.behind_s[0]
    raise TimeoutError(f"{text!r} did not appear")


async def to_and_fro(app: App[Any], there: tuple[str, str], back: tuple[str, str]) -> list[float]:
    """Seconds of each opening, the first one first."""
    taken: list[float] = []
    for _ in range(SWITCHES):
        taken.append(await switched(app, *there))
        await switched(app, *back)
    return taken


async def of_switches() -> list[tuple[str, list[float]]]:
    """The bare screens, and ours."""
    bare = BareScreens()
    async with running(bare):
        taken = [("bare screens", await to_and_fro(bare, ("f2", "second line"), ("f1", "first line")))]
    async with workbench() as (app, _):
        for title, key, text in (("providers, f4", "f4", "No provider is"), ("events, f5", "f5", "everything")):
            taken.append((title, await to_and_fro(app, (key, text), ("f2", "ype a message"))))
    return taken


def behind(seconds: list[float]) -> str:
    """The figures of a sorted list, in milliseconds."""
    median, p95 = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.95)]
    return f"median {median * 1000:5.1f}   p95 {p95 * 1000:5.1f}   most {seconds[-1] * 1000:5.1f} ms"


def openings(seconds: list[float]) -> str:
    """The first opening, and the others."""
    return f"first {seconds[0] * 1000:5.1f} ms   then {behind(sorted(seconds[1:]))}"


async def main(seconds: float) -> None:
    """Print the figures."""
    warm_up()
    share, late = await of_log(seconds)
    print(f"{TOKENS_PER_SECOND} tokens a second for {seconds:.0f} s, sent to painted")
    print(f"  bare Log, one by one   {share:6.1%} of a CPU   {behind(late)}")
    share, late = await of_stream(seconds)
    print(f"  workbench              {share:6.1%} of a CPU   {behind(late)}   (aims: 9 %, 60 ms)")
    print(f"first token, sent to painted\n  workbench   {behind(await of_first_tokens())}   (aim: 30 ms)")
    print("another pane, key to paint   (aim: 50 ms)")
    for title, taken in await of_switches():
        print(f"  {title:14} {openings(taken)}")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
