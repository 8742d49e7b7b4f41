"""A bare application around a transcript or an events screen, and what the terminal would show of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.style import Style
from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.hostile import forbidden_in
from workbench.tui.safe import line_filters
from workbench.tui.themes import register_themes
from workbench.tui.widgets.transcript import MessageView, Transcript


class HostApp(App[None]):
    """The filter and the themes of the real application, and nothing else of it."""

    CSS = """
    Transcript { height: 1fr; border: round $accent 40%; }
    Transcript:focus { border: heavy $accent; }
    """

    def __init__(self) -> None:
        super().__init__()
        register_themes(self)
        self.theme = "workbench-dark"

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *line_filters()]


class TranscriptApp(HostApp):
    """A transcript above an input line; keeps count of what was asked for."""

    def __init__(self, messages: Sequence[MessageView] = (), *, has_earlier: bool = False) -> None:
        super().__init__()
        self._messages = messages
        self._has_earlier = has_earlier
        self.earlier_wanted = 0

    def compose(self) -> ComposeResult:
        yield Transcript()
        yield Input()

    def on_mount(self) -> None:
        transcript = self.query_one(Transcript)
        transcript.show(self._messages, has_earlier=self._has_earlier)
        transcript.focus()

    def on_message_column_earlier_wanted(self) -> None:
        self.earlier_wanted += 1

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)


def screen_lines(app: App[None]) -> list[str]:
    """The screen as lines of text, after the line filters."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def screen_text(app: App[None]) -> str:
    return "\n".join(screen_lines(app))


def screen_styles(app: App[Any]) -> list[Style]:
    """Every style on the screen."""
    return [s.style for strip in app.screen._compositor.render_strips() for s in strip if s.style is not None]


def click_actions(app: App[Any]) -> list[object]:
    """Actions that a click somewhere on the screen would run."""
    return [style.meta["@click"] for style in screen_styles(app) if "@click" in style.meta]


def assert_harmless(app: App[Any]) -> None:
    """Nothing on the screen commands the terminal, and no click on it runs anything."""
    assert app.is_running
    for strip in app.screen._compositor.render_strips():
        line = "".join(segment.text for segment in strip)
        assert not forbidden_in(line), f"{forbidden_in(line)!r} in {line!r}"
        assert not any(segment.style is not None and "@click" in segment.style.meta for segment in strip), line


async def until(pilot: Pilot[None], holds: Callable[[], bool], *, deadline_s: float = 8.0) -> None:
    """Let the application work until `holds`; fails after the deadline."""
    end = time.monotonic() + deadline_s
    while not holds():
        assert time.monotonic() < end, f"not reached:\n{screen_text(pilot.app)}"
        await asyncio.sleep(0.01)
        await pilot.pause(0)
