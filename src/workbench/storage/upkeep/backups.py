"""Copies of the whole database, verified before they count."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator
from pathlib import Path

from workbench.core.errors import StorageError
from workbench.storage.failures import damage, storage_error
from workbench.storage.files import PRIVATE_FILE, make_folder, stamp_of, stamped_at, sync_path
from workbench.storage.schema import APPLICATION_ID
from workbench.storage.upkeep.hands import Hand
from workbench.storage.upkeep.values import Backup

KEPT = 7
"""Backups that stay in the folder; older ones are deleted."""

_PATTERN = "workbench-*.db"
_PAGES = 2_000
"""Pages that are copied between two looks at whether to go on: 8 MB."""


def backup_folder(database: Path) -> Path:
    """Where the backups of `database` lie."""
    return database.parent / "backups"


def backups_of(database: Path) -> tuple[Backup, ...]:
    """The backups in the folder, the newest first. Each was verified when it was made."""
    found: list[Backup] = []
    with contextlib.suppress(OSError):
        paths = sorted(backup_folder(database).glob(_PATTERN), reverse=True)
        stamped = ((path, stamped_at(path.name)) for path in paths)
        found.extend(
            Backup(path=path, at_ms=at_ms, size=path.stat().st_size) for path, at_ms in stamped if at_ms is not None
        )
    return tuple(found)


def back_up(database: Path, *, now_ms: int, hand: Hand | None = None, spared: Path | None = None) -> Path:
    """Copy `database` as it is now into its backup folder, verify the copy, keep the newest seven; gives its path.

    Blocks: run it on a thread. Raises StorageError, and leaves no half backup, when the copy cannot be made or is not
    sound. `spared` is not deleted, however old it is.
    """
    folder = backup_folder(database)
    target = folder / f"workbench-{stamp_of(now_ms)}.db"
    with _told("The backup of the database could not be made", folder):
        make_folder(folder)
        copy_to(database, target, hand or Hand())
        # Those of a time to come were made when the clock was wrong: they go first, and never the one just made.
        kept = sorted(backups_of(database), key=lambda one: (one.at_ms <= now_ms, one.at_ms), reverse=True)
        for old in kept[KEPT:]:
            if spared is None or not spared.exists() or not old.path.samefile(spared):
                old.path.unlink(missing_ok=True)
    return target


def back_up_to(database: Path, target: Path, hand: Hand, *, overwrite: bool) -> Path:
    """Copy `database` as it is now to a file of the user's choice, whole and verified or not at all; gives its path.

    Blocks. Raises StorageError; also for a file that exists, unless told to `overwrite`, and for the database itself.
    """
    if target.is_dir():
        target = target / f"{database.stem}.db"
    with _told(f"The backup {target} could not be made", target.parent):
        if target.exists() and database.exists() and target.samefile(database):
            raise StorageError("A backup cannot replace the database itself", where="storage")
        if target.is_symlink() or (target.exists() and not target.is_file()):
            raise StorageError(f"{target} is not a regular file", hint="Name another place", where="storage")
        if target.exists() and not overwrite:
            raise StorageError(f"{target} exists already", hint="Name another file, or say --force", where="storage")
        copy_to(database, target, hand)
    return target


def copy_to(database: Path, target: Path, hand: Hand) -> None:
    """Make `target` a sound copy of `database`, atomically; OSError, StorageError, StoppedError leave it as it was."""
    partial = target.with_name(f"{target.name}.partial")
    try:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, PRIVATE_FILE))
        with hand.reading(database) as source, hand.explained(partial):
            _copy(source, partial, hand)
        sync_path(partial)
        partial.replace(target)
        sync_path(target.parent)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def verify(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StorageError unless SQLite finds the whole database sound."""
    try:
        found = [str(row[0]) for row in connection.execute("pragma quick_check(5)")]
    except sqlite3.DatabaseError as error:
        raise storage_error(error, path) from error
    if found != ["ok"]:
        raise damage(f"The copy {path} is damaged, as its source must be", path, detail="; ".join(found))


def _copy(source: sqlite3.Connection, target: Path, hand: Hand) -> None:
    def told(_: int, remaining: int, total: int) -> None:
        hand.tell("copying", total - remaining, total)

    with contextlib.closing(sqlite3.connect(target)) as copy:
        hand.watch(copy)
        # A snapshot that is held: otherwise a copy in steps starts again whenever somebody writes.
        source.execute("begin")
        source.execute("select count(*) from sqlite_master").fetchone()
        source.backup(copy, pages=_PAGES, progress=told)
        source.execute("rollback")
        # One file, without a log beside it, that any SQLite opens.
        copy.execute("pragma journal_mode=delete")
        hand.tell("checking the copy")
        verify(copy, target)
        for pragma in ("user_version", "application_id"):
            theirs, ours = (one.execute(f"pragma {pragma}").fetchone()[0] for one in (source, copy))
            if theirs != ours or (pragma == "application_id" and ours != APPLICATION_ID):
                detail = f"{pragma} is {ours}, not {theirs}"
                raise StorageError(f"The backup {target} differs from its source", detail=detail, where="storage")


@contextlib.contextmanager
def _told(title: str, folder: Path) -> Generator[None]:
    """Say what could not be made, and that nothing else happened."""
    try:
        yield
    except OSError as error:
        hint = f"Free some space in {folder}, or check its permissions; the database is unchanged"
        raise StorageError(title, detail=str(error), hint=hint, where="storage") from error
