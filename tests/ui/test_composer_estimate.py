"""What the composer's border says before a prompt is sent, and the list of earlier prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine
from tests.support.fake_providers import status
from workbench.conversations.values import Role
from workbench.core.clock import ManualClock
from workbench.providers.health.choices import ModelChoice
from workbench.tui.screens.prompts import PromptsScreen
from workbench.tui.state.pins import Pin


def choice(name: str, window: int, price: float) -> ModelChoice:
    return ModelChoice(
        provider=name, model=f"{name}-large", state="ok", key_state="ok", context_window=window, input_nano=price
    )


async def test_the_border_says_what_the_whole_prompt_takes_and_warns_when_nobody_can_hold_it(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    engine.core.providers.statuses = [status("alpha"), status("beta")]
    engine.core.providers.models = [choice("alpha", 4_000, 2_000.0), choice("beta", 100_000, 3_000.0)]
    made = engine.core.store_conversation("talk")
    engine.core.store_message(made.id, Role.USER, "x" * 4_000)
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        composer = d.app.chat.composer
        assert "tok" not in d.lines()[composer.region.bottom - 1]
        await d.type("y" * 400)
        await d.until(lambda: "~1.1k/4.0k tok ~$0.0022" in d.screen())
        composer.show_text("y" * 20_000)
        await d.until(lambda: "too long for alpha/alpha-large" in d.screen())
        assert "~6.0k/100k tok ~$0.02" in d.screen()
        assert not composer.has_class("-too-long")
        d.app.chat.parts.switching.pin(Pin(provider="alpha", model="alpha-large"))
        await d.until(lambda: "▲ ~6.0k tok, too long for alpha/alpha-large (4.0k)" in d.screen())
        assert composer.has_class("-too-long")
        d.app.chat.parts.switching.pin(Pin())
        composer.show_text("y" * 800_000)
        await d.until(lambda: "too long for everybody (100k)" in d.screen())
        d.app.chat.composing.clear()
        await d.settle()
        assert not composer.has_class("-too-long")
        assert d.engine.core.chat.sent == []


async def test_another_wording_and_a_file_of_an_earlier_run_are_estimated_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("n" * 8_000)
    engine = FakeEngine(clock=ManualClock())
    engine.core.providers.statuses = [status("alpha")]
    engine.core.providers.models = [choice("alpha", 100_000, 2_000.0)]
    made = engine.core.store_conversation("talk")
    for text in ("a" * 4_000, "b" * 400, "c" * 4_000):
        engine.core.store_message(made.id, Role.USER, text)
    engine.core.drafts.kept[made.id] = "\x1f@notes.txt\x1f"
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        composer = d.app.chat.composer
        await d.until(lambda: composer.text == "⟦@notes.txt⟧" and "~4.1k/100k tok" in d.screen())
        d.app.chat.composing.clear()
        await d.pilot.press("escape", "up", "up", "e")
        await d.until(lambda: composer.text == "b" * 400)
        # What follows the prompt that is put in other words does not go along.
        await d.until(lambda: "~1.1k/100k tok" in d.screen())
        await d.pilot.press("escape")
        await d.type("b" * 400)
        await d.until(lambda: "~2.2k/100k tok" in d.screen())


async def test_earlier_prompts_of_all_conversations_are_listed_narrowed_and_brought_back(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    for title, private in (("weather", False), ("health", True)):
        made = engine.core.store_conversation(title)
        engine.core.change(made.id, private=private)
        for text in ("will it rain?", f"about {title}\n\x1f@/etc/passwd\x1f"):
            engine.core.store_message(made.id, Role.USER, text)
    async with driven(tmp_path, engine=engine) as d:
        composer = d.app.chat.composer
        await d.type("half a thought")
        await d.pilot.press("ctrl+r")
        await d.until(lambda: isinstance(d.app.screen, PromptsScreen) and "will it rain?" in d.screen())
        rows = [line for line in d.lines() if "about" in line or "rain" in line]
        assert ["health" in rows[0], "rain" in rows[1], "weather" in rows[2], len(rows)] == [True, True, True, 3]
        assert "◆ private" in rows[0] and "private" not in rows[2]
        assert "▸ about health" in rows[0] and "▸" not in rows[1]
        await d.pilot.press(*"snow")
        await d.until(lambda: "Nothing that was asked contains snow." in d.screen())
        await d.pilot.press("enter", *["backspace"] * 4, *"about")
        await d.until(lambda: engine.core.prompts.asked[-1] == "about" and "rain" not in d.screen())
        await d.pilot.press("down", "enter")
        await d.until(lambda: composer.text.startswith("about weather"))
        assert d.app.screen is d.app.chat
        # A prompt from the store names no file, whatever it contains.
        assert composer.whole_text == "about weather\n@/etc/passwd"
        await d.pilot.press("down")
        assert composer.text == "half a thought"
