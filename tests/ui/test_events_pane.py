from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from textual.screen import Screen

from tests.support.transcript_host import HostApp, screen_lines, screen_text, until
from workbench.core.errors import StorageError
from workbench.core.events import AttemptEnded, Event, FirstToken, Level, StorageTrouble, TextDelta, TurnStarted
from workbench.tui.events.model import EventFilter, EventsModel, FilteredEvents
from workbench.tui.screens.events import EventsScreen
from workbench.tui.widgets.event_view import EventView

SIZE = (140, 30)
AT_MS = 1_790_000_000_000


@dataclass(frozen=True)
class Kept:
    """A stored event as the log gives it."""

    text: str
    at_ms: int = AT_MS
    level: Level = Level.INFO
    source: str = "engine"
    kind: str = "engine.started"
    conversation_id: str | None = None
    correlation: str = ""
    data: dict[str, object] = field(default_factory=dict)


class EventsApp(HostApp):
    def __init__(self, stored: Sequence[Kept] = (), problem: Exception | None = None) -> None:
        super().__init__()
        self.model = EventsModel()
        self._stored = stored
        self._problem = problem
        self.loads = 0
        self.wanted: list[str] = []
        self.copied: list[str] = []

    async def _load(self) -> Sequence[Kept]:
        self.loads += 1
        await asyncio.sleep(0)
        if self._problem is not None:
            raise self._problem
        return self._stored

    def on_mount(self) -> None:
        self.push_screen(EventsScreen(self.model, self._load))

    def on_events_screen_conversation_wanted(self, message: EventsScreen.ConversationWanted) -> None:
        self.wanted.append(message.conversation_id)

    def on_events_screen_copy_wanted(self, message: EventsScreen.CopyWanted) -> None:
        self.copied.append(message.text)

    @property
    def view(self) -> EventView:
        return self.screen.query_one(EventView)


def token(number: int) -> FirstToken:
    return FirstToken(at_ms=AT_MS + number, provider="p", model=f"model-{number}", first_token_ms=10)


def failed(reason: str) -> AttemptEnded:
    return AttemptEnded(
        at_ms=AT_MS, provider="openai", model="gpt", ord=0, state="failed", error_kind="rate_limit", http_status=429,
        reason=reason, correlation="turn-000abc", conversation_id="conversation-1",
    )  # fmt: skip


def some() -> list[Event]:
    return [
        TurnStarted(at_ms=AT_MS, user_message_id="u", message_id="m"),
        failed("too many requests"),
        StorageTrouble(at_ms=AT_MS, problem="disk full"),
        token(1),
        TextDelta(at_ms=AT_MS, message_id="m", delta="never shown"),
    ]


async def test_says_when_there_is_nothing_and_shows_live_events() -> None:
    app = EventsApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "Nothing has happened yet" in screen_text(app))
        app.model.extend(some())
        await until(pilot, lambda: "first token after 0.01 s from p/model-1" in screen_text(app))
        assert "Nothing has happened yet" not in screen_text(app)
        assert "▲ warn" in screen_text(app)
        assert "✖ error" in screen_text(app)
        assert "characters" not in screen_text(app)
        assert "000abc" in screen_text(app)
        await until(pilot, lambda: app.view.has_focus)


async def test_stored_events_come_before_the_live_ones_and_only_once() -> None:
    twice = failed("too many requests")
    stored = [Kept("long ago"), Kept(twice.text(), kind=twice.kind, source=twice.source, level=Level.WARNING)]
    app = EventsApp(stored)
    app.model.extend([twice])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "long ago" in screen_text(app))
        text = screen_text(app)
        assert text.count("too many requests") == 1
        assert text.index("long ago") < text.index("too many requests")
        assert app.loads == 1


async def test_a_log_that_cannot_be_read_leaves_the_live_events() -> None:
    app = EventsApp(problem=StorageError("The [/] database is gone"))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until(pilot, lambda: "The [/] database is gone" in screen_text(app))
        app.model.extend(some())
        await until(pilot, lambda: "disk full" in screen_text(app))


async def test_filters_by_level_source_and_text() -> None:
    app = EventsApp()
    async with app.run_test(size=SIZE) as pilot:
        app.model.extend(some())
        await until(pilot, lambda: "turn started" in screen_text(app))
        await pilot.press("3")
        await until(pilot, lambda: "turn started" not in screen_text(app))
        assert "disk full" in screen_text(app)
        assert "≥ warn" in screen_text(app)
        await pilot.press("4")
        await until(pilot, lambda: "too many" not in screen_text(app))
        assert "1 of 4" in screen_text(app)
        await pilot.press("5", "s")
        await until(pilot, lambda: "turn started" in screen_text(app) and "disk full" not in screen_text(app))
        await pilot.press("s")
        await until(pilot, lambda: "too many" in screen_text(app) and "turn started" not in screen_text(app))
        await pilot.press("s", "s")
        await until(pilot, lambda: "turn started" in screen_text(app) and "disk full" in screen_text(app))

        await pilot.press("slash", *"MANY req".replace(" ", "_").replace("_", " "))
        await until(pilot, lambda: "‹MANY req›" in screen_text(app) and "disk full" not in screen_text(app))
        assert "too many" in screen_text(app)
        await pilot.press("enter")
        assert app.view.has_focus
        await pilot.press("4")
        await until(pilot, lambda: "No event fits the filter" in screen_text(app))
        await pilot.press("5")
        await until(pilot, lambda: "turn started" in screen_text(app) and app.view.has_focus)
        await pilot.press("slash", "x", "y", "z")
        await until(pilot, lambda: "No event fits the filter" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "turn started" in screen_text(app) and app.view.has_focus)


