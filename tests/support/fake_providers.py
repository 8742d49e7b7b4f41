"""Providers without figures or files: what is told of them is what the test says, and every wish is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.errors import NotFoundError, UsageError, WorkbenchError
from workbench.core.secret import Secret
from workbench.providers.health.choices import ModelChoice
from workbench.providers.health.probing import ProbeResult
from workbench.providers.health.values import ProviderDetail, ProviderStatus, RouteNow, RouteStep
from workbench.providers.resilience.values import BreakerView, KeyCondition


def status(name: str, state: str = "ok", **more: Any) -> ProviderStatus:
    """One provider with two models of its own, or with the one that is told."""
    if "model" in more:
        more.setdefault("models", (more["model"],))
    made = ProviderStatus(
        name=name, kind="openai-compatible", model=f"{name}-large", models=(f"{name}-large", f"{name}-small"),
        enabled=state != "disabled", state=state,
    )  # fmt: skip
    return replace(made, **more)


class FakeProviders:
    """Figures told by the test."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        """Of providers that have no status of their own."""
        self.statuses: list[ProviderStatus] = []
        self.models: Sequence[ModelChoice] = ()
        """What the switch is told."""
        self.details: dict[str, ProviderDetail] = {}
        self.results: dict[str, ProbeResult] = {}
        self.reads = 0
        self.detail_reads: list[str] = []
        self.tested: list[str] = []
        self.routed: list[tuple[str | None, str | None, bool]] = []
        self.broken: WorkbenchError | None = None
        self.hold: asyncio.Event | None = None
        """While set, tests wait for it."""

    async def list(self) -> Sequence[ProviderStatus]:
        """One each."""
        self.reads += 1
        if self.broken is not None:
            raise self.broken
        return self.statuses or [status(name, state) for name, state in self.states.items()]

    async def choices(self) -> Sequence[ModelChoice]:
        """What the test told."""
        return self.models

    async def detail(self, name: str) -> ProviderDetail:
        """What the test told, else the status alone."""
        self.detail_reads.append(name)
        found = next((each for each in self.statuses if each.name == name), None)
        if found is None:
            raise NotFoundError(f"There is no provider {name}")
        return replace(self.details.get(name, ProviderDetail(status=found)), status=found)

    async def test(self, names: Sequence[str] = ()) -> Sequence[ProbeResult]:
        """What the test told, else that it answers."""
        self.tested += names
        if self.hold is not None:
            await self.hold.wait()
        return [self.results.get(name, ProbeResult(name=name, ok=True, latency_ms=120)) for name in names]

    async def route_now(
        self, *, pinned_provider: str | None = None, pinned_model: str | None = None, private: bool = False
    ) -> RouteNow:
        """Everybody who is well, in order; then those who are not."""
        self.routed.append((pinned_provider, pinned_model, private))
        steps = [
            RouteStep(provider=each.name, model=each.model or "", reason=f"priority {place}")
            for place, each in enumerate(self.statuses, 1)
            if each.state in ("ok", "slow", "unknown")
        ]
        steps += [
            RouteStep(
                provider=each.name, model=each.model or "", reason=each.breaker.reason or each.state, skipped=True
            )
            for each in self.statuses
            if each.state in ("open", "no_key", "disabled")
        ]
        return RouteNow(strategy="priority", steps=tuple(steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place for keys."""

    name: str
    available: bool = True
    why: str = ""


class FakeControl:
    """Does at once what is wished, or refuses with `refuse`."""

    def __init__(self, providers: FakeProviders) -> None:
        self._providers = providers
        self.enabled: list[tuple[str, bool]] = []
        self.orders: list[tuple[str, ...]] = []
        self.resets: list[str] = []
        self.keys: list[tuple[str, Secret, str]] = []
        self.places: Sequence[Place] = (Place(name="keyring"), Place(name="env-file", why="/home/you/.env"))
        self.refuse: WorkbenchError | None = None
        self.hold: asyncio.Event | None = None
        """While set, every wish waits for it."""

    async def _wait(self) -> None:
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse is not None:
            raise self.refuse

    def _change(self, name: str, **fields: Any) -> None:
        statuses = self._providers.statuses
        place = next((index for index, each in enumerate(statuses) if each.name == name), None)
        if place is None:
            raise UsageError(f"There is no provider {name}")
        statuses[place] = replace(statuses[place], **fields)

    async def enable(self, name: str, on: bool) -> None:
        """Switch it."""
        self.enabled.append((name, on))
        await self._wait()
        self._change(name, enabled=on, state="ok" if on else "disabled")

    async def reorder(self, names: Sequence[str]) -> None:
        """Sort them."""
        self.orders.append(tuple(names))
        await self._wait()
        self._providers.statuses.sort(key=lambda each: list(names).index(each.name))

    async def reset(self, name: str) -> None:
        """Close its breaker."""
        self.resets.append(name)
        await self._wait()
        self._change(name, breaker=BreakerView(), state="ok")

    async def set_key_enabled(self, name: str, ref: str, on: bool) -> None:
        """Switch one of its keys."""
        await self._wait()
        condition = KeyCondition.OK if on else KeyCondition.DISABLED
        found = next(each for each in self._providers.statuses if each.name == name)
        keys = tuple(replace(key, condition=condition) if key.ref == ref else key for key in found.keys)
        self._change(name, keys=keys)

    async def add_key(self, name: str, key: Secret, *, place: str) -> None:
        """Write it down."""
        await self._wait()
        self.keys.append((name, key, place))
        self._change(name, key_state="ok", state="ok")

    async def add_provider(self, kind: str, key: Secret, *, place: str) -> None:
        """Write it down."""
        await self._wait()
        self.keys.append((kind, key, place))

    async def key_places(self) -> Sequence[Place]:
        """Those of the test."""
        await self._wait()
        return self.places
