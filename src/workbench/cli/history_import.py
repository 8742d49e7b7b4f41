"""`workbench history import`: conversations of other programs and of other homes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.failures import ExitCode
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag, YesFlag
from workbench.cli.progress import ProgressLine
from workbench.cli.question import agree
from workbench.cli.session import running_engine
from workbench.cli.signals import Interrupted
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.conversations.importing.values import ImportProgress, ImportReport
    from workbench.engine.core import Core
    from workbench.engine.engine import Engine

PROBLEMS_SHOWN = 10


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export; what it is is told by its content.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be added.")] = False,
    yes: YesFlag = False,
    json: JsonFlag = False,
) -> None:
    """Add the conversations of a file: branches, dates, models, reasoning and names of attachments with them.

    Formats: workbench (JSON, JSONL, zip), ChatGPT and Claude (zip or conversations.json), Gemini (MyActivity of Google
    Takeout), Open WebUI, LibreChat, Claude Code, llm (logs.db), Elia, oterm, aichat, OpenAI messages, ShareGPT.
    Importing twice adds nothing; a later export adds what is new. What is there is never changed.
    """
    if json and not (yes or dry_run):
        raise UsageError("Without a person to ask, --yes is needed", hint="--dry-run only counts")
    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        counted = _performed(engine, file.absolute(), None)
        if counted.anything_new and not (dry_run or yes):
            for line in _lines(counted, "would be added"):
                output.note(line)
            agree("Import them?", yes=yes, json=json)
        report = counted if dry_run else _performed(engine, file.absolute(), counted)
    if json:
        from workbench.conversations.importing.values import report_document

        output.write_json(report_document(report))
    else:
        _print(report)
    if report.failed and not report.new + report.known:
        raise typer.Exit(ExitCode.FAILED)


def _performed(engine: Engine, file: Path, counted: ImportReport | None) -> ImportReport:
    """What an import found, or with the report of that, did; progress is shown meanwhile."""
    shown = ProgressLine()

    def tell(progress: ImportProgress) -> None:
        from workbench.core.progress import Progress

        doing = f"{progress.stage.value}: {progress.conversations:,} conversations, {progress.messages:,} messages"
        shown(Progress(doing=doing, done=progress.done, total=progress.total))

    async def work(core: Core) -> ImportReport:
        return await core.importer.run(file, dry_run=counted is None, counted=counted, tell=tell)

    try:
        with shown:
            return engine.run(work)
    except Interrupted:
        if counted is not None:
            output.note("What has been added stays; the same command adds the rest")
        raise


def _print(report: ImportReport) -> None:
    for line in _lines(report, "would be added" if report.dry_run else "added"):
        output.write_text_line(line)
    for problem in report.problems[:PROBLEMS_SHOWN]:
        output.note(problem, output.YELLOW)
    if (more := len(report.problems) - PROBLEMS_SHOWN) > 0:
        output.note(f"{more} more; --json lists them", output.YELLOW)


def _lines(report: ImportReport, added: str) -> list[str]:
    messages = f"{report.messages_new:,} message{'' if report.messages_new == 1 else 's'}"
    lines = [f"{report.label}: {_conversations(report.new)} and {messages} {added}"]
    if report.known:
        lines.append(f"{_conversations(report.known)} and {report.messages_known:,} messages were here already")
    if report.failed:
        lines.append(f"{_conversations(report.failed)} cannot be read")
    return lines


def _conversations(count: int) -> str:
    return f"{count:,} conversation{'' if count == 1 else 's'}"
