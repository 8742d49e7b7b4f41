"""What is said, and with which exit code, once an answer has ended."""

from __future__ import annotations

import pytest

from tests.support.turn_results import attempt, result_of
from workbench.chat.values import TurnResult
from workbench.cli.endings import ending_of, tell_ending, without_code
from workbench.conversations.values import MessageState, Seam


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
