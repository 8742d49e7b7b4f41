"""The chat pane's state as plain values; `folding` makes it from events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.tui.state.turns import TurnView


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
    database_notice: str = ""
    """What is the matter with the database itself, and what was done about it."""
    interrupted: int = 0
    """Replies found cut off by the end of an earlier run."""

    def running_turns(self) -> list[TurnView]:
        """Turns that go on."""
        return [turn for turn in self.turns.values() if turn.phase.running]

    def turn_of_message(self, message_id: str) -> TurnView | None:
        """The turn that writes this reply, if it is one of this run's last."""
        return next((turn for turn in self.turns.values() if turn.message_id == message_id), None)
