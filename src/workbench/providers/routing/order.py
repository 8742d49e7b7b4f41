"""The order in which providers are tried, and why others are not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.config.values import FallbackStrategy, Provider
from workbench.providers.values import ErrorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A provider that can be asked, and the model it will be asked for."""

    provider: Provider
    model: str

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider.name}/{self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A provider that is left out."""

    provider: str
    model: str
    kind: ErrorKind
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user and the settings ask for."""

    strategy: FallbackStrategy = FallbackStrategy.PRIORITY
    default_provider: str | None = None
    pinned_provider: str | None = None
    pinned_model: str | None = None
    fallback: bool = True
    """False: one provider and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Whom to try, first choice first."""

    strategy: str
    """How the order was found, for people."""
    candidates: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...]


Order = Callable[[Sequence[Provider]], list[Provider]]
"""A strategy: providers in configuration order to providers in the order of trying."""


def by_priority(providers: Sequence[Provider]) -> list[Provider]:
    """Smaller priority first; equals in the order of the configuration."""
    return sorted(providers, key=lambda provider: provider.priority)


STRATEGIES: dict[FallbackStrategy, Order] = {FallbackStrategy.PRIORITY: by_priority}


def order_candidates(
    providers: Sequence[Provider], wishes: Wishes, strategies: dict[FallbackStrategy, Order] | None = None
) -> Route:
    """Pinned first, then the default, then the strategy's order; who cannot be asked is skipped with the reason.

    A strategy that is not in `strategies` is replaced by priority, and the route says so.
    """
    strategies = strategies or STRATEGIES
    order = strategies.get(wishes.strategy)
    words = [wishes.strategy.value]
    if order is None:
        order = by_priority
        words = [f"priority, because {wishes.strategy.value} is not available yet"]
    ranked = order(providers)
    first = _first_choices(ranked, wishes, words)
    ranked = [*first, *(provider for provider in ranked if provider not in first)]
    skipped: list[Skipped] = []
    pinned = wishes.pinned_provider
    if pinned is not None and all(provider.name != pinned for provider in ranked):
        reason = "no provider of this name is configured"
        missing = Skipped(
            provider=pinned, model=wishes.pinned_model or "", kind=ErrorKind.DISABLED, reason=reason
        )  # fmt: skip
        skipped.append(missing)
        if not wishes.fallback:
            ranked = []
    candidates: list[Candidate] = []
    for position, provider in enumerate(ranked):
        found = _look_at(provider, _model_for(provider, position, wishes))
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            skipped.append(found)
        if not wishes.fallback and (candidates or pinned is not None):
            words.append("no fallback")
            break
    return Route(strategy=", ".join(words), candidates=tuple(candidates), skipped=tuple(skipped))


def _first_choices(ranked: Sequence[Provider], wishes: Wishes, words: list[str]) -> list[Provider]:
    first: list[Provider] = []
    if wishes.pinned_provider is None and wishes.pinned_model is not None:
        first = [provider for provider in ranked if wishes.pinned_model in provider.models]
        words.append(f"{wishes.pinned_model} first")
    for name, why in ((wishes.pinned_provider, "chosen"), (wishes.default_provider, "default")):
        found = next((provider for provider in ranked if provider.name == name), None)
        if found is not None and found not in first:
            first.append(found)
            words.append(f"{why} {found.name} first")
    return first


def _model_for(provider: Provider, position: int, wishes: Wishes) -> str:
    """The wished model where it can be meant, else the provider's default; empty when it has none."""
    wished = wishes.pinned_model
    default = provider.models[0] if provider.models else ""
    if wished is None:
        return default
    if provider.name == wishes.pinned_provider or wished in provider.models:
        return wished
    # A model that nobody lists was still asked for: the first choice may know it.
    return wished if wishes.pinned_provider is None and position == 0 else default


def _look_at(provider: Provider, model: str) -> Candidate | Skipped:
    kind, reason = ErrorKind.DISABLED, ""
    if not provider.enabled:
        reason = "switched off in the configuration"
    elif provider.needs_key and not provider.api_keys:
        kind = ErrorKind.NO_KEY
        missing = ", ".join(provider.missing_keys)
        reason = f"no key: {missing} is not set" if missing else "no key is configured"
    elif not model:
        reason = "no model is configured"
    if reason:
        return Skipped(provider=provider.name, model=model, kind=kind, reason=reason)
    return Candidate(provider=provider, model=model)
