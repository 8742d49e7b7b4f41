"""Themes, density, motion, and a terminal that shows ASCII only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from textual import constants
from textual.color import Color
from textual.widgets import Input, TextArea

from tests.golden.test_chat_moments import break_off, go_on, mixed_engine
from tests.support.app import Driven, driven
from tests.support.provider_samples import engine_with_providers, open_pane
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.safe import AsciiFilter, line_filters
from workbench.tui.screens.theme_picker import ThemePicker
from workbench.tui.themes import DEFAULT_THEME, LIGHT_THEME, shipped_themes_dir
from workbench.tui.ui_state import UiState

OWN = (shipped_themes_dir() / "ember.yaml").read_text(encoding="utf-8").replace("name: ember", "name: mine")


@pytest.fixture(autouse=True)
def signs_of_utf8() -> Iterator[None]:
    """Whatever the machine's locale, and whatever a test chose."""
    choose_glyphs(encoding="utf-8")
    yield
    choose_glyphs(encoding="utf-8")


def own_theme(home: Path, text: str, name: str = "mine.yaml") -> None:
    """Write a theme file of the user's."""
    folder = home / "config" / "themes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def ground(d: Driven) -> str:
    """What the transcript stands on, as it is painted."""
    return d.app.chat.transcript.styles.background.hex


async def look_again(d: Driven) -> None:
    """What the timer does in a terminal."""
    d.app.user_files.look()
    await d.settle()


async def test_the_list_tries_themes_and_escape_goes_back(tmp_path: Path) -> None:
    own_theme(tmp_path, OWN)
    async with driven(tmp_path) as d:
        dark = ground(d)
        await d.send("/theme")
        assert isinstance(d.app.screen, ThemePicker)
        assert "mine" in d.screen()
        await d.pilot.press("down")
        await d.settle()
        assert (d.app.theme, ground(d) != dark) == (LIGHT_THEME, True)
        await d.pilot.press("f")
        await d.settle()
        assert d.app.theme == "fjord"
        await d.pilot.press("end")
        await d.settle()
        assert d.app.theme == "mine"
        await d.pilot.press("escape")
        await d.settle()
        assert (d.app.theme, ground(d)) == (DEFAULT_THEME, dark)
        assert d.app.shell.remembered.theme == ""

        await d.send("/theme")
        await d.pilot.press("up", "enter")
        await d.settle()
        assert (d.app.theme, d.app.shell.remembered.theme) == ("mine", "mine")
        await d.send("/theme")
        await d.pilot.click("#lines", offset=(5, 0))
        assert d.app.theme == DEFAULT_THEME
        await d.pilot.click("#lines", offset=(5, 0))
        await d.settle()
        assert d.app.shell.remembered.theme == DEFAULT_THEME


async def test_the_theme_in_force_is_in_sight_however_small_the_screen(tmp_path: Path) -> None:
    async with driven(tmp_path, size=(40, 12), remembered=UiState(theme="terminal-light")) as d:
        await d.send("/theme")
        await d.until(lambda: "▸ terminal-light" in d.screen())
        await d.pilot.resize_terminal(20, 5)
        await d.until(lambda: len(d.lines()) == 5 and "▸ terminal-" in d.screen())


async def test_a_theme_in_use_follows_its_file(tmp_path: Path) -> None:
    own_theme(tmp_path, OWN)
    async with driven(tmp_path, remembered=UiState(theme="mine")) as d:
        assert d.app.theme == "mine"
        assert ground(d) == "#211813".upper()
        own_theme(tmp_path, OWN.replace("#211813", "#102030"))
        await look_again(d)
        assert ground(d) == "#102030"
        own_theme(tmp_path, OWN.replace("#211813", "#oops"))
        await look_again(d)
        assert (d.app.theme, ground(d)) == ("mine", "#102030")
        assert "mine.yaml:5:10: surface: '#oops' is not a colour" in d.screen()
        own_theme(tmp_path, OWN.replace("#211813", "#203040"))
        await look_again(d)
        assert ground(d) == "#203040"
        assert "All of your themes are in order." in d.screen()
        (tmp_path / "config" / "themes" / "mine.yaml").unlink()
        await look_again(d)
        assert (d.app.theme, "mine" in d.app.available_themes) == (DEFAULT_THEME, True)
        # Remembered all the while, so taken again as soon as it is back.
        own_theme(tmp_path, OWN)
        await look_again(d)
        assert d.app.theme == "mine"


