"""The seam for breakers, limits and keys: who may be asked now, with which key, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from workbench.config.values import Provider
from workbench.core.secret import Secret
from workbench.providers.resilience.values import BreakerView, KeyView, LimitView, Standing
from workbench.providers.routing.order import Candidate, Skipped
from workbench.providers.values import Attempt, AttemptFailure, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who wants to ask, and how much."""

    turn_id: str
    conversation_id: str | None = None
    urgency: Urgency = Urgency.INTERACTIVE
    tokens: int = 0
    """Estimated, of prompt and answer together."""


@dataclass(slots=True, eq=False, kw_only=True)
class Ticket:
    """What an admitted request holds, to be given back once."""

    ref: str
    tokens: float
    key_fingerprint: str
    fingerprint: str
    """Of the provider's address."""
    generation: int
    """The breaker's."""
    permit: str | None = None
    """A probe's."""
    held: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """Leave to ask a provider once; every one is given back through `Admission.record`."""

    api_key: Secret | None
    key_ref: str | None = None
    """Which of the provider's keys, never the key itself."""
    probe: bool = False
    """It is the one request that an open breaker lets through."""
    ticket: Ticket | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """No place now, but later."""

    reason: str
    ready_in_s: float | None
    """Seconds until it is worth trying again; None when that depends on running requests."""


class Admission(Standing, Protocol):
    """Decides just before each attempt, and learns from each."""

    def look(self, candidate: Candidate) -> Skipped | Full | None:
        """What `admit` would say now, None for leave; takes and changes nothing."""
        ...

    async def admit(self, candidate: Candidate, ask: Ask, *, early_probe: bool = False) -> Admitted | Skipped | Full:
        """Leave to ask, or why not (yet).

        With `early_probe` an open breaker lets its probe go before its time, because nobody else is left; still only
        one at a time, and never with a refused key.
        """
        ...

    async def wait(self, candidates: Sequence[Candidate], ask: Ask, *, timeout_s: float) -> bool:
        """Queue until one of these may have a free place and it is this request's turn; False when it took too long."""
        ...

    def record(
        self, candidate: Candidate, admitted: Admitted, attempt: Attempt, failure: AttemptFailure | None
    ) -> None:
        """What became of an admitted attempt; also of a cancelled one, exactly once."""
        ...

    def another_key(self, candidate: Candidate) -> bool:
        """Whether the provider has a key that neither rests nor was refused: then it may be asked again at once."""
        ...

    async def aclose(self) -> None:
        """Wait for what is still being saved, within bounds."""
        ...


class OpenAdmission:
    """Lets everyone in, with the provider's first key; knows and learns nothing."""

    async def refresh(self, providers: Sequence[Provider] = ()) -> None:
        """Nothing to read."""

    def breaker(self, provider: Provider) -> BreakerView:
        """Closed."""
        return BreakerView()

    def keys(self, provider: Provider) -> tuple[KeyView, ...]:
        """All in order."""
        return tuple(KeyView(ref=provider.key_ref(place)) for place in range(len(provider.api_keys)))

    def limits(self, provider: Provider) -> tuple[LimitView, ...]:
        """None."""
        return ()

    def look(self, candidate: Candidate) -> Skipped | Full | None:
        """Always leave."""
        return None

    async def admit(self, candidate: Candidate, ask: Ask, *, early_probe: bool = False) -> Admitted | Skipped | Full:
        """Always leave."""
        provider = candidate.provider
        if not provider.api_keys:
            return Admitted(api_key=None)
        return Admitted(api_key=provider.api_keys[0], key_ref=provider.key_ref(0))

    async def wait(self, candidates: Sequence[Candidate], ask: Ask, *, timeout_s: float) -> bool:
        """Nobody is ever full."""
        return True

    def record(
        self, candidate: Candidate, admitted: Admitted, attempt: Attempt, failure: AttemptFailure | None
    ) -> None:
        """Nothing to learn."""

    def another_key(self, candidate: Candidate) -> bool:
        """It only knows the first one."""
        return False

    async def aclose(self) -> None:
        """Nothing to save."""
