"""What a conversation consists of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workbench.providers.values import BROKE_OFF, Attempt

CUT_TO_LENGTH = "length"
"""The finish reason of an answer that ended at its greatest length."""


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class MessageState(StrEnum):
    """How far a message has come; only `done` is a complete one."""

    STREAMING = "streaming"
    DONE = "done"
    STOPPED = "stopped"
    """The user ended it, or a cut answer was kept as it was."""
    FAILED = "failed"
    """No provider gave a complete answer."""
    INTERRUPTED = "interrupted"
    """The program died while it streamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPart:
    """Text of a provider that broke off and was answered over; kept, never shown as the answer."""

    provider: str
    model: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """A place in a reply where one answer ended early and another went on."""

    at: int
    """Characters of text before it."""
    after: str
    """The provider whose answer ended there."""
    provider: str
    """The one that goes on from here."""
    model: str
    ended: str = BROKE_OFF
    """What became of `after`, in words."""

    @property
    def label(self) -> str:
        """The seam in words, for where the text is shown."""
        return f"{self.provider}/{self.model} goes on here; {self.after} {self.ended}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One node of a conversation's tree."""

    id: str
    conversation_id: str
    parent_id: str | None
    role: Role
    text: str
    state: MessageState
    created_at_ms: int
    reasoning: str = ""
    broken: tuple[BrokenPart, ...] = ()
    seams: tuple[Seam, ...] = ()
    """In the order of the text; texts of two providers are never joined without one."""
    provider: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    reason: str = ""
    """Why it is not `done`."""
    extra: tuple[str, ...] = ()
    """Parts that are only kept and shown, each a JSON object with its `type`: `attachment`, `tool_call`, `tool_result`,
    `citation`, or whatever an import brought along."""
    source_id: str | None = None
    """What it is called where it was imported from."""
    rating: int | None = None
    """1 good, -1 bad, as the user judged it; None for no judgement."""
    attempts: tuple[Attempt, ...] = ()

    @property
    def cut_to_length(self) -> bool:
        """Whether its provider ended it because it had become as long as it may."""
        return self.finish_reason == CUT_TO_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation's own row, with what lists show of it."""

    id: str
    title: str
    created_at_ms: int
    updated_at_ms: int
    messages: int = 0
    models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    folder: str | None = None
    """The folder it lies in, e.g. `work/rust`; None outside of any."""
    source: str | None = None
    """The format it was imported from."""
    source_id: str | None = None
    deleted_at_ms: int | None = None
    """When it was put into the trash."""
    forked_from_id: str | None = None
    """The message of another conversation that it began as a branch of; after an import that may not be here."""
    active_leaf_id: str | None = None
    provider: str | None = None
    """The provider this conversation is pinned to; None lets the strategy decide."""
    model: str | None = None
    """The model it is pinned to."""
    private: bool = False
    """Only private providers may ever read it; there is no way back."""
