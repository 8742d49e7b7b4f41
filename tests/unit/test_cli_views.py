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
from workbench.chat.values import Turn, TurnResult
from workbench.cli.endings import ending_of, tell_ending, without_code
from workbench.cli.views import EventLinesView, HeldView, LiveView, rows_of
from workbench.conversations.values import Message, MessageState, Role
from workbench.core.events import AttemptEnded, AttemptStarted, ClientLoading, ReplyRestarted, TextDelta
from workbench.providers.values import Attempt, Usage

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


def delta(text: str, *, reasoning: bool = False) -> TextDelta:
    return TextDelta(message_id="m", delta=text, reasoning=reasoning)


def result_of(
    text: str,
    state: MessageState = MessageState.DONE,
    *,
    attempts: tuple[Attempt, ...] = (),
    reason: str = "",
    unreachable: bool = False,
) -> TurnResult:
    return TurnResult(
        turn=Turn(id="t", conversation_id="c", user_message_id="u", message_id="m"),
        message=Message(
            id="m", conversation_id="c", parent_id="u", role=Role.ASSISTANT, text=text, state=state, created_at_ms=0,
            provider="beta", model="b1", attempts=attempts, reason=reason,
        ),
        usage=Usage(output_tokens=12, cost_nano=4_000_000),
        unreachable=unreachable,
    )  # fmt: skip


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


def attempt(state: str, kind: str | None = None) -> Attempt:
    return Attempt(ord=0, provider="beta", model="b1", state=state, error_kind=kind, first_token_ms=800)


@pytest.mark.parametrize(
    ("result", "interrupted", "code", "kind"),
    [
        (result_of("all"), False, 0, None),
        (result_of("part", MessageState.FAILED, attempts=(attempt("failed"),)), False, 1, "incomplete"),
        (result_of("part", MessageState.STOPPED, attempts=(attempt("failed"),)), False, 1, "incomplete"),
        (result_of("", MessageState.FAILED, reason="500"), False, 1, "providers"),
        (result_of("", MessageState.FAILED, unreachable=True), False, 3, "unreachable"),
        (result_of("part", MessageState.STOPPED), True, 130, "interrupted"),
        (result_of("", MessageState.STOPPED), True, 130, "interrupted"),
    ],
)
def test_endings(result: TurnResult, interrupted: bool, code: int, kind: str | None) -> None:
    ending = ending_of(result, interrupted=interrupted, kept=True)
    assert ending.code == code
    assert (ending.problem or {}).get("kind") == kind


def test_who_took_over_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    tell_ending(ending_of(result_of("x", attempts=(attempt("failed"), attempt("ok"))), interrupted=False, kept=True))
    assert capsys.readouterr().err == "beta/b1 answered after 1 failed attempt\n"
    tell_ending(ending_of(result_of("x", attempts=(attempt("ok"),)), interrupted=False, kept=True))
    assert capsys.readouterr().err == ""


def test_badge_on_a_terminal(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    tell_ending(ending_of(result_of("x", attempts=(attempt("failed"), attempt("ok"))), interrupted=False, kept=True))
    assert "".join(terminal.look()) == "↳ beta/b1 · attempt 2 · first token 0.80 s · 12 tokens · $0.0040"


def test_answer_without_code(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of("just words")
    tell_ending(without_code(ending_of(result, interrupted=False, kept=True), result))
    assert capsys.readouterr().err == (
        "The answer holds no fenced code block\n  The whole answer: workbench history show c\n"
    )


def test_a_closed_error_stream_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    HeldView().show(BROKE)
