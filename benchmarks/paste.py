"""How long a paste of one megabyte holds the loop, against the same paste into a bare TextArea.

Both run headless at 140x42 in the same process; the figure is the longest processor time between two turns of the
loop, from the paste until the text has been sent (ours) or is shown (the floor). The aim is at most 250 ms.

    python -m benchmarks.paste
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import TextArea

from tests.support.app import driven

MEGABYTE = 1_048_576
TEXT = "".join(f"{number:07x} " for number in range(MEGABYTE // 8))


class Bare(App[None]):
    """One TextArea."""

    def compose(self) -> ComposeResult:
        """The floor."""
        yield TextArea()


class Watch:
    """Remembers the longest time that the loop's thread worked between two turns."""

    def __init__(self) -> None:
        """Watch from now on."""
        self.worst_s = 0.0
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.005)
            self.worst_s = max(self.worst_s, time.thread_time() - before)

    def stop(self) -> float:
        """The longest time, in seconds."""
        self._task.cancel()
        return self.worst_s


async def of_bare() -> float:
    """Paste into a bare TextArea."""
    app = Bare()
    async with app.run_test(size=(140, 42)) as pilot:
        watch = Watch()
        app.post_message(events.Paste(TEXT))
        await pilot.pause()
        await pilot.pause()
        return watch.stop()


async def of_ours() -> float:
    """Paste into the composer and send."""
    with tempfile.TemporaryDirectory() as home:
        async with driven(Path(home)) as d:
            watch = Watch()
            d.app.post_message(events.Paste(TEXT))
            await d.settle()
            await d.pilot.press("enter")
            await d.settle()
            return watch.stop()


def main() -> None:
    """Print both figures and their ratio."""
    bare, ours = asyncio.run(of_bare()), asyncio.run(of_ours())
    print(f"1 MB pasted, longest hold of the loop: bare {bare * 1000:.0f} ms, workbench {ours * 1000:.0f} ms", end="")
    print(f", ratio {ours / bare:.2f}")


if __name__ == "__main__":
    main()
