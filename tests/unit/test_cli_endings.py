"""What is said, and with which exit code, once an answer has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.turn_results import attempt, result_of
from workbench.chat.values import TurnResult
from workbench.cli.endings import ending_of, tell_ending, without_code
from workbench.config.values import Provider
from workbench.conversations.values import MessageState, Seam
from workbench.providers.calling.hints import hint_for
from workbench.providers.values import ErrorKind


@pytest.mark.parametrize(
    ("result", "interrupted", "code", "kind"),
    [
        (result_of("all"), False, 0, None),
        (result_of("part", MessageState.FAILED, attempts=(attempt("failed"),)), False, 1, "incomplete"),
        (result_of("part", MessageState.STOPPED, attempts=(attempt("failed"),)), False, 1, "incomplete"),
        (result_of("", MessageState.FAILED, reason="500"), False, 1, "providers"),
        (result_of("", MessageState.FAILED, unreachable=True), False, 3, "unreachable"),
        (result_of("part", MessageState.STOPPED), True, 130, "interrupted"),
        (result_of("", MessageState.STOPPED), True, 130, "interrupted"),
    ],
)
def test_endings(result: TurnResult, interrupted: bool, code: int, kind: str | None) -> None:
    ending = ending_of(result, interrupted=interrupted, kept=True)
    assert ending.code == code
    assert (ending.problem or {}).get("kind") == kind


def test_who_took_over_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    tell_ending(ending_of(result_of("x", attempts=(attempt("failed"), attempt("ok"))), interrupted=False, kept=True))
    assert capsys.readouterr().err == "beta/b1 answered after 1 failed attempt\n"
    tell_ending(ending_of(result_of("x", attempts=(attempt("ok"),)), interrupted=False, kept=True))
    assert capsys.readouterr().err == ""


def test_who_went_on_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    seams = (Seam(at=1, after="alpha", provider="beta", model="b1"),)
    result = result_of("xy", attempts=(attempt("failed"), attempt("ok")), seams=seams)
    tell_ending(ending_of(result, interrupted=False, kept=True))
    assert capsys.readouterr().err == "beta/b1 went on where alpha broke off\n"


def test_answer_without_code(capsys: pytest.CaptureFixture[str]) -> None:
    result = result_of("just words")
    tell_ending(without_code(ending_of(result, interrupted=False, kept=True), result))
    assert capsys.readouterr().err == (
        "The answer holds no fenced code block\n  The whole answer: workbench history show c\n"
    )


@pytest.mark.parametrize("kind", ErrorKind)
def test_advice_names_no_keys_of_the_full_screen(kind: ErrorKind) -> None:
    provider = Provider(name="beta", kind="openai", key_refs=("BETA_KEY",))
    failed = replace(attempt("failed", kind), hint=hint_for(kind, provider))
    problem = ending_of(result_of("", MessageState.FAILED, attempts=(failed,)), interrupted=False, kept=True).problem
    assert problem is not None
    hint = str(problem["hint"])
    assert hint
    assert not any(key in hint for key in ("F4", "F8", "(R)", "Ctrl"))
    if kind in (ErrorKind.AUTH, ErrorKind.NO_KEY):
        assert hint.endswith(" BETA_KEY")
    if kind is ErrorKind.BREAKER_OPEN:
        assert hint.endswith("workbench providers reset beta")
