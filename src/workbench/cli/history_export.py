"""`workbench history export`: conversations as files, or on standard output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.invocation import Invocation
from workbench.cli.progress import ProgressLine
from workbench.cli.session import running_engine
from workbench.conversations.exporting.formats import ExportFormat, file_name_of
from workbench.core.errors import UsageError
from workbench.core.export_file import FileExistsAlreadyError, place_of

if TYPE_CHECKING:
    from workbench.conversations.exporting.service import Exported
    from workbench.engine.core import Core


def export(
    context: typer.Context,
    references: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Ids, unique parts of their beginnings, or `last`.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All conversations, archived ones too.")] = False,
    query: Annotated[str | None, typer.Option("--query", metavar="QUERY", help="Those that a search finds.")] = None,
    format_: Annotated[
        ExportFormat,
        typer.Option("--format", help="Markdown and HTML have the branch in force, the others all branches."),
    ] = ExportFormat.MARKDOWN,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE; a folder gets a file in it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE when it is there.")] = False,
    redact: Annotated[
        list[str] | None, typer.Option("--redact", metavar="WORD", help="A word that a bundle must not have.")
    ] = None,
) -> None:
    """Conversations as a file, or on standard output.

    Markdown, HTML, JSON, JSON Lines, or a bundle to share, in which keys and chosen words are masked.
    """
    if sum((bool(references), everything, query is not None)) != 1:
        raise UsageError("Say which conversations", hint="Ids, `last`, --all, or --query 'tag:work'")
    if redact and format_ is not ExportFormat.BUNDLE:
        raise UsageError("Only a bundle leaves words out", hint="--format bundle")
    if format_ is ExportFormat.BUNDLE and file is None:
        raise UsageError("A bundle needs a file", hint="-o FILE")

    async def write(core: Core) -> Exported:
        ids = await _chosen(core, references, query)
        if file is None:
            return await core.exporter.pour(ids, format_, lambda piece: output.write(piece.decode()))
        target = place_of(str(file), await _name(core, ids, format_))
        try:
            return await core.exporter.write(ids, format_, target, overwrite=force, redact=redact or (), tell=line)
        except FileExistsAlreadyError as problem:
            hint = "Choose another name, or --force"
            raise FileExistsAlreadyError(problem.title, detail=problem.detail, hint=hint) from None

    with running_engine(cast("Invocation", context.obj), offline=True) as engine, ProgressLine() as line:
        exported = engine.run(write)
    if file is not None:
        conversations = "" if exported.conversations == 1 else f" of {exported.conversations:,} conversations"
        output.note(f"{exported.messages:,} messages{conversations} written to {exported.path}")


async def _chosen(core: Core, references: list[str] | None, query: str | None) -> list[str] | None:
    """The ids, or None for all."""
    if references:
        return references
    if query is None:
        return None
    ids: dict[str, None] = {}
    page = await core.search.find(query, limit=500)
    ids.update(dict.fromkeys(hit.conversation_id for hit in page.hits))
    while page.next is not None:
        page = await core.search.find(query, limit=500, after=page.next)
        ids.update(dict.fromkeys(hit.conversation_id for hit in page.hits))
    return list(ids)


async def _name(core: Core, ids: list[str] | None, format_: ExportFormat) -> str:
    if ids is None or len(ids) != 1:
        return file_name_of("conversations", format_)
    return file_name_of((await core.conversations.get(ids[0])).title, format_)
