"""The places of one provider: requests that run, requests and tokens a minute, the same for each key. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.config.values import Provider
from workbench.providers.resilience.buckets import Bucket
from workbench.providers.resilience.values import LimitView

PROVIDER_SCOPE = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What keeps a request out for now."""

    reason: str
    ready_in_s: float | None
    """None when it depends on running requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What must fit: the request itself, and those that have been promised a place before it."""

    tokens: float = 0.0
    requests: int = 1


def worst(obstacles: list[Obstacle]) -> Obstacle | None:
    """The one that takes longest, what cannot be foreseen before all others; None without any."""
    unforeseen = next((obstacle for obstacle in obstacles if obstacle.ready_in_s is None), None)
    return unforeseen or max(obstacles, key=lambda obstacle: obstacle.ready_in_s or 0.0, default=None)


class Rates:
    """Requests and tokens a minute of a provider, or of one of its keys; a limit of None or 0 is none."""

    def __init__(self) -> None:
        """Without limits."""
        self._buckets: dict[str, Bucket] = {}

    def adapt(self, requests: int | None, tokens: int | None, now_s: float) -> None:
        """Take over limits a minute; what was used stays used."""
        for name, limit in (("requests", requests), ("tokens", tokens)):
            if not limit:
                self._buckets.pop(name, None)
            elif name in self._buckets:
                self._buckets[name].resize(limit, now_s)
            else:
                self._buckets[name] = Bucket(limit, now_s)

    def obstacles(self, whose: str, need: Need, now_s: float) -> list[Obstacle]:
        """What is used up."""
        found: list[Obstacle] = []
        for name, bucket in self._buckets.items():
            eta = bucket.eta(_amount(name, need), now_s)
            if eta > 0:
                found.append(Obstacle(reason=f"{whose} {bucket.capacity:g} {name} a minute are used", ready_in_s=eta))
        return found

    def give(self, *, requests: float, tokens: float, now_s: float) -> None:
        """Put places back; negative ones are used."""
        for name, bucket in self._buckets.items():
            bucket.give(requests if name == "requests" else tokens, now_s)

    def views(self, scope: str, now_s: float) -> list[LimitView]:
        """What can be seen of them; the next request is taken to need one token at least."""
        return [
            LimitView(
                name=name,
                scope=scope,
                level=bucket.level(now_s),
                capacity=bucket.capacity,
                ready_in_s=bucket.eta(1.0, now_s),
            )
            for name, bucket in self._buckets.items()
        ]


def _amount(name: str, need: Need) -> float:
    # Somebody who does not know his tokens waits at least until the bucket is out of its debt.
    return need.requests if name == "requests" else max(1.0, need.tokens)


class ProviderLimits:
    """What one provider and its keys may still do."""

    def __init__(self) -> None:
        """Nothing runs, and nothing is limited before `adapt`."""
        self.running = 0
        self._most: int | None = None
        self._rates = Rates()
        self._of_keys: dict[str, Rates] = {}

    def adapt(self, provider: Provider, refs: tuple[str, ...], now_s: float) -> None:
        """Take over the limits of its configuration."""
        self._most = provider.max_concurrent
        self._rates.adapt(provider.rate_limit, provider.token_limit, now_s)
        for ref in self._of_keys.keys() - set(refs):
            del self._of_keys[ref]
        for ref in refs:
            rates = self._of_keys.setdefault(ref, Rates())
            rates.adapt(provider.key_rate_limit, provider.key_token_limit, now_s)

    def obstacles(self, need: Need, now_s: float) -> list[Obstacle]:
        """What keeps a request out, whichever key it has."""
        found = self._rates.obstacles("its", need, now_s)
        if self._most:
            found.extend(places(self.running, need.requests, self._most))
        return found

    def key_obstacle(self, ref: str, need: Need, now_s: float) -> Obstacle | None:
        """What keeps a request with this key out."""
        rates = self._of_keys.get(ref)
        return worst(rates.obstacles(f"the {ref or 'nameless'} key's", need, now_s)) if rates is not None else None

    def take(self, ref: str, tokens: float, now_s: float) -> None:
        """A request begins; whether it fits has been looked at."""
        self.running += 1
        self._give(ref, requests=-1, tokens=-tokens, now_s=now_s)

    def release(self, ref: str, *, reserved: float, used: float | None, reached: bool, now_s: float) -> None:
        """A request ended. `used` is what the provider counted; None keeps what was `reserved`.

        One that never `reached` the provider used nothing.
        """
        self.running -= 1
        if not reached:
            self._give(ref, requests=1, tokens=reserved, now_s=now_s)
        elif used is not None:
            self._give(ref, requests=0, tokens=reserved - used, now_s=now_s)

    def _give(self, ref: str, *, requests: float, tokens: float, now_s: float) -> None:
        for rates in (self._rates, self._of_keys.get(ref)):
            if rates is not None:
                rates.give(requests=requests, tokens=tokens, now_s=now_s)

    def views(self, now_s: float) -> tuple[LimitView, ...]:
        """All its limits; empty without any."""
        found = self._rates.views(PROVIDER_SCOPE, now_s)
        if self._most:
            found.append(concurrency_view(PROVIDER_SCOPE, self.running, self._most))
        for ref, rates in self._of_keys.items():
            found.extend(rates.views(ref, now_s))
        return tuple(found)


def places(running: int, wanted: int, most: int) -> list[Obstacle]:
    """What keeps a request out where `most` may run at once."""
    if running + wanted <= most:
        return []
    if running >= most:
        return [Obstacle(reason=f"{running} of {most} requests are running", ready_in_s=None)]
    return [Obstacle(reason="the free place is promised to who waited for it", ready_in_s=None)]


def concurrency_view(scope: str, running: int, most: int) -> LimitView:
    """How many requests may still begin."""
    return LimitView(
        name="concurrent",
        scope=scope,
        level=most - running,
        capacity=most,
        ready_in_s=0.0 if running < most else None,
    )
