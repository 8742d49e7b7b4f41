"""Going back to a backup, and setting a damaged database aside: what needs the database for itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from workbench.core.errors import DatabaseDamagedError, DatabaseTooNewError, StorageError
from workbench.storage import swapping
from workbench.storage.files import enter, holds_data, left_open, make_folder, refuse_links, sync_path, wal_of
from workbench.storage.instance import Instance
from workbench.storage.lock import held_at_once
from workbench.storage.schema import APPLICATION_ID, STEPS
from workbench.storage.upkeep.backups import back_up, copy_to, verify
from workbench.storage.upkeep.hands import Hand
from workbench.storage.upkeep.raw import log_is_readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a database file holds."""

    version: int
    conversations: int
    messages: int
    newest_at_ms: int | None
    """When its newest conversation was last used."""
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What became of the database that was there before."""

    backup: Path | None
    """Its backup; None when there was none, or when it was damaged."""
    damaged: Path | None
    """The damaged file, under its new name."""


def contents_of(file: Path, hand: Hand) -> Contents:
    """Look through a file that is to be restored; blocks, for seconds per GB.

    Raises StorageError for what is not a sound database of ours, or of a newer program.
    """
    if not file.is_file():
        raise StorageError(f"There is no file {file}", hint="workbench backup makes one", where="storage")
    with hand.reading(file) as connection:
        hand.tell("checking the file")
        application, version = (
            int(connection.execute(f"pragma {name}").fetchone()[0]) for name in ("application_id", "user_version")
        )
        if application != APPLICATION_ID or version == 0:
            raise StorageError(f"{file} is no database of workbench", hint="Name a file that `workbench backup` made")
        newest = STEPS[-1].number
        if version > newest:
            raise DatabaseTooNewError(
                f"A newer workbench made {file}",
                detail=f"its schema is {version}, this program knows {newest}",
                hint="Install the newer workbench to restore it",
                where="storage",
            )
        verify(connection, file)
        row = connection.execute(
            "select (select count(*) from conversations), (select count(*) from messages),"
            " (select max(updated_at) from conversations)"
        ).fetchone()
    return Contents(
        version=version, conversations=row[0], messages=row[1], newest_at_ms=row[2], size=file.stat().st_size
    )


def restore(database: Path, file: Path, *, now_ms: int, hand: Hand) -> Restored:
    """Put a copy of `file` in the place of `database`, of which a backup is made first; blocks.

    Killed at any moment, either the old or the new one is there, whole. Raises StorageError when another workbench of
    this home runs, or `file` cannot be restored; then nothing has changed.
    """
    contents_of(file, hand)
    make_folder(database.parent)
    with alone_with(database):
        new = database.with_name(f"{database.name}.new.partial")
        try:
            copy_to(file, new, hand)
            restored = _secure(database, file, now_ms, hand)
            # From here on it is done, or finished at the next start.
            hand.tell("putting it in place")
            swapping.replace_by(database, new)
        except OSError as error:
            raise StorageError(
                f"{file} could not be restored",
                detail=str(error),
                hint=f"Free some space for {database.parent}, or check its permissions; the database is unchanged",
                where="storage",
            ) from error
        finally:
            with contextlib.suppress(OSError):
                new.unlink()
    return restored


def set_aside(database: Path, now_ms: int, seen: int | None) -> None:
    """Rename the damaged database, unless somebody else has done it since its inode was `seen`.

    Raises StorageError when another workbench has it open.
    """
    with alone_with(database):
        if inode_of(database) == seen:
            swapping.set_aside(database, now_ms)


def inode_of(database: Path) -> int | None:
    """What tells one file of that name from another."""
    try:
        return database.stat().st_ino
    except OSError:
        return None


@contextlib.contextmanager
def alone_with(database: Path) -> Generator[None]:
    """Have the database for oneself; raises StorageError, naming processes, when somebody has it open."""
    with held_at_once(database):
        refuse_links(database)
        swapping.finish(database)
        descriptor, alone = enter(database)
        try:
            if not alone:
                running = ", ".join(map(str, Instance.processes(database.parent)))
                raise StorageError(
                    "Another workbench is running with this home",
                    detail=f"process {running}" if running else "it has the database open",
                    hint="Quit it, then try again",
                    where="storage",
                )
            yield
        finally:
            os.close(descriptor)


def _secure(database: Path, file: Path, now_ms: int, hand: Hand) -> Restored:
    """Keep what is there now, and leave nothing in its log."""
    if not holds_data(database):
        # A log without its database may hold what was written last.
        return Restored(backup=None, damaged=_keep(database, now_ms) if left_open(database) else None)
    try:
        backup = back_up(database, now_ms=now_ms, hand=hand, spared=file)
        if left_open(database) and not log_is_readable(wal_of(database)):
            return Restored(backup=backup, damaged=_keep(database, now_ms))
        with contextlib.closing(sqlite3.connect(database)) as connection, hand.explained(database):
            connection.execute("pragma wal_checkpoint(truncate)")
    except DatabaseDamagedError:
        return Restored(backup=None, damaged=_keep(database, now_ms))
    return Restored(backup=backup, damaged=None)


def _keep(database: Path, now_ms: int) -> Path:
    """A second name for a damaged database and its log, which stays when the first one is taken away; what it is."""
    kept = swapping.damaged_name(database, now_ms)
    for source, target in ((wal_of(database), wal_of(kept)), (database, kept)):
        if source.exists():
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
                sync_path(target)
    sync_path(database.parent)
    return kept if kept.exists() else wal_of(kept)
