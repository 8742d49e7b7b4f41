"""What the upkeep of the database tells: copies made, rows removed for good, damage and what was recovered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workbench.core.events import Delivery, Event, Level
from workbench.core.sizes import size_words


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade(Event):
    """A verified copy of the database was made."""

    kind: ClassVar[str] = "storage.backup"
    source: ClassVar[str] = "storage"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    path: str
    size: int

    def text(self) -> str:
        """One line."""
        return f"backup of {size_words(self.size)} made and verified: {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepFailed(Event):
    """The daily upkeep could not do something; it is tried again the next day."""

    kind: ClassVar[str] = "storage.upkeep_failed"
    level: ClassVar[Level] = Level.WARNING
    source: ClassVar[str] = "storage"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    doing: str
    problem: str

    def text(self) -> str:
        """One line."""
        return f"{self.doing} failed: {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePruned(Event):
    """Something was removed for good."""

    kind: ClassVar[str] = "storage.pruned"
    source: ClassVar[str] = "storage"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    what: str
    days: int
    removed: str
    """The counts in words."""
    size: int
    conversations: int = 0
    messages: int = 0
    events: int = 0

    def text(self) -> str:
        """One line."""
        older = f" older than {self.days} day{'' if self.days == 1 else 's'}" if self.days else ""
        return f"removed for good from {self.what}{older}: {self.removed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCompacted(Event):
    """Unused space was given back to the disk."""

    kind: ClassVar[str] = "storage.compacted"
    source: ClassVar[str] = "storage"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    before: int
    after: int

    def text(self) -> str:
        """One line."""
        return f"database compacted from {size_words(self.before)} to {size_words(self.after)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUpgrading(Event):
    """An older database is being backed up and upgraded; nothing can be read before that is done."""

    kind: ClassVar[str] = "storage.upgrading"
    source: ClassVar[str] = "storage"
    delivery: ClassVar[Delivery] = Delivery.MERGED
    stored: ClassVar[bool] = False
    doing: str
    """How far it is, for people; empty when it is over."""

    def text(self) -> str:
        """One line."""
        return f"The database is being upgraded: {self.doing}" if self.doing else "the database is upgraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseNotice(Event):
    """Something about the database itself that stays true while the program runs; a later notice takes its place."""

    kind: ClassVar[str] = "storage.notice"
    level: ClassVar[Level] = Level.WARNING
    source: ClassVar[str] = "storage"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    notice: str
    """What is the matter, what was done about it and what can be done, for people."""
    kept: str = ""
    """The damaged file, if there is one."""
    conversations: int = 0
    messages: int = 0
    """What was recovered of it."""

    def text(self) -> str:
        """One line."""
        return self.notice
