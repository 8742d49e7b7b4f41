"""What the core does once a day while nobody waits for it: a backup, and the pruning that the user has set."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path

from workbench.config.values import Configuration, Settings
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import WorkbenchError
from workbench.core.storage_events import UpkeepFailed
from workbench.storage.files import PRIVATE_FILE, make_folder
from workbench.storage.upkeep.backups import backup_folder
from workbench.storage.upkeep.service import Upkeep
from workbench.storage.upkeep.values import Prunable, Pruning

FIRST_AFTER_S = 30.0
LOOK_EVERY_S = 600.0
IDLE_LOOK_S = 20.0
DAY_MS = 86_400_000

logger = logging.getLogger(__name__)


class DailyUpkeep:
    """Looks now and then whether today's upkeep is still to be done; one process of a home does it."""

    def __init__(
        self,
        upkeep: Upkeep,
        clock: Clock,
        bus: EventBus,
        *,
        configured: Callable[[], Awaitable[Configuration]],
        busy: Callable[[], Sequence[object]],
    ) -> None:
        """Waits while anything is `busy`; days are those of UTC, as in the names of the backups."""
        self._upkeep = upkeep
        self._clock = clock
        self._bus = bus
        self._configured = configured
        self._busy = busy
        self._tried_on: int | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, half a minute from now."""
        self._task = asyncio.create_task(self._run(), name="daily-upkeep")

    async def close(self) -> None:
        """Stop; a backup that is being made is given up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> bool:
        """Do what is left of today's upkeep; whether a backup was to be made, here and not in another process."""
        today = self._clock.now_ms() // DAY_MS
        if today == self._tried_on:
            return False
        self._tried_on = today
        async with _one_process(backup_folder(self._upkeep.database)) as alone:
            if not alone:
                return False
            # Not only the newest one: the clock may have been wrong when that was made.
            backed_up = any(backup.at_ms // DAY_MS == today for backup in await self._upkeep.backups())
            # Nothing is pruned that is not in a backup.
            if backed_up or await self._done("the daily backup", self._upkeep.back_up()):
                for pruning in prunings(await self._settings()):
                    await self._done(f"the daily pruning of {pruning.what}", self._upkeep.prune(pruning))
        return not backed_up

    async def _run(self) -> None:
        wait_s = FIRST_AFTER_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = IDLE_LOOK_S if self._busy() else LOOK_EVERY_S
            if self._busy():
                continue
            try:
                await self.look()
            except (WorkbenchError, OSError) as problem:
                logger.warning("the daily upkeep could not be done: %s", problem)

    async def _done(self, doing: str, work: Awaitable[object]) -> bool:
        try:
            await work
        except WorkbenchError as problem:
            self._bus.publish(UpkeepFailed(doing=doing, problem=str(problem)))
            return False
        return True

    async def _settings(self) -> Settings:
        return (await self._configured()).settings


def prunings(settings: Settings) -> list[Pruning]:
    """What the user's settings let go; nothing where they say 0."""
    days = ((Prunable.TRASH, settings.trash_days), (Prunable.EVENTS, settings.event_days))
    return [Pruning(what=what, days=count) for what, count in days if count]


@contextlib.asynccontextmanager
async def _one_process(folder: Path) -> AsyncGenerator[bool]:
    """Whether nobody else does today's upkeep; others are told no for as long as this lasts."""
    await asyncio.to_thread(make_folder, folder)
    descriptor = os.open(folder / "daily.lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
