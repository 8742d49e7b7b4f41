"""Answers that another provider goes on with, questions asked again, and private conversations, on the command line."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import command_line, configure, invoke, provider_entry, running_cli
from tests.support.doubles import cut, endless, ok, running_provider, server_error
from tests.support.in_process import Streams, type_in
from tests.support.pty_session import PtySession

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.usefixtures("no_input"),
    pytest.mark.timeout(60),
]
"""The model library uses what its own dependencies have deprecated, and loading it takes seconds of CPU."""

WITHIN_S = 40.0
MARK = "[beta/model-beta goes on here; alpha broke off]"
QUESTION = "Which, 1 to 3?"


def shown_messages(streams: Streams) -> list[dict[str, Any]]:
    """The newest conversation's messages, as another process reads them."""
    streams.read()
    assert invoke("history", "show", "last", "--json") == 0
    return streams.json()["messages"]


def test_a_seam_is_marked_beside_the_text_and_in_the_history(isolation: Path, streams: Streams) -> None:
    with running_provider(cut(2)) as first, running_provider(ok("the other side.")) as second:
        configure(isolation, [first.base_url, second.base_url], {"on_broken_stream": "continue"})
        assert invoke("ask", "hi") == 0
        assert streams.read() == "Hello from the other side.\n"
        assert MARK in streams.err.splitlines()
        assert streams.err.splitlines()[-1] == "beta/model-beta went on where alpha broke off"
        assert invoke("ask", "--json", "hi") == 0
        seams = [{"at": 11, "after": "alpha", "provider": "beta", "model": "model-beta", "ended": "broke off"}]
        assert streams.json()["seams"] == seams
    assert invoke("history", "show", "last", "--json") == 0
    reply = streams.json()["messages"][-1]
    assert (reply["text"], reply["state"], reply["seams"]) == ("Hello from the other side.", "done", seams)
    assert [a["key_ref"] for a in reply["attempts"]] == ["DOUBLE_KEY", "DOUBLE_KEY"]
    assert invoke("history", "show", "last") == 0
    assert f"Hello from \n{MARK}\nthe other side.\n" in streams.read()


def test_a_seam_survives_kill_9(isolation: Path, streams: Streams) -> None:
    with running_provider(cut(2)) as first, running_provider(endless(0.005, ["and ", "on "])) as second:
        configure(isolation, [first.base_url, second.base_url], {"on_broken_stream": "continue"})
        with running_cli("ask", "--ndjson", "tell me a long story", warm=True) as command:
            command.wait_until(lambda: '"kind": "reply.continued"' in command.out)
            at = time.monotonic()
            command.wait_until(lambda: time.monotonic() > at + 0.5)
            command.send(signal.SIGKILL)
            assert command.finish().code == -signal.SIGKILL
    reply = shown_messages(streams)[-1]
    assert reply["state"] == "interrupted"
    assert reply["seams"] == [
        {"at": 11, "after": "alpha", "provider": "beta", "model": "model-beta", "ended": "broke off"}
    ]
    assert reply["text"].startswith("Hello from and on and on and on")


def test_going_on_with_a_reply_survives_kill_9_and_so_does_what_it_went_on_with(
    isolation: Path, streams: Streams
) -> None:
    first_part = ok("Once upon a time ", finish="length")
    with running_provider(first_part, endless(0.005, ["and ", "on. "])) as provider:
        configure(isolation, [provider.base_url])
        with PtySession(command_line("chat"), columns=110, lines=50, warm=True) as session:
            session.wait_for("Ctrl-D leaves", ">", within_s=WITHIN_S)
            session.send("tell me a story\n")
            session.wait_until(lambda: session.rows[session.cursor[0]] == ">", WITHIN_S, "the first part")
            session.send("/continue\n")
            # Far more than arrives between two saves.
            session.wait_until(lambda: session.text.count("and on.") > 150, WITHIN_S, "the second part")
            session.kill()
    prompt, before, reply = shown_messages(streams)
    assert (before["state"], before["text"]) == ("done", "Once upon a time ")
    assert (reply["state"], reply["parent_id"], before["parent_id"]) == ("interrupted", prompt["id"], prompt["id"])
    assert reply["text"].startswith("Once upon a time and on. and on. and on.")
    assert [(seam["at"], seam["ended"]) for seam in reply["seams"]] == [(17, "was cut to length")]


