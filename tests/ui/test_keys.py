"""The keys in force: the key map, live, at the start and in every text that names keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.support.app import driven, shell_files
from tests.support.fake_engine import FakeEngine
from workbench.core.clock import ManualClock
from workbench.tui.actions.registry import action_by_id
from workbench.tui.actions.values import put_in_force
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.help import HelpScreen
from workbench.tui.shell import Shell

KEYMAP = """\
app.help: [f12, '!']
chat.list: ctrl+_
pane.events: f11
chat.nwe: f10
"""


@pytest.fixture(autouse=True)
def own_keys() -> Iterator[None]:
    yield
    put_in_force({})


def write(home: Path, text: str) -> Path:
    file = shell_files(home).keymap_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def shell(home: Path) -> Shell:
    engine = FakeEngine(clock=ManualClock())
    return Shell(make_link=lambda: engine, files=shell_files(home), clock=engine.clock)


async def test_a_key_map_is_in_force_told_where_wrong_and_read_again_when_it_changes(tmp_path: Path) -> None:
    file = write(tmp_path, KEYMAP)
    async with driven(tmp_path) as d:
        await d.until(lambda: "f12 help" in d.screen())
        assert "keymap.yaml:4:1: chat.nwe" in " ".join(d.screen().split())
        assert "f11 Events" in d.screen()

        # The new key works, the old one does not; a sign is written while a text field has the focus.
        await d.pilot.press("f1")
        assert d.app.screen is d.app.chat
        await d.pilot.press("exclamation_mark")
        assert d.app.chat.composer.text == "!"
        await d.pilot.press("f12")
        await d.until(lambda: isinstance(d.app.screen, HelpScreen))
        d.app.screen.query_one("Input", Input).value = "app.help"
        await d.until(lambda: "f12 !  /help" in d.screen())
        await d.pilot.press("escape")
        hidden = d.app.chat.has_class("-list-hidden")
        await d.pilot.press("f9")
        assert d.app.chat.has_class("-list-hidden") is hidden
        await d.pilot.press("ctrl+underscore")
        assert d.app.chat.has_class("-list-hidden") is not hidden

        file.write_text("app.help: f10\nchat.list: []\n")
        d.app.user_files.look()
        await d.until(lambda: "f10 help" in d.screen())
        assert "f5 Events" in d.screen()
        await d.pilot.press("f10")
        await d.until(lambda: isinstance(d.app.screen, HelpScreen))
        await d.pilot.press("escape")

        file.write_text("app.help: [f10\n")
        d.app.user_files.look()
        await d.until(lambda: "f1 help" in d.screen())
        await d.until(lambda: "nothing of it is in force" in " ".join(d.screen().split()))
        file.unlink()
        d.app.user_files.look()
        await d.until(lambda: "Every entry of keymap.yaml is in force" in d.screen())


async def test_what_was_read_is_in_force_at_the_next_start_before_anything_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, "app.help: f12\nchat.nwe: f10\n")
    async with driven(tmp_path) as d:
        await d.until(shell_files(tmp_path).keys_cache_file.exists)
    put_in_force({})
    WorkbenchApp(shell(tmp_path))
    assert action_by_id("app.help").key_text == "f12"
    file.write_text("app.help: f11\n")
    WorkbenchApp(shell(tmp_path))
    assert action_by_id("app.help").key_text == "f12", "the old ones serve until the new ones were read"
    file.unlink()
    WorkbenchApp(shell(tmp_path))
    assert action_by_id("app.help").key_text == "f1 ?"


async def test_letters_signs_and_digits_work_when_no_text_field_has_the_focus(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.pilot.press("question_mark", "colon", "3", "q")
        assert d.app.chat.composer.text == "?:3q"
        d.app.chat.transcript.focus()
        await d.pilot.press("question_mark")
        await d.until(lambda: isinstance(d.app.screen, HelpScreen))
        assert "Help · Transcript" in d.screen()
        await d.pilot.resize_terminal(80, 24)
        await d.until(lambda: "keys and commands" in d.screen() and "chat.unfold" not in d.screen())
        d.app.screen.query_one("Input", Input).value = "unfold"
        await d.until(lambda: "chat.unfold" in d.screen())
        d.app.screen.query_one("Input", Input).value = ""
        await d.pilot.press("colon", "3")
        assert d.app.screen.query_one("Input", Input).value == ":3"
        await d.pilot.press("escape", "3")
        await d.until(lambda: "[f4 Prov]" in d.screen())
        await d.pilot.press("1")
        await d.until(lambda: d.app.screen is d.app.chat)
        d.app.chat.transcript.focus()
        await d.pilot.press("colon")
        await d.until(lambda: type(d.app.screen).__name__ == "CommandPalette")
        await d.pilot.press("escape", "q")
        await d.pilot.pause()
    assert d.app.return_value == 0


async def test_help_over_a_dialog_is_about_the_dialog_and_names_who_takes_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZELLIJ", "0")
    async with driven(tmp_path) as d:
        await d.pilot.press("ctrl+l")
        await d.until(lambda: type(d.app.screen).__name__ == "SwitcherScreen")
        await d.pilot.press("f1")
        await d.until(lambda: isinstance(d.app.screen, HelpScreen))
        assert "Help · Model and provider" in d.screen()
        assert "Close" in d.screen()
        assert "Zellij keeps " in " ".join(d.screen().split())
        await d.pilot.press("escape")
        assert type(d.app.screen).__name__ == "SwitcherScreen"
