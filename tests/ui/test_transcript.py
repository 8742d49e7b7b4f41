from __future__ import annotations

from dataclasses import replace

import pytest
from textual.geometry import Offset, Region
from textual.selection import SELECT_ALL, Selection

from tests.support.transcript_host import TranscriptApp, screen_lines, screen_styles, screen_text, until
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.widgets.message_body import MessageBody
from workbench.tui.widgets.message_column import MOUNTED
from workbench.tui.widgets.transcript import MessageView, Transcript

SIZE = (80, 24)


def exchange(count: int, first: int = 0) -> list[MessageView]:
    messages: list[MessageView] = []
    for number in range(first, first + count):
        messages.extend(
            (
                MessageView(f"u{number}", "user", f"question {number}", header=f"you · {number}"),
                MessageView(f"a{number}", "assistant", f"answer {number}\n\n- one\n- two", badge=f"badge {number}"),
            )
        )
    return messages


def bodies(transcript: Transcript) -> list[MessageBody]:
    return list(transcript.query(MessageBody))


async def test_empty_transcript_says_what_to_do() -> None:
    app = TranscriptApp()
    async with app.run_test(size=SIZE) as pilot:
        app.transcript.empty_text = "Nothing here. Type [/] and press enter."
        await until(pilot, lambda: "Nothing here. Type [/] and press enter." in screen_text(app))
        app.transcript.append(MessageView("m", "user", "hello"))
        await until(pilot, lambda: "hello" in screen_text(app))
        assert "Nothing here" not in screen_text(app)


async def test_shows_the_end_and_mounts_only_a_tail() -> None:
    app = TranscriptApp(exchange(100))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "badge 99" in screen_text(app))
        assert len(bodies(app.transcript)) == MOUNTED
        assert "question 98" not in screen_text(app).split("question 99")[1]
        assert app.transcript.following


async def test_home_mounts_earlier_messages_and_what_was_seen_stays_where_it_is() -> None:
    app = TranscriptApp(exchange(40), has_earlier=True)
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "badge 39" in screen_text(app))
        first = 80 - MOUNTED
        await pilot.press("home")
        await until(pilot, lambda: len(bodies(transcript)) > MOUNTED)
        await until(pilot, lambda: transcript.scroll_offset.y > 0)
        top_question = f"question {first // 2}"
        assert top_question in "\n".join(screen_lines(app)[1:5])
        while len(bodies(transcript)) < 80:
            before = len(bodies(transcript))
            await pilot.press("home")
            await until(pilot, lambda before=before: len(bodies(transcript)) > before)
        assert app.earlier_wanted == 0
        await pilot.press("home")
        await until(pilot, lambda: app.earlier_wanted == 1)
        await pilot.press("home")
        transcript.prepend(exchange(3, first=-3), has_earlier=False)
        await until(pilot, lambda: len(bodies(transcript)) == 86)
        await until(pilot, lambda: "question 0" in "\n".join(screen_lines(app)[1:4]))
        await pilot.press("home")
        await until(pilot, lambda: "question -3" in screen_text(app))
        assert app.earlier_wanted == 1
        assert [body.view.id for body in bodies(transcript)] == [view.id for view in transcript.messages]


async def test_follows_until_the_reader_scrolls_up() -> None:
    app = TranscriptApp(exchange(10))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "badge 9" in screen_text(app))
        live = MessageView("live", "assistant", "", streaming=True)
        transcript.append(live)
        live = replace(live, text="\n\n".join(f"line {n}" for n in range(30)))
        transcript.update_message(live)
        await until(pilot, lambda: "line 29" in screen_text(app))
        assert transcript.following
        await until(pilot, lambda: "y copy · l links" in screen_text(app))

        await pilot.press("pageup")
        await until(pilot, lambda: not transcript.following)
        shown = screen_lines(app)[1:10]
        live = replace(live, text=live.text + "\n\nlast words")
        transcript.update_message(live)
        transcript.append(MessageView("note", "note", "a note"))
        await until(pilot, lambda: "2 new · End · y copy" in screen_text(app))
        assert screen_lines(app)[1:10] == shown
        assert "last words" not in screen_text(app)

        await pilot.press("end")
        await until(pilot, lambda: "a note" in screen_text(app) and transcript.following)
        assert "new · End" not in screen_text(app)
        transcript.append(MessageView("note2", "note", "another note"))
        await until(pilot, lambda: "another note" in screen_text(app))


