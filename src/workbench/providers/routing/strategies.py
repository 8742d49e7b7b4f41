"""The orders in which providers may be tried, each a pure function of the providers and of what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from workbench.config.values import FallbackStrategy, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the strategies go by; providers by name."""

    position: int = 0
    """How many requests the rotation has handed out before this one."""
    first_token_ms: Mapping[str, int] = field(default_factory=dict["str", "int"])
    """The recent median time to the first token."""
    failing: frozenset[str] = frozenset()
    """Asked lately, and never with success."""
    price_nano: Mapping[str, float] = field(default_factory=dict["str", "float"])
    """What this request may cost there, in nano-dollars; absent when the price is unknown."""
    random: Random = field(default_factory=Random)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A provider in its place, and why it stands there, in words."""

    provider: Provider
    why: str


Order = Callable[[Sequence[Provider], Known], list[Ranked]]
"""A strategy: providers in configuration order to providers in the order of trying."""


def by_priority(providers: Sequence[Provider], known: Known) -> list[Ranked]:
    """Smaller priority first; equals in the order of the configuration."""
    del known
    ordered = sorted(providers, key=lambda provider: provider.priority)
    return [Ranked(provider=provider, why=f"priority {provider.priority}") for provider in ordered]


def round_robin(providers: Sequence[Provider], known: Known) -> list[Ranked]:
    """Each usable provider in turn is first, in order of priority; those after it follow as in a ring."""
    ring = sorted(providers, key=lambda provider: (not provider.usable, provider.priority))
    usable = sum(provider.usable for provider in ring)
    turn = known.position % usable if usable else 0
    ordered = [*ring[turn:usable], *ring[:turn], *ring[usable:]]
    return [
        Ranked(provider=provider, why="its turn" if place == 0 else f"{place} after the one whose turn it is")
        for place, provider in enumerate(ordered)
    ]


def by_weight(providers: Sequence[Provider], known: Known) -> list[Ranked]:
    """Drawn one after the other, each with a chance in proportion to its weight; weight 0 comes last.

    Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006: the largest `u ** (1 / weight)` first.
    """
    drawn = {id(each): known.random.random() ** (1 / each.weight) if each.weight > 0 else -1.0 for each in providers}
    ordered = sorted(providers, key=lambda provider: -drawn[id(provider)])
    return [Ranked(provider=provider, why=f"drawn with weight {provider.weight:g}") for provider in ordered]


def by_first_token(providers: Sequence[Provider], known: Known) -> list[Ranked]:
    """Shortest recent time to the first token first.

    One that nothing is known of goes before all: it cannot prove itself otherwise. One that only failed goes last.
    """

    def rank(provider: Provider) -> tuple[int, int, int]:
        measured = known.first_token_ms.get(provider.name)
        if measured is not None:
            return 1, measured, provider.priority
        return (2 if provider.name in known.failing else 0), 0, provider.priority

    def why(provider: Provider) -> str:
        measured = known.first_token_ms.get(provider.name)
        if measured is not None:
            return f"first token after {measured / 1000:.2f} s lately"
        return "failed lately" if provider.name in known.failing else "not measured lately"

    return [Ranked(provider=provider, why=why(provider)) for provider in sorted(providers, key=rank)]


def by_price(providers: Sequence[Provider], known: Known) -> list[Ranked]:
    """Cheapest for this request first; unknown prices last, equals by priority."""

    def rank(provider: Provider) -> tuple[bool, float, int]:
        price = known.price_nano.get(provider.name)
        return price is None, price or 0.0, provider.priority

    def why(provider: Provider) -> str:
        price = known.price_nano.get(provider.name)
        if price is None:
            return "price unknown"
        return f"about ${price / 1e9:.4f} for this request" if price else "costs nothing"

    return [Ranked(provider=provider, why=why(provider)) for provider in sorted(providers, key=rank)]


STRATEGIES: Mapping[FallbackStrategy, Order] = {
    FallbackStrategy.PRIORITY: by_priority,
    FallbackStrategy.ROUND_ROBIN: round_robin,
    FallbackStrategy.RANDOM: by_weight,
    FallbackStrategy.FASTEST: by_first_token,
    FallbackStrategy.CHEAPEST: by_price,
}
