from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.screen import Screen
from textual.widgets import Input

from tests.support.fake_events import AT_MS, FakeSurroundings, stored
from tests.support.transcript_host import HostApp, screen_lines, screen_text, until
from workbench.core.errors import StorageError
from workbench.core.events import AttemptEnded, Event, FirstToken, Level, StorageTrouble, TextDelta, TurnStarted
from workbench.storage.event_log import StoredEvent
from workbench.tui.events.model import EventsModel
from workbench.tui.screens.events import EventsScreen
from workbench.tui.widgets.event_chips import EventChips
from workbench.tui.widgets.event_view import EventView

SIZE = (140, 30)


class EventsApp(HostApp):
    def __init__(self, log: Sequence[StoredEvent] = (), live: Sequence[Event] = ()) -> None:
        super().__init__()
        self.model = EventsModel()
        self.model.extend(live)
        self.around = FakeSurroundings()
        self.around.log.events = list(log)

    def on_mount(self) -> None:
        self.push_screen(EventsScreen(self.model, self.around.of(self)))

    @property
    def view(self) -> EventView:
        return self.screen.query_one(EventView)

    def marked(self, text: str) -> bool:
        """Whether the row with `text` is under the cursor."""
        return any("▸" in line and text in line for line in screen_lines(self))


def token(number: int) -> FirstToken:
    return FirstToken(at_ms=AT_MS + number, provider="p", model=f"model-{number}.", first_token_ms=10)


def failed(reason: str) -> AttemptEnded:
    return AttemptEnded(
        at_ms=AT_MS, provider="openai", model="gpt", ord=0, state="failed", error_kind="rate_limit", http_status=429,
        reason=reason, correlation="turn-000abc", conversation_id="conversation-1",
    )  # fmt: skip


def some() -> list[Event]:
    return [
        TurnStarted(
            at_ms=AT_MS, user_message_id="u", message_id="reply-1", correlation="turn-000abc",
            conversation_id="conversation-1",
        ),
        failed("too many requests"),
        StorageTrouble(at_ms=AT_MS, problem="disk full"),
        token(1),
        TextDelta(at_ms=AT_MS, message_id="m", delta="never shown"),
    ]  # fmt: skip


async def test_says_when_there_is_nothing_and_shows_live_events_after_the_stored_ones() -> None:
    app = EventsApp()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "Nothing has happened yet" in screen_text(app))
        assert "Ask something with f2" in screen_text(app)
        app.model.extend(some())
        await until(pilot, lambda: "first token after 0.01 s from p/model-1" in screen_text(app))
        assert "Nothing has happened yet" not in screen_text(app)
        assert "▲ warn" in screen_text(app)
        assert "✖ error" in screen_text(app)
        assert "characters" not in screen_text(app)
        assert "000abc" in screen_text(app)
        await until(pilot, lambda: app.view.has_focus)
        # A pane behind another screen catches up when it returns.
        await app.push_screen(Screen())
        app.model.extend([token(2)])
        await pilot.pause()
        await app.pop_screen()
        await until(pilot, lambda: "model-2" in screen_text(app))


async def test_a_log_that_cannot_be_read_leaves_the_live_events() -> None:
    app = EventsApp()
    app.around.log.problem = StorageError("The [/] database is gone")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.around.told == ["Stored events cannot be read: The [/] database is gone"])
        app.model.extend(some())
        await until(pilot, lambda: "disk full" in screen_text(app))


async def test_rows_that_could_not_be_read_are_read_when_the_reader_moves() -> None:
    app = EventsApp([stored(n, f"stored-{n}.") for n in range(1, 3_001)])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.marked("stored-3000."))
        app.around.log.problem = StorageError("The disk is gone")
        await pilot.press("home")
        await until(pilot, lambda: app.around.told == ["Stored events cannot be read: The disk is gone"])
        app.model.extend([token(1)])
        await until(pilot, lambda: "3\u2009001" in screen_text(app))
        assert len(app.around.told) == 1, "painting again asks for nothing"
        app.around.log.problem = None
        await pilot.press("down")
        await until(pilot, lambda: app.marked("stored-2."))


