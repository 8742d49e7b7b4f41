"""The history pane as it looks: results with the reader, an empty home, nothing found, and two answers compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.golden.test_panes import SIZES, WIDE
from tests.support.app import Driven, driven
from tests.support.fake_said import Said
from tests.support.snapshots import screen_svg
from workbench.tui.screens.comparison import ComparisonScreen
from workbench.tui.screens.history import HistoryScreen


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.tui.history.searching.DEBOUNCE_S", 0.01)
    monkeypatch.setattr("workbench.tui.history.showing.PREVIEW_S", 0.0)


async def history(d: Driven, typed: str = "") -> HistoryScreen:
    """The pane, with what was looked for found."""
    await d.pilot.press("f6")
    await d.until(lambda: isinstance(d.app.screen, HistoryScreen) and d.app.screen.searching.is_answered)
    screen = d.app.screen
    assert isinstance(screen, HistoryScreen)
    screen.query_line.value = typed
    asked = d.engine.core.search.asked
    await d.until(lambda: asked[-1][0] == typed and not screen.searching.running)
    await d.until(lambda: not screen.results.row_count or bool(screen.reading.path) or not screen.reader.display)
    await d.settle()
    return screen


@pytest.mark.parametrize("size", SIZES)
async def test_results_with_the_reader(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    said = Said()
    async with driven(tmp_path, engine=said.engine, size=size) as d:
        screen = await history(d, "role:assistant retry")
        await d.pilot.press("enter")
        await d.settle()
        if size[0] < WIDE[0]:
            assert d.screen() == text_golden(name="results")
            await d.pilot.press("enter")
        await d.until(lambda: screen.reader._found[0] == said.last.id)
        # It is scrolled down to its end once it is laid out.
        await d.until(lambda: "$0.004" in d.screen())
        await d.settle()
        assert d.screen() == text_golden(name="reader")


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_home(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    said = Said()
    said.engine.core.stored.clear()
    async with driven(tmp_path, engine=said.engine, size=size, offline=True) as d:
        await history(d)
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_found(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=Said().engine, size=size) as d:
        await history(d, "has:code zebra")
        assert d.screen() == text_golden


async def test_two_answers_compared(
    tmp_path: Path, text_golden: SnapshotAssertion, svg_golden: SnapshotAssertion
) -> None:
    said = Said()
    async with driven(tmp_path, engine=said.engine, size=WIDE) as d:
        screen = await history(d)
        screen.showing.message(said.first.id)
        await d.until(lambda: screen.reading.message_id == said.first.id)
        await d.pilot.press("escape", "v")
        await d.until(lambda: isinstance(d.app.screen, ComparisonScreen) and "1 difference" in d.screen())
        await d.settle()
        assert d.screen() == text_golden
        assert screen_svg(d.app) == svg_golden
