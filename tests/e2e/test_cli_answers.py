"""What `ask` and `chat` make of every option, over real HTTP; inside this process, so that the library loads once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import configure, invoke, provider_entry
from tests.support.doubles import closed_port, cut, ok, running_provider, server_error, stall, status, unauthorized
from tests.support.in_process import Streams, type_in

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.usefixtures("no_input")]
"""The model library uses what its own dependencies have deprecated."""

ANSWER = "Hello from the double."


def test_text_answer_and_prompt_from_both_sides(
    isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_provider(ok()) as double:
        configure(isolation, [double.base_url])
        type_in(monkeypatch, "line 1\nline 2\n")
        assert invoke("ask", "explain", "this") == 0
        assert streams.read() == ANSWER + "\n"
        assert streams.err == ""
        messages = double.calls[0].json["messages"]
    assert messages == [{"role": "user", "content": "explain this\n\nline 1\nline 2"}]


def test_document(isolation: Path, streams: Streams) -> None:
    with running_provider(ok()) as double:
        configure(isolation, [double.base_url])
        assert invoke("ask", "--json", "hi") == 0
        document = streams.json()
    attempts = document.pop("attempts")
    assert document == {
        "conversation_id": document["conversation_id"],
        "message_id": document["message_id"],
        "text": ANSWER,
        "provider": "alpha",
        "model": "model-alpha",
        "finish_reason": "stop",
        "complete": True,
        "cached": False,
        "usage": {"input_tokens": 7, "output_tokens": 4, "cost_usd": document["usage"]["cost_usd"]},
        "seams": [],
    }
    fields = {"provider", "model", "state", "error_kind", "http_status", "reason", "first_token_ms", "duration_ms"}
    assert [attempt["state"] for attempt in attempts] == ["ok"]
    assert fields <= set(attempts[0])
    assert invoke("history", "show", "last", "--json") == 0
    shown = streams.json()
    assert shown["id"] == document["conversation_id"]
    assert [(m["role"], m["text"], m["state"]) for m in shown["messages"]] == [
        ("user", "hi", "done"),
        ("assistant", ANSWER, "done"),
    ]
    assert shown["messages"][1]["id"] == document["message_id"] == shown["active_leaf_id"]
    assert shown["messages"][1]["attempts"][0]["provider"] == "alpha"


def test_lines(isolation: Path, streams: Streams) -> None:
    with running_provider(status(500)) as first, running_provider(ok()) as second:
        configure(isolation, [first.base_url, second.base_url])
        assert invoke("ask", "--ndjson", "hi") == 0
        lines = [json.loads(line) for line in streams.read().splitlines()]
    kinds = [line["kind"] for line in lines]
    # Loading the model library, which belongs to no turn, may be told before or after the turn's beginning.
    assert next(kind for kind in kinds if kind != "provider.client") == "turn.started"
    assert kinds[-2:] == ["turn.finished", "answer"]
    assert kinds.count("attempt.ended") == 2
    assert "".join(line["data"]["delta"] for line in lines if line["kind"] == "reply.delta") == ANSWER
    assert lines[-1]["text"] == ANSWER
    assert lines[-1]["complete"] is True


def test_continue_by_last_and_by_prefix(isolation: Path, streams: Streams) -> None:
    with running_provider(ok("one"), ok("two"), ok("three")) as double:
        configure(isolation, [double.base_url])
        assert invoke("ask", "--json", "first") == 0
        conversation = streams.json()["conversation_id"]
        assert invoke("ask", "-c", "last", "second") == 0
        assert streams.read() == "two\n"
        assert invoke("ask", "--json", "-c", conversation[:-3], "third") == 0
        assert streams.json()["conversation_id"] == conversation
        sent = [(m["role"], m["content"]) for m in double.calls[-1].json["messages"]]
    assert sent == [
        ("user", "first"),
        ("assistant", "one"),
        ("user", "second"),
        ("assistant", "two"),
        ("user", "third"),
    ]


def test_system_provider_and_model(isolation: Path, streams: Streams) -> None:
    with running_provider(ok("from alpha")) as first, running_provider(ok("from beta")) as second:
        entries = {
            "alpha": provider_entry(first.base_url, priority=1),
            "beta": provider_entry(second.base_url, priority=2, models=["small", "large"]),
        }
        configure(isolation, entries)
        assert invoke("ask", "-s", "Be brief.", "-p", "beta", "-m", "large", "hi") == 0
        assert streams.read() == "from beta\n"
        assert first.calls == []
        body = second.calls[0].json
    assert body["model"] == "large"
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}


def test_nothing_is_kept_with_no_store(isolation: Path, streams: Streams) -> None:
    with running_provider(ok("secret plan")) as double:
        configure(isolation, [double.base_url])
        assert invoke("ask", "--no-store", "--no-cache", "--json", "rare prompt words") == 0
        document = streams.json()
    assert (document["text"], document["conversation_id"], document["message_id"]) == ("secret plan", None, None)
    assert invoke("history", "list", "--json") == 0
    assert streams.json() == {"total": 0, "conversations": []}
    assert traces(isolation, "rare prompt words", "secret plan") == []


def test_a_stored_conversation_is_gone_on_with_in_memory(isolation: Path, streams: Streams) -> None:
    with running_provider(ok("first answer"), ok("secret plan")) as double:
        configure(isolation, [double.base_url])
        assert invoke("ask", "first prompt") == 0
        assert invoke("ask", "--no-store", "-c", "last", "rare prompt words") == 0
        assert streams.read() == "first answer\nsecret plan\n"
    sent = [message["content"] for message in double.calls[-1].json["messages"]]
    assert sent == ["first prompt", "first answer", "rare prompt words"]
    assert invoke("history", "show", "last", "--json") == 0
    assert len(streams.json()["messages"]) == 2
    assert traces(isolation, "rare prompt words", "secret plan") == []


def traces(home: Path, *texts: str) -> list[str]:
    """Files of a home that have one of the texts."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return [path.name for path in files if any(text.encode() in path.read_bytes() for text in texts)]