async def test_conditions_are_typed_completed_shown_and_taken_away() -> None:
    app = EventsApp([stored(1, "long ago"), stored(2, "boom", level=Level.ERROR, source="disk")], some())
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "turn started" in screen_text(app) and "long ago" in screen_text(app))
        assert "everything" in screen_text(app)
        await pilot.press("l", "l")
        await until(pilot, lambda: "turn started" not in screen_text(app) and "boom" in screen_text(app))
        assert "level ≥ warn ×" in screen_text(app)
        await until(pilot, lambda: "3 of 6" in screen_text(app))
        # Typed: names are offered, tab completes, mistakes are told in place and change nothing.
        await pilot.press("slash")
        line = app.screen.query_one("#events-line", Input)
        assert line.has_focus
        line.value = "prov"
        await until(pilot, lambda: "tab provider:" in screen_text(app))
        await pilot.press("tab")
        await until(pilot, lambda: "tab provider:configured" in screen_text(app))
        line.value = "provider:op"
        await until(pilot, lambda: "tab provider:openai" in screen_text(app))
        await pilot.press("tab")
        await until(pilot, lambda: "too many" in screen_text(app) and "disk full" not in screen_text(app))
        line.value = "provider:openai /(many/"
        await until(pilot, lambda: "✖ /(many/: missing ) at position 5" in screen_text(app))
        assert "too many" in screen_text(app)
        await pilot.press("enter")
        assert line.has_focus, "a mistake is not taken"
        line.value = "/MANY|full/ source:provider,storage"
        await until(pilot, lambda: "disk full" in screen_text(app) and "boom" not in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.view.has_focus)
        assert "source provider,storage ×  /MANY|full/ ×" in screen_text(app)
        # Taken away: by the keyboard, by a click, one by one or all at once.
        await pilot.press("backspace")
        await until(pilot, lambda: "/MANY|full/" not in screen_text(app))
        await pilot.press("l", "shift+tab")
        chips = app.screen.query_one(EventChips)
        assert chips.has_focus
        await pilot.press("right", "delete")
        await until(pilot, lambda: "source provider" not in screen_text(app) and "level ≥ info" in screen_text(app))
        await pilot.click(chips, offset=(3, 0))
        await until(pilot, lambda: "everything" in screen_text(app) and "long ago" in screen_text(app))
        await pilot.press("escape", "s")
        await until(pilot, lambda: "source chat ×" in screen_text(app))
        await pilot.press("slash")
        line.value = "nothing like it"
        await until(pilot, lambda: "No event fits the filter. c clears it" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "source chat ×" in screen_text(app) and "turn started" in screen_text(app))
        await pilot.press("c")
        await until(pilot, lambda: "long ago" in screen_text(app) and app.view.has_focus)


async def test_follows_until_the_cursor_moves_and_pause_holds_the_list_still() -> None:
    app = EventsApp(live=[token(n) for n in range(500)])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.marked("model-499."))
        await pilot.press("up")
        app.model.extend([token(n) for n in range(500, 912)])
        await until(pilot, lambda: "412 new · end" in screen_text(app))
        assert app.marked("model-498.")
        await pilot.press("end")
        await until(pilot, lambda: app.marked("model-911."))
        assert "new · end" not in screen_text(app)
        await pilot.press("home")
        await until(pilot, lambda: app.marked("model-0."))
        await pilot.press("escape")
        await until(pilot, lambda: app.marked("model-911."))
        await pilot.press("space")
        app.model.extend([token(1001), token(1002)])
        await until(pilot, lambda: "‖ paused · 2 new" in screen_text(app))
        assert "model-1001" not in screen_text(app)
        await pilot.press("space")
        await until(pilot, lambda: "model-1002" in screen_text(app) and "● live" in screen_text(app))


async def test_a_hundred_thousand_stored_events_and_a_jump_to_a_time() -> None:
    app = EventsApp([stored(n, f"stored-{n}.") for n in range(1, 100_001)], [token(n) for n in range(10)])
    app.around.log.events = [
        event for event in app.around.log.events if event.at_ms < AT_MS
    ]  # fmt: skip
    newest = app.around.log.events[-1].seq
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "model-9." in screen_text(app) and f"stored-{newest}." in screen_text(app))
        await pilot.press("home")
        await until(pilot, lambda: app.marked("stored-1."))
        assert app.around.log.pages < 12, "pages in between are not read"
        app.around.now_ms = stored(5_000).at_ms
        await pilot.press("t")
        line = app.screen.query_one("#events-line", Input)
        line.value = "soon"
        await pilot.press("enter")
        await until(pilot, lambda: "✖ no time; try 14:05" in screen_text(app))
        line.value = "-1m"
        await pilot.press("enter")
        await until(pilot, lambda: app.marked("stored-4940."))
        # Another filter keeps the place.
        await pilot.press("slash")
        line.value = "/[05]0\\.$/"
        await until(pilot, lambda: app.marked("stored-4950."))
        await pilot.press("enter", "c")
        await until(pilot, lambda: app.marked("stored-4950.") and "stored-4951." in screen_text(app))
        await pilot.press("t")
        line.value = "now"
        app.around.now_ms = AT_MS + 10**9
        await pilot.press("enter")
        await until(pilot, lambda: app.marked("model-9."))
        assert app.around.told[-1].startswith("Nothing since then; the last event is of ")


