"""Private conversations: the boundary is seen, kept, and cannot be taken back once something was said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine, provider
from workbench.config.values import Configuration
from workbench.conversations.values import Role
from workbench.core.clock import ManualClock
from workbench.tui.screens.confirm import ConfirmScreen
from workbench.tui.state.pins import AUTO, Pin
from workbench.tui.ui_state import read_ui_state

HOME = Configuration(
    providers=(
        provider("cloud"),
        provider("ollama", priority=2, private=True),
        provider("lm_studio", priority=3, private=True),
    )
)


def home_engine() -> FakeEngine:
    return FakeEngine(clock=ManualClock(), configuration=HOME)


async def test_a_new_conversation_becomes_private_and_its_border_says_who_may_read_it(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=home_engine()) as d:
        d.app.desk.slot.pin = Pin(provider="cloud")
        await d.send("/private")
        assert "private: only ollama, lm_studio" in d.screen()
        assert d.app.chat.composer.has_class("-private")
        assert d.app.desk.slot.pin == AUTO, "who may not read it does not answer it"
        await d.send("a secret")
        options = d.engine.core.chat.sent[0][2]
        assert options is not None
        assert options.private is True
        assert d.app.chat.conversations.rows[0].private
        assert "a secret ◆" in d.screen()


async def test_an_empty_private_conversation_can_be_made_public_again(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=home_engine()) as d:
        await d.send("/private")
        await d.send("/private")
        assert not d.app.chat.composer.has_class("-private")
        await d.send("no secret")
        options = d.engine.core.chat.sent[0][2]
        assert options is not None
        assert options.private is None


async def test_the_boundary_around_an_unsent_text_is_there_after_a_restart(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=home_engine()) as d:
        await d.send("/private")
        await d.type("a secret")
    remembered = read_ui_state(tmp_path / "state" / "ui.json")
    again = home_engine()
    again.core.drafts.kept[None] = "a secret"
    async with driven(tmp_path, engine=again, remembered=remembered) as d:
        assert "private: only ollama" in d.screen()
        await d.pilot.press("enter")
        await d.settle()
        text, _, options = again.core.chat.sent[0]
        assert text == "a secret"
        assert options is not None
        assert options.private is True
        await d.until(lambda: not d.app.shell.remembered.new_is_private)
        await d.pilot.press("ctrl+n")
        await d.settle()
        assert not d.app.chat.composer.has_class("-private")


async def test_a_conversation_with_messages_asks_first_and_stays_private(tmp_path: Path) -> None:
    engine = home_engine()
    made = engine.core.store_conversation("talk")
    engine.core.store_message(made.id, Role.USER, "hello")
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.send("/private")
        assert isinstance(d.app.screen, ConfirmScreen)
        assert "Make this conversation private?" in d.screen()
        await d.pilot.press("n")
        await d.settle()
        assert not engine.core.stored[0].private
        await d.send("/private")
        await d.pilot.press("y")
        await d.settle()
        assert engine.core.stored[0].private
        assert d.app.chat.composer.has_class("-private")
        await d.send("/private")
        assert "stays so" in d.screen()
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        assert "private: only ollama, lm_studio" in d.screen(), "it is remembered"


async def test_while_a_reply_is_written_the_boundary_is_not_moved(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=home_engine()) as d:
        await d.send("hello")
        await d.send("/private")
        assert not isinstance(d.app.screen, ConfirmScreen)
        assert "A reply is being written" in d.screen()
        assert not d.engine.core.stored[0].private


async def test_the_switch_and_the_next_provider_stay_inside_the_boundary(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=home_engine()) as d:
        await d.send("/private")
        await d.pilot.press("ctrl+l")
        await d.settle()
        assert "not private" in d.screen()
        await d.pilot.press(*"cloud", "enter")
        await d.settle()
        assert d.app.screen is not d.app.chat, "who may not read it cannot be chosen"
        await d.pilot.press("escape", "f8")
        await d.settle()
        assert d.app.desk.slot.pin.provider == "ollama"
        await d.send("/model cloud")
        assert "not private" in d.screen()
        assert d.app.desk.slot.pin.provider == "ollama"


async def test_without_a_private_provider_nothing_is_sent_and_the_text_stays(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("/private")
        assert "private: nobody can be asked" in d.screen()
        assert d.app.chat.composer.has_class("-blocked")
        assert any("no private provider can be asked" in line for line in d.app.chat.banner.lines)
        await d.send("a secret")
        assert d.engine.core.chat.sent == []
        assert d.app.chat.composer.text == "a secret"


async def test_before_a_conversation_is_open_no_boundary_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = home_engine()
    gate = asyncio.Event()

    async def slow_load(conversation_id: str | None) -> str:
        await gate.wait()
        return ""

    monkeypatch.setattr(engine.core.drafts, "load", slow_load)
    async with driven(tmp_path, engine=engine) as d:
        await d.send("/private")
        assert not d.app.desk.slot.private
        assert "try again in a moment" in d.screen()
        gate.set()
