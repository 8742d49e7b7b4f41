"""Copies of the whole database, verified before they count."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from workbench.core.errors import StorageError
from workbench.storage.failures import storage_error
from workbench.storage.files import PRIVATE_FILE, make_folder

KEPT = 7
"""Backups that stay in the folder; older ones are deleted."""

_PATTERN = "workbench-*.db"


def backup_folder(database: Path) -> Path:
    """Where the backups of `database` lie."""
    return database.parent / "backups"


def back_up(database: Path, *, now_ms: int) -> Path:
    """Copy `database` as it is now into its backup folder, verify the copy, keep the newest seven; gives its path.

    Blocks: run it on a thread. In one step (`pages=-1`): in several it starts again whenever somebody writes.
    Raises StorageError, and leaves no half backup, when the copy cannot be made or is not sound.
    """
    folder = backup_folder(database)
    taken = datetime.fromtimestamp(now_ms / 1000, tz=UTC)
    target = folder / f"workbench-{taken:%Y%m%dT%H%M%S}{now_ms % 1000:03d}Z.db"
    partial = target.with_suffix(".partial")
    try:
        make_folder(folder)
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW, PRIVATE_FILE))
        _copy(database, partial)
        _sync(partial)
        partial.replace(target)
        _sync(folder)
        _forget_old(folder)
    except (OSError, sqlite3.Error) as error:
        title = "The backup before the database's upgrade could not be made"
        raise StorageError(
            title,
            detail=str(error),
            hint=f"Free some space in {folder}, or check its permissions; the database is unchanged",
            where="storage",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return target


def _copy(database: Path, target: Path) -> None:
    source = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(target)) as copy:
        source.backup(copy, pages=-1)
        # One file, without a log beside it, that any SQLite opens.
        copy.execute("pragma journal_mode=delete")
        verify(copy, target)
        for pragma in ("user_version", "application_id"):
            theirs, ours = (one.execute(f"pragma {pragma}").fetchone()[0] for one in (source, copy))
            if theirs != ours:
                detail = f"{pragma} is {ours}, not {theirs}"
                raise StorageError(f"The backup {target} differs from its source", detail=detail, where="storage")


def verify(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StorageError unless SQLite finds the whole database sound."""
    try:
        found = [str(row[0]) for row in connection.execute("pragma quick_check(5)")]
    except sqlite3.DatabaseError as error:
        raise storage_error(error, path) from error
    if found != ["ok"]:
        raise StorageError(f"The copy {path} is damaged", detail="; ".join(found), where="storage")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget_old(folder: Path) -> None:
    for old in sorted(folder.glob(_PATTERN))[:-KEPT]:
        old.unlink(missing_ok=True)
