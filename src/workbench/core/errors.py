"""The one tree of errors: what happened, why, and what the user can do."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """The class of a failure: whether and how it can go away."""

    TRANSIENT = "transient"
    """Goes away by itself: worth trying again."""
    PERMANENT = "permanent"
    """Stays until the request or the program changes."""
    RESOURCE = "resource"
    """Something ran out: disk, quota, context window."""
    SECURITY = "security"
    """A key, a permission or a limit of trust."""


class WorkbenchError(Exception):
    """Any failure that the program explains itself.

    `kind` is a stable word for scripts (`{"error": {"kind"}}`), `title` one short sentence,
    `detail` what exactly was found, `hint` what to do about it, `where` the part it happened in.
    """

    kind = "internal"
    cause_class = Cause.PERMANENT

    def __init__(self, title: str, *, detail: str = "", hint: str = "", where: str = "") -> None:
        """Texts are plain, never markup; they may quote foreign text and are cleaned when shown."""
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        """Title, detail and hint in one line."""
        return ". ".join(part.rstrip(".") for part in (self.title, self.detail, self.hint) if part)


class UsageError(WorkbenchError):
    """The command was called in a way that cannot work; exit code 2."""

    kind = "usage"


class NotFoundError(UsageError):
    """An id or name that does not exist, or fits several."""

    kind = "not_found"


class ConfigurationError(WorkbenchError):
    """The configuration cannot be used as it is; exit code 2."""

    kind = "configuration"


class StorageError(WorkbenchError):
    """The database could not be read or written."""

    kind = "storage"
    cause_class = Cause.RESOURCE


class DatabaseTooNewError(StorageError):
    """A newer workbench wrote this file; it can be read, not written."""

    kind = "database_too_new"
    cause_class = Cause.PERMANENT


class DatabaseDamagedError(StorageError):
    """The database's file is not what was written; what can be read of it can be brought into a new one."""

    kind = "database_damaged"
    cause_class = Cause.PERMANENT


class ProvidersError(WorkbenchError):
    """No provider gave an answer; exit code 1, or 3 when nothing could be reached."""

    kind = "providers"
    cause_class = Cause.TRANSIENT


class EngineError(WorkbenchError):
    """The core could not start, or has already stopped."""

    kind = "engine"
