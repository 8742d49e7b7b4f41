"""The import dialog: counts, asks, adds, tells, shows."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine
from workbench.conversations.values import Role
from workbench.core.clock import ManualClock
from workbench.tui.screens.history import HistoryScreen
from workbench.tui.screens.import_history import ImportScreen
from workbench.tui.widgets.path_suggester import completed


async def test_a_file_is_counted_added_and_shown(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    engine.core.store_message(engine.core.store_conversation("here already").id, Role.USER, "hello")
    importer = engine.core.importer
    importer.hold = asyncio.Event()
    async with driven(tmp_path, engine=engine, size=(100, 30)) as d:
        await d.pilot.press("f6")
        await d.until(lambda: isinstance(d.app.screen, HistoryScreen) and d.app.screen.searching.is_answered)
        await d.pilot.press("tab", "i")
        await d.until(lambda: isinstance(d.app.screen, ImportScreen))
        dialog = d.app.screen
        assert isinstance(dialog, ImportScreen)
        assert "It is counted first" in d.screen()
        await d.pilot.press("enter")
        assert "Type the path" in d.screen()
        dialog.field.value = "/nowhere/letter.txt"
        await d.pilot.press("enter")
        await d.until(lambda: "This is none of the formats" in d.screen())
        dialog.field.value = "/nowhere/again.zip"
        await d.pilot.press("enter")
        await d.until(lambda: "0 conversations and 0 messages would be added" in d.screen())
        assert "2 conversations and 9 messages were here already" in d.screen()
        # Nothing new: enter looks once more, and adds nothing.
        await d.pilot.press("enter")
        await d.until(lambda: importer.runs[-2:] == [("again.zip", True)] * 2)
        dialog.field.value = "/nowhere/chats.zip"
        await d.until(lambda: "It is counted first" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: "ChatGPT: 12 conversations and 240 messages would be added" in d.screen())
        assert "[b]conversation 7[/b]" in d.screen() and "and 3 more" in d.screen()
        assert "enter import" in d.screen() and ("chats.zip", False) not in importer.runs
        await d.pilot.press("enter")
        await d.until(lambda: "writing 25 %: 3 conversations, 40 messages" in d.screen())
        await d.pilot.press("escape")
        await d.until(lambda: "importing again adds the rest" in d.screen())
        importer.hold.set()
        await d.pilot.press("enter")
        await d.until(lambda: "enter import" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: "ChatGPT: 12 conversations and 240 messages added" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: isinstance(d.app.screen, HistoryScreen) and "is imported" in d.screen())


async def test_the_command_counts_at_once_and_escape_adds_nothing(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    async with driven(tmp_path, engine=engine, size=(40, 12)) as d:
        await d.send("/import /nowhere/chats.zip")
        await d.until(lambda: "enter import" in d.screen() and "ChatGPT" in d.screen())
        await d.pilot.press("escape")
        await d.until(lambda: d.app.screen is d.app.chat)
        assert engine.core.importer.runs == [("chats.zip", True)]


def test_a_path_is_completed_by_the_first_name_that_goes_on(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    for name in ("chats-2.zip", "chats-1.zip", ".hidden", "evil\nname"):
        (tmp_path / name).touch()
    assert completed(f"{tmp_path}/ch") == f"{tmp_path}/chats-1.zip"
    assert completed(f"{tmp_path}/ex") == f"{tmp_path}/export/"
    assert completed(f"{tmp_path}/.h") == f"{tmp_path}/.hidden"
    assert completed(f"{tmp_path}/evil") is None
    assert completed(f"{tmp_path}/chats-1.zip") is None
    assert completed(f"{tmp_path}/missing/x") is None
    assert completed("~nobody-of-this-name/x") is None
