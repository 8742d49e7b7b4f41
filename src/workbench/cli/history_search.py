"""`workbench history list` and `history search`: what there is, and where something was said."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag
from workbench.cli.session import running_engine
from workbench.core.clock import iso_utc
from workbench.core.text import clean_line

if TYPE_CHECKING:
    from workbench.conversations.search.values import SearchHit, SearchOrder, SearchPage
    from workbench.conversations.values import Conversation
    from workbench.engine.core import Core

TITLE_LIMIT = 80
_PAGE = 200

LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, max=500, metavar="N", help="At most N.")]
OffsetOption = Annotated[int, typer.Option("--offset", min=0, metavar="N", help="Leave out the first N.")]


def list_conversations(
    context: typer.Context,
    *,
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="Only those with this tag.")] = "",
    folder: Annotated[str, typer.Option("--folder", metavar="PATH", help="Only those in this folder.")] = "",
    archived: Annotated[bool, typer.Option("--archived", help="The archived ones.")] = False,
    trash: Annotated[bool, typer.Option("--trash", help="The deleted ones.")] = False,
    json: JsonFlag = False,
) -> None:
    """Conversations, newest first."""
    from workbench.conversations.telling.documents import conversation_document

    query = " ".join(_filters(tag=tag, folder=folder, archived=archived, trash=trash))

    async def read(core: Core) -> tuple[int, list[Conversation]]:
        if not query:
            return await core.conversations.list(limit=limit, offset=offset)
        page = await _found(core, query, offset=offset, limit=limit)
        return page.total, await core.search.conversations(page.hits)

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        total, conversations = engine.run(read)
    if json:
        documents = [conversation_document(conversation) for conversation in conversations]
        output.write_json({"total": total, "conversations": documents})
        return
    for line in output.table(_row(conversation) for conversation in conversations):
        output.write_line(line)
    if not conversations:
        none = "No conversation is like this" if query else "No conversation yet"
        output.note(none if not total else f"Only {total} conversations")
    elif offset + len(conversations) < total:
        output.note(f"{offset + 1} to {offset + len(conversations)} of {total}; go on with --offset")


def search(
    context: typer.Context,
    query: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY",
            help="word '\"a phrase\"' begin* -not; role: provider: model: after: before: tag: folder: has: is: in:",
        ),
    ],
    *,
    limit: LimitOption = 20,
    offset: OffsetOption = 0,
    best: Annotated[bool, typer.Option("--best", help="The best match first, not the newest.")] = False,
    json: JsonFlag = False,
) -> None:
    """Where something was said, newest first. Without words: conversations."""
    from workbench.conversations.search.values import SearchOrder

    order = SearchOrder.BEST if best else SearchOrder.NEWEST
    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        page = engine.run(lambda core: _found(core, " ".join(query), offset=offset, limit=limit, order=order))
    for note in page.notes:
        output.note(note, output.YELLOW)
    if json:
        output.write_json({
            "total": page.total,
            "capped": page.capped,
            "hits": [_document(hit) for hit in page.hits],
            "notes": page.notes,
        })  # fmt: skip
        return
    for number, (_, hits) in enumerate(groupby(page.hits, key=lambda hit: hit.conversation_id)):
        _print_conversation(list(hits), first=number == 0)
    output.note(_summary(page, offset))


async def _found(
    core: Core, query: str, *, offset: int, limit: int, order: SearchOrder | None = None
) -> SearchPage:  # fmt: skip
    """The hits from `offset` on, with what the first page says of all of them."""
    from dataclasses import replace

    from workbench.conversations.search.values import SearchOrder

    order = order or SearchOrder.NEWEST
    page = first = await core.search.find(query, order=order, limit=min(offset + limit, _PAGE))
    hits = list(page.hits)
    while len(hits) < offset + limit and page.next is not None:
        page = await core.search.find(query, order=order, limit=_PAGE, after=page.next)
        hits += page.hits
    return replace(first, hits=tuple(hits[offset : offset + limit]))


def _filters(*, tag: str, folder: str, archived: bool, trash: bool) -> Iterator[str]:
    for name, value in (("tag", tag), ("folder", folder)):
        if value:
            # A quotation mark would end the value.
            yield f'{name}:"{value.replace(chr(34), " ")}"'
    if archived:
        yield "is:archived"
    if trash:
        yield "is:trash"


def _row(conversation: Conversation) -> tuple[str, ...]:
    messages = f"{conversation.messages} message{'' if conversation.messages == 1 else 's'}"
    if conversation.private:
        messages += ", private"
    title = clean_line(conversation.title, TITLE_LIMIT)
    return (conversation.id, iso_utc(conversation.updated_at_ms), messages, title)


def _document(hit: SearchHit) -> dict[str, object]:
    return {
        "conversation_id": hit.conversation_id,
        "message_id": hit.message_id,
        "title": hit.title,
        "role": hit.role,
        "snippet": hit.snippet,
        "marks": hit.marks,
        "state": hit.state,
        "provider": hit.provider,
        "model": hit.model,
        "created_at": iso_utc(hit.created_at_ms),
    }


def _print_conversation(hits: list[SearchHit], *, first: bool) -> None:
    if not first:
        output.write_line()
    output.write_text_line(clean_line(hits[0].title, TITLE_LIMIT) or "(no title)", output.BOLD)
    kept = [name for name in ("pinned", "archived", "private") if getattr(hits[0], name)]
    output.write_text_line("  ".join([hits[0].conversation_id, *kept]), output.DIM)
    for hit in hits:
        speaker = "title" if hit.role is None else hit.role.value
        output.write_marked_line(f"  {iso_utc(hit.created_at_ms)}  {speaker}: ", hit.snippet, hit.marks)


def _summary(page: SearchPage, offset: int) -> str:
    if not page.hits:
        return f"Only {page.total:,} found" if page.total else "Nothing found; is:archived and is:trash look elsewhere"
    chats = len({hit.conversation_id for hit in page.hits})
    found = f"{page.total:,}{'+' if page.capped else ''} found"
    if offset == 0 and len(page.hits) >= page.total:
        return f"{found} in {chats} conversation{'' if chats == 1 else 's'}"
    return f"{found}; {offset + 1:,} to {offset + len(page.hits):,} are shown, go on with --offset"
