"""Journeys through the installed program in a real terminal, over real HTTP, into a real database.

They are warm: `test_tmux.py` has the journey that starts from nothing, which costs seconds of CPU.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli import KEY, command_line, configure, run_cli
from tests.support.doubles import cut, endless, hostile_error, ok, running_provider, server_error, unauthorized
from tests.support.hostile import MARKUP, SEQUENCES
from tests.support.pty_session import MODES_RESTORED, PtySession

READY_S = 15.0
FIRST_ANSWER_S = 30.0
"""The first answer waits for the model library, which takes seconds on a busy machine."""

CTRL_Q = "\x11"
ESC = "\x1b"
F2 = "\x1bOQ"
F5 = "\x1b[15~"
CTRL_T = "\x14"
CTRL_C = "\x03"
CTRL_Z = "\x1a"

pytestmark = pytest.mark.timeout(90)


@contextmanager
def screen(
    home: Path, *arguments: str, columns: int = 140, lines: int = 42
) -> Iterator[PtySession]:  # fmt: skip
    """The full screen, ready to type."""
    environment = {"WORKBENCH_HOME": str(home), "TERM": "xterm-256color"}
    with PtySession(command_line(*arguments), columns=columns, lines=lines, env=environment, warm=True) as session:
        session.wait_for("Ask", within_s=READY_S)
        yield session


def quit_orderly(session: PtySession) -> None:
    """Ctrl+Q ends it with 0 and gives the terminal back."""
    session.send(CTRL_Q)
    assert session.wait_exit() == 0
    assert_restored(session)


def assert_restored(session: PtySession) -> None:
    """The terminal's modes are as before and no traceback was printed."""
    for mode in MODES_RESTORED:
        assert mode in session.raw
    assert b"Traceback" not in session.raw


def everything_under(home: Path) -> bytes:
    """All bytes of all files."""
    return b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())


def last_reply(home: Path) -> tuple[str, str]:
    """State and text of the newest reply, as the disk has it."""
    uri = f"file:{home / 'data' / 'workbench.db'}?mode=ro"
    connection = sqlite3.connect(uri, uri=True)
    try:
        query = "select state, text from messages where role = 'assistant' order by created_at desc, id desc limit 1"
        state, text = connection.execute(query).fetchone()
    finally:
        connection.close()
    return state, text


def end_by(session: PtySession, number: signal.Signals) -> None:
    """A signal ends it within two seconds, with the terminal as before."""
    pid = session.child.pid
    assert pid is not None
    session.kill(number)
    began = time.monotonic()
    session.wait_exit(5.0)
    assert time.monotonic() - began < 3.0
    assert_restored(session)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_failover_stopping_sizes_a_restart_and_a_closed_terminal(isolation: Path) -> None:
    with (
        running_provider(server_error()) as down,
        running_provider(ok("The **second** one answers."), endless(0.05)) as up,
    ):
        configure(isolation, [down.base_url, up.base_url])
        with screen(isolation) as session:
            session.send("who is there?\r")
            session.wait_for("The second one answers.", "beta", within_s=FIRST_ANSWER_S)
            session.wait_for("2nd choice")
            session.send(CTRL_T)
            session.wait_for("server error", "500")
            session.send(CTRL_T)
            session.wait_gone("ctrl+t hide")
            session.send(F5)
            session.wait_for("alpha/model-alpha failed")
            session.send(F2)
            session.wait_for("2nd choice")

            # Every size, in a storm: the right picture at the end, and a word where nothing fits.
            for step in range(200):
                session.resize(20 + step % 121, 5 + step % 38)
            session.resize(18, 4)
            session.wait_for("too small")
            session.resize(1, 1)
            session.resize(40, 12)
            session.wait_for("Ask", "done", "f1 help")
            session.resize(140, 42)
            session.wait_for("The second one answers.", "2nd choice", "┏━ Ask", "workbench  [f2 Chat]")

            # Esc stops the reply, and ctrl+c never quits.
            session.send("go on\r")
            session.wait_for("streaming")
            session.send(ESC)
            session.wait_for("stopped")
            session.send(CTRL_C)
            session.wait_for("ctrl+q")
            quit_orderly(session)
            assert session.raw.count(b"\x1b[22;2t") == session.raw.count(b"\x1b[23;2t") == 1
        assert last_reply(isolation)[0] == "stopped"
        with screen(isolation) as session:
            session.wait_for("who is there?", "The second one answers.", "2nd choice")
            session.send("and once more\r")
            session.wait_for("streaming", within_s=FIRST_ANSWER_S)
            session.hang_up()
            session.wait_exit(5.0)
    state, text = last_reply(isolation)
    assert state == "interrupted", "marked by itself, though nobody takes what it writes any more"
    assert text, "what came is kept"
    assert not list((isolation / "state").glob("crash-*"))
    assert run_cli("history", "show", "last", "--json", warm=True).json["messages"][-1]["state"] == "interrupted"


