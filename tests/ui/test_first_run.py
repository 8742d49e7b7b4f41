"""An empty home: what a new user is told, and how a key, a file or a server leads to the first message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.events import AppFocus

from tests.support.app import driven
from tests.support.fake_engine import THREE, FakeEngine, provider
from workbench.config.discovery import discovery_notes
from workbench.config.values import Configuration
from workbench.providers.health.probing import ProbeResult
from workbench.tui.screens.add_key import AddKeyScreen
from workbench.tui.screens.choose_kind import ChooseKindScreen

NOTHING = Configuration(notes=discovery_notes(()))
FOUND = replace(THREE, discovered=True, notes=("alpha: its key is in ALPHA_KEY",))


async def test_a_key_is_three_steps_from_the_first_message(tmp_path: Path) -> None:
    engine = FakeEngine(configuration=NOTHING)
    engine.core.providers.results["groq"] = ProbeResult(name="groq", ok=False, error_kind="auth", reason="invalid key")
    async with driven(tmp_path, engine=engine) as d:
        shown = d.screen()
        for told in ("No provider can be asked yet", "none of OPENAI_API_KEY", "ollama 11434", "ctrl+q quit"):
            assert told in shown
        await d.pilot.resize_terminal(40, 12)
        await d.until(lambda: "of OpenAI" not in d.screen())
        for key in ("k  paste a key", "r  look again", "d  see a demonstration", "e  edit"):
            assert key in d.screen()

        await d.pilot.resize_terminal(120, 30)
        await d.pilot.press("escape")
        await d.until(lambda: "esc to these keys" in d.screen())
        d.app.chat.refresh_chrome()
        assert d.app.chat.composer.has_focus, "whoever wants to write is left alone"
        await d.pilot.press("escape")
        await d.until(lambda: "esc to these keys" not in d.screen())
        await d.pilot.press("k")
        await d.until(lambda: isinstance(d.app.screen, ChooseKindScreen))
        await d.pilot.press("down", "up", "g", "g", "enter")
        await d.until(lambda: isinstance(d.app.screen, AddKeyScreen))
        assert "Key for groq" in d.screen()
        await d.settle()
        await d.pilot.press(*"sk-1")
        engine.core.configuration = Configuration(providers=(provider("groq"),))
        await d.pilot.press("enter")
        await d.until(lambda: bool(engine.core.providers.tested))
        (name, key, place) = engine.core.provider_control.keys[0]
        assert (name, key.reveal(), place) == ("groq", "sk-1", "keyring")
        await d.until(lambda: "f4 then k" in d.screen())
        assert "Ready: groq can be asked" in d.screen()
        assert d.app.chat.composer.has_focus and not d.app.chat.first_run.display


async def test_what_becomes_usable_meanwhile_is_noticed_when_somebody_comes_back(tmp_path: Path) -> None:
    engine = FakeEngine(configuration=NOTHING)
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("r")
        await d.until(lambda: "Still nobody can be asked" in d.screen())
        assert d.app.chat.first_run.has_focus
        engine.core.next_configuration = FOUND
        d.app.post_message(AppFocus())
        await d.until(lambda: "Ready: alpha, beta, gamma can be asked" in d.screen())
        assert d.app.chat.composer.has_focus
        d.app.clear_notifications()
        await d.settle()
        assert "alpha: its key is in ALPHA_KEY" in d.screen()
        # From now on coming back reads nothing again.
        engine.core.next_configuration = NOTHING
        d.app.post_message(AppFocus())
        await d.settle()
        assert not d.app.shell.nobody_can_answer


async def test_a_provider_that_only_lacks_its_key_is_offered_alone(tmp_path: Path) -> None:
    lacking = provider("work", needs_key=True, missing_keys=("WORK_KEY",))
    engine = FakeEngine(configuration=Configuration(providers=(lacking, provider("off", enabled=False))))
    async with driven(tmp_path, engine=engine) as d:
        d.app.chat.composer.focus()
        await d.send("/key")
        await d.until(lambda: isinstance(d.app.screen, ChooseKindScreen))
        assert "WORK_KEY" in d.screen() and "OPENAI_API_KEY" not in d.screen()
        await d.pilot.click("#lines")
        await d.until(lambda: isinstance(d.app.screen, AddKeyScreen))
        assert "Key for work" in d.screen()
