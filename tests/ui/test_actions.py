"""The registry in force: keys, palette, slash commands and help all come from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandPalette

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine
from workbench.core.clock import ManualClock
from workbench.tui.actions.registry import ACTIONS
from workbench.tui.actions.values import Scope
from workbench.tui.screens.help import HelpScreen


def screen_class(scope: Scope) -> object:
    """The pane on which the actions of a scope work; None for the chat pane and for all."""
    from workbench.tui.screens.events import EventsScreen
    from workbench.tui.screens.history import HistoryScreen
    from workbench.tui.screens.providers import ProvidersScreen
    from workbench.tui.screens.storage import StorageScreen

    panes = {
        Scope.PROVIDERS: ProvidersScreen, Scope.EVENTS: EventsScreen, Scope.HISTORY: HistoryScreen,
        Scope.STORAGE: StorageScreen,
    }  # fmt: skip
    return panes.get(scope)


async def test_every_handler_exists_where_its_keys_work(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        for action in ACTIONS:
            if not action.handler:
                continue
            name, _, arguments = action.handler.partition("(")
            where, dot, method = name.rpartition(".")
            screen = screen_class(action.scope) or d.app.chat
            places = ([d.app] if where == "app" else [screen]) if dot else d.app.chat.query("*")
            assert any(hasattr(place, f"action_{method}") for place in places), action.id
            if method == "do" and (where == "app" or screen is d.app.chat):
                verbs = d.app.verbs if where == "app" else d.app.chat.verbs
                assert arguments.split("'")[1] in verbs, action.id


async def test_every_slash_command_with_a_verb_of_its_own_finds_it(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        for action in ACTIONS:
            verbs = d.app.verbs if action.scope is Scope.EVERYWHERE else d.app.chat.verbs
            assert not action.command or (action.slash and action.command in verbs), action.id


async def test_help_lists_every_action_and_can_be_searched(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.pilot.press("f1")
        await d.settle()
        assert isinstance(d.app.screen, HelpScreen)
        titles = {line.title for line in d.app.screen._lines}
        elsewhere = (Scope.PROVIDERS, Scope.EVENTS, Scope.HISTORY, Scope.STORAGE)
        assert titles >= {action.title for action in ACTIONS if action.scope not in elsewhere}
        await d.pilot.press(*"failover")
        await d.settle()
        assert "ctrl+t" in d.screen()
        found = {line.title for line in d.app.screen._shown}
        assert found >= {"Failover trace", "Failover drill", "Start the demonstration"}
        assert "New conversation" not in found
        await d.pilot.press(*"zzz")
        await d.settle()
        assert "Nothing here is called that" in d.screen()
        await d.pilot.press("escape")
        await d.settle()
        assert d.app.screen is d.app.chat


async def test_help_in_the_events_pane_tells_its_keys(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.pilot.press("f5")
        await d.until(lambda: "[f5 Events]" in d.screen())
        await d.settle()
        await d.pilot.press("f1")
        await d.settle()
        assert isinstance(d.app.screen, HelpScreen)
        titles = {line.title for line in d.app.screen._lines}
        assert {"Filter", "Pause", "Quit"} <= titles


async def test_f2_and_f5_change_panes_also_from_a_dialog(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.pilot.press("f5")
        await d.until(lambda: "[f5 Events]" in d.screen())
        assert "workbench 1.0 started" in d.screen()
        await d.pilot.press("f1")
        await d.settle()
        await d.pilot.press("f2")
        await d.until(lambda: d.app.screen is d.app.chat)
        assert "[f2 Chat]" in d.screen()
        await d.pilot.click("#tabs", offset=(38, 0))
        await d.until(lambda: "[f5 Events]" in d.screen())


async def test_the_palette_runs_actions_and_opens_conversations(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    engine.core.store_conversation("Postgres vacuum")
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("ctrl+p")
        await d.until(lambda: isinstance(d.app.screen, CommandPalette))
        await d.pilot.press(*"vacuum")
        await d.until(lambda: "conversation" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: d.app.desk.slot.conversation_id == "conversation-1")
        await d.pilot.press("ctrl+p")
        await d.until(lambda: isinstance(d.app.screen, CommandPalette))
        await d.pilot.press(*"new conv")
        await d.until(lambda: "/new" in d.screen())
        assert "┃ new conv " in d.screen(), "what is typed is to be seen"
        await d.pilot.press("enter")
        await d.until(lambda: d.app.desk.slot.conversation_id == "")
        await d.pilot.press("ctrl+p")
        await d.until(lambda: "new  recent" in d.screen())
        listed = [line for line in d.lines() if "/" in line]
        assert "New conversation  ctrl+n  /new  recent" in listed[0]
        await d.pilot.press(*"qqq")
        await d.until(lambda: "Nothing is called that" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: isinstance(d.app.screen, HelpScreen))


@pytest.mark.parametrize("command", ["new", "trace", "events", "help", "stop", "model", "provider", "theme", "list"])
async def test_slash_commands_work_from_the_composer(tmp_path: Path, command: str) -> None:
    async with driven(tmp_path) as d:
        before = (d.app.screen, d.app.theme, d.app.chat.classes, d.screen())
        await d.type(f"/{command}")
        await d.pilot.press("escape", "enter")
        await d.settle()
        assert d.app.chat.composer.text == ""
        assert d.engine.core.chat.sent == []
        if command != "new":
            assert (d.app.screen, d.app.theme, d.app.chat.classes, d.screen()) != before


async def test_quit_by_slash_command(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.type("/quit")
        await d.pilot.press("escape", "enter")
        await d.pilot.pause()
    assert d.app.return_value == 0


async def test_a_theme_is_remembered_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("/theme workbench-light")
        assert d.app.theme == "workbench-light"
        assert '"workbench-light"' in (tmp_path / "state" / "ui.json").read_text()
        await d.send("/theme nothing-like-it")
        assert "There is no theme nothing-like-it" in d.screen()
        assert d.app.theme == "workbench-light"


async def test_a_message_can_be_copied(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("hello")
        turn = d.engine.turn_in("conversation-1")
        d.engine.text(turn, "alpha", "answer\x1b[31m")
        d.engine.done(turn, "alpha")
        await d.settle()
        await d.pilot.press("escape")
        await d.pilot.press("y")
        await d.until(lambda: bool(d.app.clipboard))
        assert d.app.clipboard == "answer␛[31m"
