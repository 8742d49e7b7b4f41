"""`workbench history`: putting conversations in order, into the trash, out of it, and away for good."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag, YesFlag
from workbench.cli.progress import ProgressLine
from workbench.cli.question import agree
from workbench.cli.session import running_engine
from workbench.core.errors import UsageError
from workbench.core.text import clean_line

if TYPE_CHECKING:
    from workbench.conversations.ordering.organizing import Before
    from workbench.conversations.values import Conversation
    from workbench.engine.core import Core
    from workbench.storage.upkeep.values import Pruned

_TITLE_LIMIT = 80
_HELP = "Ids, unique parts of their beginnings, or `last`."

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help=_HELP)]
Tags = Annotated[str, typer.Argument(metavar="TAG[,TAG...]", help="One tag, or several between commas.")]
Change = Callable[["Core", list[str]], Awaitable["Before"]]


def rename(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="ID", help="An id, a unique part of its beginning, or `last`.")],
    title: Annotated[list[str], typer.Argument(metavar="TITLE...", help="The words of the title.")],
    json: JsonFlag = False,
) -> None:
    """Give a conversation another title."""

    def change(core: Core, ids: list[str]) -> Awaitable[Before]:
        return core.organizer.rename(ids[0], " ".join(title))

    _organize(context, [reference], change, "renamed", json=json)


def pin(context: typer.Context, references: Ids, json: JsonFlag = False) -> None:
    """Let conversations stand first in lists."""
    _organize(context, references, lambda core, ids: core.organizer.pin(ids), "pinned", json=json)


def unpin(context: typer.Context, references: Ids, json: JsonFlag = False) -> None:
    """Let pinned conversations stand in their place again."""
    _organize(context, references, lambda core, ids: core.organizer.pin(ids, pinned=False), "unpinned", json=json)


def tag(context: typer.Context, names: Tags, references: Ids, json: JsonFlag = False) -> None:
    """Give conversations a tag."""
    tags = _tags_in(names)
    _organize(context, references, lambda core, ids: core.organizer.tag(ids, add=tags), "tagged", json=json)


def untag(context: typer.Context, names: Tags, references: Ids, json: JsonFlag = False) -> None:
    """Take a tag away from conversations."""
    tags = _tags_in(names)
    _organize(context, references, lambda core, ids: core.organizer.tag(ids, remove=tags), "untagged", json=json)


def move(
    context: typer.Context,
    places: Annotated[list[str], typer.Argument(metavar="FOLDER ID...", help="A folder such as work/rust, then ids.")],
    out: Annotated[bool, typer.Option("--out", help="Out of their folders; then there are only ids.")] = False,
    json: JsonFlag = False,
) -> None:
    """Lay conversations into a folder.

    Or, with --out, into none.
    """
    folder, references = (None, places) if out else (places[0], places[1:])
    if not references:
        raise UsageError("Say which conversations", hint="workbench history move FOLDER ID...")
    done = "taken out of their folders" if folder is None else f"moved to {folder}"
    _organize(context, references, lambda core, ids: core.organizer.move(ids, folder), done, json=json)


def archive(context: typer.Context, references: Ids, json: JsonFlag = False) -> None:
    """Leave conversations out of lists.

    Searches with is:archived find them.
    """
    _organize(context, references, lambda core, ids: core.organizer.archive(ids), "archived", json=json)


def unarchive(context: typer.Context, references: Ids, json: JsonFlag = False) -> None:
    """Take conversations out of the archive."""

    def change(core: Core, ids: list[str]) -> Awaitable[Before]:
        return core.organizer.archive(ids, archived=False)

    _organize(context, references, change, "taken out of the archive", json=json)


def tags(context: typer.Context, json: JsonFlag = False) -> None:
    """The tags in use, the most used first.

    With the number of conversations that have each.
    """
    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        found = engine.run(lambda core: core.organizer.tags())
    _print_counts("tags", found, "No conversation has a tag: workbench history tag TAG ID gives it one", json=json)


def folders(context: typer.Context, json: JsonFlag = False) -> None:
    """The folders in use.

    With the number of conversations that lie in each.
    """
    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        found = engine.run(lambda core: core.organizer.folders())
    _print_counts("folders", found, "No folder yet: workbench history move FOLDER ID makes one", json=json)


def delete(context: typer.Context, references: Ids, yes: YesFlag = False, json: JsonFlag = False) -> None:
    """Put conversations into the trash.

    They stay there until they are restored, or purged.
    """

    async def look(core: Core) -> list[Conversation]:
        return await _found(core.conversations.get, references)

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        chosen = engine.run(look)
        agree(f"Put {_words(chosen)} into the trash?", yes=yes, json=json)
        engine.run(lambda core: core.trash.delete_conversations([one.id for one in chosen]))
    if json:
        output.write_json({"deleted": [one.id for one in chosen]})
        return
    for one in chosen:
        output.write_text_line(f"Deleted  {one.id}  {_title(one)}")
    back = chosen[0].id if len(chosen) == 1 else "ID..."
    output.note(f"workbench history restore {back} brings {'it' if len(chosen) == 1 else 'them'} back")


def restore(
    context: typer.Context,
    references: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Ids of deleted conversations, or `last`: the last deleted.")
    ],
    json: JsonFlag = False,
) -> None:
    """Bring conversations back from the trash."""

    async def bring_back(core: Core) -> list[Conversation]:
        chosen = await _found(core.trash.get, references)
        return await core.trash.restore_conversations([one.id for one in chosen])

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        restored = engine.run(bring_back)
    if json:
        output.write_json({"restored": [one.id for one in restored]})
        return
    for one in restored:
        output.write_text_line(f"Restored  {one.id}  {_title(one)}")


def purge(
    context: typer.Context,
    references: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Deleted conversations; without any, all of them.")
    ] = None,
    *,
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=0, max=36_500, metavar="DAYS", help="Only what is older.")
    ] = None,
    yes: YesFlag = False,
    json: JsonFlag = False,
) -> None:
    """Remove for good what is in the trash.

    These conversations, or everything that was deleted.
    """
    if references and older_than is not None:
        raise UsageError("Name conversations, or say --older-than", hint="Not both")
    if references:
        removed = _purge(context, references, yes=yes, json=json)
    else:
        removed = _empty(context, older_than or 0, yes=yes, json=json)
    if json:
        output.write_json({"purged": {"conversations": removed.conversations, "messages": removed.messages}})
        return
    output.write_text_line("Nothing to remove" if removed.nothing else f"Removed for good: {removed.words}")


def _purge(context: typer.Context, references: Sequence[str], *, yes: bool, json: bool) -> Pruned:
    async def look(core: Core) -> list[Conversation]:
        return await _found(core.trash.get, references)

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        chosen = engine.run(look)
        agree(f"Remove for good {_words(chosen)}? That cannot be undone.", yes=yes, json=json)

        async def remove(core: Core) -> Pruned:
            # While the question was open somebody may have brought one back.
            ids = [(await core.trash.get(one.id)).id for one in chosen]
            return await core.upkeep.purge(ids, shown)

        with ProgressLine() as shown:
            return engine.run(remove)


def _empty(context: typer.Context, days: int, *, yes: bool, json: bool) -> Pruned:
    from workbench.storage.upkeep.values import Prunable, Pruning

    pruning = Pruning(what=Prunable.TRASH, days=days)
    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        foreseen = engine.run(lambda core: core.upkeep.preview(pruning))
        if foreseen.nothing:
            return foreseen
        agree(f"Remove for good {foreseen.words} in the trash? That cannot be undone.", yes=yes, json=json)

        async def remove(core: Core) -> Pruned:
            if await core.upkeep.preview(pruning) != foreseen:
                raise UsageError("The trash has changed meanwhile", hint="Look again: workbench history list --trash")
            return await core.upkeep.prune(pruning, shown)

        with ProgressLine() as shown:
            return engine.run(remove)


def _organize(context: typer.Context, references: Sequence[str], change: Change, done: str, *, json: bool) -> None:
    """Change the named conversations, all or none, and say of each what became of it."""

    async def work(core: Core) -> tuple[set[str], list[Conversation]]:
        chosen = await _found(core.conversations.get, references)
        before = await change(core, [one.id for one in chosen])
        now = [await core.conversations.get(one.id) for one in chosen]
        return {placement.conversation_id for placement in before}, now

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        changed, conversations = engine.run(work)
    if json:
        from workbench.conversations.telling.documents import conversation_document

        documents = [conversation_document(one) | {"changed": one.id in changed} for one in conversations]
        output.write_json({"conversations": documents})
        return
    for one in conversations:
        what = done if one.id in changed else "as it was"
        output.write_text_line(f"{one.id}  {_title(one)}: {what}")


async def _found(
    get: Callable[[str], Awaitable[Conversation]], references: Sequence[str]
) -> list[Conversation]:  # fmt: skip
    """The conversations, each once; raises NotFoundError for the first that is not there."""
    found: dict[str, Conversation] = {}
    for reference in references:
        one = await get(reference)
        found.setdefault(one.id, one)
    return list(found.values())


def _tags_in(names: str) -> list[str]:
    from workbench.conversations.ordering.organizing import tag_of

    return [tag_of(name) for name in names.split(",")]


def _title(conversation: Conversation) -> str:
    return clean_line(conversation.title, _TITLE_LIMIT) or "(no title)"


def _words(conversations: Sequence[Conversation]) -> str:
    """What is about to go, for a question."""
    messages = sum(one.messages for one in conversations)
    count = f"{messages:,} message{'' if messages == 1 else 's'}"
    if len(conversations) == 1:
        return f"“{_title(conversations[0])}” with {count}"
    return f"{len(conversations):,} conversations with {count}"


def _print_counts(name: str, counts: Mapping[str, int], none: str, *, json: bool) -> None:
    if json:
        output.write_json({name: [{"name": each, "conversations": count} for each, count in counts.items()]})
        return
    for line in output.table((f"{count:>6,}", each) for each, count in counts.items()):
        output.write_line(line)
    if not counts:
        output.note(none)
