"""What an import reads, tells and leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workbench.conversations.values import BrokenPart, MessageState, Role, Seam
from workbench.core.errors import UsageError
from workbench.providers.values import Attempt

PROBLEMS_KEPT = 100
"""Problems that a report tells one by one."""


class ImportRefusedError(UsageError):
    """A file that cannot be imported; nothing was changed."""

    kind = "import_refused"


class MalformedError(Exception):
    """One conversation of a file cannot be read; the others can. Its text is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedMessage:
    """A message as a file tells of it."""

    key: str
    """What the file calls it, unlike any other of its conversation."""
    parent: str | None
    """The key of the message above it."""
    role: Role
    text: str
    at_ms: int | None
    """When it was written; None where the file does not say."""
    reasoning: str = ""
    provider: str | None = None
    model: str | None = None
    extra: tuple[str, ...] = ()
    state: MessageState = MessageState.DONE
    reason: str = ""
    finish_reason: str | None = None
    rating: int | None = None
    broken: tuple[BrokenPart, ...] = ()
    seams: tuple[Seam, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    id: str | None = None
    """Its id in workbench, where it comes from there."""
    source_id: str | None = None
    """What it is called where it was first written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedConversation:
    """A conversation as a file tells of it; parents stand before their children."""

    source: str | None
    """The format it comes from; None for one that was begun in workbench."""
    source_id: str | None
    title: str
    """Empty where it has none."""
    messages: tuple[ImportedMessage, ...]
    created_ms: int | None
    updated_ms: int | None
    active: str | None = None
    """The key of the end of the branch in force; None for the last message."""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    private: bool = False
    folder: str | None = None
    provider: str | None = None
    model: str | None = None
    settings: str | None = None
    """A JSON object with what else is known of it, only kept."""
    id: str | None = None
    """Its id in workbench, where it comes from there."""
    forked_from_id: str | None = None
    problems: tuple[str, ...] = ()
    """What was not as it should be, though it could be read; sentences."""

    @property
    def name(self) -> str:
        """What a problem calls it."""
        return f"“{self.title}”" if self.title else f"the conversation {self.source_id or self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something in a file that could not be read."""

    text: str
    """A sentence with its place."""
    conversations: int = 1
    """How many conversations are lost with it."""


class ImportStage(StrEnum):
    """What an import is doing."""

    READING = "reading"
    """Counts what the file has; nothing is changed."""
    WRITING = "writing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProgress:
    """How far an import has come."""

    stage: ImportStage
    done: int
    """Bytes read, or conversations written."""
    total: int
    """Of these; 0 where nobody knows."""
    conversations: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do."""

    format: str
    """The name of the format, e.g. `chatgpt`."""
    label: str
    """The same for people, e.g. `ChatGPT`."""
    new: int
    """Conversations that were not there."""
    known: int
    failed: int
    messages_new: int
    """In new and in known conversations."""
    messages_known: int
    problems: tuple[str, ...]
    """Sentences with their places, at most `PROBLEMS_KEPT` and one that counts the others."""
    seconds: float
    dry_run: bool

    @property
    def anything_new(self) -> bool:
        """Whether something was, or would be, added."""
        return self.new + self.messages_new > 0


def report_document(report: ImportReport) -> dict[str, object]:
    """What `history import --json` prints."""
    return {
        "format": report.format,
        "dry_run": report.dry_run,
        "conversations": {"new": report.new, "known": report.known, "failed": report.failed},
        "messages": {"new": report.messages_new, "known": report.messages_known},
        "problems": list(report.problems),
        "seconds": round(report.seconds, 3),
    }
