"""The Storage page as it looks at three sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.golden.test_panes import SIZES
from tests.support.app import driven
from tests.support.fake_engine import FakeEngine
from workbench.core.clock import ManualClock


@pytest.mark.parametrize("size", SIZES)
async def test_the_storage_page(tmp_path: Path, size: tuple[int, int], text_golden: SnapshotAssertion) -> None:
    engine = FakeEngine(clock=ManualClock())
    engine.core.upkeep.now_ms = engine.clock.now_ms()
    async with driven(tmp_path, engine=engine, size=size) as d:
        await d.send("/storage")
        await d.until(lambda: "Database  89.6 MB" in d.screen() and "esc close" in d.screen())
        await d.settle()
        assert d.screen() == text_golden
