"""How a streaming answer looks on a terminal, on a pipe and as lines, judged by a terminal emulator."""

from __future__ import annotations

import io
import json
import os
import select
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

import pyte
import pytest

from tests.support.doubles import HOSTILE_TEXT
from tests.support.turn_results import attempt, result_of
from workbench.cli.endings import ending_of, tell_ending
from workbench.cli.views import EventLinesView, HeldView, LiveView, rows_of
from workbench.conversations.values import MessageState
from workbench.core.events import AttemptEnded, AttemptStarted, ClientLoading, ReplyRestarted, TextDelta
from workbench.core.provider_events import ReplyBroken, ReplyContinued, RequestWaiting

BROKE = AttemptEnded(
    provider="alpha",
    model="a1",
    ord=0,
    state="failed",
    error_kind="broken_stream",
    reason="cut",
    next_step="next: beta/b1",
)
RESTARTED = ReplyRestarted(message_id="m", provider="alpha", characters=10)
QUESTION = ReplyBroken(
    message_id="m", provider="alpha", model="a1", reason="cut", characters=10, next_provider="beta", next_model="b1"
)
CONTINUED = ReplyContinued(message_id="m", at=10, after="alpha", provider="beta", model="b1")


def delta(text: str, *, reasoning: bool = False) -> TextDelta:
    return TextDelta(message_id="m", delta=text, reasoning=reasoning)


@dataclass
class Terminal:
    """A pseudo-terminal that is this process's standard output and error."""

    primary: int
    secondary: TextIO
    screen: pyte.Screen
    raw: bytes = b""

    def look(self) -> list[str]:
        self.secondary.flush()
        while select.select([self.primary], [], [], 0.02)[0]:
            data = os.read(self.primary, 65536)
            self.raw += data
            pyte.ByteStream(self.screen).feed(data)
        return [row.rstrip() for row in self.screen.display]

    def struck(self, row: int) -> bool:
        return bool(self.screen.buffer[row][0].strikethrough)

    def resize(self, columns: int, lines: int) -> None:
        termios.tcsetwinsize(self.secondary.fileno(), (lines, columns))


OpenTerminal = Callable[[], Terminal]


@pytest.fixture
def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenTerminal]:
    """Opened by the test itself: pytest sets its own streams after the fixtures have run."""
    opened: list[Terminal] = []

    def open_one() -> Terminal:
        primary, secondary = os.openpty()
        stream = os.fdopen(secondary, "w", encoding="utf-8")
        opened.append(Terminal(primary, stream, pyte.Screen(40, 12)))
        opened[-1].resize(40, 12)
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.secondary.close()
        os.close(terminal.primary)


