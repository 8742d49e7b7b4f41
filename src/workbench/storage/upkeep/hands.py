"""Long work on the database's file beside the loop: with progress, and ended by cancelling."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

from workbench.core.errors import StorageError
from workbench.core.progress import Progress, Tell, unheard
from workbench.storage.connections import uri_of
from workbench.storage.failures import REFUSED_VALUES, storage_error
from workbench.storage.files import left_open
from workbench.storage.waiting import to_the_end

T = TypeVar("T")

TOLD_EVERY_S = 0.1
_STEPS = 20_000
"""Virtual-machine steps of SQLite between two looks at whether to stop: well under 10 ms."""


class StoppedError(Exception):
    """The work was cancelled."""


class Hand:
    """What long work on a thread holds: a way to tell, and the wish to stop."""

    def __init__(self, tell: Tell = unheard) -> None:
        """Progress goes to `tell`, ten times a second at most and at each new step."""
        self._tell = tell
        self._stop = threading.Event()
        self._told_at = 0.0
        self._doing = ""

    def stop(self) -> None:
        """Let the work raise StoppedError soon."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def tell(self, doing: str, done: int = 0, total: int = 0) -> None:
        """Tell how far it is; raises StoppedError when it is not wanted any more."""
        if self._stop.is_set():
            raise StoppedError
        now = time.monotonic()
        if doing != self._doing or now - self._told_at >= TOLD_EVERY_S:
            self._doing, self._told_at = doing, now
            self._tell(Progress(doing=doing, done=done, total=total))

    def watch(self, connection: sqlite3.Connection) -> None:
        """Let every statement of `connection` end when the work is to stop."""
        connection.set_progress_handler(self._stop.is_set, _STEPS)

    @contextlib.contextmanager
    def looking(self, database: Path) -> Generator[sqlite3.Connection]:
        """A connection of its own that cannot write `database`, also where SQLite can lay nothing beside it."""
        possible = os.access(database.parent, os.W_OK) or left_open(database)
        mode = "mode=ro" if possible else "mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(f"{uri_of(database)}?{mode}", uri=True)) as connection:
            connection.execute("pragma trusted_schema=off")
            connection.execute("pragma cache_size=-16000")
            self.watch(connection)
            yield connection

    @contextlib.contextmanager
    def reading(self, database: Path) -> Generator[sqlite3.Connection]:
        """The same; what SQLite reports becomes a StorageError, or StoppedError."""
        with self.explained(database), self.looking(database) as connection:
            yield connection

    @contextlib.contextmanager
    def explained(self, database: Path) -> Generator[None]:
        """Turn SQLite's errors into StorageError, or into StoppedError when the work was to stop."""
        try:
            yield
        except (sqlite3.Error, *REFUSED_VALUES) as error:
            if self.stopped:
                raise StoppedError from error
            raise storage_error(error, database) from error


async def by_hand(work: Callable[[Hand], T], tell: Tell = unheard) -> T:
    """Run `work` on a thread; `tell` is called on this loop. Cancelling stops it, and waits until it has stopped."""
    loop = asyncio.get_running_loop()

    def forward(progress: Progress) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, progress)

    hand = Hand(forward)
    running = asyncio.ensure_future(asyncio.to_thread(work, hand))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        hand.stop()
        with contextlib.suppress(StoppedError, StorageError):
            await to_the_end(running)
        raise
