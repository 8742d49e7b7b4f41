"""The order in which providers are tried, and why others are not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from workbench.config.values import FallbackStrategy, Provider
from workbench.providers.routing.strategies import STRATEGIES, Known, Ranked
from workbench.providers.values import ErrorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A provider that can be asked, and the model it will be asked for."""

    provider: Provider
    model: str
    why: str = field(default="", compare=False)
    """Why it stands in its place, in words."""

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
    private: bool = False
    """True: only providers marked as private, whatever else is wished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Whom to try, first choice first."""

    strategy: str
    """How the order was found, for people."""
    candidates: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...]


def order_candidates(providers: Sequence[Provider], wishes: Wishes, known: Known | None = None) -> Route:
    """Pinned first, then the default, then the strategy's order; who cannot be asked is skipped with the reason."""
    ranked = STRATEGIES[wishes.strategy](providers, known or Known())
    words = [wishes.strategy.value]
    first = _first_choices([each.provider for each in ranked], wishes, words)
    ranked = [*first, *(each for each in ranked if all(each.provider is not chosen.provider for chosen in first))]
    skipped: list[Skipped] = []
    pinned = wishes.pinned_provider
    if pinned is not None and all(each.provider.name != pinned for each in ranked):
        reason = "no provider of this name is configured"
        missing = Skipped(
            provider=pinned, model=wishes.pinned_model or "", kind=ErrorKind.DISABLED, reason=reason
        )  # fmt: skip
        skipped.append(missing)
        if not wishes.fallback:
            ranked = []
    candidates: list[Candidate] = []
    for position, each in enumerate(ranked):
        found = look_at(each.provider, _model_for(each.provider, position, wishes), private=wishes.private)
        if isinstance(found, Candidate):
            candidates.append(replace(found, why=each.why))
        else:
            skipped.append(found)
        if not wishes.fallback and (candidates or pinned is not None):
            words.append("no fallback")
            break
    if wishes.private:
        words.append("private providers only")
    return Route(strategy=", ".join(words), candidates=tuple(candidates), skipped=tuple(skipped))


def _first_choices(ranked: Sequence[Provider], wishes: Wishes, words: list[str]) -> list[Ranked]:
    first: list[Ranked] = []
    if wishes.pinned_provider is None and wishes.pinned_model is not None:
        why = f"has {wishes.pinned_model}"
        first = [Ranked(provider=each, why=why) for each in ranked if wishes.pinned_model in each.models]
        words.append(f"{wishes.pinned_model} first")
    for name, why in ((wishes.pinned_provider, "chosen"), (wishes.default_provider, "default")):
        found = next((provider for provider in ranked if provider.name == name), None)
        if found is not None and all(each.provider is not found for each in first):
            first.append(Ranked(provider=found, why=why))
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


def look_at(provider: Provider, model: str, *, private: bool = False) -> Candidate | Skipped:
    """The provider as a candidate, or why it is none; `private` lets only private providers be candidates."""
    kind, reason = ErrorKind.DISABLED, ""
    if private and not provider.private:
        reason = "this conversation is private, and the provider is not marked as private"
    elif not provider.enabled:
        reason = "switched off in the configuration"
    elif provider.needs_key and not provider.api_keys:
        kind = ErrorKind.NO_KEY
        missing = ", ".join(provider.missing_keys)
        reason = f"no key, {missing} is not set" if missing else "no key is configured"
    elif not model:
        reason = "no model is configured"
    if reason:
        return Skipped(provider=provider.name, model=model, kind=kind, reason=reason)
    return Candidate(provider=provider, model=model)
