"""What events say of themselves."""

from __future__ import annotations

from workbench.core import events as ev


def test_an_attempt_s_end_says_each_thing_once() -> None:
    ended = ev.AttemptEnded(provider="a", model="m", ord=0, state="cancelled", error_kind="cancelled", duration_ms=5100)
    assert ended.text() == "a/m cancelled after 5.10 s"
    failed = ev.AttemptEnded(
        provider="a", model="m", ord=0, state="failed", error_kind="rate_limited", http_status=429, reason="slow down"
    )
    assert failed.text() == "a/m failed rate_limited 429: slow down"
