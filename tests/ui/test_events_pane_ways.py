"""From an event to its message and back, in the whole application."""

from __future__ import annotations

from pathlib import Path

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine
from workbench.conversations.values import Role
from workbench.core.clock import ManualClock
from workbench.tui.screens.events import EventsScreen


async def test_m_opens_the_message_and_escape_comes_back_to_the_event(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    other = engine.core.store_conversation("Another one")
    engine.core.store_message(other.id, Role.USER, "something else")
    async with driven(tmp_path, engine=engine) as d:
        await d.send("hello")
        turn = d.engine.turn_in("conversation-2")
        d.engine.fail(turn, "alpha", "rate_limited", reason="too many requests")
        d.engine.done(turn, "beta")
        await d.settle()
        d.app.open_from_anywhere(other.id)
        await d.until(lambda: d.app.desk.slot.conversation_id == other.id)
        await d.pilot.press("f5")
        await d.until(lambda: isinstance(d.app.screen, EventsScreen) and "too many requests" in d.screen())
        await d.pilot.press("up", "up")
        await d.pilot.press("m")
        await d.until(lambda: d.app.screen is d.app.chat and d.app.chat.transcript.has_focus)
        assert d.app.desk.slot.conversation_id == "conversation-2"
        assert d.app.chat.transcript.cursor_message_id == turn.message_id
        d.engine.fail(turn, "alpha", "rate_limited", reason="later")
        await d.pilot.press("escape")
        await d.until(lambda: isinstance(d.app.screen, EventsScreen) and "later" in d.screen())
        assert "later" not in next(line for line in d.lines() if "▸" in line), "the cursor is where it was"
