"""`workbench backup`, `workbench restore`, and how large the history is: `history stats`, `prune`, `compact`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag, YesFlag
from workbench.cli.progress import ProgressLine
from workbench.cli.question import agree
from workbench.cli.session import running_engine
from workbench.core.clock import iso_utc
from workbench.core.errors import UsageError
from workbench.core.sizes import size_words

if TYPE_CHECKING:
    from workbench.engine.core import Core
    from workbench.storage.upkeep.values import LargestConversations, Pruned, Pruning, Sizes

_DAYS = typer.Option(min=0, max=36_500, metavar="DAYS")
_SHOWN = 10


def backup(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where to; else into data/backups.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that exists.")] = False,
    json: JsonFlag = False,
) -> None:
    """Copy the whole database into one file, and verify it.

    Others may go on writing. Without FILE the copy is one of the seven automatic ones.
    """
    target = None if file is None else file.absolute()
    with running_engine(cast("Invocation", context.obj), offline=True) as engine, ProgressLine() as shown:
        made = engine.run(lambda core: core.upkeep.back_up(target, shown, overwrite=force))
    if json:
        output.write_json({"path": str(made.path), "size": made.size, "at": iso_utc(made.at_ms), "verified": True})
        return
    output.write_text_line(str(made.path))
    output.note(f"{size_words(made.size)}, verified")


def restore(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A file that `workbench backup` made.")] = None,
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Bring what can be read of a damaged database into a new one.")
    ] = False,
    yes: YesFlag = False,
    json: JsonFlag = False,
) -> None:
    """Put a backup in the place of the database.

    FILE is verified first, and the present database backed up. No other workbench of this home may run.
    """
    invocation = cast("Invocation", context.obj)
    if salvage == (file is not None):
        raise UsageError("Name a FILE, or say --salvage", hint="workbench restore --help")
    if file is None:
        _salvage(invocation, yes=yes, json=json)
    else:
        _restore(invocation, file.absolute(), yes=yes, json=json)


def _restore(invocation: Invocation, file: Path, *, yes: bool, json: bool) -> None:
    from workbench.config.paths import prepare_folders
    from workbench.core.clock import SystemClock
    from workbench.storage.upkeep.hands import Hand
    from workbench.storage.upkeep.restoring import contents_of
    from workbench.storage.upkeep.restoring import restore as put_back

    paths = invocation.paths()
    prepare_folders(paths)
    with ProgressLine() as shown:
        found = contents_of(file, Hand(shown))
    used = "" if found.newest_at_ms is None else f", last used {iso_utc(found.newest_at_ms)}"
    what = f"{found.conversations:,} conversations with {found.messages:,} messages{used}"
    agree(f"Put {file} ({what}) in the place of {paths.database}? That one is backed up first.", yes=yes, json=json)
    with ProgressLine() as shown:
        restored = put_back(paths.database, file, now_ms=SystemClock().now_ms(), hand=Hand(shown))
    if json:
        output.write_json(
            {
                "restored": str(file), "conversations": found.conversations, "messages": found.messages,
                "backup": _path(restored.backup), "damaged": _path(restored.damaged),
            }
        )  # fmt: skip
        return
    output.write_text_line(f"Restored {what}")
    if restored.backup is not None:
        output.note(f"What was there before is {restored.backup}")
    if restored.damaged is not None:
        output.note(f"What was there before was damaged; it is kept as {restored.damaged}", output.YELLOW)


def _salvage(invocation: Invocation, *, yes: bool, json: bool) -> None:
    from workbench.core.clock import SystemClock
    from workbench.core.errors import DatabaseDamagedError
    from workbench.storage.swapping import unsalvaged
    from workbench.storage.upkeep import restoring
    from workbench.storage.upkeep.recovery import words

    database, readable = invocation.paths().database, False
    if not unsalvaged(database):
        try:
            with running_engine(invocation, offline=True) as engine:
                checked = engine.run(lambda core: core.upkeep.check())
        except DatabaseDamagedError as problem:
            output.note(str(problem.title), output.YELLOW)
        else:
            if checked.sound:
                raise UsageError(f"The database {database} is not damaged", hint="There is nothing to salvage")
            readable = True
    agree("Bring what can be read into a new database? The damaged file is kept.", yes=yes, json=json)
    if readable:
        # It opens all the same, so nobody else would set it aside.
        restoring.set_aside(database, SystemClock().now_ms(), restoring.inode_of(database))
    with running_engine(invocation, offline=True, salvage=True) as engine, ProgressLine() as shown:
        found = engine.run(lambda core: core.recovery.result(shown))
    if found is None:
        raise UsageError("Nothing was brought over", hint="workbench events --source storage says why")
    if json:
        output.write_json(
            {
                "kept": str(found.kept), "conversations": found.conversations, "messages": found.messages,
                "expected_messages": found.expected_messages,
            }
        )  # fmt: skip
        return
    output.write_text_line(words(found))


def stats(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, max=500, metavar="N", help="Largest N.")] = _SHOWN,
    json: JsonFlag = False,
) -> None:
    """How large the history is, and what takes the space."""

    async def read(core: Core, shown: ProgressLine) -> tuple[Sizes, LargestConversations, list[Pruned]]:
        from workbench.storage.upkeep.values import EVENT_DAYS, TRASH_DAYS, Prunable, Pruning

        possible = (
            Pruning(what=Prunable.TRASH, days=TRASH_DAYS),
            Pruning(what=Prunable.EVENTS, days=EVENT_DAYS),
            Pruning(what=Prunable.DAMAGED),
        )
        return (
            await core.upkeep.sizes(shown),
            await core.upkeep.largest_conversations(limit=limit, tell=shown),
            [await core.upkeep.preview(pruning) for pruning in possible],
        )

    with running_engine(cast("Invocation", context.obj), offline=True) as engine, ProgressLine() as shown:
        sizes, largest, prunable = engine.run(lambda core: read(core, shown))
    if json:
        output.write_json(_stats_document(sizes, largest, prunable))
    else:
        _write_stats(sizes, largest, prunable)


def _stats_document(sizes: Sizes, largest: LargestConversations, prunable: Sequence[Pruned]) -> dict[str, object]:
    return {
        "database_bytes": sizes.database, "free_bytes": sizes.free, "log_bytes": sizes.log, "exact": sizes.exact,
        "backups": {"count": sizes.backup_count, "bytes": sizes.backups},
        "tables": [{"name": t.name, "rows": t.rows, "bytes": t.size} for t in sizes.tables],
        "conversations": largest.total,
        "largest": [
            {"id": c.id, "title": c.title, "messages": c.messages, "bytes": c.size, "deleted": c.deleted}
            for c in largest.conversations
        ],
        "prunable": [{"what": p.what, "removes": p.words, "bytes": p.size} for p in prunable],
    }  # fmt: skip


def _write_stats(sizes: Sizes, largest: LargestConversations, prunable: Sequence[Pruned]) -> None:
    about = "" if sizes.exact else "about "
    output.write_text_line(
        f"Database {size_words(sizes.database)}, of it unused {size_words(sizes.free)}; log {size_words(sizes.log)};"
        f" {sizes.backup_count} backups {size_words(sizes.backups)}",
        output.BOLD,
    )
    for line in output.table((f"{t.rows:>12,}", f"{about}{size_words(t.size)}", t.name) for t in sizes.tables):
        output.write_line(line)
    if largest.conversations:
        output.write_line()
        output.write_text_line(f"Largest of {largest.total:,} conversations", output.BOLD)
        rows = (
            (f"{c.messages:>12,}", size_words(c.size), c.id, c.title + ("  (in the trash)" if c.deleted else ""))
            for c in largest.conversations
        )
        for line in output.table(rows):
            output.write_line(line)
    for pruned in prunable:
        if not pruned.nothing:
            output.note(f"history prune --{pruned.what} would remove {pruned.words}, about {size_words(pruned.size)}")
    if sizes.free * 4 > sizes.database:
        output.note(f"history compact would give back {size_words(sizes.free)}")


def prune(
    context: typer.Context,
    *,
    trash: Annotated[int | None, _DAYS] = None,
    events: Annotated[int | None, _DAYS] = None,
    damaged: Annotated[int | None, _DAYS] = None,
    yes: YesFlag = False,
    json: JsonFlag = False,
) -> None:
    """Remove for good what is older than DAYS.

    What is in the trash; events (warnings are kept six times as long); files of damaged databases that were set aside.
    """
    from workbench.storage.upkeep.values import Prunable, Pruning

    days = {Prunable.TRASH: trash, Prunable.EVENTS: events, Prunable.DAMAGED: damaged}
    wanted = [Pruning(what=what, days=count) for what, count in days.items() if count is not None]
    if not wanted:
        raise UsageError("Say what to prune", hint="--trash DAYS, --events DAYS or --damaged DAYS")

    async def preview(core: Core) -> list[Pruned]:
        return [await core.upkeep.preview(pruning) for pruning in wanted]

    async def do(core: Core, shown: ProgressLine) -> list[Pruned]:
        return [await core.upkeep.prune(pruning, shown) for pruning in wanted]

    with running_engine(cast("Invocation", context.obj), offline=True) as engine:
        foreseen = engine.run(preview)
        if any(not pruned.nothing for pruned in foreseen):
            what = "; ".join(f"{p.what}: {p.words}, about {size_words(p.size)}" for p in foreseen if not p.nothing)
            agree(f"Remove for good {what}?", yes=yes, json=json)
        with ProgressLine() as shown:
            removed = engine.run(lambda core: do(core, shown))
    if json:
        output.write_json({"pruned": [_pruned_document(one, how) for one, how in zip(removed, wanted, strict=True)]})
        return
    for one in removed:
        output.write_text_line(f"{one.what}: removed {one.words}")


def _pruned_document(pruned: Pruned, how: Pruning) -> dict[str, object]:
    return {
        "what": pruned.what, "days": how.days, "conversations": pruned.conversations, "messages": pruned.messages,
        "attempts": pruned.attempts, "events": pruned.events, "files": pruned.files, "bytes": pruned.size,
    }  # fmt: skip


def compact(
    context: typer.Context,
    whole: Annotated[
        bool, typer.Option("--whole", help="Write the file anew: all writing waits, and it takes as much space again.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Give unused space back to the disk.

    In small steps, while others go on writing.
    """
    with running_engine(cast("Invocation", context.obj), offline=True) as engine, ProgressLine() as shown:
        compacted = engine.run(lambda core: core.upkeep.compact(shown, whole=whole))
    if json:
        output.write_json({"before_bytes": compacted.before, "after_bytes": compacted.after})
        return
    output.write_text_line(f"{size_words(compacted.before)} became {size_words(compacted.after)}")


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)
