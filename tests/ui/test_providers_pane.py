"""The providers pane: what it shows, when it reads, and how one moves in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from tests.support.fake_providers import status
from tests.support.hostile import PAYLOADS, forbidden_in
from tests.support.provider_samples import engine_with_providers, open_pane, six
from tests.support.transcript_host import click_actions
from workbench.config.values import Configuration
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.core.events import AttemptEnded, Event, TextDelta
from workbench.core.provider_events import BreakerChanged, KeyChanged, ProviderChecked
from workbench.tui.screens.events import EventsScreen
from workbench.tui.screens.help import HelpScreen
from workbench.tui.screens.providers import ProvidersScreen

NORMAL, SMALL = (80, 24), (40, 12)


def clock_of(d: Driven) -> ManualClock:
    assert isinstance(d.engine.clock, ManualClock)
    return d.engine.clock


async def tick(d: Driven, screen: ProvidersScreen, seconds: float = 1.0) -> None:
    """Let a second pass, as the timer of the pane does."""
    clock_of(d).advance(seconds)
    screen.tick()
    await d.settle()


async def test_every_provider_has_a_row_and_the_one_under_the_cursor_its_details(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers()) as d:
        await open_pane(d)
        text = d.screen()
        for words in ("● ok      anthropic", "▲ slow    router", "✖ open    openai", "○ no key  gemini", "○ off"):
            assert words in text
        assert "context 200,000 tokens" in text
        await d.pilot.press("down", "down")
        await d.until(lambda: "probe in 00:31" in d.screen())
        assert d.engine.core.providers.detail_reads[-1] == "openai"
        assert "▸ ✖ open" in d.screen()


async def test_the_tab_and_the_status_line_count_those_in_trouble_in_every_pane(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SMALL) as d:
        await d.until(lambda: "f4 ▲2" in d.screen())
        assert "●2 ▲1 ✖1 ○2" in d.screen()
        screen = await open_pane(d)
        assert "[f4 Prov ▲2]" in d.screen()
        assert "●2 ▲1 ✖1 ○2" in d.screen()
        providers = d.engine.core.providers
        providers.statuses = [replace(each, state="ok") for each in providers.statuses]
        await tick(d, screen, 10)
        assert "[f4 Prov]" in d.screen()
        await d.pilot.press("f2")
        await d.until(lambda: d.app.screen is d.app.chat)
        await d.until(lambda: "f4  f5" in d.screen())


async def test_the_countdown_runs_without_reading_and_its_end_reads(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=NORMAL) as d:
        screen = await open_pane(d)
        reads = d.engine.core.providers.reads
        await tick(d, screen)
        assert "probe 00:30" in d.screen()
        assert d.engine.core.providers.reads == reads
        await tick(d, screen, 22)
        assert d.engine.core.providers.reads == reads + 1
        await tick(d, screen, 7)
        assert "probe 00:01" in d.screen()
        assert d.engine.core.providers.reads == reads + 1
        await tick(d, screen)
        assert d.engine.core.providers.reads == reads + 2
        assert "probe due" in d.screen()


@pytest.mark.parametrize(
    "event",
    [
        BreakerChanged(provider="openai", before="open", after="closed"),
        KeyChanged(provider="openai", key_ref="OPENAI_API_KEY", state="ok"),
        ProviderChecked(provider="openai", ok=True),
        AttemptEnded(provider="openai", model="gpt-5", ord=0, state="ok"),
    ],
    ids=lambda event: event.kind,
)
async def test_what_happens_is_read_once_a_second_however_much_it_is(tmp_path: Path, event: Event) -> None:
    async with driven(tmp_path, engine=engine_with_providers()) as d:
        screen = await open_pane(d)
        providers = d.engine.core.providers
        reads = providers.reads
        providers.statuses[2] = status("openai")
        for _ in range(50):
            d.engine.bus.publish(event)
        await d.settle()
        assert providers.reads - reads <= 1
        await tick(d, screen)
        assert "● ok      openai" in d.screen()
        await tick(d, screen)
        assert providers.reads - reads <= 2


async def test_streamed_text_is_no_reason_to_read(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers()) as d:
        screen = await open_pane(d)
        reads = d.engine.core.providers.reads
        d.engine.bus.publish(TextDelta(message_id="m", delta="word"))
        await tick(d, screen)
        assert d.engine.core.providers.reads == reads


async def test_a_hidden_pane_reads_nothing_and_catches_up_when_it_returns(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers()) as d:
        screen = await open_pane(d)
        await d.pilot.press("f2")
        await d.until(lambda: d.app.screen is d.app.chat)
        detail_reads = len(d.engine.core.providers.detail_reads)
        d.engine.bus.publish(BreakerChanged(provider="openai", before="open", after="closed"))
        d.engine.core.providers.statuses[2] = status("openai")
        await tick(d, screen, 60)
        assert len(d.engine.core.providers.detail_reads) == detail_reads
        await open_pane(d)
        await d.until(lambda: "● ok      openai" in d.screen())


async def test_figures_that_cannot_be_read_leave_the_old_ones_and_say_why(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers()) as d:
        screen = await open_pane(d)
        d.engine.core.providers.broken = StorageError("The [/] disk is gone")
        await tick(d, screen, 10)
        assert "✖ cannot be read: The [/] disk is gone" in d.screen()
        assert "▲ slow    router" in d.screen()
        d.engine.core.providers.broken = None
        await tick(d, screen, 10)
        assert "cannot be read" not in d.screen()


async def test_nobody_configured_says_which_keys_help(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=FakeEngine(configuration=Configuration()), size=NORMAL) as d:
        await open_pane(d)
        assert "No provider is configured yet." in d.screen()
        assert "/setup" in d.screen() and "/demo" in d.screen()
        await d.pilot.press("u", "space", "t", "T", "b", "k", "ctrl+up", "ctrl+z", "enter", "e", "down", "escape")
        await d.settle()
        assert isinstance(d.app.screen, ProvidersScreen)
        assert d.engine.core.providers.tested == []


async def test_where_there_is_no_room_enter_opens_the_details_and_escape_returns(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=NORMAL) as d:
        await open_pane(d)
        assert "context 200,000 tokens" not in d.screen()
        await d.pilot.press("enter")
        await d.until(lambda: "breaker closed" in d.screen())
        assert "latency 15 min" not in d.screen()
        await d.pilot.press("escape")
        await d.until(lambda: "latency 15 min" in d.screen())
        await d.pilot.press("down")
        await d.until(lambda: "▸ ▲ slow" in d.screen())


async def test_the_route_is_told_also_without_details(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=NORMAL) as d:
        await open_pane(d)
        assert "Route now: anthropic → router → local  priority" in d.screen()


async def test_details_scroll_and_begin_at_the_top_of_the_next_provider(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=SMALL) as d:
        screen = await open_pane(d)
        await d.pilot.press("enter", "end")
        await d.until(lambda: screen.details.scroll_offset.y > 0)
        await d.pilot.press("escape", "down", "enter")
        await d.until(lambda: screen.details.scroll_offset.y == 0 and "▲ slow  openrouter" in d.screen())


async def test_a_click_moves_the_cursor_and_a_second_one_opens(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=NORMAL) as d:
        screen = await open_pane(d)
        await d.pilot.click("#provider-table", offset=(5, 3))
        await d.until(lambda: "▸ ✖ open" in d.screen())
        await d.pilot.click("#provider-table", offset=(5, 0))
        await d.pilot.click("#provider-table", offset=(5, 15))
        await d.settle()
        assert screen.board.cursor == 2
        await d.pilot.click("#provider-table", offset=(5, 3))
        await d.until(lambda: "breaker open" in d.screen())


async def test_many_providers_scroll_under_their_titles(tmp_path: Path) -> None:
    engine = engine_with_providers()
    engine.core.providers.statuses = [status(f"provider-{number:02d}") for number in range(60)]
    async with driven(tmp_path, engine=engine, size=NORMAL) as d:
        await open_pane(d)
        await d.pilot.press("end")
        await d.until(lambda: "▸ ● ok      provider-59" in d.screen())
        assert "state     provider" in d.screen()
        await d.pilot.press("pageup", "home")
        await d.until(lambda: "▸ ● ok      provider-00" in d.screen())


async def test_e_shows_the_events_that_name_the_provider(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers()) as d:
        for name in ("router", "openai"):
            d.engine.bus.publish(BreakerChanged(provider=name, before="closed", after="open", reason="failed"))
        await d.settle()
        await open_pane(d)
        await d.pilot.press("down", "e")
        await d.until(lambda: isinstance(d.app.screen, EventsScreen) and "‹router›" in d.screen())
        await d.until(lambda: "router closed → open" in d.screen())
        assert "openai closed → open" not in d.screen()
        await d.pilot.press("c")
        await d.until(lambda: "openai closed → open" in d.screen())


async def test_help_lists_the_keys_of_the_pane(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers()) as d:
        await open_pane(d)
        await d.pilot.press("f1")
        await d.until(lambda: isinstance(d.app.screen, HelpScreen))
        await d.settle()
        assert isinstance(d.app.screen, HelpScreen)
        titles = {line.title for line in d.app.screen._lines}
        assert {"Use now", "Switch on or off", "Test all providers", "Undo the order", "Quit"} <= titles
        assert "Help · Providers" in d.screen()


async def test_the_palette_tests_all_providers_from_another_pane(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=engine_with_providers()) as d:
        await d.pilot.press("ctrl+p")
        await d.pilot.press(*"test all")
        await d.until(lambda: "Test all providers" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: len(d.engine.core.providers.tested) == 5)
        assert isinstance(d.app.screen, ProvidersScreen)


@pytest.mark.parametrize("size", [(140, 42), NORMAL, SMALL])
async def test_hostile_names_reasons_and_models_are_harmless(tmp_path: Path, size: tuple[int, int]) -> None:
    engine = engine_with_providers()
    payloads = [f"{payload} {place}" for place, payload in enumerate(PAYLOADS.values())]
    engine.core.providers.statuses = [
        replace(sample, name=payload, model=payload, kind=payload)
        for payload, sample in zip(payloads, six() * len(payloads), strict=False)
    ]
    async with driven(tmp_path, engine=engine, size=size) as d:
        screen = await open_pane(d)
        for _ in range(0, len(payloads), size[1] // 2):
            for line in d.lines():
                assert not forbidden_in(line), line
            assert click_actions(d.app) == []
            screen.table.action_move(size[1] // 2)
            await d.pilot.pause()
        await d.pilot.press("t", "u", "e")
        await d.until(lambda: isinstance(d.app.screen, EventsScreen))
        await d.settle()
        assert not any(forbidden_in(line) for line in d.lines())
        assert click_actions(d.app) == []
