"""What is told of past conversations: put in order, deleted, brought back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workbench.core.events import Event

TOLD = 100
"""Ids that an event has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsOrganized(Event):
    """Titles, pins, tags, folders or archiving of conversations changed."""

    kind: ClassVar[str] = "history.organized"
    source: ClassVar[str] = "history"
    what: str
    """What was done, e.g. `archived`."""
    conversations: tuple[str, ...]
    """Their ids, the first `TOLD`."""
    count: int

    def text(self) -> str:
        """One line."""
        return f"{self.count} conversation{'' if self.count == 1 else 's'} {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsDeleted(Event):
    """Conversations were put into the trash, from where they can come back."""

    kind: ClassVar[str] = "history.deleted"
    source: ClassVar[str] = "history"
    conversations: tuple[str, ...]
    """Their ids, the first `TOLD`."""
    count: int

    def text(self) -> str:
        """One line."""
        return f"{self.count} conversation{'' if self.count == 1 else 's'} put into the trash"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsRestored(Event):
    """Conversations came back from the trash."""

    kind: ClassVar[str] = "history.restored"
    source: ClassVar[str] = "history"
    conversations: tuple[str, ...]
    """Their ids, the first `TOLD`."""
    count: int

    def text(self) -> str:
        """One line."""
        return f"{self.count} conversation{'' if self.count == 1 else 's'} brought back from the trash"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsImported(Event):
    """Conversations of a file were added; also when not all of them were, because the import was cancelled."""

    kind: ClassVar[str] = "history.imported"
    source: ClassVar[str] = "history"
    format: str
    """The format of the file, for people."""
    file: str
    """Its name, without its folder."""
    conversations: int
    """How many are new."""
    messages: int
    """How many are new, also in conversations that were there."""

    def text(self) -> str:
        """One line."""
        conversations = f"{self.conversations:,} conversation{'' if self.conversations == 1 else 's'}"
        return f"{conversations} with {self.messages:,} new messages imported from {self.file} ({self.format})"


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleFailed(Event):
    """No model gave a conversation a title; it keeps the one it has."""

    kind: ClassVar[str] = "history.title_failed"
    source: ClassVar[str] = "history"
    problem: str

    def text(self) -> str:
        """One line."""
        return f"no title was given: {self.problem}"
