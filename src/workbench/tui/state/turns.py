"""A turn of conversation as plain values, as far as it is known from events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from workbench.tui.state.chat import Phase
from workbench.tui.state.trail import Step

if TYPE_CHECKING:
    from workbench.conversations.values import Seam


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
