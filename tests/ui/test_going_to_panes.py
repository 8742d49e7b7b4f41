"""Going to and fro between panes: one that is there is painted at once, and looks as it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from tests.support.app import Driven, driven
from tests.support.snapshots import screen_svg


async def go_to(d: Driven, key: str, pane: str) -> None:
    await d.pilot.press(key)
    await d.until(lambda: d.app.current_mode == pane)
    await d.settle()


async def test_only_a_pane_that_is_being_made_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held_back: list[float] = []
    monkeypatch.setattr(App, "delay_update", lambda _, delay: held_back.append(delay))
    async with driven(tmp_path) as d:
        for key, pane in (("f5", "events"), ("f2", "chat"), ("f5", "events"), ("f4", "providers")):
            await go_to(d, key, pane)
        assert [delay > 0.01 for delay in held_back] == [True, False, False, True]


async def test_what_changed_the_looks_meanwhile_is_seen_on_every_pane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driven(tmp_path) as d:
        await go_to(d, "f5", "events")
        await go_to(d, "f2", "chat")
        styled: list[Any] = []
        with monkeypatch.context() as spy:
            spy.setattr(type(d.app), "update_styles", lambda _, node, **__: styled.append(node))
            await go_to(d, "f5", "events")
        assert d.app.screen not in styled, "nothing has changed"
        await go_to(d, "f2", "chat")
        before = ""
        for verb, argument in (("use_theme", "paper"), ("toggle_compact", ""), ("use_theme", "ember")):
            d.app.verbs.do(verb, *[argument] if argument else [])
            await d.settle()
            await go_to(d, "f5", "events")
            shown = screen_svg(d.app)
            assert shown != before
            d.app.screen.update_node_styles(animate=False)
            d.app.screen.refresh(layout=True)
            await d.settle()
            assert screen_svg(d.app) == shown
            before = shown
            await go_to(d, "f2", "chat")
            shown_chat = screen_svg(d.app)
            d.app.screen.update_node_styles(animate=False)
            d.app.screen.refresh(layout=True)
            await d.settle()
            assert screen_svg(d.app) == shown_chat
