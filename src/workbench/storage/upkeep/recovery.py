"""Opening a database that may be damaged: it is set aside, and what can be read of it is brought into a new one."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import DatabaseDamagedError, WorkbenchError
from workbench.core.events import ConversationChanged
from workbench.core.progress import Progress, Tell, unheard
from workbench.core.storage_events import DatabaseNotice
from workbench.storage.store import Store
from workbench.storage.swapping import claim_salvage, salvaged, unsalvaged
from workbench.storage.upkeep import restoring
from workbench.storage.upkeep.salvaging import salvage
from workbench.storage.upkeep.values import Salvaged

WAITED_S = 1.0
"""How long the start waits for the recovery; a small database is whole before the first list is read."""

logger = logging.getLogger(__name__)


class Recovery:
    """Brings a damaged database's rows over, beside the running program; goes on at the next start if it is ended."""

    def __init__(self, store: Store, bus: EventBus) -> None:
        """Into `store`."""
        self._store = store
        self._bus = bus
        self._tells: list[Tell] = []
        self._task: asyncio.Task[Salvaged | None] | None = None
        self._claim: int | None = None

    async def start(self) -> None:
        """Tell how the database is, and begin if there is something to bring over; waits for a moment."""
        damaged = unsalvaged(self._store.path)
        if not self._store.read_only and damaged:
            self._claim = claim_salvage(self._store.path)
        if self._claim is None:
            self.tell_state()
            return
        self._bus.publish(
            DatabaseNotice(
                notice="The database was damaged. What can be read of it is being brought into a new one;"
                f" the damaged file is kept as {damaged[-1]}",
                kept=str(damaged[-1]),
            )
        )
        self._task = asyncio.create_task(self._recover(damaged), name="salvage")
        await asyncio.wait({self._task}, timeout=WAITED_S)

    def tell_state(self) -> None:
        """Tell how the database is; and what has not been brought over yet, by this process at least."""
        for notice in (self._store.notice, self._store.trouble):
            if notice:
                self._bus.publish(DatabaseNotice(notice=notice))
        damaged = unsalvaged(self._store.path)
        if damaged:
            self._bus.publish(
                DatabaseNotice(
                    notice="The database was damaged, and not all that can be read of it has been brought over yet: the"
                    " full screen and `workbench restore --salvage` go on with it; the damaged file is kept as"
                    f" {damaged[-1]}",
                    kept=str(damaged[-1]),
                )
            )

    async def result(self, tell: Tell = unheard) -> Salvaged | None:
        """What was recovered; waits for it. None when nothing had to be, or could be (a notice says why)."""
        self._tells.append(tell)
        return None if self._task is None else await asyncio.shield(self._task)

    def when_done(self, then: Callable[[], None]) -> None:
        """Call `then` as soon as nothing is being brought over; at once if nothing is."""
        if self._task is None or self._task.done():
            then()
        else:
            self._task.add_done_callback(lambda task: None if task.cancelled() else then())

    async def close(self) -> None:
        """Stop; it goes on at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        claim, self._claim = self._claim, None
        if claim is not None:
            os.close(claim)

    def _tell(self, progress: Progress) -> None:
        for tell in self._tells:
            tell(progress)

    async def _recover(self, files: Sequence[Path]) -> Salvaged | None:
        found = None
        for damaged in files:
            try:
                found = await salvage(self._store, damaged, self._tell)
            except (WorkbenchError, OSError, sqlite3.Error) as problem:
                logger.exception("a damaged database could not be read out")
                self._bus.publish(
                    DatabaseNotice(
                        notice=f"The database was damaged, and what is in it could not be brought over: {problem}."
                        f" The file is kept as {damaged}; it is tried again at the next start",
                        kept=str(damaged),
                    )
                )
                return None
            self._bus.publish(
                DatabaseNotice(
                    notice=words(found), kept=str(damaged), conversations=found.conversations, messages=found.messages
                )
            )
        salvaged(self._store.path)
        self._bus.publish(ConversationChanged())
        return found


async def open_store(path: Path, clock: Clock, *, salvage: bool, tell: Tell = unheard) -> Store:
    """Open the database; one that is damaged makes room for a new one if it is to be salvaged.

    `tell` hears how far the upgrade of an older one is.

    Raises StorageError; DatabaseDamagedError only without `salvage`.
    """
    seen = await asyncio.to_thread(restoring.inode_of, path)
    try:
        return await Store.open(path, clock=clock, tell=tell)
    except DatabaseDamagedError as problem:
        if not salvage:
            raise
        logger.warning("the database is set aside: %s", problem)
    await asyncio.to_thread(restoring.set_aside, path, clock.now_ms(), seen)
    return await Store.open(path, clock=clock)


def words(found: Salvaged) -> str:
    """What was recovered, for people: counts, where the damaged file is, what the newest backup has."""
    about = found.expected_messages
    of = f" of about {about:,}" if about is not None and about > found.messages else ""
    messages = f"{found.messages:,}{of} message{'' if found.messages == 1 and not of else 's'}"
    conversations = f"{found.conversations:,} conversation{'' if found.conversations == 1 else 's'}"
    parts = [
        f"The database was damaged. Recovered {messages} in {conversations}; the damaged file is kept as {found.kept}"
    ]
    if found.newest_backup is not None and found.backup_messages is not None:
        path = found.newest_backup.path
        parts.append(f"The newest backup has {found.backup_messages:,}: `workbench restore {path}` goes back to it")
    return ". ".join(parts)
