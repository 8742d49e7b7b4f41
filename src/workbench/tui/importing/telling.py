"""What the import dialog says of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs

if TYPE_CHECKING:
    from workbench.conversations.importing.values import ImportProgress, ImportReport

PROBLEMS_SHOWN = 8
_LONGEST = 400


def report_lines(report: ImportReport) -> Content:
    """Format, counts and problems, a line each."""
    signs = glyphs()
    added = "would be added" if report.dry_run else "added"
    sign = (f"{signs.ok} ", "$success") if report.anything_new else (f"{signs.dot} ", "$text-muted")
    lines = [
        Content.assemble(
            sign, (f"{clean_line(report.label)}: ", "bold"),
            f"{_conversations(report.new)} and {_messages(report.messages_new)} {added}",
        )
    ]  # fmt: skip
    if report.known:
        told = f"{_conversations(report.known)} and {_messages(report.messages_known)} were here already"
        lines.append(Content.assemble((f"{signs.dot} ", "$text-muted"), (told, "$text-muted")))
    if report.failed:
        failed = f"{_conversations(report.failed)} cannot be read"
        lines.append(Content.assemble((f"{signs.failed} ", "$error"), failed))
    lines += [
        Content.assemble((f"{signs.slow} ", "$warning"), (clean_line(problem, _LONGEST), "$text-muted"))
        for problem in report.problems[:PROBLEMS_SHOWN]
    ]
    more = len(report.problems) - PROBLEMS_SHOWN
    if more > 0:
        command = "workbench history import --dry-run --json lists them"
        lines.append(Content.styled(f"  and {more:,} more: {command}", "$text-muted"))
    return Content("\n").join(lines)


def progress_line(progress: ImportProgress) -> str:
    """How far an import is."""
    percent = f" {min(progress.done * 100 // progress.total, 100)} %" if progress.total else ""
    counts = f"{_conversations(progress.conversations)}, {_messages(progress.messages)}"
    return f"{progress.stage.value}{percent}: {counts}"


def _conversations(count: int) -> str:
    return f"{count:,} conversation{'' if count == 1 else 's'}"


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"