def test_code_only(isolation: Path, streams: Streams) -> None:
    with running_provider(ok("Sure:\n```python\nprint(1)\n```\nand\n```\nx\n```"), ok("no code here")) as double:
        configure(isolation, [double.base_url])
        assert invoke("ask", "--code", "hi") == 0
        assert streams.read() == "print(1)\n"
        assert invoke("ask", "--code", "hi") == 1
        assert streams.read() == ""
        assert "no fenced code block" in streams.err


def test_no_fallback_asks_one(isolation: Path, streams: Streams) -> None:
    with running_provider(server_error()) as first, running_provider(ok()) as second:
        configure(isolation, [first.base_url, second.base_url])
        assert invoke("ask", "--no-fallback", "--json", "hi") == 1
        document = streams.json()
        assert second.calls == []
    assert document["complete"] is False
    assert document["error"]["kind"] == "providers"
    assert [a["error_kind"] for a in document["attempts"] if a["state"] == "failed"] == ["server_error"]


def test_everybody_fails(isolation: Path, streams: Streams) -> None:
    with running_provider(server_error()) as first, running_provider(unauthorized()) as second:
        configure(isolation, [first.base_url, second.base_url])
        assert invoke("ask", "hi") == 1
        assert streams.read() == ""
    assert "alpha/model-alpha failed server_error 500" in streams.err
    assert "beta/model-beta failed auth 401" in streams.err
    assert "No provider answered" in streams.err


def test_nothing_reachable_is_worth_another_try(isolation: Path, streams: Streams) -> None:
    configure(isolation, [f"http://127.0.0.1:{closed_port()}/v1", f"http://127.0.0.1:{closed_port()}/v1"])
    assert invoke("ask", "--json", "hi") == 3
    document = streams.json()
    assert document["error"]["kind"] == "unreachable"
    assert [attempt["error_kind"] for attempt in document["attempts"]] == ["connection", "connection"]


def test_time_limit(isolation: Path, streams: Streams) -> None:
    with running_provider(stall(2)) as double:
        # The command line wins over a limit in the configuration, the provider's own included.
        entry = provider_entry(double.base_url, timeout=30)
        configure(isolation, {"slow": entry}, {"on_broken_stream": "stop"})
        assert invoke("ask", "--timeout", "0.5", "--json", "hi") == 1
        document = streams.json()
    assert document["text"] == "Hello from "
    assert [attempt["error_kind"] for attempt in document["attempts"]] == ["timeout"]


@pytest.mark.parametrize("policy", ["stop", "restart", "ask"])
def test_a_cut_stream_on_a_pipe(policy: str, isolation: Path, streams: Streams) -> None:
    with running_provider(cut(2)) as first, running_provider(ok("a whole answer")) as second:
        configure(isolation, [first.base_url, second.base_url], {"on_broken_stream": policy})
        code = invoke("ask", "hi")
        out = streams.read()
        if policy == "stop":
            assert (code, out) == (1, "Hello from \n")
            assert "not complete: 11 characters arrived" in streams.err
            assert second.calls == []
        else:
            assert (code, out) == (0, "a whole answer\n")
        assert invoke("history", "show", "last") == 0
        shown = streams.read()
    assert ("Hello from" in shown) is (policy == "stop")
    assert ("11 characters kept]" in shown) is (policy == "stop")
    assert ("[set aside: alpha/model-alpha broke off after 11 characters]" in shown) is (policy != "stop")


