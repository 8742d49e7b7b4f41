"""Reading what was typed: options, times, prompts, code blocks, and the short way into the full screen."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from workbench import main
from workbench.cli import ask
from workbench.cli.documents import first_code_block
from workbench.cli.events import parse_since
from workbench.cli.options import with_options
from workbench.cli.preparation import broken_stream_policy
from workbench.config.values import OnBrokenStream
from workbench.core.errors import UsageError

NOW = 1_790_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("10m", NOW - 600_000),
        ("2h", NOW - 7_200_000),
        (" 3D ", NOW - 259_200_000),
        ("45s", NOW - 45_000),
        ("1w", NOW - 604_800_000),
        ("2026-11-20", 1_795_132_800_000),
        ("2026-11-20T09:41:02.117Z", 1_795_167_662_117),
        ("2026-11-20T10:41:02.117+01:00", 1_795_167_662_117),
    ],
)
def test_since(text: str | None, expected: int | None) -> None:
    assert parse_since(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "10", "m", "10y", "-5m", "2026-13-01", "9999999999d", "\x1b[31m"])
def test_since_refuses(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        parse_since(text, NOW)


@pytest.mark.parametrize(
    ("words", "piped", "expected"),
    [
        (["hello", "world"], "", "hello world"),
        ([], "from a pipe\n", "from a pipe"),
        (["explain"], "line 1\nline 2\n", "explain\n\nline 1\nline 2"),
        (["  "], "x", "x"),
        ([], " \n", ""),
    ],
)
def test_prompt(words: list[str], piped: str, expected: str) -> None:
    assert ask.compose_prompt(words, piped) == expected


class _Input(io.TextIOWrapper):
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))


def test_standard_input_need_not_be_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Input(b"a\xffb\x00"))
    assert ask.read_standard_input() == "a\ufffdb\x00"


def test_closed_and_endless_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert ask.read_standard_input() == ""
    monkeypatch.setattr(ask, "LONGEST_INPUT", 10)
    monkeypatch.setattr(sys, "stdin", _Input(b"x" * 11))
    with pytest.raises(UsageError, match="too long"):
        ask.read_standard_input()


BLOCK = "Look:\n\n```python\nprint(1)\n\nprint(2)\n```\n\n```\nsecond\n```\n"


@pytest.mark.parametrize(
    ("text", "complete", "expected"),
    [
        (BLOCK, True, "print(1)\n\nprint(2)"),
        (BLOCK, False, "print(1)\n\nprint(2)"),
        ("no code at all", True, None),
        ("", True, None),
        ("inline ```code``` only", True, None),
        ("``` not`a`fence\nx", True, None),
        ("~~~~ sh\nls\n~~~\n```\n~~~~\n", True, "ls\n~~~\n```"),
        ("1. do:\n   ```sh\n   ls\n     -l\n   ```\n", True, "ls\n  -l"),
        ("```\nopen to the end\n", True, "open to the end"),
        ("```\ncut in the mid", False, None),
        ("````md\n```\ninner\n```\n````", True, "```\ninner\n```"),
        ("```\n```", True, ""),
    ],
)
def test_first_code_block(text: str, complete: bool, expected: str | None) -> None:
    assert first_code_block(text, complete=complete) == expected


@pytest.mark.parametrize(
    ("configured", "printed_for_good", "person", "expected"),
    [
        ("ask", False, False, "restart"),
        ("ask", True, False, "stop"),
        ("ask", False, True, "ask"),
        ("stop", False, False, "stop"),
        ("stop", False, True, "stop"),
        ("restart", True, False, "restart"),
        ("continue", True, True, "continue"),
    ],
)
def test_broken_stream_with_and_without_a_person(
    configured: str, printed_for_good: bool, person: bool, expected: str
) -> None:
    policy = broken_stream_policy(OnBrokenStream(configured), printed_for_good=printed_for_good, person=person)
    assert policy == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {}),
        (["--home", "/x", "--offline"], {"home": Path("/x"), "offline": True}),
        (["--home=/x", "--profile=work"], {"home": Path("/x"), "profile": "work"}),
        (["--conversation", "last", "--ascii"], {"conversation": "last", "ascii_only": True}),
        (["demo"], {"demo": True}),
        (["--theme", "light", "demo"], {"demo": True, "theme": "light"}),
    ],
)
def test_full_screen_is_recognised_without_a_parser(arguments: list[str], expected: dict[str, object]) -> None:
    request = main.screen_request(arguments)
    assert request is not None
    unset = {"home": None, "profile": None, "conversation": None, "theme": None}
    unset |= {"offline": False, "demo": False, "ascii_only": False}
    assert {name: getattr(request, name) for name in unset} == {**unset, **expected}


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "hi"],
        ["--version"],
        ["--help"],
        ["--home"],
        ["--home", "--offline"],
        ["--home="],
        ["demo", "--help"],
        ["demo", "ask"],
        ["--bogus"],
        ["--offline=1"],
    ],
)
def test_everything_else_goes_to_the_parser(arguments: list[str]) -> None:
    assert main.screen_request(arguments) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What it does."""

    words: Annotated[list[str] | None, typer.Argument()] = None
    count: Annotated[int, typer.Option("--count", "-n", min=1)] = 3
    loud: Annotated[bool, typer.Option("--loud")] = False
    name: Annotated[str | None, typer.Option("--name")] = None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], _Options()),
        (["a", "b", "-n", "5", "--loud"], _Options(words=["a", "b"], count=5, loud=True)),
        (["caf\udce9", "--name", "\udcff"], _Options(words=["caf\ufffd"], name="\ufffd")),
    ],
)
def test_options_as_a_dataclass(arguments: list[str], expected: _Options) -> None:
    seen: list[_Options] = []

    def run(context: typer.Context, options: _Options) -> None:
        assert context.command.name == "command"
        seen.append(options)

    command: Callable[..., None] = with_options(_Options, run)
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert [replace(options, words=options.words or None) for options in seen] == [expected]
    assert "What it does" in CliRunner().invoke(app, ["--help"]).output
