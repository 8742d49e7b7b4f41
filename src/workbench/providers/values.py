"""What the provider layer speaks of: requests, streamed parts, attempts, outcomes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
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
class ToolCall:
    """A model's wish to use a tool."""

    id: str
    name: str
    arguments: str
    """JSON as the model wrote it; it may be broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool that a model may call."""

    name: str
    description: str
    parameters: Mapping[str, object] = field(default_factory=dict["str", "object"])
    """JSON schema of its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptMessage:
    """One message as a model reads it."""

    role: str
    """`system`, `user`, `assistant` or `tool`."""
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    """What an assistant message asked for."""
    tool_call_id: str | None = None
    """Which call a tool message answers."""


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
    tools: tuple[ToolSpec, ...] = ()
    prefill: bool = False
    """The last message is the beginning of the assistant's own answer, to be gone on with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Streamed answer or reasoning text."""

    text: str
    reasoning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPart:
    """A piece of a tool call has come: the model is at work. The whole calls are in `Finish`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens and money of one call; None is unknown, never zero."""

    input_tokens: int | None = None
    """All of the prompt, what came from a cache included."""
    output_tokens: int | None = None
    """All of the answer, reasoning included."""
    cost_nano: int | None = None
    """Nano-dollars."""
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    price_source: str | None = None
    """Where the price is from: `litellm` (its price list), `provider` (it said so); None without a cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The stream's last part. `reason` is the provider's own; None when it sent none (a cut stream)."""

    reason: str | None
    usage: Usage = Usage()
    tool_calls: tuple[ToolCall, ...] = ()
    """What the model called; then an answer without text is a whole one."""
    request_id: str | None = None
    """The provider's own id of the request."""
    model: str | None = None
    """The model that really answered, as the provider says."""

    @property
    def tool_call(self) -> bool:
        """Whether the model called a tool."""
        return bool(self.tool_calls)


ModelPart = TextPart | ToolPart | Finish


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
        """Text and tool parts as they arrive, then exactly one `Finish`; closing it closes the connection.

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
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    price_source: str | None = None
    key_ref: str | None = None
    """Which key was used: the name of a variable or `keyring:LABEL`, never the key."""
    request_id: str | None = None
    answered_model: str | None = None
    """The model that really answered, when the provider said so."""
    hint: str = ""
    """What a person can do about a failure."""
    run_id: str = field(default="", compare=False)
    """The turn it belongs to, known once it is read from the disk."""
    started_at_ms: int | None = field(default=None, compare=False)
    """When it began, known once it is read from the disk."""


class Urgency(IntEnum):
    """Who waits for an answer; smaller goes first where requests queue."""

    INTERACTIVE = 0
    BACKGROUND = 10


class Resume(StrEnum):
    """What to do with a broken answer."""

    CONTINUE = "continue"
    RESTART = "restart"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenStream:
    """A provider failed after its first token, and a person may decide."""

    provider: str
    model: str
    reason: str
    characters: int
    """Of answer text that came."""
    next_provider: str | None
    """Who would go on; None when nobody is left, and then only keeping is left."""
    next_model: str | None


Decide = Callable[[BrokenStream], Awaitable[Resume]]


BROKE_OFF = "broke off"
"""What became of a provider that failed in mid-answer, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An answer that ended early and is to be gone on with."""

    text: str
    provider: str
    """Who gave its end."""
    model: str
    ended: str
    """What became of that provider's answer, in words: `was stopped`."""


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
    private: bool = False
    """True: only providers marked as private may be asked, whatever else is wished."""
    urgency: Urgency = Urgency.INTERACTIVE
    wait_s: float = 300.0
    """How long it may wait for a free place when everybody is full."""
    decide: Decide | None = None
    """Asks a person what to do with a broken answer; None when there is nobody to ask."""
    tool_has_run: bool = False
    """A tool has run in this turn: a broken answer is neither restarted nor continued."""
    context_window_fallback: tuple[str, ...] = ()
    """`provider` or `provider/model` names to go to when a context window is too small; empty: the larger windows."""
    content_policy_fallback: tuple[str, ...] = ()
    """The same for an answer that a content policy refused; empty: whoever is next."""
    tools: tuple[ToolSpec, ...] = ()
    begun: Begun | None = None
    """Text that stands already and is gone on with; None answers from the start."""


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
class Continued:
    """The text so far stands, and another provider goes on from its end: a seam."""

    provider: str
    """Who goes on."""
    model: str
    after: str
    """Who ended early."""
    ended: str = BROKE_OFF
    """What became of `after`, in words."""


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
    tool_calls: tuple[ToolCall, ...] = ()
    answered_model: str | None = None
    request_id: str | None = None


AnswerPart = Answering | TextPart | Restarted | Continued | Answered
