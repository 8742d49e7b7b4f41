"""What to do with a broken answer: asked at a terminal, answered there, and nowhere else."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TextIO

import pytest

from tests.support.doubles import HOSTILE_TEXT
from tests.support.in_process import type_in
from workbench.cli.question import ask_person, person_present
from workbench.core.provider_events import ReplyBroken
from workbench.providers.values import Resume

BROKEN = ReplyBroken(
    message_id="m", provider="alpha", model="a1", reason="cut", characters=1234, next_provider="beta", next_model="b1"
)


@dataclass
class Keyboard:
    """A pseudo-terminal that is this process's standard input and error."""

    primary: int
    secondary: TextIO

    def type(self, keys: bytes) -> None:
        os.write(self.primary, keys)
        # The line discipline hands lines over by itself; until it has, there is nothing to forget.
        assert select.select([self.secondary], [], [], 5)[0]


@pytest.fixture
def terminal() -> Iterator[Keyboard]:
    primary, secondary = os.openpty()
    with os.fdopen(secondary, "r+b", buffering=0) as raw:
        yield Keyboard(primary, io.TextIOWrapper(raw, encoding="utf-8", write_through=True))
    os.close(primary)


@pytest.mark.parametrize(
    ("typed", "questions", "expected"),
    [
        ("c\n", 1, Resume.CONTINUE),
        ("C\r\n", 1, Resume.CONTINUE),
        (" continue \n", 1, Resume.CONTINUE),
        ("r\n", 1, Resume.RESTART),
        ("k\n", 1, Resume.KEEP),
        ("1\n", 1, Resume.CONTINUE),
        (" 2 \n", 1, Resume.RESTART),
        ("4\n0\n3\n", 3, Resume.KEEP),
        ("\nx\ncr\nkeep\n", 4, Resume.KEEP),
        ("", 1, Resume.KEEP),
        ("maybe", 2, Resume.KEEP),
    ],
)
def test_answers(
    typed: str, questions: int, expected: Resume, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch, typed)
    assert ask_person(BROKEN) is expected
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(
        "alpha broke off after 1234 characters\n"
        "1. continue with beta/b1\n2. start again on beta/b1\n3. keep what came\nWhich, 1 to 3? "
    )
    assert captured.err.count("Which, 1 to 3?") == questions


def test_where_nobody_is_left_only_keeping_is_offered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(monkeypatch, "2\nc\n1\n")
    assert ask_person(replace(BROKEN, next_provider=None, next_model=None)) is Resume.KEEP
    assert "1. keep what came\nType 1: Type 1\nType 1: Type 1\n" in capsys.readouterr().err


def test_a_hostile_name_is_only_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    type_in(monkeypatch, "k\n")
    ask_person(
        ReplyBroken(
            message_id="m", provider=HOSTILE_TEXT, model=HOSTILE_TEXT, reason=HOSTILE_TEXT, characters=1,
            next_provider=HOSTILE_TEXT, next_model="\x1b[2J\nb",
        )
    )  # fmt: skip
    shown = capsys.readouterr().err
    assert shown.count("\n") == 4
    for forbidden in ("\x1b", "\x07", "\x00", "\x9b", "\u202e"):
        assert forbidden not in shown


def test_keys_typed_before_the_question_do_not_answer_it(terminal: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", terminal.secondary)
    terminal.type(b"k\nk\n")

    class Typing(io.StringIO):
        """Standard error, where the question appears; then the person types."""

        def write(self, text: str) -> int:
            if "Which" in text:
                os.write(terminal.primary, b"r\n")
            return super().write(text)

    monkeypatch.setattr(sys, "stderr", Typing())
    assert ask_person(BROKEN) is Resume.RESTART


@pytest.mark.parametrize(("stdin", "stderr"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_person_is_there_when_both_ends_are_a_terminal(
    stdin: bool, stderr: bool, terminal: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", terminal.secondary if stdin else io.StringIO())
    monkeypatch.setattr(sys, "stderr", terminal.secondary if stderr else io.StringIO())
    assert person_present() is (stdin and stderr)
