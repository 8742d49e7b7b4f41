"""What is told of providers apart from a turn: breakers, keys, probes; and of requests that wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workbench.core.events import Delivery, Event, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged(Event):
    """A circuit breaker went from one state to another."""

    kind: ClassVar[str] = "breaker.changed"
    source: ClassVar[str] = "breaker"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    provider: str
    before: str
    after: str
    """`closed`, `open` or `half_open`."""
    reason: str = ""
    failures: int = 0
    """In a row."""
    probe_at_ms: int | None = None
    """When an open breaker lets one probe through."""

    @property
    def severity(self) -> Level:
        """An error when it opens."""
        return Level.ERROR if self.after == "open" else Level.INFO

    def text(self) -> str:
        """One line."""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.provider} {self.before} → {self.after}{why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChanged(Event):
    """A key of a provider rests, was refused, works again, or was switched."""

    kind: ClassVar[str] = "key.changed"
    source: ClassVar[str] = "key"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    provider: str
    key_ref: str
    """Its name, never its value; empty for requests of a provider that needs no key."""
    state: str
    """`ok`, `limited`, `bad` or `disabled`."""
    until_ms: int | None = None
    reason: str = ""

    @property
    def severity(self) -> Level:
        """An error when it was refused, a warning while it rests."""
        return {"bad": Level.ERROR, "limited": Level.WARNING}.get(self.state, Level.INFO)

    def text(self) -> str:
        """One line."""
        why = f": {self.reason}" if self.reason else ""
        which = f" key {self.key_ref}" if self.key_ref else ""
        return f"{self.provider}{which} is {self.state}{why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWaiting(Event):
    """Everybody is full: a request waits for a free place. The next `attempt.started` of its turn ends the wait."""

    kind: ClassVar[str] = "request.waiting"
    source: ClassVar[str] = "provider"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    reason: str
    ready_in_s: float | None = None
    """Seconds until a place can be free; None when that depends on other requests."""
    ahead: int = 0
    """How many requests go first."""

    def text(self) -> str:
        """One line."""
        when = "" if self.ready_in_s is None else f", about {self.ready_in_s:.0f} s"
        queue = f", {self.ahead} ahead" if self.ahead else ""
        return f"waiting: {self.reason}{when}{queue}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChecked(Event):
    """A free probe found something else than the one before."""

    kind: ClassVar[str] = "provider.checked"
    source: ClassVar[str] = "health"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    provider: str
    ok: bool
    latency_ms: int | None = None
    error_kind: str | None = None
    reason: str = ""

    @property
    def severity(self) -> Level:
        """A warning when it cannot be reached."""
        return Level.INFO if self.ok else Level.WARNING

    def text(self) -> str:
        """One line."""
        if self.ok:
            took = "" if self.latency_ms is None else f" in {self.latency_ms} ms"
            return f"{self.provider} answers{took}"
        return f"{self.provider} does not answer: {self.reason or self.error_kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyBroken(Event):
    """A provider broke off in mid-answer and a person is asked what to do; the turn waits."""

    kind: ClassVar[str] = "reply.broken"
    level: ClassVar[Level] = Level.WARNING
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    message_id: str
    provider: str
    model: str
    reason: str
    characters: int
    next_provider: str | None = None
    next_model: str | None = None

    def text(self) -> str:
        """One line."""
        return f"{self.provider} broke off after {self.characters} characters: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDecided(Event):
    """What was decided on a broken answer: `continue`, `restart` or `keep`."""

    kind: ClassVar[str] = "reply.decided"
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    message_id: str
    decision: str

    def text(self) -> str:
        """One line."""
        return f"broken answer: {self.decision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyContinued(Event):
    """An answer that ended early is gone on with; the seam is marked."""

    kind: ClassVar[str] = "reply.continued"
    level: ClassVar[Level] = Level.WARNING
    source: ClassVar[str] = "chat"
    delivery: ClassVar[Delivery] = Delivery.ESSENTIAL
    message_id: str
    at: int
    """Characters of text before the seam."""
    after: str
    """The provider whose answer ended there."""
    provider: str
    model: str
    ended: str = "broke off"
    """What became of `after`, in words."""

    def text(self) -> str:
        """One line."""
        return f"{self.provider}/{self.model} goes on after {self.at} characters of {self.after}"
