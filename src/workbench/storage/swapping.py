"""Putting another file in the database's place: wholly or not at all, at whatever moment the process dies.

To be called with the write lock held, while nobody has the database open.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path

from workbench.storage.files import PRIVATE_FILE, mark_made, stamp_of, sync_path, wal_of

_LOGS = ("-wal", "-shm", "-journal")


def prepared_of(database: Path) -> Path:
    """The whole, verified file that takes the place of `database`: once it has this name, that is settled."""
    return database.with_name(f"{database.name}.restored")


def suspicion_of(database: Path) -> Path:
    """The file that says that SQLite met damage in `database` while it was in use."""
    return database.with_name(f"{database.name}.suspect")


def replace_by(database: Path, new: Path) -> None:
    """Put `new`, a sound database in the same folder, in the place of `database`, whose log is dropped."""
    with contextlib.suppress(FileNotFoundError):
        _note_of(database).unlink()
    new.replace(prepared_of(database))
    sync_path(database.parent)
    _finish_replacing(database)


def set_aside(database: Path, now_ms: int) -> Path:
    """Rename a damaged database, with its log, so that a new one can be made; gives its new name."""
    aside = damaged_name(database, now_ms)
    note = _note_of(database)
    partial = note.with_suffix(".partial")
    names = [*(file.name for file in unsalvaged(database)), aside.name]
    partial.write_text("\n".join(names), encoding="utf-8")
    partial.chmod(PRIVATE_FILE)
    sync_path(partial)
    partial.replace(note)
    sync_path(database.parent)
    _finish_setting_aside(database)
    return aside


def unsalvaged(database: Path) -> list[Path]:
    """The files that were set aside and from which not everything has been brought over yet, the last one last."""
    with contextlib.suppress(FileNotFoundError):
        names = _note_of(database).read_text(encoding="utf-8").splitlines()
        return [database.with_name(Path(name).name) for name in names if name]
    return []


def salvaged(database: Path) -> None:
    """Note that everything that can be read has been brought over."""
    _note_of(database).unlink(missing_ok=True)


def damaged_name(database: Path, now_ms: int) -> Path:
    """Where a damaged database is kept."""
    return database.with_name(f"{database.stem}.damaged-{stamp_of(now_ms)}{database.suffix}")


def damaged_files(database: Path) -> list[Path]:
    """Files of damaged databases that were set aside, the newest first."""
    return sorted(database.parent.glob(f"{database.stem}.damaged-*"), reverse=True)


def keep_log(database: Path, now_ms: int) -> Path:
    """Rename a log that cannot be read; gives its new name."""
    kept = wal_of(damaged_name(database, now_ms))
    wal_of(database).replace(kept)
    database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
    sync_path(database.parent)
    return kept


def finish(database: Path) -> None:
    """Finish what a process that died had begun."""
    if database.parent.is_dir():
        _finish_setting_aside(database)
        _finish_replacing(database)


def roll_back(database: Path) -> None:
    """Let SQLite undo what a process that died was writing before the log was switched on."""
    journal = database.with_name(f"{database.name}-journal")
    if journal.exists() and database.is_file():
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("select count(*) from sqlite_master").fetchone()


def sweep(database: Path) -> None:
    """Remove what a process that died had not settled; only who has the database for itself may."""
    with contextlib.suppress(OSError):
        for left in database.parent.glob(f"{database.name}.*.partial"):
            left.unlink(missing_ok=True)


def claim_salvage(database: Path) -> int | None:
    """A descriptor to hold while bringing rows over, so that one process does; None when another one has it."""
    try:
        descriptor = os.open(_note_of(database), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _note_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.salvage")


def _finish_replacing(database: Path) -> None:
    prepared = prepared_of(database)
    if not prepared.exists():
        return
    # A log that is left beside another database would be applied to it: its end is on the disk before the new one is.
    for suffix in _LOGS:
        database.with_name(f"{database.name}{suffix}").unlink(missing_ok=True)
    suspicion_of(database).unlink(missing_ok=True)
    sync_path(database.parent)
    prepared.replace(database)
    sync_path(database.parent)
    mark_made(database)


def _finish_setting_aside(database: Path) -> None:
    aside = next(reversed(unsalvaged(database)), None)
    if aside is None or aside.exists():
        return
    # The database itself comes last: that it has its new name says that all is done.
    for suffix in _LOGS:
        beside = database.with_name(f"{database.name}{suffix}")
        if not beside.exists():
            continue
        if suffix == "-shm" or not beside.stat().st_size:
            beside.unlink()
        else:
            beside.replace(aside.with_name(f"{aside.name}{suffix}"))
    suspicion_of(database).unlink(missing_ok=True)
    sync_path(database.parent)
    if database.exists():
        database.replace(aside)
    else:
        os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
    sync_path(database.parent)