def test_lines_stop_where_text_was_printed(isolation: Path, streams: Streams) -> None:
    with running_provider(cut(2)) as first, running_provider(ok("a whole answer")) as second:
        configure(isolation, [first.base_url, second.base_url], {"on_broken_stream": "ask"})
        assert invoke("ask", "--ndjson", "hi") == 1
        last = json.loads(streams.read().splitlines()[-1])
        assert second.calls == []
    assert (last["kind"], last["text"], last["complete"]) == ("answer", "Hello from ", False)
    assert last["error"]["kind"] == "incomplete"


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["ask", "-p", "nobody", "hi"], "not_found"),
        (["ask", "-c", "last", "hi"], "not_found"),
        (["ask", "-c", "0000", "hi"], "not_found"),
        (["ask", "   "], "usage"),
        (["ask", "--timeout", "nan", "hi"], "usage"),
        (["ask", "--timeout", "0", "hi"], "usage"),
        (["ask", "--ndjson", "hi"], "usage"),
        (["events", "--follow"], "usage"),
        (["events", "--since", "soon"], "usage"),
        (["events", "--level", "loud"], "usage"),
        (["history", "show", "0000"], "not_found"),
        (["history", "list", "--limit", "0"], "usage"),
        (["providers", "test", "nobody"], "not_found"),
        (["config", "validate", "nowhere.yaml"], "not_found"),
    ],
)
def test_wrong_use(arguments: list[str], kind: str, isolation: Path, streams: Streams) -> None:
    configure(isolation, [f"http://127.0.0.1:{closed_port()}/v1"])
    assert (
        invoke(*arguments[:1], *arguments[1:-1], *(["--json"] if arguments[0] != "config" else []), arguments[-1]) == 2
    )
    if arguments[0] != "config":
        error = streams.json()["error"]
        assert error["kind"] == kind
        assert error["title"]


def test_nobody_to_ask(isolation: Path, streams: Streams) -> None:
    configure(isolation, {"alpha": provider_entry("http://127.0.0.1:9/v1", key="${NOT_SET_ANYWHERE}")})
    assert invoke("ask", "--json", "hi") == 2
    error = streams.json()["error"]
    assert error["kind"] == "configuration"
    assert "NOT_SET_ANYWHERE" in error["detail"]


def test_wrong_parts_of_a_configuration_are_told_and_the_rest_works(isolation: Path, streams: Streams) -> None:
    with running_provider(ok()) as double:
        entries = {"alpha": provider_entry(double.base_url), "beta": provider_entry(double.base_url, prioriti=3)}
        configure(isolation, entries)
        assert invoke("ask", "-p", "alpha", "hi") == 0
        assert streams.read() == ANSWER + "\n"
    assert "providers.beta.prioriti" in streams.err


def test_offline_sends_nothing(isolation: Path, streams: Streams) -> None:
    with running_provider(ok()) as double:
        configure(isolation, [double.base_url])
        assert invoke("--offline", "ask", "hi") == 2
        assert invoke("--offline", "providers", "test") == 2
        assert double.requests == []
    assert "ffline" in streams.read() + streams.err


def test_chat_from_a_pipe(isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_provider(ok("one"), ok("two"), ok("three")) as double:
        configure(isolation, [double.base_url])
        type_in(monkeypatch, "first\n\nsec\\\nond\n/new\n/bogus\nthird\n/quit\nnever\n")
        assert invoke("chat") == 0
        assert streams.read() == "one\ntwo\nthree\n"
        assert [len(call.json["messages"]) for call in double.calls] == [1, 3, 1]
        assert double.calls[1].json["messages"][-1]["content"] == "sec\nond"
    assert "There is no command /bogus" in streams.err
    assert invoke("history", "list", "--json") == 0
    listed = streams.json()
    assert listed["total"] == 2
    assert [(c["title"], c["messages"]) for c in listed["conversations"]] == [("third", 2), ("first", 4)]


def test_chat_goes_on_after_a_failure_and_tells_it_at_the_end(
    isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_provider(ok("fine"), server_error()) as double:
        configure(isolation, [double.base_url])
        type_in(monkeypatch, "first\n/provider nobody\n/provider alpha\n/model other\nsecond")
        assert invoke("chat") == 1
        assert streams.read() == "fine\n"
        assert double.calls[1].json["model"] == "other"
    assert "There is no provider named nobody" in streams.err


def test_a_provider_without_a_model_needs_one_on_the_command_line(isolation: Path, streams: Streams) -> None:
    with running_provider(ok()) as double:
        entry = provider_entry(double.base_url)
        del entry["models"]
        configure(isolation, {"bare": entry})
        assert invoke("ask", "--json", "hi") == 2
        assert "no model" in streams.json()["error"]["detail"]
        assert invoke("ask", "-m", "double", "hi") == 0
        assert ANSWER in streams.read()
