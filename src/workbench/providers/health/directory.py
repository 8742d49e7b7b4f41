"""What is known of each provider: its configuration, its breaker and keys, its attempts, and free probes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from workbench.config.values import Configuration, Provider
from workbench.core.clock import Clock
from workbench.core.errors import NotFoundError, UsageError
from workbench.providers.health.choices import ModelChoice, model_choices, price_text, recently_used
from workbench.providers.health.figures import RECENT_MS, Traffic, TrafficFigures
from workbench.providers.health.prober import Prober
from workbench.providers.health.probing import DEADLINE_S, ProbeResult
from workbench.providers.health.values import Checked, LastError, ProviderDetail, ProviderStatus, RouteNow
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition, KeyView, Standing
from workbench.providers.routing.catalogue import Catalogue, ModelFacts
from workbench.providers.values import ErrorKind
from workbench.storage.store import Store

SLOW_FIRST_TOKEN_MS = 5_000
"""A median first token later than this makes a provider slow."""
SLOW_FIRST_TOKEN_P95_MS = 10_000
"""So does one in twenty later than this."""


_OF_REACHING = frozenset({"connection", "timeout", "first_token_timeout", "server_error"})
"""Errors of which a free probe can tell that they have passed."""


class Previewer(Protocol):
    """Whoever can say what the router would do."""

    async def preview(
        self,
        configuration: Configuration,
        *,
        pinned_provider: str | None = None,
        pinned_model: str | None = None,
        private: bool = False,
    ) -> RouteNow:
        """The way of a request that came now; asks nobody and changes nothing."""
        ...


class ProviderDirectory:
    """Lists, explains and tests the configured providers."""

    def __init__(
        self,
        configuration: Callable[[], Awaitable[Configuration]],
        store: Store | None,
        clock: Clock,
        *,
        standing: Standing,
        catalogue: Catalogue,
        router: Previewer,
        prober: Prober,
        offline: bool = False,
    ) -> None:
        """Figures come from the attempts in `store`; without one they are unknown."""
        self._configuration = configuration
        self._store = store
        self._figures = None if store is None else TrafficFigures(store, clock)
        self._clock = clock
        self._standing = standing
        self._catalogue = catalogue
        self._router = router
        self._prober = prober
        self._offline = offline

    async def list(self) -> list[ProviderStatus]:
        """Every configured provider, in order of priority. Contacts nobody. Raises StorageError."""
        configuration = await self._configuration()
        return await self._statuses(sorted(configuration.providers, key=lambda provider: provider.priority))

    async def detail(self, name: str) -> ProviderDetail:
        """Everything known of one provider. Contacts nobody. Raises NotFoundError and StorageError."""
        configuration = await self._configuration()
        provider = configured(configuration, name)
        # All of them, because the figures of a day are kept for the providers that they were read for.
        statuses = await self._statuses(configuration.providers)
        facts = self._catalogue.facts(provider, provider.models[0]) if provider.models else ModelFacts()
        figures = self._figures
        return ProviderDetail(
            status=next(status for status in statuses if status.name == name),
            limits=self._standing.limits(provider),
            attempts=() if figures is None else await figures.attempts(name),
            errors=() if figures is None else await figures.error_kinds(name),
            base_url=provider.base_url,
            key_refs=provider.key_refs,
            context_window=facts.context_window,
            price=_price_in_words(facts),
        )

    async def choices(self) -> Sequence[ModelChoice]:
        """Every model of every provider, for a picker. Contacts nobody. Raises StorageError."""
        configuration = await self._configuration()
        return model_choices(configuration, await self.list(), self._catalogue, await recently_used(self._store))

    async def route_now(
        self, *, pinned_provider: str | None = None, pinned_model: str | None = None, private: bool = False
    ) -> RouteNow:
        """What the router would do with a request that came now, and why. Contacts nobody."""
        configuration = await self._configuration()
        await self._standing.refresh(configuration.providers)
        return await self._router.preview(
            configuration, pinned_provider=pinned_provider, pinned_model=pinned_model, private=private
        )

    async def test(self, names: Sequence[str] = (), *, deadline_s: float = DEADLINE_S) -> list[ProbeResult]:
        """Ask these providers, or all, whether they are there: free requests, in parallel, under one deadline.

        A provider that is switched off is asked only when it is named. Raises NotFoundError for an unknown name,
        UsageError when offline.
        """
        if self._offline:
            raise UsageError("Offline: nobody is contacted", hint="Start without --offline to test providers")
        configuration = await self._configuration()
        providers = [configured(configuration, name) for name in names] or list(configuration.providers)
        asked = [provider for provider in providers if provider.enabled or names]
        await self._standing.refresh(asked)
        found = {result.name: result for result in await self._prober.check(asked, deadline_s=deadline_s)}
        off = ErrorKind.DISABLED.value
        return [
            found.get(provider.name)
            or ProbeResult(name=provider.name, ok=False, error_kind=off, reason="switched off in the configuration")
            for provider in providers
        ]

    async def _statuses(self, providers: Sequence[Provider]) -> list[ProviderStatus]:
        names = [provider.name for provider in providers]
        await self._standing.refresh(providers)
        traffic = {} if self._figures is None else await self._figures.read(names)
        checks = await self._prober.log.newest(names)
        return [
            self._status(provider, traffic.get(provider.name, Traffic()), checks.get(provider.name))
            for provider in providers
        ]

    def _status(self, provider: Provider, traffic: Traffic, checked: Checked | None) -> ProviderStatus:
        breaker = self._standing.breaker(provider)
        keys = self._standing.keys(provider)
        key_state = key_state_of(provider, keys)
        heard = [at for at in (traffic.newest_at_ms, checked and checked.at_ms) if at is not None]
        return ProviderStatus(
            name=provider.name,
            kind=provider.kind,
            model=provider.models[0] if provider.models else None,
            models=provider.models,
            enabled=provider.enabled,
            state=self._state(provider, key_state, breaker, traffic, checked),
            breaker=breaker,
            key_state=key_state,
            keys=keys,
            recent=traffic.recent,
            day=traffic.day,
            minutes=traffic.minutes,
            last_error=traffic.last_error,
            heard_at_ms=max(heard, default=None),
            checked=checked,
            scripted=provider.scripted,
            private=provider.private,
            priority=provider.priority,
        )

    def _state(
        self, provider: Provider, key_state: str, breaker: BreakerView, traffic: Traffic, checked: Checked | None
    ) -> str:
        """A failure makes no state of its own, its rate is shown beside; the newest thing heard lately decides."""
        if not provider.enabled:
            return "disabled"
        if key_state in ("missing", "disabled"):
            return "no_key"
        if breaker.state is not BreakerState.CLOSED or key_state in ("bad", "limited"):
            return "open"
        recent = traffic.recent
        median, late = recent.first_token_p50_ms, recent.first_token_p95_ms
        if (median or 0) > SLOW_FIRST_TOKEN_MS or (late or 0) > SLOW_FIRST_TOKEN_P95_MS:
            return "slow"
        well = traffic.newest_ok
        if checked is not None and self._clock.now_ms() - checked.at_ms <= RECENT_MS:
            newer = well is None or traffic.newest_at_ms is None or checked.at_ms >= traffic.newest_at_ms
            if newer and not (checked.ok and well is False and _says_nothing_of(traffic.last_error)):
                well = checked.ok
        return "ok" if well else "unknown"


def configured(configuration: Configuration, name: str) -> Provider:
    """The provider of that name. Raises NotFoundError, which names those that there are."""
    provider = configuration.provider(name)
    if provider is None:
        known = ", ".join(each.name for each in configuration.providers) or "none"
        raise NotFoundError(f"There is no provider named {name}", hint=f"Known providers: {known}")
    return provider


def _says_nothing_of(error: LastError | None) -> bool:
    """Whether a probe that was answered leaves this error as it was: it shows only that somebody is there."""
    return error is not None and error.kind not in _OF_REACHING


def key_state_of(provider: Provider, keys: Sequence[KeyView]) -> str:
    """One word for all keys of a provider: it is well as long as one of them is."""
    if not provider.api_keys and provider.needs_key:
        return "missing"
    conditions = {key.condition for key in keys}
    if not provider.api_keys and conditions <= {KeyCondition.OK}:
        return "not_needed"
    for condition in (KeyCondition.OK, KeyCondition.LIMITED, KeyCondition.BAD, KeyCondition.DISABLED):
        if condition in conditions:
            return condition.value
    return KeyCondition.OK.value


def _price_in_words(facts: ModelFacts) -> str:
    paid, _, answered = price_text(facts).partition("/")
    return f"{paid} in, {answered} out a million tokens" if answered else paid
