"""`ask --json` against two providers, the first failing in every way there is: one answer, once, and the reason why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import configure, invoke
from tests.support.doubles import (
    Behaviour,
    cut,
    garbage,
    html,
    in_band_error,
    keep_alive_only,
    ok,
    rate_limited,
    reset,
    reset_at_once,
    running_provider,
    server_error,
    silence,
    stall,
    unauthorized,
)
from tests.support.in_process import Streams

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.usefixtures("no_input")]
"""The model library uses what its own dependencies have deprecated."""

SETTINGS = {"first_token_timeout": 0.5, "stall_timeout": 0.5, "request_timeout": 10}

FAULTS: dict[str, tuple[Behaviour, str, int | None]] = {
    "429": (rate_limited(), "rate_limited", 429),
    "500": (server_error(), "server_error", 500),
    "401": (unauthorized(), "auth", 401),
    "html": (html(), "empty", None),
    "garbage at once": (garbage(), "broken_stream", None),
    "garbage in the middle": (garbage(2), "broken_stream", None),
    "silence": (silence(), "first_token_timeout", None),
    "keep-alives only": (keep_alive_only(), "first_token_timeout", None),
    "stall": (stall(), "stalled", None),
    "reset before anything": (reset_at_once(), "connection", None),
    "reset in the middle": (reset(), "broken_stream", None),
    "cut in the middle": (cut(), "broken_stream", None),
    "cut, close-delimited": (cut(chunked=False), "broken_stream", None),
    "cut before its finish": (cut(done=True), "broken_stream", None),
    "error in the middle": (in_band_error(), "broken_stream", None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_second_provider_s_text_arrives_once_and_the_attempts_tell_why(
    fault: str, isolation: Path, streams: Streams
) -> None:
    behaviour, kind, http_status = FAULTS[fault]
    with running_provider(behaviour) as bad, running_provider(ok("The whole answer.")) as good:
        configure(isolation, [bad.base_url, good.base_url], SETTINGS | {"on_broken_stream": "restart"})
        assert invoke("ask", "--json", "question") == 0
        assert (len(bad.calls), len(good.calls)) == (1, 1)
    document = streams.json()
    assert document["text"] == "The whole answer."
    assert document["complete"] is True
    assert (document["provider"], document["model"], document["finish_reason"]) == ("beta", "model-beta", "stop")
    first, second = document["attempts"]
    assert (first["provider"], first["state"], first["error_kind"]) == ("alpha", "failed", kind)
    assert first["reason"] and first["duration_ms"] is not None
    if http_status is not None:
        assert first["http_status"] == http_status
    assert (second["provider"], second["state"], second["error_kind"]) == ("beta", "ok", None)
    assert invoke("history", "show", "last", "--json") == 0
    assert [m["text"] for m in streams.json()["messages"]] == ["question", "The whole answer."]


@pytest.mark.parametrize("fault", ["reset in the middle", "cut in the middle", "cut, close-delimited", "stall"])
def test_a_cut_answer_that_is_kept_is_not_complete(fault: str, isolation: Path, streams: Streams) -> None:
    with running_provider(FAULTS[fault][0]) as bad, running_provider(ok()) as good:
        configure(isolation, [bad.base_url, good.base_url], SETTINGS | {"on_broken_stream": "stop"})
        assert invoke("ask", "--json", "question") == 1
        assert len(good.calls) == 0
    document = streams.json()
    assert document["complete"] is False
    assert document["text"] == "Hello from "
    assert invoke("history", "show", "last") == 0
    shown = streams.read()
    assert "Hello from" in shown and "stopped" in shown
