"""Probes providers, keeps what was found, and tells of it when it is something new."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from workbench.config.values import Provider
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.provider_events import ProviderChecked
from workbench.providers.health.probe_log import ProbeLog
from workbench.providers.health.probing import DEADLINE_S, ProbeResult, probe_all
from workbench.providers.health.values import Checked
from workbench.providers.resilience.values import BreakerState, KeyCondition, KeyView, Standing
from workbench.providers.values import ErrorKind

_NOBODY_ASKED = frozenset({None, ErrorKind.DISABLED.value, ErrorKind.NO_KEY.value})
_ALL_OFF = "all its keys are switched off"
_PREFERRED = (KeyCondition.OK, KeyCondition.LIMITED, KeyCondition.BAD)


class Prober:
    """Sends free requests with the keys that are in use."""

    def __init__(
        self,
        log: ProbeLog,
        bus: EventBus,
        clock: Clock,
        standing: Standing,
        *,
        heard_well: Callable[[Provider], Awaitable[None]] | None = None,
    ) -> None:
        """`heard_well` is told of a provider that answers though its breaker is open.

        A refused key is shown and marks nothing: only real requests do.
        """
        self.log = log
        self._bus = bus
        self._clock = clock
        self._standing = standing
        self._heard_well = heard_well

    async def check(self, providers: Sequence[Provider], *, deadline_s: float = DEADLINE_S) -> list[ProbeResult]:
        """One result for each provider, in their order, all within `deadline_s` seconds."""
        names = [provider.name for provider in providers]
        before = await self.log.newest(names)
        asked = [with_key_in_use(provider, self._standing.keys(provider)) for provider in providers]
        found_out = await probe_all(asked, self._clock, deadline_s=deadline_s)
        results = [
            replace(result, reason=_ALL_OFF) if provider.api_keys and not used.api_keys else result
            for provider, used, result in zip(providers, asked, found_out, strict=True)
        ]
        now = self._clock.now_ms()
        found = {
            result.name: Checked(
                ok=result.ok, at_ms=now, latency_ms=result.latency_ms,
                error_kind=result.error_kind, reason=result.reason,
            )
            for result in results
            if result.ok or result.error_kind not in _NOBODY_ASKED
        }  # fmt: skip
        await self.log.keep(found)
        for name, checked in found.items():
            known = before.get(name)
            if known is None or (known.ok, known.error_kind) != (checked.ok, checked.error_kind):
                self._bus.publish(
                    ProviderChecked(
                        provider=name, ok=checked.ok, latency_ms=checked.latency_ms,
                        error_kind=checked.error_kind, reason=checked.reason,
                    )
                )  # fmt: skip
        for provider, result in zip(providers, results, strict=True):
            open_now = self._standing.breaker(provider).state is not BreakerState.CLOSED
            if result.ok and open_now and self._heard_well is not None:
                await self._heard_well(provider)
        return results


def with_key_in_use(provider: Provider, views: Sequence[KeyView]) -> Provider:
    """The provider with the one key that a request would be sent with: a good one, else one that rests or was refused.

    One that was switched off by hand is not used; where all are, the provider has no key.
    """
    conditions = {view.ref: view.condition for view in views}
    by_condition = {
        conditions.get(provider.key_ref(place), KeyCondition.OK): place
        for place in reversed(range(len(provider.api_keys)))
    }
    for condition in _PREFERRED:
        place = by_condition.get(condition)
        if place is not None:
            return replace(provider, api_keys=(provider.api_keys[place],), key_refs=(provider.key_ref(place),))
    return replace(provider, api_keys=(), key_refs=())
