"""What streaming a reply costs: CPU share at 100 tokens a second, and the time for 20,000 words at full speed.

Each figure is printed beside a floor of the same run: a bare Textual application whose `Log` is handed the very same
pieces at the same times. Run it with `python benchmarks/stream.py [seconds]`.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.widgets import Log

from workbench.tui.safe import line_filters
from workbench.tui.themes import DEFAULT_THEME, LIGHT_THEME, register_themes
from workbench.tui.widgets.transcript import MessageView, Transcript

SIZE = (140, 42)
TOKENS_PER_SECOND = 100
PUMP_PER_SECOND = 20
"""How often the application hands text on while a reply streams."""

_PARAGRAPH = (
    "A **budget** caps retries as a share of requests, so a bad hour cannot double your load; "
    "`min(cap, budget)` is the whole trick. "
)
_LIST = "1. count per destination, not per call\n2. refill 10 % of successes\n   - with jitter, always\n\n"
_CODE = "```python\ndef refill(budget: float, ok: int) -> float:\n    return min(CAP, budget + 0.1 * ok)\n```\n\n"
_TABLE = "| rule | effect |\n|---|---|\n| share | no storms |\n| jitter | no waves |\n\n"
KINDS = {
    "mixed": _PARAGRAPH * 3 + "\n\n" + _LIST + _CODE + "## Why\n\n" + _TABLE,
    "prose": _PARAGRAPH * 3 + "\n\n",
    "one fence": "    x = compute(1, 'two', 3.0)  # remark\n",
    "one list": "- count per *destination*, not per call\n",
}


class StreamApp(App[None]):
    """A transcript, as the chat pane has it."""

    def __init__(self) -> None:
        """With the themes and the filter of the real application."""
        super().__init__()
        register_themes(self)
        self.theme = DEFAULT_THEME
        self.text = ""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The real application's."""
        return [*super().get_line_filters(), *line_filters()]

    def compose(self) -> ComposeResult:
        """A transcript."""
        yield Transcript()

    def on_mount(self) -> None:
        """One reply, empty so far."""
        self.view = MessageView("reply", "assistant", "", streaming=True, header="anthropic/sonnet")
        self.query_one(Transcript).show([MessageView("prompt", "user", "why?"), self.view], has_earlier=False)

    def take(self, piece: str) -> None:
        """More text, as the pump hands it on."""
        self.text += piece
        self.query_one(Transcript).update_message(replace(self.view, text=self.text))


class FloorApp(App[None]):
    """The cheapest way Textual has of showing growing text."""

    def compose(self) -> ComposeResult:
        """A log."""
        yield Log()

    def take(self, piece: str) -> None:
        """More text."""
        self.query_one(Log).write(piece)


def tokens(kind: str) -> Iterator[str]:
    """An endless reply in pieces of about four characters."""
    text = KINDS[kind]
    if kind == "one fence":
        yield "```python\n"
    while True:
        for at in range(0, len(text), 4):
            yield text[at : at + 4]


async def cpu_share(app: StreamApp | FloorApp, kind: str, seconds: float) -> float:
    """CPU time per second of wall time while tokens come at their rate."""
    async with app.run_test(size=SIZE):
        await asyncio.sleep(0.5)
        source = tokens(kind)
        began, cpu = time.perf_counter(), time.process_time()
        sent = 0
        while (passed := time.perf_counter() - began) < seconds:
            due = int(passed * TOKENS_PER_SECOND)
            if due > sent:
                app.take("".join(next(source) for _ in range(due - sent)))
                sent = due
            await asyncio.sleep(1 / PUMP_PER_SECOND)
        return (time.process_time() - cpu) / (time.perf_counter() - began)


async def full_speed(app: StreamApp | FloorApp, words: int) -> tuple[float, float]:
    """Wall and CPU seconds until `words` words are taken and painted, as fast as the screen lets them in."""
    text = KINDS["mixed"] * (words * 8 // len(KINDS["mixed"]) + 1)
    parts = text.split(" ")[:words]
    async with app.run_test(size=SIZE) as pilot:
        await asyncio.sleep(0.5)
        began, cpu = time.perf_counter(), time.process_time()
        step = 200
        for at in range(0, len(parts), step):
            app.take(" ".join(parts[at : at + step]) + " ")
            await asyncio.sleep(0)
        await pilot.pause()
        return time.perf_counter() - began, time.process_time() - cpu


async def many_messages(count: int) -> dict[str, float]:
    """Milliseconds of CPU for showing a long conversation and for changing its theme."""
    app = StreamApp()
    messages = [
        view
        for number in range(count // 2)
        for view in (
            MessageView(f"u{number}", "user", "How should a client pick a retry budget?", header="you"),
            MessageView(f"a{number}", "assistant", KINDS["mixed"] * 2, badge="anthropic/sonnet · 1.8 s"),
        )
    ]

    async def timed(act: Callable[[], object]) -> float:
        began = time.process_time()
        act()
        await pilot.pause()
        return (time.process_time() - began) * 1000

    async with app.run_test(size=SIZE) as pilot:
        transcript = app.query_one(Transcript)
        await asyncio.sleep(0.5)
        return {
            f"show {count} messages": await timed(lambda: transcript.show(messages, has_earlier=False)),
            f"theme switch with {count} messages": await timed(lambda: setattr(app, "theme", LIGHT_THEME)),
            "append one message": await timed(lambda: transcript.append(replace(messages[1], id="new"))),
            "scroll a page up": await timed(transcript.action_page_up),
        }


async def main(seconds: float) -> None:
    """Print the figures."""
    print(f"{TOKENS_PER_SECOND} tokens a second for {seconds:.0f} s at {SIZE[0]}x{SIZE[1]}: share of one CPU")
    for kind in KINDS:
        ours = await cpu_share(StreamApp(), kind, seconds)
        floor = await cpu_share(FloorApp(), kind, seconds)
        print(f"  {kind:10} transcript {ours:6.1%}   bare Log {floor:6.1%}   ratio {ours / floor:.1f}")
    words = 20_000
    wall, cpu = await full_speed(StreamApp(), words)
    floor_wall, floor_cpu = await full_speed(FloorApp(), words)
    print(f"{words:,} words at full speed")
    print(f"  transcript {wall:.2f} s ({cpu:.2f} s CPU)   bare Log {floor_wall:.2f} s ({floor_cpu:.2f} s CPU)", end="")
    print(f"   ratio {wall / floor_wall:.1f}")
    for what, milliseconds in (await many_messages(200)).items():
        print(f"{what}: {milliseconds:.0f} ms CPU")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
