"""The providers pane as it looks: healthy, slow, open, keyless and switched off, at three sizes, dark and light."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from tests.support.provider_samples import engine_with_providers, open_pane
from tests.support.snapshots import screen_svg
from workbench.config.values import Configuration
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.ui_state import UiState

WIDE, NORMAL, SMALL = (140, 42), (80, 24), (40, 12)
SIZES = [pytest.param(size, id=f"{size[0]}x{size[1]}") for size in (WIDE, NORMAL, SMALL)]
THEMES = ["workbench-dark", "workbench-light"]


async def at_the_open_one(d: Driven) -> None:
    """The cursor is on the provider whose breaker is open."""
    screen = await open_pane(d)
    await d.pilot.press("down", "down")
    await d.until(lambda: screen.board.detail is not None and screen.board.detail.status.name == "openai")
    await d.settle()


@pytest.mark.parametrize("size", SIZES)
async def test_providers(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=size) as d:
        await at_the_open_one(d)
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_provider_details(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=size) as d:
        await at_the_open_one(d)
        await d.pilot.press("enter")
        await d.settle()
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_a_healthy_provider(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=size) as d:
        await open_pane(d)
        await d.pilot.press("enter")
        await d.settle()
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_no_providers(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=FakeEngine(configuration=Configuration()), size=size) as d:
        await open_pane(d)
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_adding_a_key(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=size) as d:
        await open_pane(d)
        await d.pilot.press("k", *"secret")
        await d.until(lambda: "kept in" in d.screen())
        await d.settle()
        assert d.screen() == text_golden


async def test_offline(tmp_path: Path, text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=NORMAL, offline=True) as d:
        await open_pane(d)
        assert d.screen() == text_golden


async def test_ascii_signs_only(tmp_path: Path, text_golden: SnapshotAssertion) -> None:
    choose_glyphs(ascii_only=True)
    async with driven(tmp_path, engine=engine_with_providers(), size=WIDE) as d:
        await at_the_open_one(d)
        assert d.screen().isascii()
        assert d.screen() == text_golden


# Colour is the claim of the following: severity, the selected row, focus.


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
async def test_colours(tmp_path: Path, size: tuple[int, int], theme: str, svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=size, remembered=UiState(theme=theme)) as d:
        await at_the_open_one(d)
        assert screen_svg(d.app) == svg_golden


@pytest.mark.parametrize("theme", THEMES)
async def test_colours_of_details_with_the_focus(tmp_path: Path, theme: str, svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=WIDE, remembered=UiState(theme=theme)) as d:
        await at_the_open_one(d)
        await d.pilot.press("enter")
        await d.settle()
        assert screen_svg(d.app) == svg_golden


async def test_colours_of_the_key_dialog(tmp_path: Path, svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_providers(), size=NORMAL) as d:
        await open_pane(d)
        await d.pilot.press("k", *"secret")
        await d.until(lambda: "kept in" in d.screen())
        await d.settle()
        assert screen_svg(d.app) == svg_golden
