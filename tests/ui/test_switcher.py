"""Who answers: the switch, the key for the next provider, and the slash command."""

from __future__ import annotations

from pathlib import Path

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine, provider
from workbench.config.values import Configuration
from workbench.core.clock import ManualClock
from workbench.tui.screens.switcher import SwitcherScreen
from workbench.tui.state.switching import AUTO, Pin

MIXED = Configuration(
    providers=(
        provider("alpha"), provider("beta", priority=2),
        provider("keyless", needs_key=True, missing_keys=("KEYLESS_API_KEY",)),
    )
)  # fmt: skip


async def test_the_switch_lists_all_and_pins_for_a_conversation_that_begins_later(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=FakeEngine(clock=ManualClock(), configuration=MIXED)) as d:
        await d.pilot.press("ctrl+l")
        await d.settle()
        assert isinstance(d.app.screen, SwitcherScreen)
        assert "no key: KEYLESS_API_KEY is not set" in d.screen()
        await d.pilot.press(*"beta-sm")
        await d.settle()
        assert "alpha-large" not in "\n".join(d.lines()[5:])
        await d.pilot.press("enter")
        await d.settle()
        assert d.app.desk.slot.pin == Pin(provider="beta", model="beta-small")
        assert "model: beta/beta-small" in d.screen()
        await d.send("hi")
        options = d.engine.core.chat.sent[0][2]
        assert options is not None
        assert (options.provider, options.model) == ("beta", "beta-small")


async def test_what_cannot_be_asked_cannot_be_chosen(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=FakeEngine(clock=ManualClock(), configuration=MIXED)) as d:
        await d.pilot.press("ctrl+l")
        await d.settle()
        await d.pilot.press(*"keyless", "enter")
        await d.settle()
        assert isinstance(d.app.screen, SwitcherScreen)
        await d.pilot.press("escape")
        await d.settle()
        assert d.app.desk.slot.pin == AUTO


async def test_a_stored_conversation_remembers_who_answers(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock(), configuration=MIXED)
    made = engine.core.store_conversation("talk")
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.pilot.press("f8")
        await d.settle()
        assert engine.core.stored[0].provider == "alpha"
        await d.pilot.press("f8")
        await d.settle()
        assert engine.core.stored[0].provider == "beta"
        await d.pilot.press("f8")
        await d.settle()
        assert engine.core.stored[0].provider is None
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.send("/model beta")
        assert engine.core.stored[0].model == "beta-large"
        await d.send("/provider keyless")
        assert engine.core.stored[0].provider == "beta"
        assert "KEYLESS_API_KEY" in d.screen()


async def test_the_switch_says_when_providers_are_not_known_yet(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock(), configuration=MIXED)
    async with driven(tmp_path, engine=engine) as d:
        d.app.shell.configuration = None
        await d.pilot.press("ctrl+l")
        await d.settle()
        assert "not known yet" in d.screen()
