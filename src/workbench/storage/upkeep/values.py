"""What upkeep finds and does, as plain values; sizes in bytes, times in integer milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from workbench.storage.transaction import Row, Transaction

TakeOut = Callable[[Transaction, Sequence[Row]], Awaitable[object]]
"""Takes messages (whole rows of `messages`) out of the full-text index, before they are purged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """One table with its indexes."""

    name: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Where the space of a home goes."""

    database: int
    """The file itself."""
    free: int
    """Inside it, but unused: what compacting gives back."""
    log: int
    """The write-ahead log beside it."""
    backups: int
    backup_count: int
    tables: tuple[TableSize, ...]
    """The largest first."""
    exact: bool
    """Whether tables were measured page by page; else their sizes are estimated from some of their rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSize:
    """What one conversation takes."""

    id: str
    title: str
    messages: int
    size: int
    """Its texts and their parts, and what is kept of requests and events about it."""
    deleted: bool
    """Whether it is in the trash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestConversations:
    """A page of conversations, the largest first."""

    total: int
    conversations: tuple[ConversationSize, ...]


class Prunable(StrEnum):
    """What can be pruned."""

    TRASH = "trash"
    """Deleted conversations and messages."""
    EVENTS = "events"
    """Events; warnings and errors are kept six times as long."""
    DAMAGED = "damaged"
    """Files of damaged databases, which were set aside when what could be read was recovered."""


WARNINGS_KEPT = 6
"""Warnings and errors are kept this many times as long as other events."""

EVENT_DAYS = 30
TRASH_DAYS = 30
"""What the Storage page and the command propose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What to prune: all of it that is older than so many days; 0 days takes everything."""

    what: Prunable
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What pruning would remove, or has removed."""

    what: Prunable
    conversations: int = 0
    messages: int = 0
    attempts: int = 0
    events: int = 0
    files: int = 0
    size: int = 0
    """About how many bytes that frees; those of rows are given back to the disk by compacting."""

    @property
    def nothing(self) -> bool:
        """Whether there is nothing of the kind."""
        return not (self.conversations or self.messages or self.attempts or self.events or self.files)

    @property
    def words(self) -> str:
        """The counts, for people: `3 conversations, 40 messages`."""
        counts = (
            (self.conversations, "conversation"),
            (self.messages, "message"),
            (self.attempts, "attempt"),
            (self.events, "event"),
            (self.files, "file"),
        )
        found = [f"{count:,} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
        return ", ".join(found) or "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What compacting gave back."""

    before: int
    """Size of the file."""
    after: int

    @property
    def freed(self) -> int:
        """How much smaller the file is."""
        return max(0, self.before - self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One copy of the database."""

    path: Path
    at_ms: int
    size: int


class Soundness(StrEnum):
    """How a part of the database is."""

    OK = "ok"
    DAMAGED = "damaged"
    WRONG = "wrong"
    """Readable, but its rows contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check of the database came to."""

    check: str
    state: Soundness
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """All checks of the database."""

    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.state is Soundness.OK for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What was recovered of a damaged database."""

    kept: Path
    """The damaged file, under its new name."""
    conversations: int = 0
    messages: int = 0
    expected_messages: int | None = None
    """About how many there were; None when nothing tells."""
    attempts: int = 0
    newest_backup: Backup | None = None
    backup_messages: int | None = None
    """How many messages the newest backup has."""
