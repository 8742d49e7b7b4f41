"""Expressions that take too long, in what is live and in what is stored."""

from __future__ import annotations

from textual.widgets import Input

from tests.support.fake_events import AT_MS, FakeSurroundings, stored
from tests.support.transcript_host import HostApp, screen_text, until
from workbench.core.events import StorageTrouble
from workbench.tui.events.model import EventsModel
from workbench.tui.screens.events import EventsScreen

TEXT = "a" * 400 + "!"


class EventsApp(HostApp):
    def __init__(self) -> None:
        super().__init__()
        self.model = EventsModel()
        self.around = FakeSurroundings()
        self.around.log.events = [stored(1, "long ago")]

    def on_mount(self) -> None:
        self.push_screen(EventsScreen(self.model, self.around.of(self)))

    @property
    def line(self) -> Input:
        return self.screen.query_one("#events-line", Input)


async def test_it_is_given_up_told_in_place_and_filters_nothing() -> None:
    app = EventsApp()
    app.model.extend([StorageTrouble(at_ms=AT_MS, problem=TEXT), StorageTrouble(at_ms=AT_MS, problem="another one")])
    async with app.run_test(size=(140, 30)) as pilot:
        await until(pilot, lambda: "long ago" in screen_text(app) and "another one" in screen_text(app))
        await pilot.press("slash")
        app.line.value = "level:error another"
        await until(pilot, lambda: "long ago" not in screen_text(app))
        app.line.value = "level:error /(a+)+.$x/"
        await until(pilot, lambda: "✖ /(a+)+.$x/ takes too long to look for; it filters nothing" in screen_text(app))
        await until(pilot, lambda: "aaaa" in screen_text(app) and "another one" in screen_text(app))
        assert "long ago" not in screen_text(app), "the other conditions hold"
        await pilot.press("enter")
        assert app.line.has_focus, "it is not taken"
        app.line.value = "/another/"
        await until(pilot, lambda: "aaaa" not in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "/another/ ×" in screen_text(app))


async def test_one_that_turns_out_so_later_is_told_too_and_escape_does_not_bring_it_back() -> None:
    app = EventsApp()
    async with app.run_test(size=(140, 30)) as pilot:
        await until(pilot, lambda: "long ago" in screen_text(app))
        await pilot.press("slash")
        app.line.value = "/(a+)+.$y|none/"
        await until(pilot, lambda: "No event fits" in screen_text(app))
        await pilot.press("enter", "slash")
        app.model.extend([StorageTrouble(at_ms=AT_MS, problem=TEXT)])
        await until(pilot, lambda: "it filters nothing" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "long ago" in screen_text(app) and "aaaa" in screen_text(app))
        assert "everything" in screen_text(app)
        assert app.around.told == ["/(a+)+.$y|none/ takes too long to look for; it filters nothing."]
        # Among the stored ones it is looked for on another thread.
        app.around.log.events.append(stored(2, "b" * 400 + "!"))
        await pilot.press("slash")
        app.line.value = "/(b+)+.$z|none/"
        await until(pilot, lambda: "/(b+)+.$z|none/ takes too long" in screen_text(app))