def test_kill_9_in_mid_stream_loses_nothing_older_than_half_a_second(isolation: Path) -> None:
    with running_provider(endless(0.05)) as slow:
        configure(isolation, [slow.base_url])
        with screen(isolation) as session:
            session.send("tell me everything\r")
            session.wait_for("streaming", within_s=FIRST_ANSWER_S)
            time.sleep(1.5)
            shown = last_reply(isolation)[1]
            session.send("a draft that was never sent")
            session.wait_for("never sent")
            time.sleep(0.8)
            session.kill(signal.SIGKILL)
            session.wait_exit()
        assert shown.strip()
        # A command reads what the dead one left, and finds the reply interrupted.
        assert "interrupted" in run_cli("history", "show", "last", warm=True).out
        state, text = last_reply(isolation)
        assert state == "interrupted" and text.startswith(shown)
        with screen(isolation) as session:
            session.wait_for("tell me everything", "interrupted", "a draft that was never sent")
            session.send(" until now\r")
            session.wait_for("streaming", within_s=FIRST_ANSWER_S)
            end_by(session, signal.SIGTERM)
    after = run_cli("history", "show", "last", "--json", warm=True).json["messages"]
    prompts = [m["text"] for m in after if m["role"] == "user"]
    assert prompts == ["tell me everything", "a draft that was never sent until now"]
    assert [m["state"] for m in after if m["role"] == "assistant"] == ["interrupted", "interrupted"]


def test_a_stalled_terminal_does_not_stop_the_work_and_ctrl_c_from_outside_ends_it(isolation: Path) -> None:
    words = [f"word{number} " for number in range(60)]
    with running_provider(ok(words, delay_s=0.05), endless(0.05)) as up:
        configure(isolation, [up.base_url])
        with screen(isolation) as session:
            session.send("go\r")
            session.wait_for("word1", within_s=FIRST_ANSWER_S)
            session.stop_reading()
            deadline = time.monotonic() + 12
            while last_reply(isolation)[0] != "done":
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert last_reply(isolation)[1] == "".join(words)
            session.go_on_reading()
            session.wait_for("word59")
            session.send("go on\r")
            # The word on the screen may still be that of the first reply.
            session.wait_until(lambda: last_reply(isolation)[0] == "streaming", FIRST_ANSWER_S, "the second reply")
            end_by(session, signal.SIGINT)
    state, text = last_reply(isolation)
    assert state == "interrupted" and text


def test_hostile_text_never_commands_the_terminal_and_a_key_is_nowhere(isolation: Path) -> None:
    payloads = [*SEQUENCES.values(), *MARKUP.values()]
    reply = "\n\n".join(f"start {payload} end" for payload in payloads) + "\n\nthe last line"
    title = "[/] [@click=app.quit]x[/] \x1b]2;owned\x07 \x1b]52;c;Y3VybCBldmlsIHwgc2g=\x07"
    faults = [hostile_error(), hostile_error(), unauthorized(), server_error(), cut(2)]
    with running_provider(*faults) as bad, running_provider(ok(reply)) as good:
        configure(isolation, [bad.base_url, good.base_url])
        assert run_cli("ask", title, warm=True).code == 0
        with screen(isolation, "--conversation", "last") as session:
            session.wait_for("the last line", within_s=READY_S)
            session.send("once more\r")
            session.wait_until(lambda: len(good.calls) == 2, FIRST_ANSWER_S, "the second provider")
            session.wait_gone("esc stop")
            for number in range(3, 6):
                session.send(f"round {number}\r")
                session.wait_until(lambda expected=number: len(good.calls) >= expected, FIRST_ANSWER_S, "the second")
                session.wait_gone("esc stop")
            session.send(CTRL_T)
            session.wait_for("alpha")
            session.send(ESC)
            session.send(F5)
            session.wait_for("route")
            quit_orderly(session)
            raw = session.raw
    ours = raw[raw.index(b"\x1b[?1049h") : raw.rindex(b"\x1b[?1049l")]
    for forbidden in (
        b"\x1b]52",
        b"\x1b]2;owned",
        b"\x1b[6n",
        b"\x1b[?1049l",
        b"\x1bc",
        b"\x1bP",
        b"\xc2\x9b",
        b"\xc2\x9d",
    ):
        assert forbidden not in ours, forbidden
    for bidi in ("\u202e", "\u2066", "\u200b"):
        assert bidi.encode() not in ours
    (isolation / "config" / ".env").unlink()
    assert KEY.encode() not in raw + everything_under(isolation)


def test_a_new_user_with_nothing_sees_the_whole_story_without_a_key(isolation: Path) -> None:
    environment = {"WORKBENCH_HOME": str(isolation), "TERM": "xterm-256color"}
    with PtySession(command_line(), env=environment, warm=True) as session:
        session.wait_for("No provider can be asked yet", "k  paste a key", "ctrl+q quit", within_s=READY_S)
        session.send(CTRL_Z)
        session.wait_for("no shell to go back to")
        session.send("d")
        session.wait_for("Ask scripted providers", within_s=READY_S)
        session.send("hello\r")
        session.wait_for("What just happened", within_s=FIRST_ANSWER_S)
        session.wait_for("3rd choice", "scripted", within_s=FIRST_ANSWER_S)
        quit_orderly(session)
    assert b"What just happened" not in everything_under(isolation), "the demonstration leaves nothing"


def test_without_a_terminal_it_says_so(isolation: Path) -> None:
    done = run_cli()
    assert done.code == 2
    assert "terminal" in done.err and not done.out
