"""Journeys through the installed program in a real terminal, over real HTTP, into a real database."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
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
F5 = "\x1b[15~"
CTRL_T = "\x14"
CTRL_C = "\x03"

pytestmark = pytest.mark.timeout(90)


@contextmanager
def screen(
    home: Path, *arguments: str, columns: int = 140, lines: int = 42, env: Mapping[str, str] | None = None
) -> Iterator[PtySession]:
    """The full screen, ready to type."""
    environment = {"WORKBENCH_HOME": str(home), "TERM": "xterm-256color", **(env or {})}
    with PtySession(command_line(*arguments), columns=columns, lines=lines, env=environment) as session:
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


def test_an_answer_survives_a_failing_provider_and_a_restart(isolation: Path) -> None:
    with running_provider(server_error()) as down, running_provider(ok("The **second** one answers.")) as up:
        configure(isolation, [down.base_url, up.base_url])
        with screen(isolation) as session:
            session.send("who is there?\r")
            session.wait_for("The second one answers.", "beta", within_s=FIRST_ANSWER_S)
            session.wait_for("2nd choice")
            session.send(CTRL_T)
            session.wait_for("server error", "500")
            session.send(ESC)
            session.send(F5)
            session.wait_for("alpha/model-alpha failed")
            quit_orderly(session)
        assert len(up.calls) == 1
    with screen(isolation) as session:
        session.wait_for("who is there?", "The second one answers.", "2nd choice")
        quit_orderly(session)


def test_kill_9_in_mid_stream_loses_nothing_older_than_half_a_second(isolation: Path) -> None:
    with running_provider(endless(0.05)) as slow:
        configure(isolation, [slow.base_url])
        with screen(isolation) as session:
            session.send("tell me everything\r")
            session.wait_for("streaming", within_s=FIRST_ANSWER_S)
            time.sleep(1.5)
            shown = run_cli("history", "show", "last", "--json").json["messages"][-1]["text"]
            session.send("a draft that was never sent")
            session.wait_for("never sent")
            time.sleep(0.8)
            session.kill(signal.SIGKILL)
            session.wait_exit()
    assert shown.strip()
    after = run_cli("history", "show", "last", "--json").json
    assert [m["text"] for m in after["messages"] if m["role"] == "user"] == ["tell me everything"]
    with screen(isolation) as session:
        session.wait_for("tell me everything", "interrupted", "a draft that was never sent")
        quit_orderly(session)
    reply = run_cli("history", "show", "last", "--json").json["messages"][-1]
    assert reply["state"] == "interrupted"
    assert reply["text"].startswith(shown)
    assert "interrupted" in run_cli("history", "show", "last").out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_within_two_seconds_and_keep_what_came(isolation: Path, number: signal.Signals) -> None:
    with running_provider(endless(0.05)) as slow:
        configure(isolation, [slow.base_url])
        with screen(isolation) as session:
            session.send("go on\r")
            session.wait_for("streaming", within_s=FIRST_ANSWER_S)
            pid = session.child.pid
            assert pid is not None
            session.kill(number)
            began = time.monotonic()
            session.wait_exit(5.0)
            assert time.monotonic() - began < 3.0
            assert_restored(session)
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    reply = run_cli("history", "show", "last", "--json").json["messages"][-1]
    assert reply["state"] == "interrupted" and reply["text"]


def test_closing_the_terminal_ends_the_program_and_keeps_what_came(isolation: Path) -> None:
    with running_provider(endless(0.05)) as slow:
        configure(isolation, [slow.base_url])
        with screen(isolation) as session:
            session.send("go on\r")
            session.wait_for("streaming", within_s=FIRST_ANSWER_S)
            session.hang_up()
            session.wait_exit(5.0)
    assert run_cli("history", "show", "last", "--json").json["messages"][-1]["state"] == "interrupted"


def test_esc_stops_the_reply_and_ctrl_c_never_quits(isolation: Path) -> None:
    with running_provider(endless(0.05)) as slow:
        configure(isolation, [slow.base_url])
        with screen(isolation) as session:
            session.send("go on\r")
            session.wait_for("streaming", within_s=FIRST_ANSWER_S)
            session.send(ESC)
            session.wait_for("stopped")
            session.send(CTRL_C)
            session.wait_for("ctrl+q")
            assert session.child.isalive()
            quit_orderly(session)
    assert run_cli("history", "show", "last", "--json").json["messages"][-1]["state"] == "stopped"


def test_hostile_text_never_commands_the_terminal(isolation: Path) -> None:
    payloads = [*SEQUENCES.values(), *MARKUP.values()]
    reply = "\n\n".join(f"start {payload} end" for payload in payloads) + "\n\nthe last line"
    title = "[/] [@click=app.quit]x[/] \x1b]2;owned\x07 \x1b]52;c;Y3VybCBldmlsIHwgc2g=\x07"
    with running_provider(hostile_error()) as bad, running_provider(ok(reply)) as good:
        configure(isolation, [bad.base_url, good.base_url])
        assert run_cli("ask", title).code == 0
        with screen(isolation, "--conversation", "last") as session:
            session.wait_for("the last line", within_s=READY_S)
            session.send("once more\r")
            session.wait_until(lambda: len(good.calls) == 2, FIRST_ANSWER_S, "the second provider")
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


def test_a_key_is_nowhere_after_every_failure(isolation: Path) -> None:
    with running_provider(unauthorized(), server_error(), cut(2)) as bad, running_provider(ok()) as good:
        configure(isolation, [bad.base_url, good.base_url])
        with screen(isolation) as session:
            for round_number in range(3):
                session.send(f"round {round_number}\r")
                session.wait_for(f"round {round_number}")
                session.wait_until(
                    lambda expected=round_number + 1: len(good.calls) >= expected, FIRST_ANSWER_S, "the second provider"
                )
                session.wait_gone("esc stop")
            session.send(CTRL_T)
            session.send(F5)
            session.wait_for("route")
            quit_orderly(session)
            assert KEY.encode() not in session.raw
    (isolation / "config" / ".env").unlink()
    assert KEY.encode() not in everything_under(isolation)


def test_the_demonstration_shows_the_whole_story_without_a_key(isolation: Path) -> None:
    with screen(isolation, "demo") as session:
        session.send("hello\r")
        session.wait_for("What just happened", within_s=FIRST_ANSWER_S)
        session.wait_for("3rd choice", "scripted", within_s=FIRST_ANSWER_S)
        quit_orderly(session)
    assert not (isolation / "data").exists()


def test_a_new_user_with_nothing_is_told_what_to_do(isolation: Path) -> None:
    environment = {"WORKBENCH_HOME": str(isolation), "TERM": "xterm-256color"}
    with PtySession(command_line(), env=environment) as session:
        session.wait_for("No provider", within_s=READY_S)
        session.wait_for("demonstration")
        session.send(CTRL_Q)
        assert session.wait_exit() == 0


def test_it_is_usable_at_every_size_and_survives_a_resize_storm(isolation: Path) -> None:
    with running_provider(ok("a short answer")) as up:
        configure(isolation, [up.base_url])
        with screen(isolation, columns=40, lines=12) as session:
            session.send("small\r")
            # Twelve lines hold the composer and the reply's last lines.
            session.wait_for("done", "Ask", within_s=FIRST_ANSWER_S)
            for step in range(40):
                session.resize(40 + step * 3, 12 + step % 30)
            session.resize(1, 1)
            session.resize(80, 24)
            session.wait_for("a short answer", "Ask")
            quit_orderly(session)


def test_a_stalled_terminal_does_not_stop_the_work(isolation: Path) -> None:
    words = [f"word{number} " for number in range(60)]
    with running_provider(ok(words, delay_s=0.05)) as up:
        configure(isolation, [up.base_url])
        with screen(isolation) as session:
            session.send("go\r")
            session.wait_for("word1", within_s=FIRST_ANSWER_S)
            session.stop_reading()
            deadline = time.monotonic() + 12
            while (reply := run_cli("history", "show", "last", "--json").json["messages"][-1])["state"] != "done":
                assert time.monotonic() < deadline
            assert reply["text"] == "".join(words)
            session.go_on_reading()
            session.wait_for("word59")
            quit_orderly(session)


def test_without_a_terminal_it_says_so(isolation: Path) -> None:
    done = run_cli()
    assert done.code == 2
    assert "terminal" in done.err and not done.out
