"""The commands of the line-by-line chat over a real core, from a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import configure, invoke
from tests.support.doubles import ok, running_provider, server_error
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
