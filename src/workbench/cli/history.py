"""`workbench history`: what was said, read from the disk and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag
from workbench.cli.session import running_engine
from workbench.conversations.export import ExportFormat, exported
from workbench.conversations.values import Conversation, Message
from workbench.conversations.wording import speaker, state_line
from workbench.core.clock import iso_utc
from workbench.core.text import clean_line

if TYPE_CHECKING:
    from workbench.engine.core import Core

app = typer.Typer(help="What was said. Reading it contacts nobody.")

TITLE_LIMIT = 80


@app.command("list")
def list_conversations(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500, metavar="N", help="At most N.")] = 50,
    offset: Annotated[int, typer.Option("--offset", min=0, metavar="N", help="Leave out the first N.")] = 0,
    json: JsonFlag = False,
) -> None:
    """Conversations, newest first."""
    from workbench.conversations.documents import conversation_document

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        total, conversations = engine.run(lambda core: core.conversations.list(limit=limit, offset=offset))
    if json:
        documents = [conversation_document(conversation) for conversation in conversations]
        output.write_json({"total": total, "conversations": documents})
        return
    for line in output.table(_row(conversation) for conversation in conversations):
        output.write_line(line)
    if not conversations:
        output.note("No conversation yet" if not total else f"Only {total} conversations")
    elif offset + len(conversations) < total:
        output.note(f"{offset + 1} to {offset + len(conversations)} of {total}; go on with --offset")


def _row(conversation: Conversation) -> tuple[str, ...]:
    messages = f"{conversation.messages} message{'' if conversation.messages == 1 else 's'}"
    if conversation.private:
        messages += ", private"
    title = clean_line(conversation.title, TITLE_LIMIT)
    return (conversation.id, iso_utc(conversation.updated_at_ms), messages, title)


@app.command()
def show(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="ID", help="An id, a unique part of its beginning, or `last`.")],
    json: JsonFlag = False,
) -> None:
    """One conversation: its active branch, or with --json the whole tree."""
    from workbench.conversations.documents import tree_document

    async def read(core: Core) -> tuple[Conversation, list[Message]]:
        conversation = await core.conversations.get(reference)
        read_messages = core.conversations.tree if json else core.conversations.path
        return conversation, await read_messages(conversation.id)

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        conversation, messages = engine.run(read)
    if json:
        output.write_json(tree_document(conversation, messages))
        return
    output.write_text_line(conversation.title, output.BOLD)
    private = "  private" if conversation.private else ""
    output.write_line(f"{conversation.id}  {iso_utc(conversation.created_at_ms)}{private}", output.DIM)
    for message in messages:
        _print_message(message)


@app.command()
def export(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="ID", help="An id, a unique part of its beginning, or `last`.")],
    format_: Annotated[
        ExportFormat, typer.Option("--format", help="Markdown has the active branch, JSON the whole tree.")
    ] = ExportFormat.MARKDOWN,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE, which must not exist yet.")
    ] = None,
) -> None:
    """One conversation as Markdown or JSON, to standard output or a file."""
    from workbench.core.export_file import write_export

    async def read(core: Core) -> tuple[Conversation, list[Message]]:
        conversation = await core.conversations.get(reference)
        whole = format_ is ExportFormat.JSON
        read_messages = core.conversations.tree if whole else core.conversations.path
        return conversation, await read_messages(conversation.id)

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        conversation, messages = engine.run(read)
    text = exported(conversation, messages, format_)
    if file is None:
        output.write(text)
    else:
        write_export(file, text)
        output.note(f"{len(messages):,} messages written to {file}")


def _print_message(message: Message) -> None:
    output.write_line()
    output.write_text_line(f"{speaker(message)}  {iso_utc(message.created_at_ms)}", output.BOLD)
    _print_text(message)
    for part in message.broken:
        line = f"[set aside: {part.provider}/{part.model} broke off after {len(part.text)} characters]"
        output.write_text_line(line, output.DIM)
    if (state := state_line(message)) is not None:
        output.write_text_line(f"[{state}]", output.YELLOW)


def _print_text(message: Message) -> None:
    """The text, with a line at each place where another provider went on."""
    start = 0
    for seam in message.seams:
        _print_piece(message.text[start : seam.at])
        output.write_text_line(f"[{seam.label}]", output.DIM)
        start = seam.at
    _print_piece(message.text[start:])


def _print_piece(text: str) -> None:
    if text:
        output.write_line(text.removesuffix("\n"))