async def test_a_short_conversation_begins_at_the_top_and_is_followed_when_it_grows() -> None:
    app = TranscriptApp(exchange(1))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "question 0" in "\n".join(screen_lines(app)[1:4]))
        live = MessageView("live", "assistant", "", streaming=True)
        transcript.append(live)
        for count in (3, 30):
            live = replace(live, text="\n\n".join(f"line {n}" for n in range(count)))
            transcript.update_message(live)
            await until(pilot, lambda count=count: f"line {count - 1}" in screen_text(app))
            assert ("question 0" in screen_text(app)) is (count == 3)
        assert transcript.following
        transcript.remove_message("live")
        await until(pilot, lambda: "question 0" in "\n".join(screen_lines(app)[1:4]))
        await pilot.press("pageup", "home", "k", "up", "end")
        await pilot.pause()
        assert transcript.following
        assert "question 0" in "\n".join(screen_lines(app)[1:4])


async def test_scrolling_down_at_the_end_keeps_following() -> None:
    app = TranscriptApp(exchange(10))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "badge 9" in screen_text(app))
        await pilot.press("pagedown", "j", "pagedown")
        await pilot.pause()
        assert transcript.following
        transcript.append(MessageView("note", "note", "a note"))
        await until(pilot, lambda: "a note" in screen_text(app))


async def test_scrolling_back_to_the_end_follows_again() -> None:
    app = TranscriptApp(exchange(10))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "badge 9" in screen_text(app))
        await pilot.press("pageup")
        await until(pilot, lambda: not transcript.following)
        await pilot.press("pagedown", "pagedown")
        await until(pilot, lambda: transcript.following)
        transcript.append(MessageView("note", "note", "a note"))
        await until(pilot, lambda: "a note" in screen_text(app))


async def test_streaming_keeps_the_strips_of_settled_blocks() -> None:
    live = MessageView("live", "assistant", "# Title\n\nfirst paragraph\n\nsecond para", streaming=True)
    app = TranscriptApp([live])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "second para" in screen_text(app))
        body = bodies(app.transcript)[0]
        settled = body.render_lines(Region(0, 0, body.size.width, 3))
        app.transcript.update_message(replace(live, text=live.text + "graph\n\n- and a list"))
        await until(pilot, lambda: "and a list" in screen_text(app))
        again = body.render_lines(Region(0, 0, body.size.width, 3))
        assert all(strip is before for strip, before in zip(again, settled, strict=True))
        assert "second paragraph" in screen_text(app)
        assert "▁" in screen_text(app)
        app.transcript.update_message(replace(live, text="All of it replaced", streaming=False, badge="done"))
        await until(pilot, lambda: "All of it replaced" in screen_text(app) and "done" in screen_text(app))
        assert "Title" not in screen_text(app)
        assert "▁" not in screen_text(app).split("done")[0]


async def test_a_message_that_is_not_there_yet_is_appended_and_one_can_be_removed() -> None:
    app = TranscriptApp(exchange(2))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        transcript.update_message(MessageView("new", "note", "appended"))
        await until(pilot, lambda: "appended" in screen_text(app))
        transcript.move_cursor(-1)
        assert transcript.cursor_message_id == "new"
        transcript.remove_message("new")
        transcript.remove_message("nobody")
        await until(pilot, lambda: "appended" not in screen_text(app))
        assert transcript.cursor_message_id is None
        assert len(transcript.messages) == 4


async def test_the_cursor_moves_by_message_and_mounts_what_it_needs() -> None:
    app = TranscriptApp(exchange(40), has_earlier=True)
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await until(pilot, lambda: "badge 39" in screen_text(app))
        await pilot.press("up")
        assert transcript.cursor_message_id == "a39"
        await pilot.press("up")
        assert transcript.cursor_message_id == "u39"
        await until(pilot, lambda: "█ question 39" in screen_text(app))
        await pilot.press("down", "down", "down")
        assert transcript.cursor_message_id == "a39"
        for _ in range(60):
            transcript.move_cursor(-1)
        assert transcript.cursor_message_id == "a9"
        await until(pilot, lambda: "▌ answer 9" in screen_text(app))
        assert not transcript.following
        for _ in range(30):
            transcript.move_cursor(-1)
        assert transcript.cursor_message_id == "u0"
        await until(pilot, lambda: app.earlier_wanted == 1)


