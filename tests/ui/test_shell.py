"""The shell around the panes: window title, notifications, status line, failures, a terminal that is too small."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.app import SuspendNotSupported
from textual.driver import Driver
from textual.events import AppBlur, AppFocus

from tests.support.app import Driven, driven
from tests.support.fake_engine import THREE, FakeEngine
from tests.support.fake_providers import status
from workbench.core import provider_events as pe
from workbench.core.clock import RUN_TIME, ManualClock
from workbench.core.errors import StorageError, UsageError
from workbench.core.screen_events import FailureShown
from workbench.providers.health.values import Figures
from workbench.tui.application.terminal import Job
from workbench.tui.events.pane import events_pane
from workbench.tui.screens.providers import ProvidersScreen
from workbench.tui.ui_state import UiState


def written_by(d: Driven, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that goes to the terminal from now on."""
    told: list[str] = []
    monkeypatch.setattr(d.app._driver, "write", told.append)
    return told


async def asked(d: Driven, text: str) -> Any:
    """A question that alpha begins to answer."""
    await d.send(text)
    turn = next(reversed(d.engine.core.chat.turns.values()))
    d.engine.ask(turn, "alpha")
    d.engine.text(turn, "alpha", "Hello")
    await d.settle()
    return turn


async def test_the_title_follows_the_conversation_and_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driven(tmp_path) as d:
        told = written_by(d, monkeypatch)
        await asked(d, "\x1b]2;owned\x07 budgets")
        assert told[-1] == "\x1b]2;workbench - ␛]2;owned␇ budgets\x07"
        with contextlib.suppress(SuspendNotSupported), d.app.suspend():
            pass
        assert told[-1] == "\x1b[23;2t"
        d.app.post_message(Driver.SignalResume())
        await d.settle()
        assert told[-1].startswith("\x1b[22;2t\x1b]2;workbench - ")
        d.app.window_title.end(for_good=True)
        d.app.window_title.show()
        assert told[-1] == "\x1b[23;2t"


async def test_ctrl_z_in_an_editor_stops_the_time_of_the_core_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driven(tmp_path) as d:
        monkeypatch.setattr(d.app._driver, "_auto_restart", False, raising=False)
        before: list[float] = []
        monkeypatch.setattr("os.kill", lambda *_: before.extend((RUN_TIME.seconds(), RUN_TIME.seconds())))
        Job(d.app).stop_asked(asyncio.get_running_loop())
        assert before and before[0] == before[1], "it stood still while the process did"
        assert RUN_TIME.seconds() > before[1], "and goes on"


async def test_long_replies_and_questions_are_told_only_to_those_who_look_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMUX", "LC_TERMINAL", "WEZTERM_PANE", "KITTY_WINDOW_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM_PROGRAM", "ghostty")
    async with driven(tmp_path) as d:
        told = written_by(d, monkeypatch)

        def notices() -> list[str]:
            return [each for each in told if each.startswith("\x1b]9;")]

        async def answer(question: str, duration_ms: int) -> None:
            turn = await asked(d, question)
            d.app.post_message(AppBlur())
            await d.settle()
            d.engine.core.finish(turn, provider="alpha", model="m", duration_ms=duration_ms)
            await d.settle()
            await d.settle()
            d.app.post_message(AppFocus())
            await d.until(lambda: d.app.app_focus)

        await answer("off by default", 60_000)
        assert notices() == []
        await d.send("/notify")
        await d.until(lambda: d.app.shell.remembered.notify)
        await answer("short", 9_000)
        assert notices() == []
        await answer("long", 12_000)
        assert notices() == ["\x1b]9;workbench: off by default: answered after 12.0 s\x07"]

        turn = await asked(d, "and a question")
        d.app.post_message(AppBlur())
        await d.settle()
        broken = pe.ReplyBroken(
            message_id=turn.message_id, provider="alpha", model="m", reason="cut", characters=5, next_provider="beta"
        )
        d.engine.core.tell(turn, broken)
        await d.until(lambda: len(notices()) == 2)
        assert "a question waits" in notices()[1]


async def test_the_status_line_tells_what_fits(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock(), configuration=replace(THREE, profile="work"))
    spent = Figures(spend_nano=310_000_000)
    engine.core.providers.statuses = [
        status("alpha", day=spent), status("beta", "slow", day=Figures()), status("gamma", "open", day=spent),
    ]  # fmt: skip
    async with driven(tmp_path, engine=engine, size=(140, 30)) as d:
        turn = await asked(d, "hello")
        d.engine.core.finish(turn, provider="alpha", model="m", duration_ms=12_600, cost_nano=4_000_000)
        await d.until(lambda: "turn 12.6 s  $0.004  24 h $0.62  profile work" in d.lines()[-1])
        assert "f1 help  ctrl+q quit" in d.lines()[-1]
        await d.pilot.resize_terminal(80, 24)
        await d.until(lambda: "●1 ▲1 ✖1" in d.lines()[-1])
        assert "turn 12.6 s" in d.lines()[-1] and "f1 help  ctrl+q quit" in d.lines()[-1]
        await d.pilot.resize_terminal(40, 12)
        await d.until(lambda: "●1 ▲1 ✖1" in d.lines()[-1] and "turn" not in d.lines()[-1])
        assert "f1 help" in d.lines()[-1]
        await d.pilot.press("f4")
        await d.until(lambda: d.app.screen is not d.app.chat)
        await d.pilot.resize_terminal(120, 24)
        await d.until(lambda: "24 h $0.62" in d.lines()[-1])


async def test_failures_are_events_too_and_slips_are_not(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        with d.engine.bus.subscribe(kinds=[FailureShown]) as heard:
            d.app.show_failure(UsageError("That is not how it goes"))
            d.app.show_failure(StorageError("The disk is full", detail="28"))
            d.app.show_failure(ZeroDivisionError())
            texts = [event.text() for event in heard.drain()]
        assert texts == ["The disk is full: 28", "a fault of workbench: ZeroDivisionError"]
        await d.until(lambda: "The disk is full" in d.screen())


async def test_notifications_are_remembered(tmp_path: Path) -> None:
    async with driven(tmp_path, remembered=UiState(notify=True)) as d:
        await d.send("/notify")
        await d.until(lambda: not d.app.shell.remembered.notify)


async def test_a_key_that_comes_before_a_pane_is_there_does_nothing(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        for pane in (events_pane(d.app), ProvidersScreen(d.app)):
            assert not await d.app.run_action("step_back", pane)


async def test_work_that_is_replaced_before_its_first_step_leaves_nothing_behind(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        done: list[int] = []

        async def work(number: int) -> None:
            done.append(number)

        for number in range(3):
            d.app.start_work(work(number), group="replaced", exclusive=True)
        await d.settle()
        gc.collect()
        assert done == [2]
