"""The history pane over the real search, trees and forks on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from tests.support.app import Driven, shell_files
from tests.support.chat_room import Room, room
from tests.support.fake_engine import FakeEngine
from tests.support.room_link import RoomLink
from tests.support.scripted_model import provider, says
from workbench.config.values import Configuration
from workbench.core.clock import SystemClock
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.history import HistoryScreen
from workbench.tui.shell import Shell


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.tui.history.searching.DEBOUNCE_S", 0.01)
    monkeypatch.setattr("workbench.tui.history.showing.PREVIEW_S", 0.0)


@asynccontextmanager
async def over_a_core(home: Path) -> AsyncIterator[tuple[Driven, Room]]:
    """The application over a room where two things were asked, one of them twice."""
    clock = SystemClock()
    answers = [says("Jitter spreads retries."), says("Retrying with jitter helps."), says("Vacuum reclaims rows.")]
    async with room(home, {"alpha": [*answers, says("A later answer.")]}) as opened:
        turn = await opened.chat.send("How do I spread retries?")
        await opened.chat.wait(turn.id)
        again = await opened.chat.ask_again(turn.conversation_id, turn.message_id)
        await opened.chat.wait(again.id)
        other = await opened.chat.send("What does vacuum do?")
        await opened.chat.wait(other.id)
        configuration = Configuration(providers=(provider("alpha", priority=1),))
        link = RoomLink(opened, configuration, clock)
        app = WorkbenchApp(Shell(make_link=lambda: link, files=shell_files(home), clock=clock))
        async with app.run_test(size=(140, 42), notifications=True) as pilot:
            await pilot.pause()
            d = Driven(app, pilot, cast("FakeEngine", link))
            await d.until(app.desk.opened.is_set)
            await d.settle()
            yield d, opened


async def test_what_was_said_is_found_read_forked_and_gone_on_with(tmp_path: Path) -> None:
    async with over_a_core(tmp_path) as (d, opened):
        await d.pilot.press("f6")
        await d.until(lambda: isinstance(d.app.screen, HistoryScreen) and d.app.screen.searching.is_answered)
        screen = d.app.screen
        assert isinstance(screen, HistoryScreen)
        await d.until(lambda: "2 chats" in d.screen())
        screen.query_line.value = "-vacuum retr"
        await d.until(lambda: "3 hits in 1 chat" in d.screen())
        await d.until(lambda: "Retrying with jitter helps." in d.screen() and "2b ai alpha/alpha-1" in d.screen())
        await d.pilot.press("enter", "enter", "left")
        await d.until(lambda: "● 2 ai alpha/alpha-1" in d.screen() and "Jitter spreads retries." in d.screen())
        first = screen.reading.message_id
        # A conversation of its own, down to the answer that was not in force.
        await d.pilot.press("F")
        await d.until(lambda: d.app.screen is d.app.chat and d.app.desk.slot.title.endswith("(branch)"))
        assert [message.text for message in d.app.desk.slot.messages.values()] == [
            "How do I spread retries?", "Jitter spreads retries.",
        ]  # fmt: skip
        # Back, where one was; what was made meanwhile is found too.
        await d.pilot.press("f6", "escape")
        await d.until(lambda: "in 2 chats" in d.screen() and screen.reading.message_id == first)
        await d.pilot.press("enter", "c")
        await d.until(lambda: d.app.screen is d.app.chat and d.app.chat.composer.has_focus)
        await d.until(lambda: [*d.app.desk.slot.messages][-1] == first)
        await d.send("and then?")
        await d.until(lambda: not d.app.desk.anything_running())
        path = await opened.conversations.path(d.app.desk.slot.conversation_id)
        assert [message.text for message in path[-3:]] == ["Jitter spreads retries.", "and then?", "A later answer."]