async def test_detail_shows_all_fields_and_leads_to_what_the_event_is_about() -> None:
    live = [*some()[:1], failed("why \x1b[31m[/]"), token(1), StorageTrouble(at_ms=AT_MS, problem="x")]
    app = EventsApp(live=live)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "model-1" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "storage.trouble" in screen_text(app))
        await pilot.press("m")
        assert app.around.told == ["This event is about no message, task or provider."]
        await pilot.press("N", "enter")
        await until(pilot, lambda: "attempt.first_token" in screen_text(app))
        assert app.screen.query_one("#events-detail-region").has_focus
        await pilot.press("m", "N")
        await until(pilot, lambda: "attempt.ended" in screen_text(app))
        assert app.around.providers == ["p"]
        for fact in ("http_status 429", "error_kind rate_limit", "reason why ␛[31m[/]", "turn turn-000abc"):
            assert fact in screen_text(app)
        await pilot.press("m", "y")
        await until(pilot, lambda: app.around.opened == [("conversation-1", "reply-1")])
        assert "http_status 429" in app.around.copied[0]
        assert "\x1b" not in app.around.copied[0]
        await pilot.press("f")
        await until(pilot, lambda: "turn turn-000abc ×" in screen_text(app) and "model-1" not in screen_text(app))
        await pilot.press("f", "f", "f")
        await until(pilot, lambda: "everything" in screen_text(app) and "model-1" in screen_text(app))
        await until(pilot, lambda: "http_status 429" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "http_status" not in screen_text(app))


async def test_what_is_filtered_is_exported_and_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    app = EventsApp([stored(n) for n in range(1, 1201)], some())
    app.around.folder = tmp_path
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "turn started" in screen_text(app))
        await pilot.press("slash")
        app.screen.query_one("#events-line", Input).value = "/stored-1|full/"
        await pilot.press("enter")
        await until(pilot, lambda: "313 of" in screen_text(app))
        await pilot.press("x")
        await until(pilot, lambda: "Writes the 313 events" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: bool(app.around.told))
        (file,) = tmp_path.iterdir()
        assert file.name.startswith("workbench-events-2026")
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert len(lines) == 313
        assert (lines[0]["seq"], lines[0]["text"], lines[0]["level"]) == (1, "stored-1", "info")
        assert (lines[-1]["seq"], lines[-1]["text"]) == (None, "not saved: disk full")
        assert app.around.told == [f"313 events written to {file}"]
        # As text, over a file that is there.
        taken = tmp_path / "taken.txt"
        taken.write_text("mine")
        await pilot.press("x")
        await until(pilot, lambda: "Writes the 313 events" in screen_text(app))
        app.screen.query_one("#export-path", Input).value = str(taken)
        await pilot.press("enter")
        await until(pilot, lambda: "enter writes over it" in screen_text(app))
        assert taken.read_text() == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: len(app.around.told) == 2)
        assert taken.read_text().splitlines()[-1].endswith("error    storage   storage.trouble: not saved: disk full")
        # A folder that cannot be written to is told; escape ends a running export and leaves nothing.
        await pilot.press("x")
        await until(pilot, lambda: "Writes the 313 events" in screen_text(app))
        app.screen.query_one("#export-path", Input).value = f"{taken}/below"
        await pilot.press("enter")
        await until(pilot, lambda: "Not a directory" in screen_text(app))
        assert sorted(tmp_path.iterdir()) == sorted([file, taken])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, EventsScreen))


@pytest.mark.parametrize(("size", "expected"), [((80, 24), "▲ warn"), ((40, 12), "▲ openai/gpt failed")])
async def test_small_screens_keep_time_sign_and_text(size: tuple[int, int], expected: str) -> None:
    app = EventsApp(live=some())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: expected in screen_text(app))
        assert all(len(line) == size[0] for line in screen_lines(app))
        await pilot.press("enter")
        await until(pilot, lambda: "provider p" in screen_text(app))
        await pilot.press("slash")
        await until(pilot, lambda: "words  /expression/" in screen_text(app))
        assert app.screen.query_one("#events-line", Input).has_focus
