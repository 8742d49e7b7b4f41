"""What the core tells the world: frozen values, each with level, source, sequence and correlation id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import IntEnum, StrEnum
from typing import ClassVar


class Level(IntEnum):
    """How much an event matters; the numbers are those of `logging`."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


class Delivery(StrEnum):
    """What a subscription may do with an event when its reader is slow."""

    MERGED = "merged"
    """Folded into a pending event of the same `merge_key`."""
    BOUNDED = "bounded"
    """The oldest may be dropped, and is counted."""
    ESSENTIAL = "essential"
    """Never dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of every event. `seq` and `at_ms` are stamped by the bus when it is published."""

    kind: ClassVar[str] = "event"
    level: ClassVar[Level] = Level.INFO
    source: ClassVar[str] = "core"
    delivery: ClassVar[Delivery] = Delivery.BOUNDED
    stored: ClassVar[bool] = True
    """Whether the event log keeps it; token deltas are not kept."""

    seq: int = 0
    at_ms: int = 0
    correlation: str = ""
    """The id of the turn (or task run) that the event belongs to."""
    conversation_id: str | None = None
    task_id: str | None = None

    @property
    def severity(self) -> Level:
        """The level of this very event; the class's, unless a subclass looks closer."""
        return self.level

    def text(self) -> str:
        """One line for people. It may quote foreign text: clean it on the way to a sink."""
        return self.kind

    def data(self) -> dict[str, object]:
        """The fields of the event's own, as plain JSON values."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _BASE_FIELDS}

    def merge_key(self) -> object:
        """Pending MERGED events with equal keys fold into one."""
        return (self.kind, self.correlation)

    def merge(self, later: Event) -> Event:
        """What this and a later event of the same key amount to: the later one, unless they add up."""
        return later

    def full(self) -> bool:
        """Whether this pending event takes no more: the next of its key is kept beside it."""
        return False


LONGEST_RUN = 8192
"""Characters in one pending run of text."""

_BASE_FIELDS = frozenset(f.name for f in fields(Event))


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStarted(Event):
    """The core runs."""

    kind: ClassVar[str] = "engine.started"
    source: ClassVar[str] = "engine"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    version: str
    offline: bool = False

    def text(self) -> str:
        """One line."""
        return f"workbench {self.version} started{', offline' if self.offline else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStopping(Event):
    """The core is about to end."""

    kind: ClassVar[str] = "engine.stopping"
    source: ClassVar[str] = "engine"
    reason: str = ""

    def text(self) -> str:
        """One line."""
        return f"stopping{': ' + self.reason if self.reason else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationLoaded(Event):
    """A configuration took effect."""

    kind: ClassVar[str] = "config.loaded"
    source: ClassVar[str] = "config"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    providers: tuple[str, ...] = ()
    discovered: bool = False
    problems: tuple[str, ...] = ()

    @property
    def severity(self) -> Level:
        """A warning when something in it is wrong."""
        return Level.WARNING if self.problems else Level.INFO

    def text(self) -> str:
        """One line."""
        what = ", ".join(self.providers) or "no provider"
        found = "discovered" if self.discovered else "configured"
        return f"{found}: {what}" + (f"; {len(self.problems)} problem(s): {self.problems[0]}" if self.problems else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLoading(Event):
    """The model library is being loaded, has been (`seconds` set), or could not be (`problem` set)."""

    kind: ClassVar[str] = "provider.client"
    source: ClassVar[str] = "provider"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    seconds: float | None = None
    problem: str = ""

    @property
    def severity(self) -> Level:
        """An error when it cannot be loaded."""
        return Level.ERROR if self.problem else Level.INFO

    def text(self) -> str:
        """One line."""
        if self.problem:
            return f"model library failed to load: {self.problem}"
        return "loading the model library" if self.seconds is None else f"model library ready in {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(Event):
    """A prompt is stored and its reply begins. `correlation` is the turn's id."""

    kind: ClassVar[str] = "turn.started"
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    user_message_id: str
    message_id: str

    def text(self) -> str:
        """One line."""
        return "turn started"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChosen(Event):
    """The order in which providers will be tried, and why others will not."""

    kind: ClassVar[str] = "route.chosen"
    source: ClassVar[str] = "provider"
    strategy: str
    order: tuple[str, ...]
    """`provider/model` names, first choice first."""
    skipped: Mapping[str, str]
    """Provider name to the reason it is left out."""
    reasons: tuple[str, ...] = ()
    """Why each of `order` stands in its place."""

    def text(self) -> str:
        """One line."""
        out = "; ".join(f"{name} skipped: {why}" for name, why in self.skipped.items())
        return f"route ({self.strategy}): {' → '.join(self.order) or 'nobody'}" + (f" ({out})" if out else "")

    def data(self) -> dict[str, object]:
        """The fields as plain JSON values."""
        own: dict[str, object] = {
            "strategy": self.strategy,
            "order": list(self.order),
            "reasons": list(self.reasons),
        }
        return own | {"skipped": dict(self.skipped)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted(Event):
    """A provider is being asked."""

    kind: ClassVar[str] = "attempt.started"
    source: ClassVar[str] = "provider"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    provider: str
    model: str
    ord: int
    """Place in the turn's trail, from 0."""

    def text(self) -> str:
        """One line."""
        return f"asking {self.provider}/{self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstToken(Event):
    """The first content of an answer has arrived."""

    kind: ClassVar[str] = "attempt.first_token"
    source: ClassVar[str] = "provider"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    provider: str
    model: str
    first_token_ms: int

    def text(self) -> str:
        """One line."""
        return f"first token after {self.first_token_ms / 1000:.2f} s from {self.provider}/{self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnded(Event):
    """What became of one attempt; a skipped provider has one too."""

    kind: ClassVar[str] = "attempt.ended"
    source: ClassVar[str] = "provider"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    provider: str
    model: str
    ord: int
    state: str
    """`ok`, `failed`, `skipped` or `cancelled`."""
    error_kind: str | None = None
    http_status: int | None = None
    reason: str = ""
    first_token_ms: int | None = None
    duration_ms: int | None = None
    next_step: str = ""
    """What follows: `retry in 0.8 s`, `next: backup/model-b`, `stop`, or empty."""
    hint: str = ""

    @property
    def severity(self) -> Level:
        """A warning when it failed."""
        return Level.WARNING if self.state == "failed" else Level.INFO

    def text(self) -> str:
        """One line."""
        name = f"{self.provider}/{self.model}"
        took = f" after {self.duration_ms / 1000:.2f} s" if self.duration_ms else ""
        if self.state == "ok":
            return f"{name} answered{took}"
        kind = self.error_kind if self.error_kind != self.state else None
        words = [name, self.state, kind, str(self.http_status or "")]
        why = f": {self.reason}" if self.reason else ""
        step = f" → {self.next_step}" if self.next_step else ""
        return f"{' '.join(word for word in words if word)}{took}{why}{step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta(Event):
    """More text of a reply. Pending deltas of one message concatenate."""

    kind: ClassVar[str] = "reply.delta"
    level: ClassVar[Level] = Level.DEBUG
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.MERGED
    stored: ClassVar[bool] = False
    message_id: str
    delta: str
    reasoning: bool = False
    """Whether this is the model's reasoning rather than its answer."""

    def text(self) -> str:
        """One line."""
        return f"{len(self.delta)} characters"

    def merge_key(self) -> object:
        """One pending run of text per message and kind."""
        return (self.kind, self.message_id, self.reasoning)

    def full(self) -> bool:
        """Concatenating copies what is there, so a long run is left alone and a new one begun."""
        return len(self.delta) >= LONGEST_RUN

    def merge(self, later: Event) -> Event:
        """Both texts, in order, under the later stamp."""
        if not isinstance(later, TextDelta):
            return later
        return replace(self, seq=later.seq, at_ms=later.at_ms, delta=self.delta + later.delta)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRestarted(Event):
    """A provider broke off; its text is set aside and another one answers from the start."""

    kind: ClassVar[str] = "reply.restarted"
    level: ClassVar[Level] = Level.WARNING
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    message_id: str
    provider: str
    characters: int
    """How much text was set aside."""

    def text(self) -> str:
        """One line."""
        return f"{self.provider} broke off after {self.characters} characters; answering again from the start"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFinished(Event):
    """A turn has ended, one way or another, and its reply is stored."""

    kind: ClassVar[str] = "turn.finished"
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    message_id: str
    state: str
    """The message's state: `done`, `stopped` or `failed`."""
    provider: str | None = None
    model: str | None = None
    reason: str = ""
    duration_ms: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano: int | None = None
    """Nano-dollars; None when unknown."""
    finish_reason: str | None = None

    @property
    def severity(self) -> Level:
        """An error when no provider answered."""
        return Level.ERROR if self.state == "failed" else Level.INFO

    def text(self) -> str:
        """One line."""
        who = f" by {self.provider}/{self.model}" if self.provider else ""
        why = f": {self.reason}" if self.reason else ""
        return f"reply {self.state}{who} in {self.duration_ms / 1000:.1f} s{why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyInterrupted(Event):
    """A reply that was streaming when the program died; found at start."""

    kind: ClassVar[str] = "reply.interrupted"
    level: ClassVar[Level] = Level.WARNING
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    message_id: str
    characters: int

    def text(self) -> str:
        """One line."""
        return f"a reply was interrupted after {self.characters} characters; they are kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationChanged(Event):
    """A conversation was made, renamed or got a message: lists should look again."""

    kind: ClassVar[str] = "conversation.changed"
    level: ClassVar[Level] = Level.DEBUG
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.MERGED
    stored: ClassVar[bool] = False

    def merge_key(self) -> object:
        """One pending notice per conversation."""
        return (self.kind, self.conversation_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageTrouble(Event):
    """Something could not be saved (`problem` set), or can be again (`problem` empty)."""

    kind: ClassVar[str] = "storage.trouble"
    source: ClassVar[str] = "storage"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    problem: str = ""

    @property
    def severity(self) -> Level:
        """An error while it lasts."""
        return Level.ERROR if self.problem else Level.INFO

    def text(self) -> str:
        """One line."""
        return f"not saved: {self.problem}" if self.problem else "saving works again"
