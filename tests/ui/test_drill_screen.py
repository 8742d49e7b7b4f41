"""The failover drill over the panes: its rows as they come, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from textual.command import CommandPalette

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeCore, FakeEngine
from workbench.core.clock import ManualClock
from workbench.core.errors import ProvidersError
from workbench.providers.scripted.drill_values import (
    ChainLink,
    DrillEnded,
    DrillLine,
    DrillStarted,
    DrillStep,
    LibraryLoading,
    PromptResult,
    SceneEnded,
    SceneName,
    SceneStarted,
    Tone,
)
from workbench.tui.screens.drill import DrillScreen
from workbench.tui.screens.providers import ProvidersScreen
from workbench.tui.widgets.following_scroll import FollowingScroll

STARTED = DrillStarted(
    chain=(
        ChainLink(provider="alpha", model="alpha-large"),
        ChainLink(provider="beta", model="", left_out="no key is configured"),
    ),
    strategy="priority",
    made_up=False,
    notes=("Nobody is contacted.",),
)
SCENE = SceneStarted(scene=SceneName.HANG, number=1, count=1, title="alpha stays silent")
LINE = DrillLine(text="alpha/alpha-large failed [bold]x[/] \x1b[31mafter 1.00 s", tone=Tone.TROUBLE, at_ms=1007)
WELL = PromptResult(answered_by="beta/b", took_ms=1600, kept=10, missing=0)
ENDED = SceneEnded(scene=SceneName.HANG, prompts=(WELL,), summary="beta/b answered after 1.60 s")
LAST = DrillEnded(scenes=(ENDED,), remarks=("Only alpha can be asked.",), took_ms=2000)


@dataclass(slots=True)
class DrillingCore(FakeCore):
    """Tells what the test tells, until it is told to end."""

    hear: Callable[[DrillStep], None] | None = None
    more: asyncio.Event = field(default_factory=asyncio.Event)
    problem: Exception | None = None
    begun: int = 0
    cancelled: int = 0

    async def drill(self, tell: Callable[[DrillStep], None], /) -> None:
        """As the real one."""
        self.begun += 1
        self.hear = tell
        try:
            await self.more.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.problem is not None:
            raise self.problem


def drilling() -> tuple[FakeEngine, DrillingCore]:
    """An engine whose core can drill."""
    engine = FakeEngine(clock=ManualClock())
    core = DrillingCore(bus=engine.bus, clock=engine.clock)
    engine.core = core
    return engine, core


async def told(d: Driven, core: DrillingCore, *steps: DrillStep) -> None:
    """Steps arrive and are drawn."""
    assert core.hear is not None
    for step in steps:
        core.hear(step)
    await d.settle()


async def opened(d: Driven, core: DrillingCore) -> None:
    """The drill, opened from the composer."""
    await d.type("/drill")
    await d.pilot.press("escape", "enter")
    await d.until(lambda: core.begun == 1)
    await d.settle()


async def test_rows_are_shown_as_they_come(tmp_path: Path) -> None:
    engine, core = drilling()
    async with driven(tmp_path, engine=engine) as d:
        await opened(d, core)
        assert isinstance(d.app.screen, DrillScreen)
        await told(d, core, STARTED, LibraryLoading())
        assert "1. alpha/alpha-large" in d.screen()
        assert "beta: no key is configured" in d.screen()
        assert "loading the model library" in d.screen()
        await told(d, core, SCENE, LINE)
        assert "1/1 hang: alpha stays silent" in d.screen()
        assert "1.01 s alpha/alpha-large failed [bold]x[/] ␛[31mafter 1.00 s" in d.screen()
        assert "Summary" not in d.screen()
        await told(d, core, ENDED, LAST)
        core.more.set()
        await d.settle()
        assert "Summary, after 2.0 s" in d.screen()
        assert "Only alpha can be asked." in d.screen()
        assert "esc close" in d.screen()


async def test_escape_ends_the_drill_in_the_core(tmp_path: Path) -> None:
    engine, core = drilling()
    async with driven(tmp_path, engine=engine) as d:
        await opened(d, core)
        await told(d, core, STARTED)
        await d.pilot.press("escape")
        await d.until(lambda: core.cancelled == 1)
        assert d.app.screen is d.app.chat
        # What comes late finds nobody and disturbs nobody.
        await told(d, core, SCENE, LAST)
        assert d.app.screen is d.app.chat


async def test_a_second_drill_begins_anew(tmp_path: Path) -> None:
    engine, core = drilling()
    async with driven(tmp_path, engine=engine) as d:
        await opened(d, core)
        await told(d, core, STARTED, SCENE)
        await d.pilot.press("escape")
        await d.until(lambda: core.cancelled == 1)
        d.app.action_do("drill")
        d.app.action_do("drill")
        await d.until(lambda: core.begun == 2)
        await d.settle()
        assert "1/1 hang" not in d.screen()
        assert core.begun == 2


async def test_it_is_in_the_palette(tmp_path: Path) -> None:
    engine, core = drilling()
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("ctrl+p")
        await d.until(lambda: isinstance(d.app.screen, CommandPalette))
        await d.pilot.press(*"failover drill")
        await d.until(lambda: "/drill" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: core.begun == 1)


async def test_a_key_opens_it_over_the_providers(tmp_path: Path) -> None:
    engine, core = drilling()
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("f4")
        await d.until(lambda: isinstance(d.app.screen, ProvidersScreen))
        await d.settle()
        await d.pilot.press("d")
        await d.until(lambda: core.begun == 1)
        await d.pilot.press("escape")
        await d.until(lambda: isinstance(d.app.screen, ProvidersScreen))


async def test_a_running_reply_goes_on(tmp_path: Path) -> None:
    engine, core = drilling()
    async with driven(tmp_path, engine=engine) as d:
        await d.send("hello")
        turn = engine.turn_in("conversation-1")
        d.app.action_do("drill")
        await d.until(lambda: core.begun == 1)
        await d.settle()
        engine.text(turn, "alpha", "the answer")
        engine.done(turn, "alpha")
        await d.pilot.press("escape")
        await d.until(lambda: d.app.screen is d.app.chat)
        await d.settle()
        assert "the answer" in d.screen()
        assert core.chat.stopped == []


async def test_a_drill_that_cannot_go_on_says_so(tmp_path: Path) -> None:
    engine, core = drilling()
    async with driven(tmp_path, engine=engine) as d:
        await opened(d, core)
        await told(d, core, STARTED)
        core.problem = ProvidersError("The model library could not be loaded")
        core.more.set()
        await d.until(lambda: "The drill could not go on." in d.screen())
        assert "The model library could not be loaded" in d.screen()


async def test_it_follows_its_end_until_one_scrolls_up(tmp_path: Path) -> None:
    engine, core = drilling()
    async with driven(tmp_path, engine=engine, size=(80, 24)) as d:
        await opened(d, core)
        lines = [DrillLine(text=f"line {number} " + "word " * 30, at_ms=number) for number in range(60)]
        await told(d, core, STARTED, *lines)
        scroll = d.app.screen.query_one(FollowingScroll)
        await d.until(lambda: scroll.scroll_y == scroll.max_scroll_y > 0)
        assert "line 59" in d.screen()
        await d.pilot.press("pageup", "pageup")
        await d.settle()
        await told(d, core, DrillLine(text="the newest line", at_ms=99))
        assert "the newest line" not in d.screen()
        await d.pilot.press("end")
        await d.until(lambda: "the newest line" in d.screen())
