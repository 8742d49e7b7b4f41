"""The commands of the line-by-line chat over a real core, from a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import configure, invoke
from tests.support.doubles import cut, ok, running_provider, server_error
from tests.support.in_process import Streams, type_in

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.usefixtures("no_input"),
    pytest.mark.timeout(60),
]
"""The model library uses what its own dependencies have deprecated, and loading it takes seconds of CPU."""

TYPED = """\
/trace
/open
first
/new
second
/list
/open 2
/chat
/trace
/provider next
/provider next
/provider auto
/providers
/events 2
/setup
/reload
/theme
what / is this
/LIST 1
/open nowhere
"""


def test_everything_that_makes_sense_without_a_screen(
    isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_provider(server_error()) as down, running_provider(ok("An answer.")) as up:
        file = configure(isolation, [down.base_url, up.base_url])
        type_in(monkeypatch, TYPED)
        assert invoke("chat") == 2, "the last command failed"
        assert streams.read() == "An answer.\nAn answer.\nfirst\nAn answer.\nAn answer.\n"
        assert [m["content"] for m in up.calls[-1].json["messages"]] == ["first", "An answer.", "what / is this"]
    told = streams.err.splitlines()
    assert "beta/model-beta answers, second choice, after alpha: server error." in told
    assert any(line.startswith("End of the answer: beta/model-beta, attempt 2, first token") for line in told)
    begun = told.index("1. second, 2 messages")
    assert told[begun : begun + 6] == [
        "1. second, 2 messages", "2. first, 2 messages", "End of the list",
        "Open: first, 2 messages. /chat reads it", "you:", "beta/model-beta:",
    ]  # fmt: skip
    assert any(line.startswith("1. alpha/model-alpha: failed, server error, HTTP 500") for line in told)
    assert [line for line in told if line.startswith("Provider: ")] == [
        "Provider: alpha", "Provider: beta", "Provider: as the strategy decides",
    ]  # fmt: skip
    assert any(line.startswith("2. beta: ok, model model-beta") for line in told)
    assert f"The configuration is {file}. /reload reads it again" in told
    assert "Providers that can be asked: alpha, beta" in told
    for refused in ("Nothing has been asked yet", "Which conversation?", "There is no command /theme here"):
        assert any(refused in line for line in told), refused
    assert "1 more; /list 21 lists them" in told


CHANGED = """\
first
/rate good
/rate well
/reword the first
/delete
/delete
/undo
/undo
/undo
/continue
/export told.md
/export told.md
/delete-conversation
/export
/undo
/delete-everything
/copy
"""


def test_what_is_stored_can_be_changed_and_brought_back(
    isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with running_provider(ok("An answer.")) as up:
        configure(isolation, [up.base_url])
        type_in(monkeypatch, CHANGED)
        invoke("chat")
        assert streams.read() == "An answer.\nAn answer.\n"
        asked = [[m["content"] for m in call.json["messages"]] for call in up.calls]
        assert asked == [["first"], ["the first"]], "a branch beside the first one, and no command was ever sent"
    told = "\n".join(line for line in streams.err.splitlines() if not line.startswith(("Asking", "End of", "alpha/")))
    assert [line for line in told.splitlines() if line.startswith("The last ")] == [
        "The last reply is rated good",
        "The last reply is deleted. /undo brings it back, /delete deletes the message before it",
        "The last prompt is deleted. /undo brings it back, /delete deletes the message before it",
    ]
    for said in (
        "A reply is rated good, bad or none", "1 message back", "Nothing was deleted here",
        "There is a file of that name already",
        "Deleted: first. /undo brings it back", "Nothing has been asked yet", "Open: first, ",
        "There is no command /delete-everything here", "/export writes the conversation to a file",
    ):  # fmt: skip
        assert said in told, (said, told)
    assert (tmp_path / "told.md").read_text().count("An answer.") == 1


def test_a_reply_that_ended_early_is_gone_on_with(
    isolation: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_provider(cut(1), ok("the rest.")) as up:
        configure(isolation, [up.base_url], {"on_broken_stream": "stop"})
        type_in(monkeypatch, "first\n/continue\n/chat\n")
        invoke("chat")
        assert streams.read().splitlines()[-1].endswith("the rest.")
    assert "goes on here" in streams.err
