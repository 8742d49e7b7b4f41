from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from rich.segment import Segment
from textual.app import ComposeResult
from textual.color import Color
from textual.content import Content
from textual.widgets import Input

from tests.support.fake_events import AT_MS, FakeSurroundings, stored
from tests.support.hostile import PAYLOADS, forbidden_in
from tests.support.transcript_host import (
    HostApp,
    TranscriptApp,
    assert_harmless,
    screen_lines,
    screen_text,
    until,
)
from workbench.core.events import AttemptEnded
from workbench.core.text import clean, clean_line
from workbench.tui.events.detail import detail_of, detail_text
from workbench.tui.events.model import EventsModel
from workbench.tui.events.values import row_of_event, row_of_stored
from workbench.tui.safe import (
    ControlCharacterFilter,
    SafeStatic,
    plain,
    plain_line,
    set_border_subtitle,
    set_border_title,
    toast,
)
from workbench.tui.safe_controls import SafeButton, SafeLabel
from workbench.tui.screens.events import EventsScreen
from workbench.tui.widgets.event_view import EventView
from workbench.tui.widgets.message_body import MessageBody
from workbench.tui.widgets.transcript import MessageView

SIZE = (120, 40)


def squeezed(text: str) -> str:
    """Without blanks and line breaks, which wrapping moves."""
    return "".join(text.split())


def shows_all(app: HostApp, texts: Iterable[str]) -> bool:
    shown = screen_text(app)
    return all(text in shown for text in texts)


async def test_a_user_message_shows_every_payload_as_it_is() -> None:
    app = TranscriptApp()
    async with app.run_test(size=SIZE) as pilot:
        for number, (name, payload) in enumerate(PAYLOADS.items()):
            view = MessageView("m", "user", f"begin-{number} {payload} end")
            app.transcript.show([view], has_earlier=False)
            await until(pilot, lambda number=number: f"begin-{number} " in screen_text(app))
            assert_harmless(app)
            body = app.transcript.query(MessageBody).last()
            shown = "".join(body.render_line(y).text.replace("▌", "") for y in range(body.size.height))
            assert squeezed(shown) == squeezed(clean(view.text)), name


async def test_replies_reasoning_headers_badges_and_titles_are_harmless() -> None:
    app = TranscriptApp()
    async with app.run_test(size=SIZE) as pilot:
        for payload in PAYLOADS.values():
            hostile = f"begin {payload} end"
            view = MessageView(
                "m", "assistant", "", reasoning=hostile, streaming=True, header=hostile, badge=hostile,
                badge_severity="error",
            )  # fmt: skip
            app.transcript.show([view, MessageView("n", "note", hostile)], has_earlier=False)
            # In pieces, so that sequences are cut in the middle.
            for end in range(1, len(hostile), 3):
                app.transcript.update_message(replace(view, text=hostile[:end]))
            app.transcript.update_message(replace(view, text=hostile, streaming=False))
            app.transcript.move_cursor(-1)
            app.transcript.move_cursor(-1)
            app.transcript.toggle_fold()
            app.transcript.empty_text = hostile
            set_border_title(app.transcript, hostile)
            await until(pilot, lambda: screen_text(app).count("begin") >= 5)
            assert_harmless(app)


async def test_replies_with_markup_lose_nothing() -> None:
    app = TranscriptApp()
    async with app.run_test(size=SIZE) as pilot:
        for payload in ("[/]", "[@click=app.quit]x[/]", "list[int] [INST] [/home/u] [x] done", "[b", "a\x1b]0;t\x07b"):
            text = f"begin {payload} end"
            app.transcript.show([MessageView("m", "assistant", text)], has_earlier=False)
            await until(pilot, lambda text=text: clean(text) in screen_text(app))


async def test_a_click_on_a_reply_runs_nothing() -> None:
    view = MessageView("m", "assistant", "[@click=app.quit]click me[/] [x](http://a.example)")
    app = TranscriptApp([view])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "click me" in screen_text(app))
        line = next(y for y, text in enumerate(screen_lines(app)) if "click me" in text)
        for x in range(2, 60, 3):
            await pilot.click(offset=(x, line))
        assert app.is_running
        assert "x (http://a.example)" in screen_text(app)


def test_details_of_events_are_harmless() -> None:
    for payload in PAYLOADS.values():
        live = AttemptEnded(provider=payload, model="m", ord=0, state=payload, reason=payload, correlation=payload)
        data = {payload: {payload: [payload]}, "provider": payload}
        for row in (row_of_event(live), row_of_stored(stored(1, payload, source=payload, kind=payload, data=data))):
            detail = detail_of(row)
            assert not any(forbidden_in(line) for line in f"{detail_text(row)}\n{detail.plain}".split("\n"))
            assert all(span.style == "$text-muted" for span in detail.spans)


