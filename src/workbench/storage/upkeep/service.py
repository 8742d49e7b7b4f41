"""Upkeep of the open database, as the front ends call it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.progress import Tell, unheard
from workbench.core.storage_events import BackupMade, StorageCompacted, StoragePruned
from workbench.storage.store import Store
from workbench.storage.upkeep import backups, checking, compacting, sizes
from workbench.storage.upkeep.hands import by_hand
from workbench.storage.upkeep.pruning import Pruner
from workbench.storage.upkeep.values import (
    Backup,
    Checked,
    Compacted,
    LargestConversations,
    Pruned,
    Pruning,
    Sizes,
    TakeOut,
)  # fmt: skip


class Upkeep:
    """Sizes, pruning, compacting, backups and checks; all of it can be cancelled, and tells how far it is.

    Cancelled at any moment the database is sound, and a backup is whole or not there. Raises StorageError.
    """

    def __init__(self, store: Store, clock: Clock, bus: EventBus, *, take_out: TakeOut) -> None:
        """Of `store`; what is removed is an event on `bus`, and leaves the full-text index through `take_out`."""
        self._store = store
        self._clock = clock
        self._bus = bus
        self._take_out = take_out
        self._conversations = sizes.ConversationSizes(store)

    @property
    def database(self) -> Path:
        """The file."""
        return self._store.path

    async def sizes(self, tell: Tell = unheard) -> Sizes:
        """Where the space goes, by table."""
        return await by_hand(lambda hand: sizes.measure(self._store.path, hand), tell)

    async def largest_conversations(
        self, *, offset: int = 0, limit: int = 50, tell: Tell = unheard
    ) -> LargestConversations:
        """Conversations from the largest on, at most 500; from place 0 they are measured anew."""
        return await self._conversations.page(offset=offset, limit=limit, tell=tell)

    async def preview(self, pruning: Pruning) -> Pruned:
        """What pruning would remove and free."""
        return await Pruner(self._store, self._take_out).preview(pruning, now_ms=self._clock.now_ms())

    async def prune(self, pruning: Pruning, tell: Tell = unheard) -> Pruned:
        """Remove it for good; what was removed."""
        pruner = Pruner(self._store, self._take_out)
        try:
            return await pruner.prune(pruning, now_ms=self._clock.now_ms(), tell=tell)
        finally:
            # A part may be gone, also when it failed or was cancelled.
            self._announce(pruner.removed, pruning.days)

    async def purge(self, conversation_ids: Sequence[str], tell: Tell = unheard) -> Pruned:
        """Remove these conversations for good, whether or not they are in the trash; what was removed."""
        pruner = Pruner(self._store, self._take_out)
        try:
            return await pruner.purge(conversation_ids, tell)
        finally:
            self._announce(pruner.removed, 0)

    async def compact(self, tell: Tell = unheard, *, whole: bool = False) -> Compacted:
        """Give unused space back to the disk; `whole` writes the file anew, and holds up all writing meanwhile."""
        compacted = await compacting.compact(self._store, tell, whole=whole)
        self._bus.publish(StorageCompacted(before=compacted.before, after=compacted.after))
        return compacted

    async def back_up(self, target: Path | None = None, tell: Tell = unheard, *, overwrite: bool = False) -> Backup:
        """Copy the database, verified, to a file, or into the backup folder, of which the newest seven are kept."""
        path, now = self._store.path, self._clock.now_ms()
        if target is None:
            made = await by_hand(lambda hand: backups.back_up(path, now_ms=now, hand=hand), tell)
        else:
            made = await by_hand(lambda hand: backups.back_up_to(path, target, hand, overwrite=overwrite), tell)
        backup = Backup(path=made, at_ms=now, size=made.stat().st_size)
        self._bus.publish(BackupMade(path=str(made), size=backup.size))
        return backup

    async def backups(self) -> tuple[Backup, ...]:
        """The automatic backups, the newest first; each was verified when it was made."""
        return await asyncio.to_thread(backups.backups_of, self._store.path)

    async def check(self, tell: Tell = unheard) -> Checked:
        """Look at every page, reference, index entry and tree; nothing is written and nobody held up."""
        return await by_hand(lambda hand: checking.check(self._store.path, hand), tell)

    def _announce(self, pruned: Pruned, days: int) -> None:
        if not pruned.nothing:
            self._bus.publish(
                StoragePruned(
                    what=pruned.what, days=days, removed=pruned.words, size=pruned.size,
                    conversations=pruned.conversations, messages=pruned.messages, events=pruned.events,
                )
            )  # fmt: skip
