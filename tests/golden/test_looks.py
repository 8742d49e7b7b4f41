"""Every shipped theme once on a busy screen; ASCII and NO_COLOR on the chat and the providers pane."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.golden.test_chat_moments import go_on
from tests.support.app import Driven, driven
from tests.support.provider_samples import engine_with_providers, open_pane
from tests.support.snapshots import screen_svg
from workbench.tui.glyphs import choose_glyphs

SIZE = (100, 30)
PROMPT = "Show me a budget."
ANSWER = """\
# Budgets

A budget **caps** retries as a share of `requests`, see [the paper](https://example.org/budgets):

- per destination, not per call
  - refilled by successes

> Half-open breakers get one probe.

```python
def budget(ok: int) -> float:
    # a tenth of what went well
    return min(CAP, 0.1 * ok)
```
"""


async def make_busy(d: Driven) -> None:
    """All roles on one screen: every severity, a seam, code, a list."""
    await go_on(d)
    await d.send(PROMPT)
    turn = d.engine.turn_in("conversation-1")
    d.engine.ask(turn, "alpha")
    d.engine.fail(turn, "alpha", "rate_limited", http_status=429, reason="too many requests", next_step="next: beta")
    d.engine.ask(turn, "beta", ord=1)
    d.engine.text(turn, "beta", ANSWER)
    await d.settle()


async def test_every_theme(tmp_path: Path, svg_golden: SnapshotAssertion) -> None:
    async with driven(tmp_path, size=SIZE) as d:
        await make_busy(d)
        for name in d.app.looks.names:
            d.app.looks.preview(name)
            await d.pilot.pause()
            assert screen_svg(d.app) == svg_golden(name=name)


async def test_ascii(tmp_path: Path, text_golden: SnapshotAssertion) -> None:
    choose_glyphs(ascii_only=True)
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await make_busy(d)
        assert d.screen() == text_golden(name="chat")
        await open_pane(d)
        await d.settle()
        assert d.screen() == text_golden(name="providers")


async def test_no_colour(tmp_path: Path, svg_golden: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driven(tmp_path, engine=engine_with_providers(), size=SIZE) as d:
        await make_busy(d)
        assert screen_svg(d.app) == svg_golden(name="chat")
        await open_pane(d)
        await d.settle()
        assert screen_svg(d.app) == svg_golden(name="providers")
