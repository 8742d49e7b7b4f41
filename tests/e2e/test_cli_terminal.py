"""Commands on a real pseudo-terminal: text as it comes, broken parts struck out, and no sequence but our own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.cli import command_line, configure, run_cli
from tests.support.doubles import HOSTILE_TEXT, endless, in_band_error, ok, running_provider
from tests.support.pty_session import PtySession

pytestmark = pytest.mark.timeout(60)
"""The first of them waits for the model library to load."""

WITHIN_S = 40.0
NARRATION = re.compile(rb"Asking alpha.*?End of the answer[^\n]*", re.DOTALL)
OWN_SEQUENCES = re.compile(rb"\x1b\[(?:0|1|2|9;2|31|32|33)m|\x1b\[[0-9]*A|\x1b\[[JK]|\x1b\[\?2004[hl]")
FORBIDDEN = (b"\x1b", b"\x07", b"\x00", b"\xc2\x9b", b"\xc2\x9d", "\u202e".encode(), "\u2066".encode())


def assert_only_own_sequences(raw: bytes) -> None:
    rest = OWN_SEQUENCES.sub(b"", raw)
    for forbidden in FORBIDDEN:
        assert forbidden not in rest, rest[max(rest.find(forbidden) - 40, 0) :][:120]


def test_a_broken_answer_is_struck_out_and_hostile_text_stays_text(isolation: Path) -> None:
    with (
        running_provider(in_band_error(2, HOSTILE_TEXT)) as first,
        running_provider(ok([*HOSTILE_TEXT, "\nthe end"])) as second,
    ):
        configure(isolation, [first.base_url, second.base_url], {"on_broken_stream": "restart"})
        with PtySession(command_line("ask", "hi"), columns=100, lines=30, warm=True) as session:
            session.wait_for("the end", "↳ beta/model-beta", within_s=WITHIN_S)
            assert session.wait_exit() == 0
            rows = session.rows
    broken = rows.index("Hello from")
    assert session.styles(broken, 0).strikethrough
    assert "alpha/model-alpha failed" in rows[broken + 1]
    answer = next(row for row in rows if row.startswith("[/] [@click=app.quit]x[/] ␛]52;c;cm0gLXJmIH4=␇"))
    assert rows.index(answer) > broken
    assert not session.styles(rows.index(answer), 0).strikethrough
    assert [row for row in rows if row.startswith("[/]")] == [answer]
    assert rows.count("the end") == 1
    assert_only_own_sequences(session.raw)
    for arguments in (["history", "list"], ["history", "show", "last"], ["events"], ["providers", "list"]):
        with PtySession(command_line(*arguments), columns=100, lines=40, warm=True) as session:
            assert session.wait_exit(WITHIN_S) == 0
            assert session.raw.strip()
            assert_only_own_sequences(session.raw)


def test_chatting_line_by_line(isolation: Path) -> None:
    with running_provider(ok("A first answer."), endless(0.02), ok("A third answer.")) as double:
        configure(isolation, [double.base_url])
        with PtySession(command_line("chat"), columns=100, lines=30, warm=True) as session:
            session.wait_for("Ctrl-D leaves", ">", within_s=WITHIN_S)
            session.send("\x03")
            session.wait_for("Ctrl-D or /quit leaves")
            session.send("hello\n")
            session.wait_for("A first answer.", "End of the answer: alpha/model-alpha", within_s=WITHIN_S)
            session.send("go on\n")
            session.wait_for("Hello from the double.Hello", within_s=WITHIN_S)
            session.send("\x03")
            session.wait_for("Interrupted", "characters had arrived and are kept")
            session.send("and now?\n")
            session.wait_for("A third answer.")
            # A key pressed before the line editor is ready belongs to the terminal, which drops this one.
            session.wait_until(lambda: session.rows[session.cursor[0]] == ">" and session.cursor[1] == 2)
            session.send("\x04")
            assert session.wait_exit() == 0
        # Only the line editor, where one types, moves the cursor: what is told is told in plain lines.
        narrated = NARRATION.search(session.raw)
        assert narrated is not None
        assert b"\x1b[" not in narrated[0]
        assert_only_own_sequences(session.raw)
        sent = [message["content"] for message in double.calls[2].json["messages"]]
    assert sent[:3] == ["hello", "A first answer.", "go on"]
    assert sent[3].startswith("Hello from the double.Hello")
    assert sent[4] == "and now?"
    shown = run_cli("history", "show", "last", "--json", warm=True).json
    states = [message["state"] for message in shown["messages"]]
    assert states == ["done", "done", "done", "stopped", "done", "done"]


def test_ctrl_c_ends_ask_with_130(isolation: Path) -> None:
    with running_provider(endless(0.02)) as double:
        configure(isolation, [double.base_url])
        environment = {"NO_COLOR": "1"}
        with PtySession(command_line("ask", "hi"), columns=100, lines=30, env=environment, warm=True) as session:
            session.wait_for("Hello from the double.Hello", within_s=WITHIN_S)
            session.send("\x03")
            assert session.wait_exit() == 130
    assert "characters had arrived and are kept" in session.text
    assert re.search(rb"\x1b\[[0-9;]*m", session.raw) is None
