"""What SQLite reports, in the program's own words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from workbench.core.errors import DatabaseDamagedError, StorageError

REFUSED_VALUES = (OverflowError, UnicodeEncodeError, ValueError)
"""What the driver raises for a number beyond 64 bits, a lone surrogate, or a closed connection."""

_PRIMARY_CODE = 0xFF


def primary_code(error: BaseException) -> int:
    """SQLite's primary result code of an error, 0 when it has none."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & _PRIMARY_CODE


def damaged(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is wrong."""
    return primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def backups_hint(database: Path) -> str:
    """Where the backups of a database lie, how to go back to one, and that nothing has been overwritten."""
    backups = database.parent / "backups"
    return (
        f"It is left as it is. Close workbench; `workbench restore FILE` goes back to a backup, they are in {backups}"
    )


def damage_hint(database: Path) -> str:
    """What can be done about a damaged database, and that nothing has been overwritten."""
    backups = database.parent / "backups"
    return (
        "It is left as it is. Close workbench; then `workbench restore --salvage` brings what can be read into a new"
        f" database and keeps the damaged one, `workbench restore FILE` goes back to a backup, they are in {backups}"
    )


def damage(title: str, database: Path, *, detail: str = "") -> DatabaseDamagedError:
    """The error for a file that is not what was written."""
    return DatabaseDamagedError(title, detail=detail, hint=damage_hint(database), where="storage")


def storage_error(error: Exception, database: Path) -> StorageError:
    """The `StorageError` that explains `error`; the driver's own words are its detail."""
    detail = str(error) or type(error).__name__
    code = primary_code(error)
    if damaged(error):
        return damage(f"The database {database} is damaged", database, detail=detail)
    if code == sqlite3.SQLITE_FULL:
        title, hint = "The disk is full", f"Free some space for {database.parent}; saving is tried again"
    elif code == sqlite3.SQLITE_IOERR:
        title = "The database could not be read or written"
        hint = f"Check the disk that holds {database.parent}: is it full, over quota or failing?"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        title = "Another program keeps the database locked"
        hint = f"End the program that has {database} open"
    elif code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH):
        title = f"The database {database} cannot be opened or written"
        hint = f"Check owner and permissions of {database.parent} and of the files in it"
    elif code == sqlite3.SQLITE_INTERRUPT:
        title, hint = "The query was interrupted", ""
    else:
        title, hint = "The database refused an operation", ""
    return StorageError(title, detail=detail, hint=hint, where="storage")
