"""The database's files: is it ours, has it been lost, who may read it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

from workbench.core.errors import StorageError
from workbench.storage.failures import damage
from workbench.storage.upkeep.raw import is_cut

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_HEADER = b"SQLite format 3\x00"
_HEAD_BYTES = 100
_STAMP = re.compile(r"-(\d{8}T\d{6})(\d{3})Z")
_BESIDE = ("", "-wal", "-shm", "-journal", ".lock", ".queue", ".made", ".users", ".restored", ".salvage")


def marker_of(database: Path) -> Path:
    """The file that says that `database` has held data, so that an empty one is noticed."""
    return database.with_name(f"{database.name}.made")


def wal_of(database: Path) -> Path:
    """SQLite's write-ahead log of `database`."""
    return database.with_name(f"{database.name}-wal")


def left_open(database: Path) -> bool:
    """Whether a log with content lies beside it: it was not closed in order, or is open now."""
    wal = wal_of(database)
    return wal.exists() and wal.stat().st_size > 0


def enter(database: Path) -> tuple[int, bool]:
    """Register as one who has the database open, until the descriptor is closed; and whether there is nobody else.

    To be called with the write lock held.
    """
    users = database.with_name(f"{database.name}.users")
    descriptor = os.open(users, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        alone = False
    else:
        alone = True
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor, alone


def refuse_links(database: Path) -> None:
    """Raise StorageError when the database or a file beside it is a symbolic link."""
    for suffix in _BESIDE:
        path = database.with_name(database.name + suffix)
        if path.is_symlink():
            raise StorageError(
                f"{path} is a symbolic link",
                hint="Put the real file in its place, or let WORKBENCH_HOME name the folder where it lies",
                where="storage",
            )
    if database.exists() and not stat.S_ISREG(database.stat().st_mode):
        raise StorageError(f"{database} is not a regular file", hint="Move it away and start again", where="storage")


def may_write(database: Path) -> bool:
    """Whether an existing database, and its folder, can be written by this user."""
    return os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)


def prepare(database: Path, *, anew: bool = False) -> None:
    """Make the folder and an empty private file where there is none; refuse what must not be touched.

    Raises DatabaseDamagedError for a file that is no SQLite database and for one that has lost its content; neither is
    written to. With `anew` an empty file is one in the making. To be called with the write lock held.
    """
    refuse_links(database)
    size = database.stat().st_size if database.exists() else None
    if size:
        with database.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if not head.startswith(_HEADER):
            raise damage(f"{database} is not a database", database)
        if not left_open(database) and is_cut(head, size):
            raise damage(f"The database {database} is damaged", database, detail=f"it was cut to {size:,} bytes")
    elif left_open(database):
        raise damage(
            f"The database {database} is {'missing' if size is None else 'empty'}, but its log is not",
            database,
            detail=f"{wal_of(database)} holds data that no database belongs to",
        )
    elif size == 0 and not anew and _had_data(database):
        raise damage(f"The database {database} is empty, though it had conversations", database)
    if size is None:
        # Created by us, not by SQLite, so that it is private under any umask; its -wal and -shm take its mode.
        os.close(os.open(database, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, PRIVATE_FILE))
    make_private(database)


def holds_data(database: Path) -> bool:
    """Whether there is something to read in the file itself."""
    return database.is_file() and database.stat().st_size > 0


def _had_data(database: Path) -> bool:
    return marker_of(database).exists() or any(database.parent.glob("backups/*.db"))


def make_folder(folder: Path) -> None:
    """Make a private folder, and those above it, where there is none."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)


def make_private(database: Path) -> None:
    """Set mode 0600 on the database and every file beside it that belongs to it."""
    for suffix in _BESIDE:
        path = database.with_name(database.name + suffix)
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if stat.S_IMODE(path.stat().st_mode) != PRIVATE_FILE:
                path.chmod(PRIVATE_FILE)


def stamp_of(at_ms: int) -> str:
    """A time as it stands in the names of backups and of files that were set aside; sorted like the times."""
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return f"{at:%Y%m%dT%H%M%S}{at_ms % 1000:03d}Z"


def stamped_at(name: str) -> int | None:
    """The time in such a name, in milliseconds; None when there is none."""
    match = _STAMP.search(name)
    if match is None:
        return None
    try:
        at = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp()) * 1000 + int(match[2])


def sync_path(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def mark_made(database: Path) -> None:
    """Note that the database holds data from now on."""
    marker = marker_of(database)
    if not marker.exists():
        descriptor = os.open(marker, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, PRIVATE_FILE)
        try:
            os.write(descriptor, f"{database.name} holds data. An empty one beside this file has been lost.\n".encode())
        finally:
            os.close(descriptor)