async def test_events_are_harmless() -> None:
    model = EventsModel()
    around = FakeSurroundings()
    around.log.events = [
        stored(
            number, f"stored-{number} {payload}", source=payload, kind=payload, correlation=payload,
            conversation_id=payload, task_id=payload, data={payload: {payload: [payload]}, "provider": payload},
        )
        for number, payload in enumerate(PAYLOADS.values(), 1)
    ]  # fmt: skip

    class App(HostApp):
        def on_mount(self) -> None:
            self.push_screen(EventsScreen(model, around.of(self)))

    model.extend([
        AttemptEnded(
            at_ms=AT_MS, provider="p", model="m", ord=0, state="failed", reason=f"number-{number} {payload}",
            correlation=payload, conversation_id=payload,
        )
        for number, payload in enumerate(PAYLOADS.values())
    ])  # fmt: skip
    app = App()
    async with app.run_test(size=(180, 2 * len(PAYLOADS) + 40)) as pilot:
        await until(pilot, lambda: shows_all(app, (f"number-{n} " for n in range(len(PAYLOADS)))))
        assert_harmless(app)
        await until(pilot, lambda: shows_all(app, (f"stored-{n + 1} " for n in range(len(PAYLOADS)))))
        assert_harmless(app)
        await pilot.resize_terminal(120, 50)
        view = app.screen.query_one(EventView)
        newest = -1
        for name in ("osc 52", "bidi override", "close"):
            number = list(PAYLOADS).index(name)
            view.move_to(newest - len(PAYLOADS) + 1 + number)
            await pilot.press("enter")
            await until(pilot, lambda number=number: f"reason number-{number} " in screen_text(app))
            assert_harmless(app)
            await pilot.press("escape", "f")
            assert_harmless(app)
            await pilot.press("c")
            view.move_to(newest - 2 * len(PAYLOADS) + 1 + number)
            await pilot.press("enter")
            await until(pilot, lambda number=number: f"stored-{number + 1} " in screen_text(app))
            assert_harmless(app)
            await pilot.press("escape")
        for typed in ("[/]", "provider:", "level:\x1b[31m[/]", "/[@click=app.quit]("):
            await pilot.press("slash")
            app.screen.query_one("#events-line", Input).value = typed
            await pilot.pause()
            assert_harmless(app)
            await pilot.press("escape")


async def test_safe_widgets_and_toasts_show_plain_text() -> None:
    class App(HostApp):
        def compose(self) -> ComposeResult:
            yield SafeStatic(id="static")
            yield SafeLabel("", id="label")
            yield SafeButton("[/] [@click=app.quit]b[/]")

    app = App()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        static, label = app.query_one("#static", SafeStatic), app.query_one("#label", SafeLabel)
        static.styles.border = ("round", "red")
        payloads = list(PAYLOADS.values())
        for start in range(0, len(payloads), 5):
            few = payloads[start : start + 5]
            static.show("\n".join(few))
            label.show("\n".join(few))
            set_border_title(static, " ".join(few))
            set_border_subtitle(static, " ".join(reversed(few)))
            await pilot.pause()
            assert_harmless(app)
            assert static.visual is not None
            assert str(static.content) == "\n".join(map(clean, few))
        assert "[/] [@click=app.quit]b[/]" in screen_text(app)
        for payload in PAYLOADS.values():
            toast(app, f"toast {payload}", "error", title=f"title {payload}")
        toast(static, "from a widget [/]")
        await until(pilot, lambda: "from a widget [/]" in screen_text(app))
        assert_harmless(app)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_plain_content_has_no_spans_and_the_same_text(payload: str) -> None:
    assert plain(payload).plain == clean(payload)
    assert plain_line(payload).plain == clean_line(payload)
    assert not plain(payload).spans
    assert isinstance(plain(payload), Content)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_the_line_filter_lets_no_control_character_through(payload: str) -> None:
    segments = [Segment("before "), Segment(payload), Segment(" after")]
    filtered = ControlCharacterFilter().apply(segments, Color(0, 0, 0))
    text = "".join(segment.text for segment in filtered)
    assert not forbidden_in(text)
    visible = "".join(c for c in payload if c.isprintable() and not forbidden_in(c))
    assert "".join(c for c in text if c.isprintable()) == f"before {visible} after"


def test_the_line_filter_leaves_ordinary_lines_and_terminal_controls_alone() -> None:
    ordinary = [Segment("plain 日本語 ▌ é"), Segment("\u3000wide")]
    filtered = ControlCharacterFilter().apply(ordinary, Color(0, 0, 0))
    assert "".join(segment.text for segment in filtered) == "plain 日本語 ▌ é\u3000wide"
    untouched = [Segment("plain")]
    assert ControlCharacterFilter().apply(untouched, Color(0, 0, 0)) is untouched
