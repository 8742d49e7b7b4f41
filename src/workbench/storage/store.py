"""The one way to the database: one writer, three readers, transactions that are never left half done."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from workbench.core.clock import Clock, SystemClock
from workbench.core.errors import DatabaseDamagedError, DatabaseTooNewError, StorageError
from workbench.core.progress import Progress, Tell, unheard
from workbench.storage import files, swapping
from workbench.storage.connections import READ_LIMIT, TooManyRowsError, connect_reader, connect_writer, pragma_value
from workbench.storage.failures import REFUSED_VALUES, damage, primary_code, storage_error
from workbench.storage.lock import WRITE_WAIT_S, WriteLock
from workbench.storage.migrations import migrate
from workbench.storage.schema import STEPS, Step
from workbench.storage.swapping import suspicion_of
from workbench.storage.transaction import Parameters, Row, Transaction
from workbench.storage.upkeep.backups import back_up
from workbench.storage.upkeep.hands import by_hand
from workbench.storage.upkeep.raw import log_is_readable
from workbench.storage.waiting import to_the_end

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

READERS = 3
CLOSE_DEADLINE_S = 2.0
"""How long `close` waits for running transactions and for SQLite; what has been committed is safe anyway."""

OPEN_WAIT_S = 30.0
"""How long opening waits for another process, which may be upgrading the database."""

CHECKED_BYTES = 200 * 1024 * 1024
"""A database up to this size is checked at once when it was not closed in order."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


