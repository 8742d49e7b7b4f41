"""An admission with everything around it within reach, and attempts that end as a test says."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.support.stepped_clock import SteppedClock
from workbench.config.values import Provider
from workbench.core.bus import EventBus
from workbench.core.clock import Clock, ManualClock
from workbench.core.events import Event
from workbench.core.provider_events import BreakerChanged, KeyChanged, RequestWaiting
from workbench.core.secret import Secret
from workbench.providers.resilience.admission import Admitted, Ask, Full
from workbench.providers.resilience.shared_admission import SharedAdmission
from workbench.providers.routing.order import Candidate, Skipped
from workbench.providers.values import Attempt, AttemptFailure, ErrorKind, Urgency
from workbench.storage.store import Store

KEYS = ("KEY_A", "KEY_B", "KEY_C")


class Chance(Random):
    """Draws the middle, so that periods have no jitter."""

    def random(self) -> float:
        return 0.5


def configured(name: str = "p", *, keys: int = 1, **more: Any) -> Provider:
    """A provider with so many keys."""
    fields: dict[str, Any] = {
        "name": name,
        "kind": "openai",
        "models": ("m",),
        "api_keys": tuple(Secret(f"sk-{name}-{ref}") for ref in KEYS[:keys]),
        "key_refs": KEYS[:keys],
        "needs_key": keys > 0,
    }
    return Provider(**{**fields, **more})


def candidate(provider: Provider) -> Candidate:
    return Candidate(provider=provider, model=provider.models[0])


def failed(
    kind: str, reason: str = "", *, status: int | None = None, retry_after_s: float | None = None
) -> AttemptFailure:
    return AttemptFailure(ErrorKind(kind), reason or kind, http_status=status, retry_after_s=retry_after_s)


class Door:
    """A `SharedAdmission` on a manual clock, and what it told."""

    def __init__(
        self, store: Store | None = None, *, owner: str = "me", limit: int = 10, clock: Clock | None = None
    ) -> None:
        self.clock = clock if isinstance(clock, ManualClock) else SteppedClock()
        """Moves time, unless the door was given the machine's own."""
        clock = clock or self.clock
        self.bus = EventBus(clock)
        self._told = self.bus.subscribe(kinds=[BreakerChanged, KeyChanged, RequestWaiting])
        self.limit = limit
        self.admission = SharedAdmission(
            store, self.bus, clock, Chance(), owner=owner, limit=lambda: self.limit
        )  # fmt: skip
        self._turns = 0

    def turn(self, tokens: int = 0, urgency: Urgency = Urgency.INTERACTIVE) -> Ask:
        """A turn of its own."""
        self._turns += 1
        return Ask(turn_id=f"turn-{self._turns}", urgency=urgency, tokens=tokens)

    async def admit(
        self, provider: Provider, ask: Ask | None = None, *, early_probe: bool = False
    ) -> Admitted | Skipped | Full:
        return await self.admission.admit(candidate(provider), ask or self.turn(), early_probe=early_probe)

    async def admitted(self, provider: Provider, ask: Ask | None = None, *, early_probe: bool = False) -> Admitted:
        found = await self.admit(provider, ask, early_probe=early_probe)
        assert isinstance(found, Admitted), found
        return found

    async def skipped(self, provider: Provider, *, early_probe: bool = False) -> Skipped:
        found = await self.admit(provider, early_probe=early_probe)
        assert isinstance(found, Skipped), found
        return found

    async def full(self, provider: Provider, ask: Ask | None = None) -> Full:
        found = await self.admit(provider, ask)
        assert isinstance(found, Full), found
        return found

    def end(self, provider: Provider, leave: Admitted, failure: AttemptFailure | None = None, **more: Any) -> None:
        """The attempt is over: well, with a failure, or as `state` says."""
        fields: dict[str, Any] = {"state": "ok" if failure is None else "failed", **more}
        attempt = Attempt(ord=0, provider=provider.name, model="m", **fields)
        self.admission.record(candidate(provider), leave, attempt, failure)

    async def call(self, provider: Provider, failure: AttemptFailure | None = None, **more: Any) -> Admitted:
        """One whole attempt."""
        leave = await self.admitted(provider)
        self.end(provider, leave, failure, **more)
        return leave

    async def open(self, provider: Provider, times: int = 5) -> None:
        """So many failures."""
        for _ in range(times):
            await self.call(provider, failed("connection", "connection refused"))

    def events(self) -> list[Event]:
        """Those told since the last look."""
        return self._told.drain()

    def moves(self) -> list[str]:
        """The breakers' transitions among them."""
        return [f"{e.before} {e.after}" for e in self.events() if isinstance(e, BreakerChanged)]