async def test_reasoning_is_folded_until_asked_for() -> None:
    view = MessageView("m", "assistant", "the answer", reasoning="first thought\n\nsecond thought")
    app = TranscriptApp([view])
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "▸ reasoning · 4 words" in screen_text(app))
        assert "first thought" not in screen_text(app)
        await pilot.press("up")
        assert app.transcript.toggle_fold()
        await until(pilot, lambda: "▾ reasoning · 4 words" in screen_text(app))
        await until(pilot, lambda: "▎ first thought" in screen_text(app) and "the answer" in screen_text(app))
        app.transcript.update_message(replace(view, reasoning=view.reasoning + " and more", badge="ok"))
        await until(pilot, lambda: "▎ second thought and more" in screen_text(app))
        app.transcript.toggle_fold()
        await until(pilot, lambda: "▸ reasoning · 6 words" in screen_text(app))


async def test_a_theme_switch_paints_everything_again_and_lays_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TranscriptApp(exchange(20))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "badge 19" in screen_text(app))
        text = screen_lines(app)
        grounds = {style.bgcolor for style in screen_styles(app)}

        def fail(*_: object) -> int:
            raise AssertionError("laid out again")

        monkeypatch.setattr("workbench.tui.markdown.flow.MarkdownFlow._lay_tail", fail)
        app.theme = "workbench-light"
        await until(pilot, lambda: not grounds & {style.bgcolor for style in screen_styles(app)})
        assert screen_lines(app) == text


async def test_resizing_wraps_again_and_small_screens_show_the_last_lines() -> None:
    long = MessageView("m", "assistant", "word " * 60 + "END", badge="left part\tright hint")
    app = TranscriptApp([*exchange(3), long])
    async with app.run_test(size=(140, 42)) as pilot:
        await until(pilot, lambda: "left part" in screen_text(app))
        line = next(line for line in screen_lines(app) if "left part" in line)
        assert line.index("right hint") + len("right hint") <= 106
        assert max(len(line.rstrip(" │┃")) for line in screen_lines(app)[1:-5]) <= 106
        await pilot.resize_terminal(40, 12)
        await until(pilot, lambda: "END" in screen_text(app) and len(screen_lines(app)) == 12)
        assert all(len(line) == 40 for line in screen_lines(app))
        assert "left part" in screen_text(app)


async def test_mouse_selection_copies_text_without_gutters_and_with_wrapped_lines_joined() -> None:
    text = "alpha " * 20 + "omega\n\n```\ncode one\n  code two\n```"
    app = TranscriptApp([MessageView("m", "assistant", text)])
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: "omega" in screen_text(app))
        body = bodies(app.transcript)[0]
        everything = body.get_selection(SELECT_ALL)
        assert everything is not None
        assert everything[0] == "alpha " * 20 + "omega\n\ncode one\n  code two"
        part = body.get_selection(Selection(Offset(8, 0), Offset(13, 1)))
        assert part is not None
        assert part[0].startswith("alpha alpha")
        assert "\n" not in part[0]

        await pilot.mouse_down(body, offset=(2, 0))
        await pilot.hover(body, offset=(12, 0))
        await pilot.mouse_up(body, offset=(12, 0))
        await until(pilot, lambda: bool(app.screen.selections))
        assert app.screen.get_selected_text() == "alpha alpha"
        plain, chosen = (next(iter(body.render_line(y).crop(2, 7))).style for y in (1, 0))
        assert plain is not None
        assert chosen is not None
        assert plain.bgcolor != chosen.bgcolor


async def test_ascii_alphabet() -> None:
    choose_glyphs(ascii_only=True)
    try:
        reply = "> quote\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |"
        views = [*exchange(1), MessageView("r", "assistant", reply, "why")]
        app = TranscriptApp(views)
        async with app.run_test(size=(60, 30)) as pilot:
            await until(pilot, lambda: "quote" in screen_text(app))
            inside = "\n".join(line[1:-1] for line in screen_lines(app)[1:-4]).replace("·", "")
            assert inside.isascii()
    finally:
        choose_glyphs(encoding="utf-8")