async def test_bad_and_faint_themes_of_the_users_are_told_once(tmp_path: Path) -> None:
    own_theme(tmp_path, "nonsense", "[bold]\x1b[31m.yaml")
    own_theme(tmp_path, OWN.replace("#b8a08c", "#5a4030"))
    async with driven(tmp_path) as d:
        await d.until(lambda: "hard to read" in d.screen())
        screen = d.screen()
        assert "[bold]" in screen
        assert "\x1b" not in screen
        assert len(d.app._notifications) == 1
        assert "mine" in d.app.looks.names
        own_theme(tmp_path, OWN.replace("mine", "other"), "other.yaml")
        await look_again(d)
        assert len(d.app._notifications) == 1
        assert "other" in d.app.looks.names


async def test_a_remembered_theme_that_is_gone_gives_the_default(tmp_path: Path) -> None:
    async with driven(tmp_path, remembered=UiState(theme="nowhere")) as d:
        assert d.app.theme == DEFAULT_THEME
        assert "There is no theme nowhere" in d.screen()


async def test_compact_takes_room_away_and_gives_it_back(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await go_on(d)
        for compact, above in ((True, 1), (False, 2)):
            d.app.verbs.do("toggle_compact")
            await d.settle()
            d.app.clear_notifications()
            await d.settle()
            lines = d.lines()
            badge = next(place for place, line in enumerate(lines) if "done" in line)
            assert "work for nobody" in lines[badge - above]
            assert d.app.chat.composer.styles.padding.width == (0 if compact else 2)
            assert d.app.shell.remembered.compact is compact


async def test_nothing_moves_when_that_is_wished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "full")
    async with driven(tmp_path) as d:
        composer = d.app.chat.query_one("#composer", TextArea)
        assert (d.app.animation_level, composer.cursor_blink) == ("full", True)
        await d.send("/motion")
        assert (d.app.animation_level, composer.cursor_blink) == ("none", False)
        assert d.app.shell.remembered.reduced_motion
        await d.pilot.press("f1")
        await d.settle()
        assert not d.app.screen.query_one("#help-search", Input).cursor_blink
        await d.pilot.press("escape")
        await d.send("/motion")
        assert (d.app.animation_level, composer.cursor_blink) == ("full", True)
        monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
        await d.send("/motion")
        await d.send("/motion")
        assert (d.app.animation_level, composer.cursor_blink) == ("none", False)
        told = [notice.message for notice in d.app._notifications]
        assert "TEXTUAL_ANIMATIONS=none still keeps everything from moving." in told


async def test_every_pane_and_dialog_can_be_drawn_in_ascii(tmp_path: Path) -> None:
    choose_glyphs(ascii_only=True)
    async with driven(tmp_path, engine=mixed_engine(), size=(80, 24)) as d:
        await break_off(d)
        assert d.screen().isascii()
        assert "=" * 20 in d.screen()
        await d.pilot.press("escape")
        verbs = ("choose_theme", "add_first_key", "key_doctor", "jump", "show_help")
        for verb in verbs:
            d.app.verbs.do(verb)
            await d.settle()
            assert d.app.screen is not d.app.chat, verb
            assert d.screen().isascii(), verb
            await d.pilot.press("escape")
            await d.app.show_pane("chat")
        for key in ("ctrl+l", "ctrl+p", "ctrl+t", "ctrl+f", "ctrl+r", "f5", "f4", "f2", "ctrl+q"):
            await d.pilot.press(key)
            await d.settle()
            assert d.screen().isascii(), key
            if key in ("ctrl+l", "ctrl+p", "ctrl+f", "ctrl+r"):
                await d.pilot.press("escape")


async def test_the_providers_pane_and_its_dialog_in_ascii(tmp_path: Path) -> None:
    choose_glyphs(ascii_only=True)
    async with driven(tmp_path, engine=engine_with_providers(), size=(80, 24)) as d:
        await open_pane(d)
        for key in ("down", "enter", "escape", "k"):
            await d.pilot.press(key)
            await d.settle()
            assert d.screen().isascii(), key


def test_a_terminal_that_is_not_of_utf8_gets_no_other_character() -> None:
    assert len(line_filters()) == 1
    segments = [Segment("╭─┏━│ ┃▄█ ok"), Segment(" 日本 é→")]
    choose_glyphs(ascii_only=True, encoding="utf-8")
    assert len(line_filters()) == 2
    assert [s.text for s in AsciiFilter().apply(segments, Color(0, 0, 0))] == ["+-+=| | # ok", " 日本 é>"]
    choose_glyphs(encoding="iso-8859-1")
    assert AsciiFilter().apply(segments, Color(0, 0, 0))[1].text == " ???? ?>"
    plain = [Segment("plain")]
    assert AsciiFilter().apply(plain, Color(0, 0, 0)) is plain