def test_text_appears_as_it_comes(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    view = LiveView()
    view.show(AttemptStarted(provider="alpha", model="a1", ord=0))
    assert terminal.look()[0] == "asking alpha/a1…"
    view.show(delta("Hel"))
    assert terminal.look()[0] == "Hel"
    view.show(delta("thinking", reasoning=True))
    view.show(delta("lo\n\tworld"))
    view.close(result_of("Hello\n\tworld, and all of it"))
    assert terminal.look()[:3] == ["Hello", "    world, and all of it", ""]
    assert terminal.screen.cursor.x == 0


def test_a_broken_part_is_struck_out_and_the_new_answer_follows(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    terminal.secondary.write("$ workbench ask hi\r\n")
    view = LiveView()
    view.show(delta("A first answer that is longer than a row, and then\nit breaks"))
    view.show(BROKE)
    view.show(RESTARTED)
    view.show(delta("The second answer"))
    view.close(result_of("The second answer"))
    rows = terminal.look()
    assert rows[0] == "$ workbench ask hi"
    assert rows[1:4] == ["A first answer that is longer than a row", ", and then", "it breaks"]
    assert [terminal.struck(row) for row in range(4)] == [False, True, True, True]
    assert "alpha/a1 failed broken_stream" in rows[4]
    where = rows.index("The second answer")
    assert not terminal.struck(where)
    assert rows.count("The second answer") == 1


@pytest.mark.parametrize(
    "text", ["x" * 40, "x" * 41, "x\n", "\n\nx\n", "日本" * 11, "日" + "本日" * 20 + "x", "é" * 80]
)
def test_striking_out_touches_no_line_above_and_leaves_none(open_terminal: OpenTerminal, text: str) -> None:
    terminal = open_terminal()
    terminal.secondary.write("above\r\n")
    view = LiveView()
    view.show(delta(text))
    before = terminal.look()
    view.show(RESTARTED)
    view.show(delta("new"))
    after = terminal.look()
    height = rows_of(text.removesuffix("\n"), 40) or 0
    assert after[: height + 1] == before[: height + 1]
    assert after[height + 1] == "new"
    assert not any(after[height + 2 :])
    assert [terminal.struck(row) for row in range(height + 2) if after[row]] == [
        row not in (0, height + 1) for row in range(height + 2) if after[row]
    ]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_question_stands_on_a_line_of_its_own_and_a_seam_is_marked(open_terminal: OpenTerminal, end: str) -> None:
    terminal = open_terminal()
    view = LiveView()
    view.show(delta(f"one two{end}"))
    view.show(BROKE)
    view.show(QUESTION)
    assert terminal.look()[:2] == ["one two", "alpha/a1 failed broken_stream: cut → nex"]
    assert terminal.screen.cursor.x == 0
    view.show(AttemptStarted(provider="beta", model="b1", ord=1))
    assert "asking beta/b1…" in terminal.look()
    view.show(CONTINUED)
    view.show(delta("three"))
    view.close(result_of(f"one two{end}three"))
    rows = terminal.look()
    assert rows[0] == "one two"
    assert rows[3:6] == ["[beta/b1 goes on here; alpha broke off]", "three", ""]


def test_an_answer_that_was_asked_about_is_declared_void_and_nothing_else_struck_out(
    open_terminal: OpenTerminal,
) -> None:
    terminal = open_terminal()
    view = LiveView()
    view.show(delta("broken"))
    view.show(QUESTION)
    terminal.secondary.write("[c]ontinue? r\r\n")
    view.show(RESTARTED)
    view.show(delta("whole"))
    view.close(result_of("whole"))
    rows = terminal.look()
    assert rows[:4] == ["broken", "[c]ontinue? r", "~~~ the answer above is void ~~~", "whole"]
    assert not any(terminal.struck(row) for row in range(12))


def test_after_a_void_answer_the_next_one_can_be_struck_out_again(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    view = LiveView()
    view.show(delta("first"))
    view.show(QUESTION)
    view.show(RESTARTED)
    view.show(delta("second"))
    view.show(RESTARTED)
    view.show(delta("third"))
    rows = terminal.look()
    assert rows[:4] == ["first", "~~~ the answer above is void ~~~", "second", "third"]
    assert [terminal.struck(row) for row in range(4)] == [False, False, True, False]


def test_an_answer_kept_after_the_question_gets_no_second_line_end(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    view = LiveView()
    view.show(delta("half"))
    view.show(QUESTION)
    view.close(result_of("half", MessageState.STOPPED))
    terminal.look()
    assert (terminal.screen.cursor.y, terminal.screen.cursor.x) == (1, 0)


@pytest.mark.parametrize("why", ["resized", "too tall", "uncertain width", "no colour", "dumb"])
def test_where_striking_out_could_go_wrong_a_line_says_so(
    open_terminal: OpenTerminal, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = open_terminal()
    if why == "no colour":
        monkeypatch.setenv("NO_COLOR", "1")
    if why == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    view = LiveView()
    view.show(delta({"too tall": "\n" * 12 + "low", "uncertain width": "👩‍🚀 hi"}.get(why, "broken text")))
    if why == "resized":
        terminal.resize(60, 12)
    view.show(RESTARTED)
    rows = terminal.look()
    assert "~~~ the answer above is void ~~~" in rows
    assert not any(terminal.struck(row) for row in range(12))
    if why in ("no colour", "dumb"):
        assert b"\x1b" not in terminal.raw


def test_no_sequence_of_a_reply_reaches_the_terminal(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    view = LiveView()
    for character in HOSTILE_TEXT:
        view.show(delta(character))
    view.show(AttemptEnded(provider=HOSTILE_TEXT, model=HOSTILE_TEXT, ord=0, state="failed", reason=HOSTILE_TEXT))
    view.show(RESTARTED)
    view.show(delta(HOSTILE_TEXT))
    view.close(result_of(HOSTILE_TEXT))
    tell_ending(ending_of(result_of("", MessageState.FAILED, reason=HOSTILE_TEXT), interrupted=False, kept=True))
    terminal.look()
    for forbidden in (
        b"\x1b]",
        b"\x1b[6n",
        b"\x1b[?",
        b"\x1bc",
        b"\xc2\x9b",
        b"\xc2\x9d",
        b"\x07",
        b"\x00",
        "\u202e".encode(),
    ):
        assert forbidden not in terminal.raw
    assert "[@click=app.quit]x[/]" in "".join(terminal.screen.display)


def test_a_pipe_gets_text_as_it_comes_where_nothing_can_be_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    view = LiveView()
    view.show(delta("a\tb"))
    assert capsys.readouterr().out == "a\tb"
    view.show(BROKE)
    assert "alpha/a1 failed" in capsys.readouterr().err
    view.close(result_of("a\tb", MessageState.STOPPED))
    assert capsys.readouterr().out == "\n"


def test_held_output_narrates_only(capsys: pytest.CaptureFixture[str]) -> None:
    view = HeldView()
    view.show(ClientLoading())
    view.show(AttemptStarted(provider="alpha", model="a1", ord=0))
    view.show(delta("broken"))
    view.show(BROKE)
    view.show(RESTARTED)
    view.show(AttemptEnded(provider="gamma", model="g1", ord=1, state="skipped", error_kind="no_key", reason="no key"))
    view.close(result_of("whole"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "alpha/a1 failed broken_stream: cut → next: beta/b1",
        "gamma/g1 skipped no_key: no key",
    ]


def test_a_seam_and_the_wait_for_a_place_are_told_beside_held_output(capsys: pytest.CaptureFixture[str]) -> None:
    view = HeldView()
    for seconds in (12.0, 8.0):
        view.show(RequestWaiting(reason="all providers are full", ready_in_s=seconds, ahead=2))
    view.show(CONTINUED)
    view.close(result_of("whole"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "waiting: all providers are full, about 12 s, 2 ahead",
        "[beta/b1 goes on here; alpha broke off]",
    ]


def test_the_wait_for_a_place_is_shown_until_the_answer_comes(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    view = LiveView()
    for seconds in (12.0, 8.0):
        view.show(RequestWaiting(reason="full", ready_in_s=seconds))
        assert terminal.look()[:2] == [f"waiting: full, about {seconds:.0f} s…", ""]
    view.show(delta("here"))
    assert terminal.look()[:2] == ["here", ""]


def test_event_lines(capsys: pytest.CaptureFixture[str]) -> None:
    view = EventLinesView()
    view.show(delta(HOSTILE_TEXT))
    view.show(BROKE)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["reply.delta", "attempt.ended"]
    assert lines[1]["level"] == "warning"
    assert lines[1]["data"]["provider"] == "alpha"
    assert "\x1b" not in lines[0]["data"]["delta"]
    shape = {"seq", "at", "level", "source", "kind", "text", "conversation_id", "task_id", "correlation", "data"}
    assert set(lines[0]) == shape


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("", 10, 1),
        ("abc", 10, 1),
        ("x" * 10, 10, 1),
        ("x" * 11, 10, 2),
        ("a\nb\n", 10, 3),
        ("日" * 5, 9, 2),
        ("\u200bx", 9, None),
    ],
)
def test_rows(text: str, columns: int, rows: int | None) -> None:
    assert rows_of(text, columns) == rows


def test_badge_on_a_terminal(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    tell_ending(ending_of(result_of("x", attempts=(attempt("failed"), attempt("ok"))), interrupted=False, kept=True))
    assert "".join(terminal.look()) == "↳ beta/b1 · attempt 2 · first token 0.80 s · 12 tokens · $0.0040"


def test_a_closed_error_stream_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    HeldView().show(BROKE)