class Store:
    """The database of one home; made by `open`, used on one event loop, ended by `close`."""

    def __init__(self, path: Path, clock: Clock, steps: Sequence[Step], tell: Tell = unheard) -> None:
        """Not for callers: `open` makes stores."""
        self.path = path
        self.read_only = False
        """Whether `write` refuses."""
        self.notice = ""
        """Why it is read-only, in a sentence for people; empty when it is not."""
        self.trouble = ""
        """What was found wrong and set aside when it was opened, in a sentence for people."""
        self._clock = clock
        self._steps = steps
        self._tell = tell
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workbench-store")
        self._file_lock = WriteLock(path, self._threads)
        self._turn = asyncio.Lock()
        self._writer: aiosqlite.Connection | None = None
        self._readers: list[aiosqlite.Connection] = []
        # The reader that was used last comes first: its cache is warm, and those of the others stay small.
        self._idle: asyncio.Queue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._running: set[asyncio.Task[Any]] = set()
        self._writing: asyncio.Task[Any] | None = None
        self._closing = False
        self._presence: int | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        clock: Clock | None = None,
        read_only: bool = False,
        steps: Sequence[Step] = STEPS,
        tell: Tell = unheard,
    ) -> Store:
        """Open the database at `path`, making or upgrading it as needed; `tell` hears how far an upgrade is.

        Raises StorageError, with what to do in its hint, when the file is damaged, lost, a link or not ours; it is
        then left as it is. A database newer than `steps` opens for reading only, with a `notice`.
        """
        store = cls(path, clock or SystemClock(), steps, tell)
        try:
            await store._start(read_only)
        except BaseException:
            # Half an opening may have made connections, and one of them is enough to keep things alive.
            await to_the_end(store.close())
            raise
        return store

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` as one transaction and commit it; all of it or nothing is kept.

        `work` may await nothing but its transaction. It runs on, to its commit, when the caller is cancelled: a
        cancellation between two statements would otherwise leave the transaction open and every later write stuck.
        Raises StorageError, or what `work` raised, after rolling back.
        """
        if self.read_only:
            raise StorageError("The database is open for reading only", detail=self.notice, where="storage")
        if self._writing is not None and asyncio.current_task() is self._writing:
            raise StorageError("A transaction cannot contain another one", where="storage")
        if self._closing:
            raise StorageError("The database is being closed", where="storage")
        task = asyncio.create_task(self._transaction(work), name="workbench-transaction")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def read(self, sql: str, params: Parameters = ()) -> list[Row]:
        """The rows of one query, at most 500: page what can be longer. A cancelled read is interrupted.

        Raises StorageError.
        """
        if self._closing:
            raise StorageError("The database is being closed", where="storage")
        reader = await self._idle.get()
        try:
            return list(await reader.execute_fetchall(sql, params))
        except TooManyRowsError as error:
            raise StorageError(f"A read gave more than {READ_LIMIT} rows", detail=sql, where="storage") from error
        except (sqlite3.Error, *REFUSED_VALUES) as error:
            raise self._noted(storage_error(error, self.path)) from error
        except asyncio.CancelledError:
            with contextlib.suppress(ValueError):
                await reader.interrupt()
            raise
        finally:
            self._idle.put_nowait(reader)

    async def alone(self, sql: str) -> list[Row]:
        """The rows of one statement that may not stand in a transaction (a checkpoint, a vacuum), while nobody writes.

        A cancelled one is interrupted. Raises StorageError.
        """
        if self.read_only:
            raise StorageError("The database is open for reading only", detail=self.notice, where="storage")
        async with self._turn, self._file_lock.held(WRITE_WAIT_S):
            writer = await self._ready_writer()
            try:
                running: asyncio.Task[Any] = asyncio.create_task(_all_rows(writer, sql))
                # So that closing waits for it, and interrupts it when that takes too long.
                self._running.add(running)
                running.add_done_callback(self._running.discard)
                try:
                    return await asyncio.shield(running)
                except asyncio.CancelledError:
                    await writer.interrupt()
                    with contextlib.suppress(sqlite3.Error):
                        await to_the_end(running)
                    raise
            except (sqlite3.Error, *REFUSED_VALUES) as error:
                raise storage_error(error, self.path) from error

    async def close(self) -> None:
        """Let running transactions finish, then close every connection; gives up after two seconds. Twice is once."""
        await to_the_end(self._stop())

    async def _transaction(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._turn, self._file_lock.held(WRITE_WAIT_S):
            writer = await self._ready_writer()
            transaction = Transaction(writer, self.path)
            self._writing = asyncio.current_task()
            try:
                await transaction.execute("begin immediate")
                result = await work(transaction)
                await transaction.execute("commit")
            except BaseException as error:
                await to_the_end(self._undo(writer, error))
                self._noted(error)
                raise
            finally:
                self._writing = None
                transaction.close()
            return result

    def _noted(self, error: E) -> E:
        """Leave word of damage that was met, so that the next opening looks through the file."""
        if isinstance(error, DatabaseDamagedError):
            with contextlib.suppress(OSError):
                suspicion_of(self.path).touch(files.PRIVATE_FILE)
        return error

    async def _undo(self, writer: aiosqlite.Connection, error: BaseException) -> None:
        # Queued behind whatever the connection's thread is doing, and nothing at all when SQLite has rolled back
        # by itself: so it is right whichever statement was cancelled or failed.
        failed: BaseException | None = error.__cause__ or error
        try:
            await writer.rollback()
        except (sqlite3.Error, *REFUSED_VALUES) as worse:
            failed = worse
        if writer.in_transaction or primary_code(failed) == sqlite3.SQLITE_IOERR:
            # After a failed sync nobody knows what the disk holds: a new connection reads it again.
            self._writer = None
            with contextlib.suppress(sqlite3.Error, *REFUSED_VALUES):
                await writer.close()

    async def _ready_writer(self) -> aiosqlite.Connection:
        if self._writer is None:
            if self._closing:
                raise StorageError("The database is closed", where="storage")
            self._writer = await connect_writer(self.path)
        return self._writer

    async def _start(self, read_only: bool) -> None:
        if self.path.exists() and not read_only and not files.may_write(self.path):
            self.notice = f"{self.path} may not be written by this user: it is open for reading only"
            read_only = True
        if read_only:
            self.read_only = True
            await self._on_thread(files.refuse_links, self.path)
            if not self.path.exists():
                raise StorageError(f"There is no database at {self.path}", where="storage")
        else:
            try:
                await self._start_writing()
            except StorageError as problem:
                if not _has_no_room(problem) or not files.holds_data(self.path):
                    raise
                await self._forget_connections()
                self.read_only = True
                self.notice = f"{problem.title}: the database is open for reading only. {problem.hint}"
        while len(self._readers) < READERS:
            await self._add_reader()
        for reader in self._readers:
            self._idle.put_nowait(reader)
        if self.read_only:
            await self._look_at_version()

    async def _add_reader(self) -> aiosqlite.Connection:
        self._readers.append(await connect_reader(self.path, lasting=self.read_only))
        return self._readers[-1]

    async def _start_writing(self) -> None:
        try:
            await self._on_thread(files.make_folder, self.path.parent)
            async with self._turn, self._file_lock.held(OPEN_WAIT_S):
                await self._on_thread(swapping.finish, self.path)
                await self._on_thread(swapping.roll_back, self.path)
                await self._on_thread(_prepare, self.path)
                self._presence, alone = await self._on_thread(files.enter, self.path)
                if alone:
                    await self._on_thread(swapping.sweep, self.path)
                unclean = alone and await self._on_thread(self._look_at_leavings, self.path)
                # Looked at through a connection that cannot write: closing one that can would alter a damaged file.
                reader = await self._add_reader()
                try:
                    await self._refuse_newer(reader)
                except DatabaseTooNewError as newer:
                    self.read_only, self.notice = True, str(newer)
                    return
                if unclean:
                    await self._check(reader)
                self._writer = await connect_writer(self.path)
                await migrate(self._writer, self.path, self._steps, self._back_up, self._tell)
                await self._on_thread(files.mark_made, self.path)
                await self._on_thread(files.make_private, self.path)
        except OSError as error:
            raise StorageError(
                f"The folder {self.path.parent} cannot be used",
                detail=str(error),
                hint="Check its owner, its permissions and the space on its disk",
                where="storage",
            ) from error
        except (sqlite3.Error, *REFUSED_VALUES) as error:
            raise storage_error(error, self.path) from error

    async def _back_up(self) -> object:
        return await by_hand(lambda hand: back_up(self.path, now_ms=self._clock.now_ms(), hand=hand), self._told_first)

    def _told_first(self, progress: Progress) -> None:
        self._tell(replace(progress, doing=f"backing it up first, {progress.doing}"))

    def _look_at_leavings(self, path: Path) -> bool:
        """Whether the last one who had the file open left reason to look through it."""
        if not files.left_open(path):
            return suspicion_of(path).exists()
        if not log_is_readable(files.wal_of(path)):
            kept = swapping.keep_log(path, self._clock.now_ms())
            self.trouble = (
                f"The log of the database could not be read: what was written last may be missing. It is kept as {kept}"
            )
        return True

    async def _check(self, connection: aiosqlite.Connection) -> None:
        suspicion = suspicion_of(self.path)
        if self.path.stat().st_size > CHECKED_BYTES:
            if suspicion.exists():
                raise damage(
                    f"The database {self.path} is damaged", self.path, detail="damage was met while it was read"
                )
            return
        found = [str(row[0]) for row in await connection.execute_fetchall("pragma quick_check(5)")]
        if found != ["ok"]:
            raise damage(f"The database {self.path} is damaged", self.path, detail="; ".join(found))
        suspicion.unlink(missing_ok=True)

    async def _refuse_newer(self, connection: aiosqlite.Connection) -> None:
        version = await pragma_value(connection, "user_version")
        newest = self._steps[-1].number
        if version > newest:
            raise DatabaseTooNewError(
                "A newer workbench wrote this database: it is open for reading only",
                detail=f"its schema is {version}, this program knows {newest}",
                hint="Install the newer workbench to write to it",
                where="storage",
            )

    async def _look_at_version(self) -> None:
        if not self.notice:
            try:
                await self._refuse_newer(self._readers[0])
            except DatabaseTooNewError as newer:
                self.notice = str(newer)
        if await pragma_value(self._readers[0], "user_version") < self._steps[-1].number:
            raise StorageError(
                f"The database {self.path} is older than this program and cannot be upgraded while it is read-only",
                detail=self.notice,
                hint="Open it once with the right, and the space, to write",
                where="storage",
            )

    async def _on_thread(self, function: Callable[[Path], T], path: Path) -> T:
        # To its end: the thread goes on after a cancellation, and the write lock must be held until it is done.
        return await to_the_end(asyncio.get_running_loop().run_in_executor(self._threads, function, path))

    async def _forget_connections(self) -> None:
        connections = [*self._readers, *([self._writer] if self._writer is not None else [])]
        self._readers, self._writer = [], None
        for connection in connections:
            await to_the_end(_close_quietly(connection))

    async def _stop(self) -> None:
        self._closing = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CLOSE_DEADLINE_S
        if self._running:
            await asyncio.wait(set(self._running), timeout=deadline - loop.time())
        self._file_lock.give_up()
        for task in set(self._running):
            task.cancel()
        if self._writer is not None and self._running:
            with contextlib.suppress(ValueError):
                await self._writer.interrupt()
        readers, self._readers = self._readers, []
        closing: list[Coroutine[Any, Any, None]] = [_close_quietly(reader) for reader in readers]
        await _within(closing, deadline)
        writer, self._writer = self._writer, None
        if writer is not None:
            await _within([self._close_writer(writer)], deadline)
        self._threads.shutdown(wait=False)
        presence, self._presence = self._presence, None
        if presence is not None:
            os.close(presence)

    async def _close_writer(self, writer: aiosqlite.Connection) -> None:
        # The last connection to close makes a checkpoint, which like any other wants the lock. Whoever keeps the lock
        # from us has the database open, so then ours is not the last one.
        with contextlib.suppress(StorageError):
            async with self._file_lock.held(CLOSE_DEADLINE_S / 2):
                await _close_quietly(writer)
                return
        await _close_quietly(writer)


async def _all_rows(writer: aiosqlite.Connection, sql: str) -> list[Row]:
    return list(await writer.execute_fetchall(sql))


def _has_no_room(problem: StorageError) -> bool:
    """Whether the disk is full, or may not be written: then one can still read."""
    cause = problem.__cause__
    if isinstance(cause, OSError):
        return cause.errno in _NO_ROOM
    return cause is not None and primary_code(cause) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


def _prepare(path: Path) -> None:
    files.prepare(path, anew=bool(swapping.unsalvaged(path)))


async def _close_quietly(connection: aiosqlite.Connection) -> None:
    with contextlib.suppress(sqlite3.Error, ValueError):
        await connection.close()


async def _within(work: Sequence[Coroutine[Any, Any, None]], deadline: float) -> None:
    """Run all of `work` at once; what is not done at the deadline is left to its own (daemon) threads."""
    if work:
        tasks = [asyncio.create_task(one) for one in work]
        await asyncio.wait(tasks, timeout=max(0.1, deadline - asyncio.get_running_loop().time()))
