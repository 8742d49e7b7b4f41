"""Who answers: the switch, the key for the next provider, and the slash command."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine, provider
from workbench.config.values import Configuration
from workbench.core.clock import ManualClock
from workbench.providers.health.choices import ModelChoice
from workbench.tui.screens.switcher import SwitcherScreen
from workbench.tui.state.pins import AUTO, Pin
from workbench.tui.widgets.choice_list import ChoiceList

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
        assert "no key, KEYLESS_API_KEY is not set" in d.screen()
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
        d.app.chat.transcript.focus()
        await d.pilot.press("m")
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


async def test_the_switch_opens_before_figures_are_known_and_keeps_its_place_when_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(clock=ManualClock(), configuration=MIXED)
    gate = asyncio.Event()
    known = ModelChoice(
        provider="beta", model="beta-large", state="slow", key_state="limited", price="$3.00/$15.00",
        context_window=200_000, first_token_ms=7_100, recent_rank=0,
    )  # fmt: skip

    async def slow_choices() -> Sequence[ModelChoice]:
        await gate.wait()
        return [known]

    monkeypatch.setattr(engine.core.providers, "choices", slow_choices)
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("ctrl+l", "down")
        await d.settle()
        switch = d.app.screen
        assert isinstance(switch, SwitcherScreen)
        assert "$3.00/$15.00" not in d.screen()
        marked = switch.listed.marked
        gate.set()
        await d.until(lambda: "$3.00/$15.00" in d.screen())
        for expected in ("7.1 s", "200k", "key rests"):
            assert expected in d.screen()
        assert marked is not None
        assert switch.listed.marked is not None
        assert switch.listed.marked.pin == marked.pin
        assert switch.listed.choices[1].title == "beta/beta-large", "what answered lately comes first"
        await d.pilot.press("escape")
        await d.settle()
        await d.pilot.press("ctrl+l")
        await d.pilot.pause()
        assert "$3.00/$15.00" in d.screen(), "what was known once is there at once"


async def test_figures_that_come_after_the_switch_was_closed_harm_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(clock=ManualClock(), configuration=MIXED)
    gate = asyncio.Event()

    async def slow_choices() -> Sequence[ModelChoice]:
        await gate.wait()
        return []

    monkeypatch.setattr(engine.core.providers, "choices", slow_choices)
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("ctrl+l", "escape")
        gate.set()
        await d.settle()
        assert d.app.screen is d.app.chat
        assert list((tmp_path / "state").glob("*crash*")) == []


async def test_a_click_chooses_and_one_on_the_heading_or_a_dimmed_line_does_not(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=FakeEngine(clock=ManualClock(), configuration=MIXED)) as d:
        await d.pilot.press("ctrl+l")
        await d.settle()
        for line in (0, 6):
            await d.pilot.click("#switcher-list", offset=(8, line))
            await d.settle()
            assert isinstance(d.app.screen, SwitcherScreen)
        await d.pilot.click("#switcher-list", offset=(8, 3))
        await d.settle()
        assert d.app.desk.slot.pin == Pin(provider="alpha", model="alpha-small")


async def test_two_thousand_models_cost_no_widgets_and_are_all_reached(tmp_path: Path) -> None:
    many = Configuration(providers=(provider("router", models=tuple(f"model-{n}" for n in range(2_000))),))
    async with driven(tmp_path, engine=FakeEngine(clock=ManualClock(), configuration=many), size=(80, 24)) as d:
        await d.pilot.press("ctrl+l")
        await d.settle()
        # No widget a model: opening takes as long for two as for two thousand.
        assert len(d.app.screen.query("*")) < 20
        for _ in range(200):
            d.app.screen.query_one(ChoiceList).move(10)
        await d.settle()
        assert "router/model-1999" in d.screen()
        await d.pilot.press(*"1234", "enter")
        await d.settle()
        assert d.app.desk.slot.pin == Pin(provider="router", model="model-1234")


async def test_brackets_walk_the_chain_outside_of_the_composer(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=FakeEngine(clock=ManualClock(), configuration=MIXED)) as d:
        await d.pilot.press("right_square_bracket")
        assert d.app.chat.composer.text == "]"
        d.app.chat.composer.clear()
        await d.pilot.press("escape", "right_square_bracket", "right_square_bracket", "left_square_bracket")
        await d.settle()
        assert d.app.desk.slot.pin.provider == "alpha"


async def test_while_a_reply_is_written_the_next_provider_takes_over_with_the_next_prompt(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=FakeEngine(clock=ManualClock(), configuration=MIXED)) as d:
        await d.send("hi")
        await d.pilot.press("f8")
        await d.settle()
        assert "from the next" in d.screen()
        d.app.shell.provider_states = {"beta": "open"}
        await d.pilot.press("f8")
        await d.settle()
        assert "others stand in" in d.screen()
