"""Chat and Events as they look: three sizes, empty, busy and failing, dark and light, and in ASCII."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine, provider
from tests.support.snapshots import screen_svg
from workbench.config.values import Configuration
from workbench.conversations.values import Role
from workbench.core import events as ev
from workbench.core.clock import ManualClock
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.screens.events import EventsScreen
from workbench.tui.ui_state import UiState

WIDE, NORMAL, SMALL = (140, 42), (80, 24), (40, 12)
SIZES = [pytest.param(size, id=f"{size[0]}x{size[1]}") for size in (WIDE, NORMAL, SMALL)]

ANSWER = """\
A **budget** caps retries as a share of requests, so a bad hour cannot double your load. Three rules:

1. count per destination, not per call
2. refill `10 %` of successes

```python
budget = min(cap, budget + 0.1 * ok)
```
"""


def engine_with_history() -> FakeEngine:
    """Three conversations of different age."""
    clock = ManualClock()
    engine = FakeEngine(clock=clock)
    for title, pause_s in (("Trip to Lyon", 86_400 * 13), ("Log schema", 86_400), ("Postgres vacuum", 7_200)):
        made = engine.core.store_conversation(title)
        engine.core.store_message(made.id, Role.USER, f"Tell me about: {title}")
        clock.advance(pause_s)
    return engine


async def begin(d: Driven) -> None:
    """A question whose first provider is at its limit."""
    await d.send("How should a client pick a retry budget?")
    turn = d.engine.turn_in("conversation-4")
    d.engine.ask(turn, "alpha")
    d.engine.fail(
        turn, "alpha", "rate_limited", http_status=429, reason="too many requests", next_step="next: beta/beta-large"
    )
    d.engine.ask(turn, "beta", ord=1)


async def busy(d: Driven) -> None:
    """The second provider answers; another prompt waits."""
    await begin(d)
    d.engine.text(d.engine.turn_in("conversation-4"), "beta", ANSWER)
    await d.settle()
    await d.send("and what about hedged requests?")


async def failing(d: Driven) -> None:
    """Every provider failed, the disk is full, and the trace is open."""
    await begin(d)
    turn = d.engine.turn_in("conversation-4")
    d.engine.text(turn, "beta", "A budget is")
    d.engine.fail(turn, "beta", "broken_stream", ord=1, reason="the connection broke off", next_step="stop")
    d.engine.core.finish(turn, state="failed", reason="every provider failed")
    d.engine.bus.publish(ev.StorageTrouble(problem="no space left on device"))
    await d.settle()
    if d.app.size.width >= WIDE[0]:
        await d.pilot.press("ctrl+t")
        await d.settle()


async def events(d: Driven) -> None:
    """Go to the events pane."""
    await d.pilot.press("f5")
    await d.until(lambda: isinstance(d.app.screen, EventsScreen))
    await d.settle()


@pytest.mark.parametrize("size", SIZES)
async def test_chat_empty(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=size) as d:
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_chat_busy(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_history(), size=size) as d:
        await busy(d)
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_chat_failing(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_history(), size=size) as d:
        await failing(d)
        assert d.screen() == text_golden


NOBODY = Configuration(
    providers=(provider("openai", needs_key=True, missing_keys=("OPENAI_API_KEY",)),),
    notes=("openai: OPENAI_API_KEY is not set",),
)


@pytest.mark.parametrize("size", SIZES)
async def test_nobody_to_ask(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=FakeEngine(configuration=NOBODY), size=size) as d:
        d.app.shell.files = replace(d.app.shell.files, config_file=Path("/home/you/.config/workbench/config.yaml"))
        d.app.chat.refresh_chrome()
        await d.settle()
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_switcher(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=size) as d:
        d.app.shell.provider_states = {"alpha": "ok", "beta": "slow", "gamma": "open"}
        await d.pilot.press("ctrl+l")
        await d.settle()
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_help(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=size) as d:
        await d.pilot.press("f1")
        await d.settle()
        assert d.screen() == text_golden


async def test_list_over_a_narrow_transcript(tmp_path: Path, text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_history(), size=NORMAL, conversation="conversation-2") as d:
        await d.pilot.press("f9")
        await d.settle()
        assert d.screen() == text_golden


async def test_ascii_signs_only(tmp_path: Path, text_golden: SnapshotAssertion) -> None:
    choose_glyphs(ascii_only=True)
    async with driven(tmp_path, engine=engine_with_history(), size=WIDE) as d:
        await failing(d)
        assert d.screen().isascii()
        assert d.screen() == text_golden


# Colour is the claim of the following: each theme, focus, the three severities.


@pytest.mark.parametrize("theme", ["workbench-dark", "workbench-light"])
@pytest.mark.parametrize("size", SIZES)
async def test_chat_colours(tmp_path: Path, size: tuple[int, int], theme: str, svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_history(), size=size, remembered=UiState(theme=theme)) as d:
        await busy(d)
        assert screen_svg(d.app) == svg_golden


@pytest.mark.parametrize("theme", ["workbench-dark", "workbench-light"])
async def test_failing_colours(tmp_path: Path, theme: str, svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_history(), size=WIDE, remembered=UiState(theme=theme)) as d:
        await failing(d)
        assert screen_svg(d.app) == svg_golden


@pytest.mark.parametrize("size", SIZES)
async def test_chat_empty_colours(tmp_path: Path, size: tuple[int, int], svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=size) as d:
        assert screen_svg(d.app) == svg_golden


@pytest.mark.parametrize("size", SIZES)
async def test_events_colours(tmp_path: Path, size: tuple[int, int], svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_history(), size=size) as d:
        await failing(d)
        await events(d)
        assert screen_svg(d.app) == svg_golden
