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


class Limits:
    """What a provider, or one of its keys, may still do."""

    def __init__(self, key: str | None = None) -> None:
        """Nothing runs, and nothing is limited before `adapt`."""
        self._whose = "its" if key is None else f"the {key or 'nameless'} key's"
        self._what = "requests" if key is None else f"requests with the {key or 'nameless'} key"
        self._running = 0
        self._most: int | None = None
        self._rates = Rates()

    @property
    def idle(self) -> bool:
        """Whether nothing runs."""
        return not self._running

    def adapt(self, requests: int | None, tokens: int | None, most: int | None, now_s: float) -> None:
        """Take over limits a minute, and how many may run at once."""
        self._most = most
        self._rates.adapt(requests, tokens, now_s)

    def obstacles(self, need: Need, now_s: float) -> list[Obstacle]:
        """What keeps a request out."""
        found = self._rates.obstacles(self._whose, need, now_s)
        return [*found, *places(self._running, need.requests, self._most, self._what)] if self._most else found

    def take(self, tokens: float, now_s: float) -> None:
        """A request begins."""
        self._running += 1
        self._rates.give(requests=-1, tokens=-tokens, now_s=now_s)

    def release(self, *, requests: float, tokens: float, now_s: float) -> None:
        """A request ended; so much of what it took was not used."""
        self._running -= 1
        self._rates.give(requests=requests, tokens=tokens, now_s=now_s)

    def views(self, scope: str, now_s: float) -> list[LimitView]:
        """What can be seen of them."""
        found = self._rates.views(scope, now_s)
        return [*found, concurrency_view(scope, self._running, self._most)] if self._most else found


class ProviderLimits:
    """What one provider and its keys may still do."""

    def __init__(self) -> None:
        """Nothing runs, and nothing is limited before `adapt`."""
        self._own = Limits()
        self._of_keys: dict[str, Limits] = {}

    def adapt(self, provider: Provider, refs: tuple[str, ...], now_s: float) -> None:
        """Take over the limits of its configuration."""
        self._own.adapt(provider.rate_limit, provider.token_limit, provider.max_concurrent, now_s)
        for ref in self._of_keys.keys() - set(refs):
            # A request that runs with it gives its place back later, perhaps when the key is there again.
            self._of_keys[ref].adapt(None, None, None, now_s)
            if self._of_keys[ref].idle:
                del self._of_keys[ref]
        for ref in refs:
            limits = self._of_keys.setdefault(ref, Limits(ref))
            limits.adapt(provider.key_rate_limit, provider.key_token_limit, provider.key_max_concurrent, now_s)

    def obstacles(self, need: Need, now_s: float) -> list[Obstacle]:
        """What keeps a request out, whichever key it has."""
        return self._own.obstacles(need, now_s)

    def key_obstacle(self, ref: str, need: Need, now_s: float) -> Obstacle | None:
        """What keeps a request with this key out."""
        limits = self._of_keys.get(ref)
        return worst(limits.obstacles(need, now_s)) if limits is not None else None

    def take(self, ref: str, tokens: float, now_s: float) -> None:
        """A request begins; whether it fits has been looked at."""
        for limits in self._touched(ref):
            limits.take(tokens, now_s)

    def release(self, ref: str, *, reserved: float, used: float | None, reached: bool, now_s: float) -> None:
        """A request ended. `used` is what the provider counted; None keeps what was `reserved`.

        One that never `reached` the provider used nothing.
        """
        unused = reserved if not reached else 0.0 if used is None else reserved - used
        for limits in self._touched(ref):
            limits.release(requests=0 if reached else 1, tokens=unused, now_s=now_s)

    def views(self, now_s: float) -> tuple[LimitView, ...]:
        """All its limits; empty without any."""
        found = self._own.views(PROVIDER_SCOPE, now_s)
        for ref, limits in self._of_keys.items():
            found.extend(limits.views(ref, now_s))
        return tuple(found)

    def _touched(self, ref: str) -> list[Limits]:
        of_key = self._of_keys.get(ref)
        return [self._own] if of_key is None else [self._own, of_key]


def places(running: int, wanted: int, most: int, what: str = "requests") -> list[Obstacle]:
    """What keeps a request out where `most` may run at once."""
    if running + wanted <= most:
        return []
    if running >= most:
        return [Obstacle(reason=f"{running} of {most} {what} are running", ready_in_s=None)]
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
