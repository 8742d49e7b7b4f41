"""`workbench history`: what was said, read from the disk and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import history_export, history_order, output
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag
from workbench.cli.session import running_engine
from workbench.conversations.telling.wording import extra_lines, speaker, state_line
from workbench.conversations.values import Conversation, Message
from workbench.core.clock import iso_utc

if TYPE_CHECKING:
    from workbench.engine.core import Core

app = typer.Typer(help="What was said. Reading it contacts nobody.")


@app.command()
def show(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="ID", help="An id, a unique part of its beginning, or `last`.")],
    json: JsonFlag = False,
) -> None:
    """One conversation, as it was said.

    Its active branch, or with --json the whole tree.
    """
    from workbench.conversations.telling.documents import tree_document

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


app.command("export")(history_export.export)
for ordering in (
    history_order.delete, history_order.restore, history_order.purge, history_order.rename, history_order.pin,
    history_order.unpin, history_order.tag, history_order.untag, history_order.move, history_order.archive,
    history_order.unarchive, history_order.tags, history_order.folders,
):  # fmt: skip
    app.command(ordering.__name__)(ordering)


def _print_message(message: Message) -> None:
    output.write_line()
    output.write_text_line(f"{speaker(message)}  {iso_utc(message.created_at_ms)}", output.BOLD)
    _print_text(message)
    for part in message.broken:
        line = f"[set aside: {part.provider}/{part.model} broke off after {len(part.text)} characters]"
        output.write_text_line(line, output.DIM)
    for line in extra_lines(message):
        output.write_text_line(f"[{line}]", output.DIM)
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