def test_a_person_decides_what_becomes_of_each_broken_answer(isolation: Path, streams: Streams) -> None:
    with (
        running_provider(cut(2)) as first,
        running_provider(ok("the other side."), ok("All anew.")) as second,
    ):
        configure(isolation, [first.base_url, second.base_url])
        with PtySession(command_line("chat"), columns=110, lines=50, warm=True) as session:
            session.wait_for("Ctrl-D leaves", ">", within_s=WITHIN_S)
            for number, (key, then) in enumerate(
                [("1\n", "the other side."), ("2\n", "All anew."), ("k\n", "not complete"), ("\x03", "Interrupted")], 1
            ):
                session.send("hello\n")
                session.wait_until(lambda n=number: session.text.count(QUESTION) == n, WITHIN_S, "the question")
                session.send(key)
                session.wait_for(then)
                session.wait_until(lambda: session.rows[session.cursor[0]] == ">" and session.cursor[1] == 2)
            assert session.rows.count(MARK) == 1
            assert session.rows.count("What came so far is void. The answer begins anew.") == 1
            session.send("\x04")
            assert session.wait_exit() == 0
        assert (len(first.calls), len(second.calls)) == (4, 2)
    replies = shown_messages(streams)[1::2]
    assert [(m["text"], m["state"]) for m in replies] == [
        ("Hello from the other side.", "done"),
        ("All anew.", "done"),
        ("Hello from ", "stopped"),
        ("Hello from ", "stopped"),
    ]
    assert [len(m["seams"]) for m in replies] == [1, 0, 0, 0]
    assert [b["text"] for b in replies[1]["broken"]] == ["Hello from "]


def test_what_came_is_kept_when_the_program_is_killed_while_it_asks(isolation: Path, streams: Streams) -> None:
    with running_provider(cut(2)) as first, running_provider(ok()) as second:
        configure(isolation, [first.base_url, second.base_url])
        with PtySession(command_line("ask", "hi"), columns=110, lines=30, warm=True) as session:
            session.wait_for(QUESTION, within_s=WITHIN_S)
            session.kill()
            assert session.wait_exit() == -signal.SIGKILL
        assert second.calls == []
    reply = shown_messages(streams)[-1]
    assert (reply["text"], reply["state"]) == ("Hello from ", "interrupted")


def test_asking_again_keeps_both_answers(isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        running_provider(ok("one"), server_error(), ok("three")) as first,
        running_provider(ok("two"), ok("four")) as second,
    ):
        configure(isolation, [first.base_url, second.base_url])
        type_in(monkeypatch, "/retry\nhello\n/retry nobody\n/retry beta\nmore\n/retry alpha\n")
        assert invoke("chat", "--no-fallback") == 0
        assert streams.read() == "one\ntwo\nthree\n"
        assert "Nothing has been asked yet" in streams.err
        assert "There is no provider named nobody" in streams.err
        assert [m["content"] for m in second.calls[0].json["messages"]] == ["hello"]
        assert [m["content"] for m in first.calls[-1].json["messages"]] == ["hello", "two", "more"]
    assert invoke("history", "show", "last", "--json") == 0
    shown = streams.json()
    texts = {m["id"]: m["text"] for m in shown["messages"]}
    found = [(m["role"], m["text"], m["state"], texts.get(m["parent_id"])) for m in shown["messages"]]
    assert found == [
        ("user", "hello", "done", None),
        ("assistant", "one", "done", "hello"),
        ("assistant", "two", "done", "hello"),
        ("user", "more", "done", "two"),
        ("assistant", "", "failed", "more"),
        ("assistant", "three", "done", "more"),
    ]
    assert texts[shown["active_leaf_id"]] == "three"
    assert shown["provider"] is None


def test_a_private_conversation_never_reaches_a_public_provider(
    isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_provider(ok("from outside")) as public, running_provider(ok("from home")) as home:
        entries = {
            "public": provider_entry(public.base_url, priority=1, private=False),
            "home": provider_entry(home.base_url, priority=2, private=True),
        }
        configure(isolation, entries)
        assert invoke("ask", "--private", "--json", "a secret") == 0
        document = streams.json()
        assert (document["text"], document["provider"]) == ("from home", "home")
        assert invoke("ask", "-c", "last", "more") == 0
        assert streams.read() == "from home\n"
        assert invoke("ask", "-c", "last", "-p", "public", "--no-fallback", "--json", "and more") == 1
        document = streams.json()
        assert document["complete"] is False
        assert "private" in json.dumps([a["reason"] for a in document["attempts"] if a["provider"] == "public"])
        type_in(monkeypatch, "once more\n/retry public\n")
        assert invoke("chat", "-c", "last") == 0
        assert streams.read() == "from home\nfrom home\n"
        assert "public/double skipped" in streams.err and "private" in streams.err
        assert public.calls == []
        assert invoke("history", "list", "--json") == 0
        assert [c["private"] for c in streams.json()["conversations"]] == [True]
        assert invoke("history", "list") == 0
        assert "messages, private" in streams.read()
        type_in(monkeypatch, "in public\n/private\nin private\n/new\nagain in public\n")
        assert invoke("chat") == 0
        assert streams.read() == "from outside\nfrom home\nfrom outside\n"
        assert "Private: only home" in streams.err
        assert invoke("history", "list", "--json") == 0
        assert [c["private"] for c in streams.json()["conversations"]] == [False, True, True]
        configure(isolation, {"public": entries["public"]})
        asked = len(public.calls)
        assert invoke("ask", "--private", "a secret") == 1
        assert len(public.calls) == asked
