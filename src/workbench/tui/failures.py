"""How failures look: a toast for what happened, a report for what must not happen."""

from __future__ import annotations

import logging
from pathlib import Path

from rich.text import Text
from textual.app import App

from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.text import clean_line
from workbench.tui.safe import toast
from workbench.tui.shell import Shell

EXIT_CRASH = 70

_READ_AT_THE_START = frozenset({"open-first", "list"})
"""Pieces of work that nobody asked for."""

logger = logging.getLogger(__name__)


def stands_in_banner(error: BaseException, group: str, shell: Shell) -> bool:
    """Whether it only says once more that the core did not start, of work that nobody asked for."""
    return group in _READ_AT_THE_START and bool(shell.start_problem) and str(error) == shell.start_problem


def show_failure(app: App[int], error: BaseException, shell: Shell) -> None:
    """Tell of a failure that ended one piece of work, not the application; one that is no slip is an event too."""
    if isinstance(error, WorkbenchError):
        slip = isinstance(error, UsageError)
        text = "\n".join(part for part in (error.detail, error.hint) if part)
        toast(app, text or error.title, "warning" if slip else "error", title=error.title if text else "")
        if not slip:
            _tell_log(shell, error.title, error.detail)
        return
    logger.error("a piece of work failed: %s", type(error).__name__)
    report = report_crash(shell.files.state_dir, error)
    _tell_log(shell, "a fault of workbench", type(error).__name__)
    where = f"\nReport: {report}" if report else ""
    toast(app, f"{type(error).__name__}. This is a fault of workbench.{where}", "error", title="Something went wrong")


def _tell_log(shell: Shell, title: str, detail: str) -> None:
    if shell.link is not None:
        from workbench.core.redaction import REDACTOR
        from workbench.core.screen_events import FailureShown

        shell.link.bus.publish(FailureShown(title=REDACTOR.scrub(title), detail=REDACTOR.scrub(detail)))


def report_crash(state_dir: Path, error: BaseException) -> Path | None:
    """Write a crash report; None when even that is impossible."""
    # Logging is not needed for the first paint.
    from workbench.core.logs import write_crash_report

    try:
        return write_crash_report(state_dir, error)
    except OSError:
        logger.exception("the crash report cannot be written")
        return None


def crash_notice(error: BaseException, report: Path | None) -> Text:
    """What is printed after a crash: no local variables, nothing foreign unless cleaned."""
    lines = [f"workbench ended because of a fault of its own: {type(error).__name__}"]
    lines.append(f"Report: {report}" if report else "A report could not be written.")
    lines.append("Everything received until half a second before is stored; start workbench again to go on.")
    return Text("\n".join(clean_line(line) for line in lines))