async def test_pause_holds_the_list_still() -> None:
    app = EventsApp()
    async with app.run_test(size=SIZE) as pilot:
        app.model.extend([token(1)])
        await until(pilot, lambda: "model-1" in screen_text(app))
        await pilot.press("space")
        app.model.extend([token(2), token(3)])
        await until(pilot, lambda: "‖ paused · 2 new" in screen_text(app))
        assert "model-2" not in screen_text(app)
        await pilot.press("space")
        await until(pilot, lambda: "model-3" in screen_text(app))
        assert "● live" in screen_text(app)


async def test_follows_until_the_cursor_moves() -> None:
    app = EventsApp()
    async with app.run_test(size=SIZE) as pilot:
        app.model.extend([token(n) for n in range(500)])
        await until(pilot, lambda: "model-499" in screen_text(app))
        assert "▸" in next(line for line in screen_lines(app) if "model-499" in line)
        await pilot.press("up")
        app.model.extend([token(n) for n in range(500, 912)])
        await until(pilot, lambda: "412 new · End" in screen_text(app))
        assert "▸" in next(line for line in screen_lines(app) if "model-498" in line)
        await pilot.press("end")
        await until(pilot, lambda: "model-911" in screen_text(app))
        assert "new · End" not in screen_text(app)
        await pilot.press("home")
        await until(pilot, lambda: "▸" in next((li for li in screen_lines(app) if "model-0" in li), ""))
        await pilot.press("escape")
        await until(pilot, lambda: "model-911" in screen_text(app))


async def test_detail_shows_all_fields_follows_the_cursor_and_closes() -> None:
    app = EventsApp()
    async with app.run_test(size=SIZE) as pilot:
        app.model.extend([failed("why \x1b[31m[/]"), token(1)])
        await until(pilot, lambda: "model-1" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "attempt.first_token" in screen_text(app))
        await pilot.press("up")
        await until(pilot, lambda: "attempt.ended" in screen_text(app))
        for fact in ("http_status 429", "error_kind rate_limit", "reason why ␛[31m[/]", "turn turn-000abc"):
            assert fact in screen_text(app)
        await pilot.press("o", "y")
        await until(pilot, lambda: app.wanted == ["conversation-1"] and len(app.copied) == 1)
        assert "http_status 429" in app.copied[0]
        assert "\x1b" not in app.copied[0]
        await pilot.press("escape")
        await until(pilot, lambda: "http_status" not in screen_text(app))


@pytest.mark.parametrize(("size", "expected"), [((80, 24), "▲ warn"), ((40, 12), "▲ openai/gpt failed")])
async def test_small_screens_keep_time_sign_and_text(size: tuple[int, int], expected: str) -> None:
    app = EventsApp()
    async with app.run_test(size=size) as pilot:
        app.model.extend(some())
        await until(pilot, lambda: expected in screen_text(app))
        assert all(len(line) == size[0] for line in screen_lines(app))
        await pilot.press("enter")
        await until(pilot, lambda: "provider p   model" in screen_text(app))


async def test_a_hidden_pane_catches_up_when_it_returns() -> None:
    app = EventsApp()
    async with app.run_test(size=SIZE) as pilot:
        app.model.extend([token(1)])
        await until(pilot, lambda: "model-1" in screen_text(app))
        await app.push_screen(Screen())
        app.model.extend([token(2)])
        await pilot.pause()
        await app.pop_screen()
        await until(pilot, lambda: "model-2" in screen_text(app))


async def test_a_hundred_thousand_rows() -> None:
    app = EventsApp()
    app.model.extend([token(n) for n in range(100_000)])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "model-99999" in screen_text(app))
        await pilot.press("slash", *"9999")
        await until(pilot, lambda: "of 100" in screen_text(app))
        assert "model-79999" in screen_text(app)
        assert "19 of" in screen_text(app)


def test_the_ring_lets_the_oldest_go_and_positions_stay() -> None:
    model = EventsModel(capacity=100)
    shown = FilteredEvents(model)
    shown.set_filter(EventFilter(text="model-1"))
    for start in range(0, 1000, 50):
        model.extend([token(n) for n in range(start, start + 50)])
        shown.refresh()
        expected = [n for n in range(1000) if model.first <= n < model.end and "model-1" in f"model-{n}"]
        assert [shown.position(index) for index in range(len(shown))] == expected
    assert 100 <= len(model) <= 200
    assert model.row(model.end - 1).text.endswith("model-999")
    model.load([Kept("old")])
    shown.set_filter(EventFilter(source="engine"))
    assert [shown.row(index).text for index in range(len(shown))] == ["old"]
