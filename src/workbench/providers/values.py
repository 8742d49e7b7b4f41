"""What the provider layer speaks of: requests, streamed parts, attempts, outcomes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from workbench.config.values import FallbackStrategy, OnBrokenStream, Provider
from workbench.core.errors import Cause
from workbench.core.secret import Secret


class ErrorKind(StrEnum):
    """Every way an attempt can fail or be passed over; names fixed by the command line's JSON."""

    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    FIRST_TOKEN_TIMEOUT = "first_token_timeout"
    STALLED = "stalled"
    CONNECTION = "connection"
    SERVER_ERROR = "server_error"
    BROKEN_STREAM = "broken_stream"
    EMPTY = "empty"
    AUTH = "auth"
    BAD_REQUEST = "bad_request"
    CONTEXT_WINDOW = "context_window"
    CONTENT_POLICY = "content_policy"
    QUOTA = "quota"
    BREAKER_OPEN = "breaker_open"
    NO_KEY = "no_key"
    DISABLED = "disabled"
    CANCELLED = "cancelled"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits of one attempt, in seconds."""

    first_token_s: float = 15.0
    stall_s: float = 20.0
    total_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMessage:
    """One message as a model reads it."""

    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One request to one model of one provider."""

    provider: Provider
    model: str
    api_key: Secret | None
    messages: tuple[PromptMessage, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    timeouts: Timeouts = Timeouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Streamed answer or reasoning text."""

    text: str
    reasoning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens and money of one call; None is unknown, never zero."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The stream's last part. `reason` is the provider's own; None when it sent none (a cut stream)."""

    reason: str | None
    usage: Usage = Usage()
    tool_call: bool = False
    """Whether the model called a tool; then an answer without text is a whole one."""


ModelPart = TextPart | Finish


class AttemptFailure(Exception):
    """Why an attempt failed, classified; never holds a key or the library's own exception."""

    def __init__(
        self,
        kind: ErrorKind,
        reason: str,
        *,
        cause: Cause = Cause.TRANSIENT,
        http_status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """`reason` is redacted, cleaned and at most 500 characters."""
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.cause = cause
        self.http_status = http_status
        self.retry_after_s = retry_after_s


class ChatModel(Protocol):
    """What makes the calls."""

    def stream(self, call: ModelCall) -> AsyncGenerator[ModelPart, None]:
        """Text parts as they arrive, then exactly one `Finish`; closing it closes the connection.

        Raises `AttemptFailure` and nothing else of its own. Does not time itself: the attempt loop does.
        """
        ...

    async def prepare(self) -> None:
        """Load what the first call needs; returns at once when that is done. Safe to call from many tasks."""
        ...

    async def aclose(self) -> None:
        """Close pooled connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One provider asked, or passed over, for one reply."""

    ord: int
    provider: str
    model: str
    state: str
    """`running`, `ok`, `failed`, `skipped` or `cancelled`."""
    error_kind: str | None = None
    http_status: int | None = None
    reason: str = ""
    first_token_ms: int | None = None
    """Milliseconds from its start to its first content."""
    duration_ms: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest:
    """What one turn asks of the provider layer."""

    turn_id: str
    conversation_id: str | None
    message_id: str | None
    """The stored reply that the attempts belong to; None keeps no attempt rows."""
    messages: tuple[PromptMessage, ...]
    providers: tuple[Provider, ...]
    strategy: FallbackStrategy = FallbackStrategy.PRIORITY
    default_provider: str | None = None
    """Tried first when set, before what the strategy says."""
    pinned_provider: str | None = None
    """Chosen by the user for this turn or conversation: tried first."""
    pinned_model: str | None = None
    fallback: bool = True
    """False: only the first candidate is tried."""
    on_broken_stream: OnBrokenStream = OnBrokenStream.RESTART
    timeouts: Timeouts = Timeouts()
    max_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """The provider whose text follows; yielded before its first `TextPart`."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """All text so far is void: its provider broke off and another answers from the start."""

    provider: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The last part of an answer, complete or not."""

    complete: bool
    provider: str | None
    """Who gave the text that stands; None when there is none."""
    model: str | None
    finish_reason: str | None
    usage: Usage
    attempts: tuple[Attempt, ...]
    reason: str = ""
    """Why it is not complete."""
    unreachable: bool = False
    """Nothing could be reached at all: worth trying again later (exit code 3)."""


AnswerPart = Answering | TextPart | Restarted | Answered
