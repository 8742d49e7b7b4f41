from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.transcript_host import TranscriptApp, screen_lines, screen_text, until
from workbench.tui.markdown import flow
from workbench.tui.widgets import message_lines
from workbench.tui.widgets.message_column import MORE, MOST, MOUNTED
from workbench.tui.widgets.message_view import MessageView

SIZE = (80, 24)


def notes(count: int, *, first: int = 0) -> list[MessageView]:
    return [MessageView(str(number), "assistant", f"message {number}.\n\nwords") for number in range(first, count)]


async def test_a_jump_mounts_a_window_and_one_can_walk_on_from_there_in_both_directions() -> None:
    app = TranscriptApp(notes(1_000))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "message 999." in screen_text(app))
        transcript.put_cursor("500")
        await until(pilot, lambda: "▌ message 500." in screen_text(app))
        assert not transcript.following
        assert MOUNTED <= len(transcript.query("MessageBody")) <= MOUNTED + 2 * MORE

        # Down past the last one that is mounted, by cursor and by scrolling.
        for _ in range(20):
            transcript.move_cursor(1)
        await until(pilot, lambda: "▌ message 520." in screen_text(app))
        for _ in range(15):
            await pilot.press("pagedown")
        assert transcript.first_in_sight() > 560
        assert not transcript.following
        assert "message 999." not in screen_text(app)

        # A message that comes while another part is read is counted, not mounted.
        transcript.append(MessageView("new", "assistant", "brand new"))
        transcript.update_message(MessageView("999", "assistant", "changed"))
        await until(pilot, lambda: "2 new · End" in screen_text(app))
        assert transcript.mounted("new") is None
        await pilot.press("end")
        await until(pilot, lambda: "brand new" in screen_text(app) and "changed" in screen_text(app))
        assert transcript.following
        assert len(transcript.query("MessageBody")) <= MOUNTED + MORE
        transcript.append(MessageView("newer", "assistant", "followed"))
        await until(pilot, lambda: "followed" in screen_text(app))


async def test_going_up_through_many_messages_takes_those_far_below_away() -> None:
    app = TranscriptApp(notes(400))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "message 399." in screen_text(app))
        for _ in range(150):
            transcript.move_cursor(-1)
        await until(pilot, lambda: "▌ message 250." in screen_text(app))
        await until(pilot, lambda: len(transcript.query("MessageBody")) <= MOST)
        transcript.remove_message("399")
        transcript.remove_message("0")
        transcript.remove_message("250")
        await until(pilot, lambda: "message 250." not in screen_text(app))
        await pilot.press("end")
        await until(pilot, lambda: "message 398." in screen_text(app))
        assert [view.id for view in transcript.messages][:2] == ["1", "2"]


async def test_a_very_long_reply_grows_in_slices_and_is_followed_to_its_end() -> None:
    text = "\n\n".join(f"paragraph {number} of the reply" for number in range(4_000))
    app = TranscriptApp([*notes(3), MessageView("long", "assistant", text, badge="all of it")])
    async with app.run_test(size=SIZE) as pilot:
        body = app.transcript.mounted("long")
        assert body is not None
        await until(pilot, lambda: not body.is_growing and "all of it" in screen_text(app))
        assert "paragraph 3999 of the reply" in screen_text(app)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: body.size.width < 60 and not body.is_growing and "all of it" in screen_text(app))


async def test_what_is_read_stays_where_it_is_while_a_long_reply_above_it_grows() -> None:
    short = MessageView("above", "assistant", "short")
    app = TranscriptApp([short, *notes(40)])
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "message 39." in screen_text(app))
        transcript.put_cursor("above")
        await until(pilot, lambda: "▌ short" in screen_text(app))
        transcript.put_cursor("20")
        await until(pilot, lambda: "▌ message 20." in screen_text(app))
        # Without the scrollbar, which moves.
        seen = [line[:70] for line in screen_lines(app)[1:10]]
        body = transcript.mounted("above")
        assert body is not None
        transcript.update_message(replace(short, text="\n\n".join(f"more {number}" for number in range(3_000))))
        await until(pilot, lambda: not body.is_growing and body.size.height > 5_000)
        await until(pilot, lambda: [line[:70] for line in screen_lines(app)[1:10]] == seen)


async def test_a_reply_without_end_says_how_much_of_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_lines, "MOST_ROWS", 3_000)
    monkeypatch.setattr(flow, "FORMATTED_LINES", 1_000)
    app = TranscriptApp([MessageView("long", "assistant", "line\n" * 100_000)])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "of 500,000 characters; y copies all" in screen_text(app))
        body = app.transcript.mounted("long")
        assert body is not None
        assert not body.is_growing
