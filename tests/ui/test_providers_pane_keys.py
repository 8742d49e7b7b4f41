"""The dialog that takes a key: what goes in never comes out."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.widgets import Input

from tests.support.app import Driven, driven
from tests.support.fake_providers import Place
from tests.support.provider_samples import engine_with_providers, open_pane
from workbench.core.errors import ConfigurationError
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.screens.add_key import AddKeyScreen, refusal
from workbench.tui.screens.provider_keys import ProviderKeysScreen
from workbench.tui.screens.providers import ProvidersScreen

SIZE = (80, 24)
KEY = "sk-abcdefgh12345678"


async def ask_for_key(d: Driven) -> None:
    await open_pane(d)
    await d.pilot.press("k")
    await d.until(lambda: isinstance(d.app.screen, AddKeyScreen))
    await d.settle()


async def enter_key(d: Driven, *after: str) -> None:
    """Paste the key and press these."""
    d.app.screen.query_one(Input).insert_text_at_cursor(KEY)
    await d.pilot.press(*after)


def test_blanks_controls_and_foreign_letters_are_no_part_of_a_key() -> None:
    assert refusal(KEY) == ""
    for text in ("", "a b", "a\tb", "a\nb", "a\x1bb", "a\u202eb", "a\u200bb", "schlüssel", "a\x7f"):
        assert refusal(text)


async def test_the_key_is_neither_drawn_nor_copied_nor_kept_in_the_field(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await ask_for_key(d)
        field = d.app.screen.query_one(Input)
        await enter_key(d, "home", "shift+end", "ctrl+c")
        await d.settle()
        assert KEY not in d.screen() and "sk-" not in d.screen()
        await d.pilot.press("ctrl+x")
        assert KEY not in d.app.clipboard
        field.value = f"  {KEY} "
        await d.pilot.press("enter")
        await d.until(lambda: len(d.engine.core.provider_control.keys) == 1)
        assert d.engine.core.provider_control.keys[0][1].reveal() == KEY
        assert field.value == ""


async def test_a_place_that_is_not_there_says_why_and_takes_nothing(tmp_path: Path) -> None:
    engine = engine_with_providers()
    engine.core.provider_control.places = (
        Place(name="keyring", available=False, why="[/] no keyring runs here"), Place(name="env-file"),
    )  # fmt: skip
    async with driven(tmp_path, engine=engine, size=SIZE) as d:
        await ask_for_key(d)
        assert "not available:  [/] no keyring runs here" in d.screen()
        assert "▸ the .env file" in d.screen()
        await enter_key(d, "up", "enter")
        await d.until(lambda: "It cannot be kept there: [/] no keyring" in d.screen())
        await d.pilot.press("down", "enter")
        await d.until(lambda: [place for _, _, place in engine.core.provider_control.keys] == ["env-file"])


async def test_places_that_take_a_while_do_not_hold_up_typing(tmp_path: Path) -> None:
    engine = engine_with_providers()
    engine.core.provider_control.hold = asyncio.Event()
    async with driven(tmp_path, engine=engine, size=SIZE) as d:
        await ask_for_key(d)
        assert "looking where keys can be kept" in d.screen()
        await enter_key(d, "down", "enter")
        await d.until(lambda: "Still looking" in d.screen())
        engine.core.provider_control.hold.set()
        await d.until(lambda: "the system's keyring" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: len(engine.core.provider_control.keys) == 1)


async def test_without_any_place_the_reason_is_shown_and_nothing_is_taken(tmp_path: Path) -> None:
    engine = engine_with_providers()
    engine.core.provider_control.refuse = ConfigurationError("This is the demonstration")
    async with driven(tmp_path, engine=engine, size=SIZE) as d:
        await ask_for_key(d)
        await d.until(lambda: "This is the demonstration" in d.screen())
        await enter_key(d, "enter")
        await d.until(lambda: "There is no place to keep a key." in d.screen())
        assert isinstance(d.app.screen, AddKeyScreen)


async def test_a_key_that_cannot_be_kept_is_told_without_it(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await ask_for_key(d)
        d.engine.core.provider_control.refuse = ConfigurationError("The keyring is locked", hint="Unlock it")
        await enter_key(d, "enter")
        await d.until(lambda: "Unlock it" in d.screen())
        assert isinstance(d.app.screen, ProvidersScreen)
        assert KEY not in d.screen()
        assert d.engine.core.providers.tested == []


async def test_offline_a_key_is_kept_and_not_tested(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE, offline=True) as d:
        await ask_for_key(d)
        await enter_key(d, "enter")
        await d.until(lambda: "the key is kept in" in d.screen())
        await d.settle()
        assert d.engine.core.providers.tested == []


async def test_the_mask_is_ascii_where_that_is_wanted(tmp_path: Path) -> None:
    choose_glyphs(ascii_only=True)
    try:
        async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
            await ask_for_key(d)
            await d.pilot.press(*"secret")
            await d.settle()
            assert d.screen().isascii()
            assert "******" in d.screen()
    finally:
        choose_glyphs(encoding="utf-8")


async def test_one_of_several_keys_is_switched_off_and_on_again(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        await d.pilot.press("down", "down", "K")
        await d.until(lambda: isinstance(d.app.screen, ProviderKeysScreen))
        await d.settle()
        assert "Keys of openai" in d.screen() and "refused" in d.screen()
        await d.pilot.press("down", "space")
        await d.until(lambda: "off" in d.screen().split("OPENAI_API_KEY_2")[1].splitlines()[0])
        assert "keyring:openai" in d.screen()
        await d.pilot.press("space")
        await d.until(lambda: "off" not in d.screen().split("OPENAI_API_KEY_2")[1].splitlines()[0])
        await d.pilot.press("escape")
        await d.until(lambda: isinstance(d.app.screen, ProvidersScreen))
        await d.pilot.press("down", "K")
        await d.settle()
        assert isinstance(d.app.screen, ProvidersScreen)
        assert "gemini has no key; k adds one." in d.screen()
