"""The events pane as it looks: three sizes, empty, busy with a filter being typed, and failing with details open."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from tests.golden.test_panes import SIZES, busy, engine_with_history, events, failing
from tests.support.app import driven
from tests.support.fake_events import stored
from workbench.core.events import Level


@pytest.mark.parametrize("size", SIZES)
async def test_empty(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=size) as d:
        await events(d)
        await d.pilot.press("l", "l", "l")
        await d.until(lambda: "No event fits" in d.screen())
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_busy(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    engine = engine_with_history()
    engine.core.events.events = [
        stored(n, f"item {n} ok in 1.1 s", at_ms=n * 1000, level=Level.DEBUG if n % 3 else Level.INFO, source="task")
        for n in range(1, 2_001)
    ]  # fmt: skip
    async with driven(tmp_path, engine=engine, size=size) as d:
        await busy(d)
        await events(d)
        await d.pilot.press("slash")
        d.app.screen.query_one("#events-line", Input).value = "level:info source:provider,task provider:"
        await d.until(lambda: "tab provider:alpha" in d.screen() and "searching" not in d.screen())
        await d.settle()
        assert d.screen() == text_golden


@pytest.mark.parametrize("size", SIZES)
async def test_failing(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, engine=engine_with_history(), size=size) as d:
        await failing(d)
        await events(d)
        await d.pilot.press("enter")
        await d.until(lambda: "not saved" in d.screen())
        await d.settle()
        assert d.screen() == text_golden
