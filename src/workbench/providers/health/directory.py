"""What is known of each provider: from its configuration, its attempts of the last minutes, and free probes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

from workbench.config.values import Configuration, Provider
from workbench.core.clock import Clock, iso_utc
from workbench.core.errors import NotFoundError
from workbench.providers.health.probing import DEADLINE_S, ProbeResult, probe_all
from workbench.providers.values import ErrorKind
from workbench.storage.store import Store

WINDOW_MS = 15 * 60 * 1000
"""Attempts that old still say something about now."""

MOST_ROWS = 500
SLOW_FIRST_TOKEN_MS = 5_000
"""A median first token later than this makes a provider slow."""

_RECENT = """
select provider, state, started_at, first_token_at, ended_at from attempts
where started_at >= ? and state in ('ok', 'failed') order by started_at desc limit ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStatus:
    """One provider as `providers list` shows it; None is unknown."""

    name: str
    kind: str
    model: str | None
    models: tuple[str, ...]
    enabled: bool
    state: str
    """`ok`, `slow`, `open`, `no_key`, `disabled` or `unknown`."""
    breaker: str = "closed"
    key_state: str = "ok"
    """`ok`, `missing` or `not_needed`."""
    p50_ms: int | None = None
    p95_ms: int | None = None
    first_token_ms: int | None = None
    """The median."""
    error_rate: float | None = None
    """Share of the recent attempts that failed, 0 to 1."""
    checked_at_ms: int | None = None
    """When it was last heard of."""
    scripted: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    ok: bool
    ended_at: int
    duration_ms: int
    first_token_ms: int | None


@dataclass(frozen=True, slots=True)
class _Probed:
    result: ProbeResult
    at_ms: int


class ProviderDirectory:
    """Lists and tests the configured providers."""

    def __init__(
        self, configuration: Callable[[], Awaitable[Configuration]], store: Store | None, clock: Clock
    ) -> None:
        """Figures come from the attempts in `store`; without one they are unknown."""
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._probed: dict[str, _Probed] = {}

    async def list(self) -> list[ProviderStatus]:
        """Every configured provider, in order of priority. Contacts nobody. Raises StorageError."""
        seen: dict[str, list[_Seen]] = {}
        if self._store is not None:
            since = self._clock.now_ms() - WINDOW_MS
            for row in await self._store.read(_RECENT, (since, MOST_ROWS)):
                ended_at = row["ended_at"] or row["started_at"]
                first = row["first_token_at"]
                seen.setdefault(row["provider"], []).append(
                    _Seen(
                        ok=row["state"] == "ok",
                        ended_at=ended_at,
                        duration_ms=ended_at - row["started_at"],
                        first_token_ms=None if first is None else first - row["started_at"],
                    )
                )
        providers = sorted((await self._configuration()).providers, key=lambda provider: provider.priority)
        return [self._status(provider, seen.get(provider.name, [])) for provider in providers]

    async def test(self, names: Sequence[str] = (), *, deadline_s: float = DEADLINE_S) -> list[ProbeResult]:
        """Ask these providers, or all, whether they are there: free requests, in parallel, under one deadline.

        A provider that is switched off is asked only when it is named. Raises NotFoundError for an unknown name.
        """
        configuration = await self._configuration()
        providers: list[Provider] = []
        for name in names:
            provider = configuration.provider(name)
            if provider is None:
                known = ", ".join(each.name for each in configuration.providers) or "none"
                raise NotFoundError(f"There is no provider named {name}", hint=f"Configured: {known}")
            providers.append(provider)
        if not names:
            providers = list(configuration.providers)
        asked = [provider for provider in providers if provider.enabled or names]
        found = {result.name: result for result in await probe_all(asked, self._clock, deadline_s=deadline_s)}
        now = self._clock.now_ms()
        self._probed.update({name: _Probed(result, now) for name, result in found.items()})
        off = ErrorKind.DISABLED.value
        return [
            found.get(provider.name)
            or ProbeResult(name=provider.name, ok=False, error_kind=off, reason="switched off in the configuration")
            for provider in providers
        ]

    def _status(self, provider: Provider, seen: Sequence[_Seen]) -> ProviderStatus:
        probed = self._probed.get(provider.name)
        durations = sorted(each.duration_ms for each in seen if each.ok)
        first_tokens = [each.first_token_ms for each in seen if each.ok and each.first_token_ms is not None]
        first_token_ms = round(median(first_tokens)) if first_tokens else None
        heard = [each.ended_at for each in seen[:1]] + ([probed.at_ms] if probed is not None else [])
        return ProviderStatus(
            name=provider.name,
            kind=provider.kind,
            model=provider.models[0] if provider.models else None,
            models=provider.models,
            enabled=provider.enabled,
            state=_state(provider, seen, probed, first_token_ms),
            key_state=_key_state(provider),
            p50_ms=_percentile(durations, 0.5),
            p95_ms=_percentile(durations, 0.95),
            first_token_ms=first_token_ms,
            error_rate=round(sum(not each.ok for each in seen) / len(seen), 3) if seen else None,
            checked_at_ms=max(heard, default=None),
            scripted=provider.scripted,
        )


def _key_state(provider: Provider) -> str:
    if not provider.needs_key and not provider.api_keys:
        return "not_needed"
    return "ok" if provider.api_keys else "missing"


def _state(provider: Provider, seen: Sequence[_Seen], probed: _Probed | None, first_token_ms: int | None) -> str:
    """The newest thing heard decides; a failure makes no state of its own, its rate is shown beside."""
    if not provider.enabled:
        return "disabled"
    if _key_state(provider) == "missing":
        return "no_key"
    if probed is not None and (not seen or probed.at_ms >= seen[0].ended_at):
        return "ok" if probed.result.ok else "unknown"
    if not seen or not seen[0].ok:
        return "unknown"
    return "slow" if first_token_ms is not None and first_token_ms > SLOW_FIRST_TOKEN_MS else "ok"


def _percentile(ordered: Sequence[int], share: float) -> int | None:
    """The nearest-rank percentile of sorted numbers."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * round(share * 100) // 100) - 1))]


def status_document(status: ProviderStatus) -> dict[str, object]:
    """One entry of `providers list --json`."""
    checked_at = status.checked_at_ms
    return {
        "name": status.name,
        "kind": status.kind,
        "model": status.model,
        "models": list(status.models),
        "enabled": status.enabled,
        "state": status.state,
        "breaker": status.breaker,
        "key_state": status.key_state,
        "p50_ms": status.p50_ms,
        "p95_ms": status.p95_ms,
        "first_token_ms": status.first_token_ms,
        "error_rate": status.error_rate,
        "checked_at": None if checked_at is None else iso_utc(checked_at),
        "scripted": status.scripted,
    }


def probe_document(result: ProbeResult) -> dict[str, object]:
    """One entry of `providers test --json`."""
    return {
        "name": result.name,
        "ok": result.ok,
        "latency_ms": result.latency_ms,
        "models": list(result.models),
        "error_kind": result.error_kind,
        "reason": result.reason,
    }
