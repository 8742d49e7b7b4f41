"""The Storage page: what it tells, and that nothing is removed unasked."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine
from workbench.conversations.values import Role
from workbench.core.clock import ManualClock
from workbench.tui.screens.confirm import ConfirmScreen
from workbench.tui.screens.storage import StorageScreen
from workbench.tui.storage.rows import runs_of


def engine_with_storage() -> FakeEngine:
    """One conversation, and figures of a database."""
    engine = FakeEngine(clock=ManualClock())
    engine.core.upkeep.now_ms = engine.clock.now_ms()
    stored = engine.core.store_conversation("Retry budgets")
    engine.core.store_message(stored.id, Role.USER, "what is a retry budget?")
    return engine


async def test_the_page_measures_prunes_only_when_sure_and_restores_only_when_sure(tmp_path: Path) -> None:
    engine = engine_with_storage()
    upkeep = engine.core.upkeep
    async with driven(tmp_path, engine=engine) as d:
        await d.send("/storage")
        await d.until(lambda: "Largest conversations" in d.screen())
        page = d.app.screen
        assert isinstance(page, StorageScreen)
        shown = d.screen()
        assert "89.6 MB" in shown and "unused 4.1 MB" in shown and "others" in shown
        assert "[red]Not markup[/]" in shown and "in the trash" in shown
        assert "3 conversations, 40 messages" in shown and "Events older than 30 days" in shown
        await d.pilot.press("p")
        await d.until(lambda: isinstance(d.app.screen, ConfirmScreen))
        assert "cannot be undone" in " ".join(d.screen().split())
        await d.pilot.press("n")
        assert upkeep.done == []
        await d.pilot.press("p", "y")
        await d.until(lambda: "Removed 3 conversations, 40 messages" in d.screen())
        assert upkeep.done == ["prune trash 30"]
        await d.pilot.press("p")
        await d.until(lambda: "nothing to prune" in d.screen())
        await d.pilot.press("b")
        await d.until(lambda: "Backed up and verified" in d.screen())
        await d.pilot.press("end", "enter")
        await d.until(lambda: isinstance(d.app.screen, ConfirmScreen) and "backed up first" in d.screen())
        await d.pilot.press("n")
        await d.until(lambda: d.app.screen is page)
        assert d.app.to_restore is None
        await d.pilot.press("i")
        await d.until(lambda: "Sound: 1 checks" in d.screen())
        upkeep.wrong = True
        await d.pilot.press("i")
        await d.until(lambda: "Wrong: pages: page 7" in d.screen() and "--salvage" in d.screen())
        await d.pilot.press("b")
        await d.until(lambda: "The disk is full" in d.screen())
        await d.pilot.press("escape")
        await d.until(lambda: d.app.screen is d.app.chat)


async def test_work_shows_how_far_it_is_and_escape_cancels_it(tmp_path: Path) -> None:
    engine = engine_with_storage()
    engine.core.upkeep.hold = asyncio.Event()
    async with driven(tmp_path, engine=engine, size=(80, 24)) as d:
        await d.pilot.press("f6")
        await d.until(lambda: "Retry budgets" in d.screen())
        await d.pilot.press("tab", "S")
        await d.until(lambda: isinstance(d.app.screen, StorageScreen) and "89.6 MB" in d.screen())
        await d.pilot.press("c")
        await d.until(lambda: "giving pages back 50 %" in d.screen() and "esc cancel" in d.screen())
        await d.pilot.press("b")
        await d.until(lambda: "esc cancel" in d.screen())
        await d.pilot.press("escape")
        await d.until(lambda: "Cancelled: compacting" in d.screen())
        assert engine.core.upkeep.done == []
        engine.core.upkeep.hold.set()
        await d.pilot.press("c")
        await d.until(lambda: "89.6 MB became 85.5 MB" in d.screen())
        page = d.app.screen
        assert isinstance(page, StorageScreen)
        for width in (20, 30, 60, 100, 140):
            for place in range(page.listed.row_count):
                row = page.listed._rows[place]
                assert sum(len(text) for text, _ in runs_of(row, width)) <= width, (row, width)
        # Down to the largest conversation: enter opens it.
        while page.listed.row is None or page.listed.row.conversation is None:
            await d.pilot.press("down")
        await d.pilot.press("enter")
        await d.until(lambda: d.app.screen is d.app.chat and d.app.desk.slot.title == "Retry budgets")
