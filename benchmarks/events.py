"""What the events pane costs: 5,000 events a second, and the first paint of 100,000.

Each figure is printed beside a floor of the same run: a bare Textual application whose `Log` or `RichLog` is handed the
same lines at the same times, ten times a second as the pump does. Run it with `python -m benchmarks.events [seconds]`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.widgets import Log, RichLog

from tests.support.fake_events import FakeSurroundings
from workbench.core.events import AttemptEnded, Event
from workbench.storage.event_log import EventLog
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction
from workbench.tui.events.filters import parse
from workbench.tui.events.model import EventsModel
from workbench.tui.events.reading import LogReading
from workbench.tui.events.shown import ShownEvents
from workbench.tui.safe import line_filters
from workbench.tui.screens.events import EventsScreen
from workbench.tui.themes import DEFAULT_THEME, register_themes
from workbench.tui.widgets.event_view import EventView

SIZE = (140, 42)
PER_SECOND = 5_000
PUMP_S = 0.1
MANY = 100_000
STORED = 1_000_000
_MOST_TURNS = 100_000
_FILL = """
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
    insert into events(at, level, source, kind, conversation_id, correlation, text, payload)
    select 1790000000000 + i, 30, 'provider', 'attempt.ended', 'conversation-' || (i / 200), 'turn-' || (i / 20),
      'openai/gpt failed rate_limited 429 after 0.40 s: too many requests, number ' || i,
      json_object('provider', iif(i % 3, 'openai', 'router'), 'model', 'gpt', 'http_status', 429)
    from n
"""


def event(number: int) -> AttemptEnded:
    """One of the wordier events."""
    return AttemptEnded(
        at_ms=1_790_000_000_000 + number, provider=("openai", "anthropic", "router")[number % 3], model="gpt",
        ord=number % 4, state="failed", error_kind="rate_limited", http_status=429, duration_ms=400,
        reason=f"too many requests, number {number}", next_step="next: backup/model-b",
        correlation=f"turn-{number // 20}", conversation_id=f"conversation-{number // 200}",
    )  # fmt: skip


class PaneApp(App[None]):
    """The events pane, fed as the pump feeds it."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        """Begins with `events`."""
        super().__init__()
        register_themes(self)
        self.theme = DEFAULT_THEME
        self.model = EventsModel()
        self.model.extend(events)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The real application's."""
        return [*super().get_line_filters(), *line_filters()]

    async def show(self) -> None:
        """Open the pane."""
        screen = EventsScreen(self.model, FakeSurroundings().of(self))
        # As the application does: Textual would parse all styles once more for a screen that has not seen them.
        screen._css_update_count = self._css_update_count
        self.push_screen(screen)

    def take(self, events: Sequence[Event]) -> None:
        """What came since the last time."""
        self.model.extend(events)


class LogApp(App[None]):
    """A bare list of lines."""

    def __init__(self, kind: type[Log] | type[RichLog], events: Sequence[Event] = ()) -> None:
        """Begins with `events`."""
        super().__init__()
        self._kind, self._events = kind, events

    async def show(self) -> None:
        """Open the list."""
        await self.mount(self._kind())
        self.take(self._events)

    def take(self, events: Sequence[Event]) -> None:
        """What came since the last time."""
        for log in self.query(Log):
            log.write_lines([f"{each.at_ms} {each.source} {each.text()}" for each in events])
        for rich_log in self.query(RichLog):
            for each in events:
                rich_log.write(f"{each.at_ms} {each.source} {each.text()}")

    def compose(self) -> ComposeResult:
        """Nothing yet."""
        return iter(())


async def cpu_share(app: PaneApp | LogApp, seconds: float, *, chosen: str = "") -> float:
    """CPU time per second of wall time while events come at their rate; making them is not counted."""
    async with app.run_test(size=SIZE) as pilot:
        await app.show()
        await pilot.pause()
        await asyncio.sleep(0.5)
        if isinstance(app.screen, EventsScreen):
            app.screen.show_only(parse(chosen))
        began, cpu, sent, making = time.perf_counter(), time.process_time(), 0, 0.0
        while (passed := time.perf_counter() - began) < seconds:
            made = time.process_time()
            batch = [event(number) for number in range(sent, int(passed * PER_SECOND))]
            making += time.process_time() - made
            sent += len(batch)
            app.take(batch)
            await asyncio.sleep(PUMP_S)
        return (time.process_time() - cpu - making) / (time.perf_counter() - began)


async def first_paint(app: PaneApp | LogApp, painted: Callable[[], bool]) -> float:
    """Seconds from opening until rows are on the screen."""
    async with app.run_test(size=SIZE):
        await asyncio.sleep(0.5)
        # As the application does: what lives long is not looked through by the collector.
        gc.collect()
        gc.freeze()
        began = time.perf_counter()
        await app.show()
        for _ in range(_MOST_TURNS):
            if painted():
                break
            await asyncio.sleep(0)
        return time.perf_counter() - began


def rows_painted(app: App[None]) -> Callable[[], bool]:
    """Whether rows of the list have been painted."""

    def painted() -> bool:
        return any(view._strips for view in app.screen.query(EventView)) or any(
            log._render_line_cache for log in app.screen.query(Log)
        )

    return painted


async def stored_events() -> None:
    """Print what a filter and a page of a million stored events take."""
    with TemporaryDirectory() as folder:
        store = await Store.open(Path(folder) / "workbench.db")
        log = EventLog(store)

        async def fill(transaction: Transaction) -> None:
            await transaction.execute(_FILL, (STORED,))

        await store.write(fill)
        shown = ShownEvents(EventsModel())
        reading = LogReading(log, shown, lambda: None)
        for typed in ("", "provider:openai", "conversation:conversation-77 ", "number 999", "/number 9+$/"):
            shown.set_filter(parse(typed))
            shown.look(lambda: False)
            began, cpu = time.perf_counter(), time.process_time()
            await reading.read()
            wall, spent = time.perf_counter() - began, time.process_time() - cpu
            began = time.perf_counter()
            middle = (shown.first + shown.end) // 2
            await reading.load(middle, middle + 40)
            page = time.perf_counter() - began
            print(
                f"  {typed or 'everything':32} {len(shown):9,} rows in {wall:6.3f} s ({spent:.3f} s CPU), a page of the"
            )
            print(f"  {'':32} middle in {page * 1000:.1f} ms")
        await store.close()


async def main(seconds: float) -> None:
    """Print the figures."""
    floor = await cpu_share(LogApp(Log), seconds)
    rich = await cpu_share(LogApp(RichLog), seconds)
    print(f"{PER_SECOND:,} events a second for {seconds:.0f} s at {SIZE[0]}x{SIZE[1]}: share of one CPU")
    print(f"  bare Log                         {floor:6.1%}   bare RichLog {rich:6.1%}")
    for chosen in ("", "level:warn provider:openai", "number", "/number [0-9]*7$/"):
        ours = await cpu_share(PaneApp(), seconds, chosen=chosen)
        print(f"  pane, {chosen or 'everything':26} {ours:6.1%}   ratio to Log {ours / floor:.1f}")
    events = [event(number) for number in range(MANY)]
    pane = PaneApp(events)
    ours = await first_paint(pane, rows_painted(pane))
    log = LogApp(Log, events)
    floor = await first_paint(log, rows_painted(log))
    one = PaneApp(events[:1])
    alone = await first_paint(one, rows_painted(one))
    print(f"first paint of {MANY:,} events: pane {ours:.3f} s, with one event {alone:.3f} s; bare Log {floor:.3f} s")
    print(f"{STORED:,} stored events")
    await stored_events()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
