"""The line-by-line chat: what is said of an answer, in plain lines, and which commands there are."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from typing import Any

import pytest

from workbench.cli.chat_commands import COMMANDS, ELSEWHERE, attempt_text, help_lines, provider_text
from workbench.cli.linear import LinearView, ordinal
from workbench.core import events as ev
from workbench.core import provider_events as pe
from workbench.providers.health.values import Figures, ProviderStatus
from workbench.providers.values import Attempt
from workbench.tui.actions.registry import ACTIONS


def both_outputs(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Both in one, as on a terminal; pytest sets its own after the fixtures have run."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def asked(name: str, ord: int = 0) -> ev.Event:
    return ev.AttemptStarted(provider=name, model="m", ord=ord)


def failed(name: str, kind: str, **more: Any) -> ev.Event:
    return ev.AttemptEnded(provider=name, model="m", ord=0, state="failed", error_kind=kind, **more)


def answers(name: str) -> ev.Event:
    return ev.FirstToken(provider=name, model="m", first_token_ms=10)


def text(delta: str, *, reasoning: bool = False) -> ev.Event:
    return ev.TextDelta(message_id="r", delta=delta, reasoning=reasoning)


def test_who_answers_is_told_with_its_place_and_those_who_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = both_outputs(monkeypatch)
    view = LinearView(held=False)
    skipped = ev.AttemptEnded(
        provider="zeta", model="m", ord=0, state="skipped", error_kind="skipped", reason="not private"
    )
    for event in (
        ev.ClientLoading(), asked("openai"),
        failed("openai", "rate_limited", http_status=429, reason="slow down.", next_step="next: router/m"),
        skipped, asked("router"), failed("router", "timeout", next_step="stop"), asked("anthropic"),
        answers("anthropic"), text("Hmm", reasoning=True), text("Hmm", reasoning=True),
    ):  # fmt: skip
        view.show(event)
    assert told.getvalue().splitlines() == [
        "Loading the providers.",
        "Asking openai/m.",
        "openai/m failed, rate limited, HTTP 429: slow down. Then next: router/m.",
        "zeta/m skipped: not private.",
        "Asking router/m.",
        "router/m failed, timeout.",
        "Asking anthropic/m.",
        "anthropic/m answers, third choice, after openai: rate limited; router: timeout.",
        "It is thinking.",
    ]


def test_text_comes_in_whole_sentences_and_events_stand_on_their_own_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    told = both_outputs(monkeypatch)
    view = LinearView(held=False)
    view.show(answers("alpha"))
    view.show(text("One sentence. And a se"))
    assert told.getvalue() == "alpha/m answers.\nOne sentence. "
    view.show(text("cond\x1b[2J one"))
    assert told.getvalue() == "alpha/m answers.\nOne sentence. "
    view.show(pe.RequestWaiting(reason="all are full", ready_in_s=3))
    view.show(pe.RequestWaiting(reason="all are full", ready_in_s=2))
    view.show(text("x" * 500))
    view.close(None)
    assert told.getvalue().splitlines() == [
        "alpha/m answers.",
        "One sentence. And a second␛[2J one",
        "Waiting: all are full, about 3 s.",
        "x" * 500,
    ]
    assert "\x1b" not in told.getvalue() and "\r" not in told.getvalue()


def test_what_becomes_void_and_where_another_goes_on_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    told = both_outputs(monkeypatch)
    restarted = ev.ReplyRestarted(message_id="r", provider="alpha", characters=3)
    view = LinearView(held=False)
    view.show(text("abc"))
    view.show(pe.ReplyBroken(message_id="r", provider="alpha", model="m", reason="cut", characters=3))
    view.show(restarted)
    view.show(text("Anew."))
    view.show(pe.ReplyContinued(message_id="r", at=5, after="alpha", provider="beta", model="m"))
    view.show(text("More"))
    view.close(None)
    assert told.getvalue().splitlines() == [
        "abc",
        "What came so far is void. The answer begins anew.",
        "Anew.",
        "[beta/m goes on here; alpha broke off]",
        "More",
    ]
    held = LinearView(held=True)
    held.show(text("abc"))
    held.show(restarted)
    held.close(None)
    assert told.getvalue().endswith("More\n"), "nothing was printed, so nothing is void"


def test_ordinals() -> None:
    assert [ordinal(number) for number in (1, 3, 10, 11, 12, 22, 23, 101)] == [
        "first", "third", "tenth", "11th", "12th", "22nd", "23rd", "101st",
    ]  # fmt: skip


def test_commands_have_the_names_of_the_full_screen() -> None:
    known = {name for action in ACTIONS for name in action.slash}
    here = {name for command in COMMANDS for name in command.names}
    assert here - known == {"open"}, "what the list of the full screen does with enter"
    assert not here & ELSEWHERE.keys() and ELSEWHERE.keys() <= known
    lines = list(help_lines())
    assert "/retry [NAME]: " in "\n".join(lines) and len(lines) == len(COMMANDS) + 1


def test_attempts_and_providers_in_a_line() -> None:
    attempt = Attempt(
        ord=0, provider="openai", model="gpt", state="failed", error_kind="rate_limited", http_status=429,
        duration_ms=400, reason="slow down",
    )  # fmt: skip
    assert attempt_text(attempt) == "openai/gpt: failed, rate limited, HTTP 429, 0.4 s, slow down"
    assert attempt_text(Attempt(ord=0, provider="a", model="m", state="ok")) == "a/m: ok"
    status = ProviderStatus(
        name="openai", kind="openai", model="gpt", models=("gpt",), enabled=True, state="no_key", private=True
    )
    assert provider_text(status) == "openai: no key, model gpt, private"
    quick = replace(status, model=None, state="ok", private=False, recent=Figures(p50_ms=1_100))
    assert provider_text(quick) == "openai: ok, no model, half of the answers within 1.1 s"
