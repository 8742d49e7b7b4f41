"""How providers stand at this moment: one verdict out of keys, breaker, limits and those who wait. Asks nobody."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from workbench.config.values import Provider
from workbench.core.clock import Clock
from workbench.providers.resilience import breaker as breakers
from workbench.providers.resilience import keys as key_policy
from workbench.providers.resilience.admission import Full
from workbench.providers.resilience.breaker import Breaker
from workbench.providers.resilience.keys import Key
from workbench.providers.resilience.limits import Need, Obstacle, ProviderLimits, concurrency_view, places, worst
from workbench.providers.resilience.shared_state import SharedState
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition, KeyView, LimitView
from workbench.providers.resilience.waiting import Ahead
from workbench.providers.routing.order import Candidate, Skipped
from workbench.providers.values import ErrorKind

LONGEST_WAIT_S = 60.0
"""A provider whose keys rest longer is passed over instead of waited for."""

ALL_SCOPE = "all"
NOBODY_AHEAD = Ahead()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What follows from a provider's configuration."""

    provider: Provider
    fingerprint: str
    """Of its address."""
    prints: dict[str, str]
    """Its keys' references and fingerprints, in the order of the configuration."""

    @classmethod
    def of(cls, provider: Provider) -> Facts:
        """Of this configuration."""
        address = f"{provider.kind}\0{provider.base_url or ''}".encode("utf-8", "surrogatepass")
        return cls(
            provider=provider,
            fingerprint=hashlib.blake2b(address, digest_size=4).hexdigest(),
            prints=key_policy.fingerprints(provider),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What can be done with a provider now."""

    answer: Skipped | Full | None
    """None: it may be asked."""
    ready_in_s: float | None = 0.0
    """When it is worth looking again; None when time alone changes nothing."""


FREE = Verdict(answer=None)


class ProviderStanding:
    """Puts together what is known of providers."""

    def __init__(self, state: SharedState, clock: Clock, limit: Callable[[], int]) -> None:
        """`limit` says how many requests may run at once in this process."""
        self.state = state
        self.running = 0
        """Requests of all providers."""
        self._clock = clock
        self._limit = limit
        self._facts: dict[str, Facts] = {}
        self._limits: dict[str, ProviderLimits] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Providers met so far."""
        return tuple(self._facts)

    def known(self, name: str) -> Facts | None:
        """A provider as it was configured when last met."""
        return self._facts.get(name)

    def limits(self, name: str) -> ProviderLimits:
        """A provider's limits."""
        return self._limits.setdefault(name, ProviderLimits())

    def meet(self, provider: Provider) -> Facts:
        """Take over its configuration."""
        facts = self.facts(provider)
        if self._facts.get(provider.name) is not facts:
            self._facts[provider.name] = facts
            self.limits(provider.name).adapt(provider, tuple(facts.prints), self._clock.monotonic())
        return facts

    def facts(self, provider: Provider) -> Facts:
        """What follows from its configuration; changes nothing."""
        known = self._facts.get(provider.name)
        return known if known is not None and known.provider is provider else Facts.of(provider)

    def breaker(self, facts: Facts) -> Breaker:
        """Its breaker; a new address begins with a closed one."""
        record = self.state.breaker(facts.provider.name)
        if record.fingerprint in ("", facts.fingerprint):
            return record
        return Breaker(fingerprint=facts.fingerprint, generation=record.generation)

    def keys(self, facts: Facts) -> dict[str, Key]:
        """Its keys; a changed one begins anew."""
        name = facts.provider.name
        return {ref: key_policy.matching(self.state.key(name, ref), found) for ref, found in facts.prints.items()}

    def refused(self, facts: Facts) -> str:
        """Why no key is left and at least one was refused; empty otherwise."""
        ring = self.keys(facts)
        any_bad = any(key.condition is KeyCondition.BAD for key in ring.values())
        return key_policy.all_given_up(list(ring.items())) if any_bad else ""

    def breaker_view(self, facts: Facts) -> BreakerView:
        """What can be seen of its breaker: open as well while all its keys are refused."""
        refused = self.refused(facts)
        if refused:
            return BreakerView(state=BreakerState.OPEN, reason=refused)
        return breakers.view(self.breaker(facts), self._clock.now_ms())

    def key_views(self, facts: Facts) -> tuple[KeyView, ...]:
        """What can be seen of its keys; without any, only what keeps it from being asked, under no name."""
        now_ms = self._clock.now_ms()
        views = (key_policy.view(ref, key, now_ms) for ref, key in self.keys(facts).items())
        return tuple(
            view for view in views if view.ref != key_policy.NO_KEY_REF or view.condition is not KeyCondition.OK
        )

    def limit_views(self, facts: Facts) -> tuple[LimitView, ...]:
        """What can be seen of its limits, and of the one for all providers together."""
        limits = self._limits.get(facts.provider.name)
        now_s = self._clock.monotonic()
        if limits is None or self._facts[facts.provider.name] is not facts:
            limits = ProviderLimits()
            limits.adapt(facts.provider, tuple(facts.prints), now_s)
        return (*limits.views(now_s), concurrency_view(ALL_SCOPE, self.running, max(1, self._limit())))

    def usable_key(self, facts: Facts) -> bool:
        """Whether a key is left that neither rests nor was refused."""
        now_ms = self._clock.now_ms()
        return any(key_policy.usable(key, now_ms) for key in self.keys(facts).values())

    def choose_key(self, facts: Facts, used: dict[tuple[str, str], int], need: Need) -> str | None:
        """The key to use next; None when none has a place."""
        name, now_s = facts.provider.name, self._clock.monotonic()
        limits = self.limits(name)
        return key_policy.choose(
            self.keys(facts),
            {ref: used.get((name, ref), 0) for ref in facts.prints},
            self._clock.now_ms(),
            lambda ref: limits.key_obstacle(ref, need, now_s) is None,
        )

    def judge(
        self, candidate: Candidate, tokens: float, ahead: Ahead = NOBODY_AHEAD, *, early: bool = False
    ) -> Verdict:
        """Whether it may be asked now, with `tokens` estimated; `early` lets a probe go before its time."""
        facts = self.facts(candidate.provider)
        return (
            self._without_keys(facts, candidate)
            or self._behind_breaker(facts, candidate, early)
            or self._full(facts, candidate, tokens, ahead)
            or FREE
        )

    def _without_keys(self, facts: Facts, candidate: Candidate) -> Verdict | None:
        if facts.provider.needs_key and not facts.provider.api_keys:
            return _skipped(candidate, ErrorKind.NO_KEY, "no key is configured", None)
        ring = list(self.keys(facts).items())
        given_up = key_policy.all_given_up(ring)
        if not given_up:
            return None
        any_bad = any(key.condition is KeyCondition.BAD for _, key in ring)
        return _skipped(candidate, ErrorKind.BREAKER_OPEN if any_bad else ErrorKind.DISABLED, given_up, None)

    def _behind_breaker(self, facts: Facts, candidate: Candidate, early: bool) -> Verdict | None:
        record, now_ms = self.breaker(facts), self._clock.now_ms()
        if record.state is BreakerState.CLOSED:
            return None
        wait_s = breakers.probe_in_ms(record, now_ms) / 1000
        if breakers.is_probing(record, now_ms):
            reason = f"its breaker is half-open after {record.reason}, and its one probe is out"
        elif wait_s > 0 and not early:
            reason = f"its breaker is open after {record.reason}; next probe in {math.ceil(wait_s)} s"
        else:
            return None
        return _skipped(candidate, ErrorKind.BREAKER_OPEN, reason, wait_s)

    def _full(self, facts: Facts, candidate: Candidate, tokens: float, ahead: Ahead) -> Verdict | None:
        name, now_s = facts.provider.name, self._clock.monotonic()
        need = Need(tokens=tokens + ahead.tokens[name], requests=1 + ahead.promised[name])
        found = places(self.running, 1 + ahead.promised_in_all, max(1, self._limit()))
        limits = self._limits.get(name)
        if limits is not None:
            found.extend(limits.obstacles(need, now_s))
        key_obstacle, resting = self._key_obstacle(facts, need)
        if key_obstacle is not None:
            if resting and (key_obstacle.ready_in_s or 0.0) > LONGEST_WAIT_S:
                return _skipped(candidate, ErrorKind.RATE_LIMITED, key_obstacle.reason, key_obstacle.ready_in_s)
            found.append(key_obstacle)
        if name in ahead.wanted:
            found.append(Obstacle(reason="others wait for it already", ready_in_s=None))
        obstacle = worst(found)
        if obstacle is None:
            return None
        return Verdict(
            answer=Full(reason=obstacle.reason, ready_in_s=obstacle.ready_in_s), ready_in_s=obstacle.ready_in_s
        )

    def _key_obstacle(self, facts: Facts, need: Need) -> tuple[Obstacle | None, bool]:
        """What keeps the key out that is ready first, and whether that one rests."""
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic()
        limits = self._limits.get(facts.provider.name)
        found: list[tuple[Obstacle, bool]] = []
        ring = self.keys(facts)
        for ref, key in ring.items():
            if key.condition in (KeyCondition.BAD, KeyCondition.DISABLED):
                continue
            rest_s = key_policy.rest_ms(key, now_ms) / 1000
            if rest_s > 0:
                who = f"its key {ref}" if ref else "it"
                until = f"{who} rests until {_time_of_day(now_ms + round(rest_s * 1000))}: {key.reason}"
                found.append((Obstacle(reason=until, ready_in_s=rest_s), True))
                continue
            obstacle = limits.key_obstacle(ref, need, now_s) if limits is not None else None
            if obstacle is None:
                return None, False
            found.append((obstacle, False))
        # One that is ready when a request ends comes before one that rests for long.
        return min(found, key=lambda each: LONGEST_WAIT_S if each[0].ready_in_s is None else each[0].ready_in_s)


def _skipped(candidate: Candidate, kind: ErrorKind, reason: str, ready_in_s: float | None) -> Verdict:
    answer = Skipped(provider=candidate.provider.name, model=candidate.model, kind=kind, reason=reason)
    return Verdict(answer=answer, ready_in_s=ready_in_s)


def _time_of_day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone():%H:%M:%S}"
