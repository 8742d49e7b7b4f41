"""How a command ends when it cannot go on: exit codes, error texts and documents, crash reports."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli import output
from workbench.core.errors import ConfigurationError, UsageError, WorkbenchError
from workbench.core.redaction import REDACTOR

if TYPE_CHECKING:
    from workbench.config.paths import Paths


class ExitCode(IntEnum):
    """What the exit code of every command means."""

    DONE = 0
    FAILED = 1
    """The work failed: every provider failed, an answer is not complete."""
    USAGE = 2
    """Wrong usage or configuration."""
    UNREACHABLE = 3
    """Nothing could be reached now; worth trying again."""
    CRASHED = 70
    INTERRUPTED = 130
    """Ctrl-C, SIGTERM or SIGHUP; what had arrived is kept."""


def exit_code_of(problem: WorkbenchError) -> ExitCode:
    """The exit code that tells scripts about `problem`."""
    return ExitCode.USAGE if isinstance(problem, (UsageError, ConfigurationError)) else ExitCode.FAILED


def error_document(kind: str, title: str, detail: str = "", hint: str = "") -> dict[str, object]:
    """The value of `error` in every failure under `--json`; redacted."""
    fields = {"kind": kind, "title": title, "detail": detail, "hint": hint}
    return {name: REDACTOR.redact(text) for name, text in fields.items()}


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, judged without parsing it, for failures before and in parsing."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options or "--ndjson" in options


def report(problem: WorkbenchError, *, as_json: bool) -> ExitCode:
    """Tell of a failure that explains itself; the exit code to end with."""
    _tell(error_document(problem.kind, problem.title, problem.detail, problem.hint), as_json=as_json)
    return exit_code_of(problem)


def report_usage(text: str, *, command: str, as_json: bool) -> ExitCode:
    """Tell of a command line that cannot be parsed."""
    _tell(error_document("usage", text, hint=f"Try '{command} --help'"), as_json=as_json)
    return ExitCode.USAGE


def report_interrupt(*, as_json: bool) -> ExitCode:
    """Tell that the user or the system ended the command."""
    _tell(error_document("interrupted", "Interrupted"), as_json=as_json)
    return ExitCode.INTERRUPTED


def report_lost_output(problem: output.OutputFailed) -> ExitCode:
    """End quietly when the reader has seen enough (`| head`); say so when the output could not be written."""
    output.silence()
    if problem.reader_gone:
        return ExitCode.DONE
    output.note(f"Error: The output could not be written. {problem}", output.RED)
    return ExitCode.FAILED


def report_crash(problem: BaseException, paths: Callable[[], Paths], *, as_json: bool) -> ExitCode:
    """Write a crash report, without local variables, and name it."""
    from workbench.core.logs import write_crash_report

    state_dir = None
    with contextlib.suppress(WorkbenchError, OSError):
        state_dir = paths().state_dir
    try:
        state_dir = state_dir or Path(tempfile.mkdtemp(prefix="workbench-"))
        where = f"The report is in {write_crash_report(state_dir, problem)}"
    except OSError as refusal:
        where = f"A report could not be written: {os.strerror(refusal.errno or 0)}"
    title = f"workbench crashed: {type(problem).__name__}"
    _tell(error_document("internal", title, hint=where), as_json=as_json)
    return ExitCode.CRASHED


def _tell(document: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        try:
            output.write_ndjson({"error": document})
        except output.OutputFailed:
            output.silence()
        return
    parts = [str(document[name]).rstrip(".") for name in ("title", "detail") if document[name]]
    output.note("Error: " + ". ".join(parts), output.RED)
    if document["hint"]:
        output.note(f"  {document['hint']}")
