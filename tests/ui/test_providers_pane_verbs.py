"""What a person does in the providers pane, and what stays when it fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from tests.support.provider_samples import engine_with_providers, open_pane
from workbench.core.errors import ConfigurationError
from workbench.providers.health.probing import ProbeResult
from workbench.tui.screens.providers import ProvidersScreen
from workbench.tui.state.pins import AUTO, Pin

SIZE = (80, 24)
REFUSED = ConfigurationError("config.yaml was changed on disk", hint="Try again")
ORDER = ("anthropic", "router", "openai", "gemini", "local", "spare")


async def test_use_now_pins_the_provider_for_the_open_conversation_and_says_for_which(tmp_path: Path) -> None:
    engine = engine_with_providers()
    engine.core.store_conversation("Retry budgets")
    async with driven(tmp_path, engine=engine, size=SIZE, conversation="conversation-1") as d:
        await open_pane(d)
        await d.pilot.press("down", "u")
        await d.until(lambda: "router/gpt-5-mini answers in Retry budgets from now on." in d.screen())
        assert d.app.desk.slot.pin == Pin(provider="router", model="gpt-5-mini")
        await d.until(lambda: engine.core.stored[0].provider == "router")
        await d.until(lambda: ("router", "gpt-5-mini", False) in engine.core.providers.routed)
        assert isinstance(d.app.screen, ProvidersScreen)


@pytest.mark.parametrize(("steps", "why"), [(3, "it has no key; k adds one"), (5, "it is switched off")])
async def test_who_cannot_be_asked_is_not_pinned_and_the_reason_is_given(tmp_path: Path, steps: int, why: str) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        await d.pilot.press(*["down"] * steps, "u")
        await d.until(lambda: why in d.screen())
        assert d.app.desk.slot.pin == AUTO


async def test_a_private_conversation_is_not_given_to_a_provider_that_is_not(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        d.app.desk.slot.private = True
        await d.pilot.press("u")
        await d.until(lambda: "it is not private" in d.screen())
        assert d.app.desk.slot.pin == AUTO
        await d.pilot.press(*["down"] * 4, "u")
        await d.until(lambda: d.app.desk.slot.pin == Pin(provider="local", model="qwen3:8b"))


async def test_space_switches_off_and_on(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        await d.pilot.press("space")
        await d.until(lambda: "○ off     anthropic" in d.screen())
        await d.pilot.press("space")
        await d.until(lambda: "● ok      anthropic" in d.screen())
        assert d.engine.core.provider_control.enabled == [("anthropic", False), ("anthropic", True)]


async def test_a_second_space_waits_for_the_first(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        control = d.engine.core.provider_control
        control.hold = asyncio.Event()
        await d.pilot.press("space", "space", "space")
        control.hold.set()
        await d.until(lambda: "○ off     anthropic" in d.screen())
        assert control.enabled == [("anthropic", False)]


@pytest.mark.parametrize("key", ["space", "b", "ctrl+down"])
async def test_a_verb_that_is_refused_says_why_and_changes_nothing(tmp_path: Path, key: str) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        screen = await open_pane(d)
        before = screen.board.rows
        d.engine.core.provider_control.refuse = REFUSED
        await d.pilot.press(key)
        await d.until(lambda: "Try again" in d.screen())
        await d.until(lambda: screen.board.names == ORDER)
        assert screen.board.rows == before
        await d.pilot.press("ctrl+z")
        await d.until(lambda: "There is no change of order to take back." in d.screen())


async def test_reset_closes_the_breaker(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        await d.pilot.press("down", "down", "b")
        await d.until(lambda: "● ok      openai" in d.screen())
        assert d.engine.core.provider_control.resets == ["openai"]
        assert "openai: the breaker is closed" in d.screen()


async def test_a_row_moves_at_once_while_the_order_is_still_being_stored(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        screen = await open_pane(d)
        control = d.engine.core.provider_control
        control.hold = asyncio.Event()
        await d.pilot.press("ctrl+down", "ctrl+down", "ctrl+down")
        assert screen.board.names == ("router", "openai", "gemini", "anthropic", "local", "spare")
        assert screen.board.cursor == 3
        control.hold.set()
        await d.until(lambda: d.engine.core.providers.statuses[3].name == "anthropic")
        # What was wished while the first one was stored is one more order, not two.
        assert len(control.orders) == 2
        await d.settle()
        assert screen.board.names == ("router", "openai", "gemini", "anthropic", "local", "spare")


async def test_one_undo_takes_the_order_back(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        screen = await open_pane(d)
        await d.pilot.press("end", "ctrl+up", "ctrl+up")
        await d.until(lambda: d.engine.core.providers.statuses[3].name == "spare")
        await d.pilot.press("ctrl+z")
        await d.until(lambda: screen.board.names == ORDER)
        await d.until(lambda: tuple(each.name for each in d.engine.core.providers.statuses) == ORDER)
        await d.pilot.press("ctrl+z")
        await d.until(lambda: "There is no change of order to take back." in d.screen())


async def test_a_test_shows_that_it_runs_and_then_what_it_found(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        providers = d.engine.core.providers
        providers.hold = asyncio.Event()
        await d.pilot.press("t")
        await d.until(lambda: "◐ testing anthropic" in d.screen())
        assert "testing: 0 of 1 done · esc stops" in d.screen()
        await d.pilot.press("T")
        await d.until(lambda: "A test is running; esc stops it." in d.screen())
        providers.hold.set()
        await d.until(lambda: "anthropic answers in 0.1 s." in d.screen())
        assert "testing:" not in d.screen()
        assert providers.tested == ["anthropic"]


async def test_a_test_of_all_leaves_out_who_is_switched_off_and_sums_up(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        providers = d.engine.core.providers
        providers.results = {
            "openai": ProbeResult(name="openai", ok=False, error_kind="rate_limited", reason="HTTP 429"),
            "local": ProbeResult(name="local", ok=False, reason="there is no free request"),
        }
        await d.pilot.press("T")
        await d.until(lambda: "3 of 5 answer." in d.screen())
        assert "openai does not answer: HTTP 429." in d.screen()
        assert "local does not answer" not in d.screen()
        assert sorted(providers.tested) == ["anthropic", "gemini", "local", "openai", "router"]


async def test_who_has_no_free_request_was_not_tested_rather_than_failed(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        d.engine.core.providers.results = {"anthropic": ProbeResult(name="anthropic", ok=False, reason="none is free")}
        await d.pilot.press("t")
        await d.until(lambda: "anthropic was not tested: none is free." in d.screen())


async def test_escape_stops_a_test(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        screen = await open_pane(d)
        d.engine.core.providers.hold = asyncio.Event()
        await d.pilot.press("T")
        await d.until(lambda: "testing: 0 of 5 done" in d.screen())
        await d.pilot.press("escape")
        await d.until(lambda: not screen.board.testing)
        assert "The test was stopped." in d.screen()
        assert "answer." not in d.screen()
        d.engine.core.providers.hold.set()
        await d.pilot.press("t")
        await d.until(lambda: "anthropic answers" in d.screen())


async def offline_pane(d: Driven) -> None:
    await open_pane(d)
    assert "offline: figures as stored, nobody is contacted" in d.screen()
    assert "▲ slow    router" in d.screen()


async def test_offline_shows_what_is_stored_and_refuses_to_test(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE, offline=True) as d:
        await offline_pane(d)
        await d.pilot.press("T")
        await d.until(lambda: "Offline: nobody is contacted" in d.screen())
        assert d.engine.core.providers.tested == []


async def test_a_key_is_kept_where_it_was_wished_and_then_tested(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await open_pane(d)
        await d.pilot.press("down", "down", "down", "k")
        await d.until(lambda: "the system's keyring" in d.screen())
        assert "Key for gemini" in d.screen()
        await d.pilot.press(*"sk-12345", "down")
        assert "•••••••• " in d.screen() and "sk-1" not in d.screen()
        await d.pilot.press("enter")
        await d.until(lambda: d.engine.core.providers.tested == ["gemini"])
        ((name, key, place),) = d.engine.core.provider_control.keys
        assert (name, key.reveal(), place) == ("gemini", "sk-12345", "env-file")
        await d.until(lambda: "gemini answers in 0.1 s." in d.screen())
        assert "the key is kept in the .env file" in d.screen()
        assert "sk-12345" not in d.screen()


@pytest.mark.parametrize("typed", ["", "sk 12345", "sk-12345é", "   "])
async def test_what_cannot_be_a_key_is_refused(tmp_path: Path, typed: str) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=(40, 12)) as d:
        await open_pane(d)
        await d.pilot.press("k")
        await d.until(lambda: "kept in" in d.screen())
        await d.pilot.press(*typed, "enter")
        await d.until(lambda: "no key yet" in d.screen() or "A key has no blanks" in d.screen())
        assert d.engine.core.provider_control.keys == []
        await d.pilot.press("escape")
        await d.until(lambda: isinstance(d.app.screen, ProvidersScreen))
