"""Giving space back to the disk, in steps that let everybody else write in between."""

from __future__ import annotations

import asyncio
import shutil

from workbench.core.errors import StorageError
from workbench.core.progress import Progress, Tell
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction
from workbench.storage.upkeep.values import Compacted

PAGES_AT_ONCE = 250
"""Pages given back in one transaction: under 50 ms of the write lock."""

_PAUSE_S = 0.02
_MERGED_AT_ONCE = 100
"""Pages of the full-text index that one step of merging writes."""

_ANALYSED_ROWS = 400
_SPARE = 1.1


async def compact(store: Store, tell: Tell, *, whole: bool) -> Compacted:
    """Merge the full-text index, give free pages back; with `whole` write the file anew, which holds up all writing.

    Cancelled or killed at any moment it has done a part. Raises StorageError, also when a whole one has no space.
    """
    before = await _size(store)
    await _merge_index(store, tell)
    await store.write(_optimise)
    if whole:
        room = await asyncio.to_thread(shutil.disk_usage, store.path.parent)
        if room.free < before * _SPARE:
            raise StorageError(
                "There is not enough space to write the database anew",
                detail=f"it takes {before:,} bytes, {room.free:,} are free",
                hint="Free some, or compact without --whole: that needs none",
                where="storage",
            )
        tell(Progress(doing="writing the database anew"))
        await store.alone("vacuum")
    else:
        await _give_back(store, tell)
    # The file shrinks when the log has been worked in.
    await store.alone("pragma wal_checkpoint(truncate)")
    return Compacted(before=before, after=await _size(store))


async def _size(store: Store) -> int:
    pages = (await store.read("pragma page_count"))[0][0]
    return int(pages) * int((await store.read("pragma page_size"))[0][0])


async def _free_pages(store: Store) -> int:
    return int((await store.read("pragma freelist_count"))[0][0])


async def _give_back(store: Store, tell: Tell) -> None:
    total = left = await _free_pages(store)
    while left:
        tell(Progress(doing="giving space back", done=total - left, total=total))
        await store.write(_some_pages)
        await asyncio.sleep(_PAUSE_S)
        before, left = left, await _free_pages(store)
        if left >= before:
            # Made by another program, without room for this; a whole one helps.
            return


async def _some_pages(transaction: Transaction) -> None:
    for _ in range(PAGES_AT_ONCE):
        # However many it is asked for, the driver takes one step of the statement, and a step is a page.
        await transaction.fetch("pragma incremental_vacuum(1)")


async def _merge_index(store: Store, tell: Tell) -> None:
    """Merge the full-text index's parts into one, step by step; a negative step makes a merge of all of them."""
    if not await store.read("select 1 from sqlite_master where name = 'messages_fts'"):
        return
    step, done = -_MERGED_AT_ONCE, 0
    while True:

        async def merge(transaction: Transaction, step: int = step) -> int:
            before = (await transaction.fetch("select total_changes()"))[0][0]
            await transaction.execute("insert into messages_fts(messages_fts, rank) values ('merge', ?)", (step,))
            return int((await transaction.fetch("select total_changes()"))[0][0]) - before

        tell(Progress(doing="merging the full-text index", done=done))
        # The step itself counts as one change; a second one says that something was merged.
        if await store.write(merge) < 2 and step > 0:
            return
        step, done = _MERGED_AT_ONCE, done + _MERGED_AT_ONCE
        await asyncio.sleep(_PAUSE_S)


async def _optimise(transaction: Transaction) -> None:
    await transaction.fetch(f"pragma analysis_limit={_ANALYSED_ROWS}")
    await transaction.fetch("pragma optimize")
