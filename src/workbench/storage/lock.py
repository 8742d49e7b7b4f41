"""The lock between the processes of one home: one of them writes at a time, in turn."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Executor
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.core.errors import StorageError
from workbench.storage.waiting import to_the_end

WRITE_WAIT_S = 10.0
"""How long a write waits for the other processes before it gives up."""

AT_ONCE_S = 2.0
"""How long one who needs the database for itself waits for a transaction to end."""

_POLL_S = 0.004


class WriteLock:
    """`lock` is held while writing; `queue` exists, and is held, while some process waits for that.

    A lock that is polled goes, again and again, to the process that has just released it. So whoever finds a queue
    stands in it, and only its head polls for the lock.
    """

    def __init__(self, database: Path, threads: Executor) -> None:
        """The lock files lie beside `database`; waiting happens on `threads`."""
        self._path = database.with_name(f"{database.name}.lock")
        self._queue_path = database.with_name(f"{database.name}.queue")
        self._lock = _file_lock(self._path)
        self._queue = _file_lock(self._queue_path)
        self._threads = threads
        self._given_up = threading.Event()

    @contextlib.asynccontextmanager
    async def held(self, wait_s: float = WRITE_WAIT_S) -> AsyncGenerator[None, None]:
        """Hold the lock; raises StorageError after `wait_s` seconds, naming the process that has it."""
        loop = asyncio.get_running_loop()
        try:
            await to_the_end(loop.run_in_executor(self._threads, self._acquire, wait_s))
            yield
        finally:
            # Also after a cancelled acquire, which may have succeeded on its thread. It never waits.
            self._lock.release()

    def give_up(self) -> None:
        """Let whoever waits fail at once: the program is about to end."""
        self._given_up.set()

    def _acquire(self, wait_s: float) -> None:
        try:
            if not self._queue_path.exists() and _taken(self._lock):
                return
            deadline = time.monotonic() + wait_s
            self._wait_for(self._queue, deadline)
            try:
                self._wait_for(self._lock, deadline)
            finally:
                # A process that dies here leaves the file; the next one stands in the queue, alone, and removes it.
                self._queue_path.unlink(missing_ok=True)
                self._queue.release()
        except OSError as error:
            raise StorageError(
                "The database's lock file could not be used",
                detail=str(error),
                hint=f"Check owner and permissions of {self._path.parent} and of the files in it",
                where="storage",
            ) from error

    def _wait_for(self, lock: FileLock, deadline: float) -> None:
        while not _taken(lock):
            if time.monotonic() >= deadline or self._given_up.wait(_POLL_S):
                holder = _holder(self._path)
                raise StorageError(
                    "Another workbench is writing and does not finish",
                    detail=f"{self._path} is held by {f'process {holder}' if holder else 'another process'}",
                    hint="Wait until it has finished, or end that process, then try again",
                    where="storage",
                )


@contextlib.contextmanager
def held_at_once(database: Path) -> Generator[None]:
    """Hold the lock without a loop; raises StorageError, naming the process that has it, when it is not free."""
    path = database.with_name(f"{database.name}.lock")
    lock = _file_lock(path)
    try:
        lock.acquire(timeout=AT_ONCE_S, poll_interval=_POLL_S)
    except Timeout:
        holder = _holder(path)
        raise StorageError(
            "Another workbench is writing and does not finish",
            detail=f"{path} is held by {f'process {holder}' if holder else 'another process'}",
            hint="Wait until it has finished, or end that process, then try again",
            where="storage",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _file_lock(path: Path) -> FileLock:
    # Not thread-local: it is acquired on a thread of the pool and released on the loop's.
    return FileLock(path, mode=0o600, thread_local=False)


def _taken(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _holder(path: Path) -> int:
    """The number of the process that holds the lock, 0 where the system does not tell (it does on Linux)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        inode = str(path.stat().st_ino)
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == inode:
                return int(fields[4])
    return 0
