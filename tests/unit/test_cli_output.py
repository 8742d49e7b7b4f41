"""What commands write: clean, in JSON too; and what they say when they fail."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.doubles import HOSTILE_TEXT
from workbench.cli import failures, output
from workbench.cli.failures import ExitCode
from workbench.config.paths import Paths, resolve_paths
from workbench.core.errors import (
    ConfigurationError,
    NotFoundError,
    ProvidersError,
    StorageError,
    UsageError,
    WorkbenchError,
)
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret
from workbench.core.text import forbidden


def _is_clean(text: str) -> bool:
    return not any(ord(character) in forbidden() for character in text)


def test_plain_text_is_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    output.write(HOSTILE_TEXT)
    output.write_line(HOSTILE_TEXT)
    output.write_text_line("two\nlines" + HOSTILE_TEXT)
    output.note(HOSTILE_TEXT)
    captured = capsys.readouterr()
    assert _is_clean(captured.out)
    assert _is_clean(captured.err)
    assert "[@click=app.quit]x[/]" in captured.out
    assert "two lines" in captured.out


def test_json_is_cleaned_in_keys_and_values_and_still_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_json({HOSTILE_TEXT: [HOSTILE_TEXT, {"path": Path("/tmp/\x1b[31m")}, 1.5, None, True]})
    out = capsys.readouterr().out
    decoded = json.loads(out)
    assert _is_clean(out)
    assert _is_clean("".join(decoded))
    assert _is_clean(next(iter(decoded.values()))[0])
    assert next(iter(decoded.values()))[1:] == [{"path": "/tmp/␛[31m"}, 1.5, None, True]


@given(st.recursive(st.text() | st.integers() | st.floats() | st.none(), st.lists))
def test_whatever_comes_json_stays_valid_and_clean(value: object) -> None:
    text = json.dumps(output.cleaned({"value": value}), ensure_ascii=False, allow_nan=False)
    assert _is_clean(text)
    json.loads(text)


def test_what_is_typed_need_not_be_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9\n"), "utf-8"))
    output.prepare_streams()
    assert input() == "caf\ufffd"


def test_keys_do_not_get_into_narration_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    REDACTOR.register(Secret("canary-4711-abcdefghij"))
    output.note("the server says: bad key canary-4711-abcdefghij")
    failures.report(ProvidersError("Refused", detail="canary-4711-abcdefghij"), as_json=False)
    failures.report(ProvidersError("Refused", detail="canary-4711-abcdefghij"), as_json=True)
    captured = capsys.readouterr()
    assert "canary" not in captured.out + captured.err
    assert "the server says" in captured.err


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (UsageError("x"), 2),
        (NotFoundError("x"), 2),
        (ConfigurationError("x"), 2),
        (StorageError("x"), 1),
        (ProvidersError("x"), 1),
        (WorkbenchError("x"), 1),
    ],
)
def test_exit_codes(problem: WorkbenchError, code: int) -> None:
    assert failures.exit_code_of(problem) == code


def test_failure_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code = failures.report(NotFoundError("No such thing", detail="d", hint="h"), as_json=True)
    assert code is ExitCode.USAGE
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "error": {"kind": "not_found", "title": "No such thing", "detail": "d", "hint": "h"}
    }
    assert captured.err == ""


def test_failure_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    failures.report(NotFoundError("No such thing", detail="d.", hint="h"), as_json=False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Error: No such thing. d\n  h\n"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["ask", "--json", "hi"], True),
        (["ask", "--ndjson"], True),
        (["ask", "hi"], False),
        (["ask", "--", "--json"], False),
    ],
)
def test_json_is_recognised_before_parsing(arguments: list[str], wanted: bool) -> None:
    assert failures.wants_json(arguments) is wanted


def test_crash_report_is_written_without_locals(
    isolation: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def crash() -> None:
        local_value = "local-canary-0815"
        raise RuntimeError(f"it has {len(local_value)} characters")

    with pytest.raises(RuntimeError) as caught:
        crash()
    assert failures.report_crash(caught.value, lambda: resolve_paths(isolation), as_json=True) == 70
    hint = json.loads(capsys.readouterr().out)["error"]["hint"]
    report = Path(hint.removeprefix("The report is in "))
    assert report.parent == isolation / "state"
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert "it has 17 characters" in text
    assert "local-canary" not in text


def test_crash_report_without_any_paths(capsys: pytest.CaptureFixture[str]) -> None:
    def no_paths() -> Paths:
        raise ConfigurationError("no home")

    assert failures.report_crash(RuntimeError("x"), no_paths, as_json=False) == 70
    assert "The report is in /" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environ", "styled"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": ""}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
    ],
)
def test_colours_only_where_they_are_wanted(
    environ: Mapping[str, str], styled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    primary, secondary = os.openpty()
    with os.fdopen(secondary, "w") as terminal:
        assert (output.styled("x", output.RED, terminal) == "\x1b[31mx\x1b[0m") is styled
    os.close(primary)


def test_no_colours_on_a_pipe(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as stream:
        assert output.styled("x", output.RED, stream) == "x"


def test_table_aligns_wide_characters_and_keeps_cells_on_their_line() -> None:
    lines = output.table([("日本", "1", "x"), ("abc", "22", "two\nlines\x1b[31m")])
    assert lines == ["日本  1   x", "abc   22  two lines␛[31m"]
    assert output.table([]) == []


@pytest.mark.parametrize(("nano", "expected"), [(None, None), (0, 0.0), (4_100_000, 0.0041), (1, 1e-09)])
def test_money(nano: int | None, expected: float | None) -> None:
    assert output.dollars(nano) == expected
