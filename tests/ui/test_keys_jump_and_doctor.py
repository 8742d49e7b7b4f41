"""Jump mode and the key doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import driven
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.screens.jump import JumpScreen
from workbench.tui.screens.key_doctor import KeyDoctorScreen


async def test_a_letter_on_every_region_leads_there_on_panes_and_over_dialogs(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.pilot.press("ctrl+o")
        await d.until(lambda: isinstance(d.app.screen, JumpScreen))
        jump = d.app.screen
        assert isinstance(jump, JumpScreen)
        letters = {one.spot.letter: one for one in jump._landings}
        assert {"1", "3", "4"} <= letters.keys()
        wanted = next(letter for letter, one in letters.items() if one.widget is d.app.chat.conversations)
        await d.pilot.press("z", wanted)
        await d.until(lambda: d.app.focused is d.app.chat.conversations)

        await d.pilot.press("ctrl+o")
        await d.until(lambda: isinstance(d.app.screen, JumpScreen))
        await d.pilot.press("escape")
        assert d.app.focused is d.app.chat.conversations
        await d.pilot.press("ctrl+o", "ctrl+o")
        await d.until(lambda: d.app.screen is d.app.chat)
        await d.pilot.press("ctrl+o", "4")
        await d.until(lambda: "[f5 Events]" in d.screen())

        await d.pilot.press("f2", "f1")
        await d.until(lambda: "Help" in type(d.app.screen).__name__)
        await d.pilot.press("ctrl+o")
        await d.until(lambda: isinstance(d.app.screen, JumpScreen))
        over = d.app.screen
        assert isinstance(over, JumpScreen)
        assert [(one.spot.letter, one.pane) for one in over._landings] == [("a", "")]
        await d.pilot.press("a")
        await d.until(lambda: "Help" in type(d.app.screen).__name__)
        await d.pilot.press("ctrl+o")
        await d.until(lambda: isinstance(d.app.screen, JumpScreen))
        await d.pilot.resize_terminal(100, 30)
        await d.until(lambda: "Help" in type(d.app.screen).__name__)


@pytest.mark.parametrize("size", [(140, 42), (40, 12)])
async def test_the_letters_are_signs_in_ascii_too(tmp_path: Path, size: tuple[int, int]) -> None:
    choose_glyphs(ascii_only=True)
    try:
        async with driven(tmp_path, size=size) as d:
            await d.pilot.press("ctrl+o")
            await d.until(lambda: isinstance(d.app.screen, JumpScreen))
            assert "[a]" in d.screen()
            assert "press a letter" in d.lines()[-1]
    finally:
        choose_glyphs(ascii_only=False)


async def test_the_key_doctor_takes_every_key_and_escape_twice_leaves(tmp_path: Path) -> None:
    async with driven(tmp_path, size=(80, 24)) as d:
        await d.send("/keys")
        await d.until(lambda: isinstance(d.app.screen, KeyDoctorScreen))
        assert "Press any key" in d.screen()
        await d.pilot.press("ctrl+q")
        await d.until(lambda: "Quit (app.quit)" in d.screen())
        assert "Zellij: quits Zellij" in d.screen()
        await d.pilot.press("f2", "f1")
        await d.until(lambda: "Help (app.help)" in d.screen())
        assert isinstance(d.app.screen, KeyDoctorScreen)
        await d.pilot.press("escape")
        await d.until(lambda: "escape once more leaves" in d.screen())
        await d.pilot.press("x")
        await d.until(lambda: "it is written" in d.screen())
        await d.pilot.press("escape", "escape")
        await d.until(lambda: d.app.screen is d.app.chat)
        assert d.app.chat.composer.text == ""
        assert d.app.is_running
