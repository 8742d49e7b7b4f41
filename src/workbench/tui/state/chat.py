"""The chat pane's state as plain values; `folding` makes it from events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from workbench.tui.state.trail import Step

if TYPE_CHECKING:
    from workbench.conversations.values import Seam


class Phase(StrEnum):
    """How far a turn has come."""

    ROUTING = "routing"
    """The prompt is stored; nobody has been asked yet."""
    ASKING = "asking"
    """A provider was asked and has not said a word."""
    STREAMING = "streaming"
    """Text is coming."""
    WAITING = "waiting"
    """An attempt failed; the next one has not begun."""
    QUEUED = "queued"
    """Everybody is full; it waits for a free place."""
    BROKEN = "broken"
    """A provider broke off in mid-answer, and a person is asked what to do."""
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def running(self) -> bool:
        """Whether the turn goes on."""
        return self not in ENDED


ENDED = frozenset({Phase.DONE, Phase.STOPPED, Phase.FAILED})
"""Phases after which nothing more comes."""


class ClientPhase(StrEnum):
    """Whether the model library is there."""

    UNKNOWN = "unknown"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Part(StrEnum):
    """What of the state has changed: screens redraw only that."""

    TURNS = "turns"
    CONVERSATIONS = "conversations"
    PROVIDERS = "providers"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenReply:
    """What a person is asked to decide."""

    provider: str
    model: str
    reason: str
    characters: int
    """Of text that came."""
    next_provider: str | None = None
    """Who would go on; None when nobody is left."""
    next_model: str | None = None

    @property
    def name(self) -> str:
        """Who broke off, as `provider/model`."""
        return f"{self.provider}/{self.model}" if self.model else self.provider

    @property
    def next_name(self) -> str:
        """Who would go on, as `provider/model`; empty for nobody."""
        return "/".join(part for part in (self.next_provider, self.next_model) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """One turn as far as it is known from events."""

    turn_id: str
    conversation_id: str
    user_message_id: str
    message_id: str
    started_at_ms: int
    phase: Phase = Phase.ROUTING
    text: str = ""
    reasoning: str = ""
    trail: tuple[Step, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Providers left out by the route, with the reason."""
    first_text_at_ms: int = 0
    """When the text that stands began; 0 before."""
    last_at_ms: int = 0
    """When anything was last heard."""
    retry_at_ms: int = 0
    """When the next try is due; 0 when none is waited for."""
    queued_for: str = ""
    """Why it waits for a free place; empty when it does not."""
    ready_at_ms: int = 0
    """When a place can be free; 0 when that depends on other requests."""
    ahead: int = 0
    """Requests that go first."""
    broken: BrokenReply | None = None
    """What is to be decided; None when nothing is."""
    seams: tuple[Seam, ...] = ()
    """Where other providers went on, in order."""
    reason: str = ""
    provider: str = ""
    model: str = ""
    duration_ms: int = 0
    output_tokens: int | None = None
    cost_nano: int | None = None
    finish_reason: str | None = None

    @property
    def current(self) -> Step | None:
        """The attempt asked last."""
        return next((step for step in reversed(self.trail) if step.state != "skipped"), None)

    @property
    def characters_a_second(self) -> float | None:
        """How fast the text that stands has come; None before there is enough to tell."""
        elapsed_ms = self.last_at_ms - self.first_text_at_ms
        if not self.first_text_at_ms or elapsed_ms < _SPEED_NEEDS_MS:
            return None
        # Text before a seam came from elsewhere, and earlier.
        before = self.seams[-1].at if self.seams else 0
        return (len(self.text) - before + len(self.reasoning)) * 1000 / elapsed_ms


_SPEED_NEEDS_MS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    """What was last heard of a provider in this run."""

    state: str
    """`ok` or `failed`."""
    at_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatState:
    """Everything the screens know from events alone."""

    turns: Mapping[str, TurnView] = field(default_factory=lambda: MappingProxyType({}))
    """The last turn of each conversation that had one in this run."""
    conversations_version: int = 0
    """Grows whenever the list of conversations should be read again."""
    providers: tuple[str, ...] = ()
    """Names in the configuration that is in effect."""
    configuration_version: int = 0
    """Grows with every configuration that took effect."""
    problems: tuple[str, ...] = ()
    """What is wrong in the configuration."""
    health: Mapping[str, ProviderHealth] = field(default_factory=lambda: MappingProxyType({}))
    next_tries: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """When a provider that rests may be asked again, as far as it was heard in this run; wall-clock milliseconds."""
    standing_version: int = 0
    """Grows whenever a breaker, a key or a probe of a provider has changed."""
    client: ClientPhase = ClientPhase.UNKNOWN
    client_problem: str = ""
    engine_running: bool = False
    offline: bool = False
    storage_problem: str = ""
    interrupted: int = 0
    """Replies found cut off by the end of an earlier run."""

    def running_turns(self) -> list[TurnView]:
        """Turns that go on."""
        return [turn for turn in self.turns.values() if turn.phase.running]

    def turn_of_message(self, message_id: str) -> TurnView | None:
        """The turn that writes this reply, if it is one of this run's last."""
        return next((turn for turn in self.turns.values() if turn.message_id == message_id), None)
