"""Who may answer: the choices of the provider and model switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.tui.state.badges import scripted_label
from workbench.tui.state.pins import AUTO, Pin

if TYPE_CHECKING:
    from workbench.config.values import Configuration, Provider
    from workbench.providers.health.choices import ModelChoice


Figures = Mapping[tuple[str, str], "ModelChoice"]
"""What the core knows of a model, by provider and model."""
NOT_PRIVATE = "not private"
_KEY_REASONS = {"bad": "its key was refused", "disabled": "its keys are switched off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One line of the switch."""

    pin: Pin
    title: str
    note: str
    """Why it cannot be chosen, or what is special about it."""
    usable: bool
    state: str = "unknown"
    """The provider's state as `providers list` names it."""
    key_state: str = ""
    """Of the provider: `ok`, `missing`, `not_needed`, `limited`, `bad` or `disabled`; empty when unknown."""
    price: str = ""
    """Of a million tokens in and out."""
    context_window: int | None = None
    first_token_ms: int | None = None
    recent: bool = False
    """Whether it answered lately."""


def choices_of(
    configuration: Configuration,
    states: Mapping[str, str],
    figures: Figures | None = None,
    *,
    private: bool = False,
) -> list[Choice]:
    """Automatic, those used lately, then every model of every provider by priority; what cannot be asked comes last.

    With `private` only private providers can be chosen.
    """
    known = figures or {}
    strategy = configuration.settings.fallback_strategy.value
    listed = [
        _choice(provider, model, states, known, private=private)
        for provider in sorted(configuration.providers, key=lambda provider: provider.priority)
        for model in provider.models or ("",)
    ]
    recent = sorted(
        (choice for choice in listed if choice.usable and choice.recent), key=lambda choice: _rank(choice, known)
    )
    others = [choice for choice in listed if choice.usable and not choice.recent]
    unusable = [choice for choice in listed if not choice.usable]
    auto = Choice(pin=AUTO, title="auto", note=f"the {strategy} strategy decides", usable=True, state="ok")
    return [auto, *recent, *others, *unusable]


def _choice(
    provider: Provider, model: str, states: Mapping[str, str], known: Figures, *, private: bool
) -> Choice:  # fmt: skip
    figure = known.get((provider.name, model))
    why = why_unusable(provider)
    if not why and private and not provider.private:
        why = NOT_PRIVATE
    if not why and figure is not None:
        why = _KEY_REASONS.get(figure.key_state, "")
    pin = Pin(provider=provider.name, model=model or None)
    label = scripted_label(provider.name, (provider.name,) if provider.scripted else ()).strip()
    choice = Choice(
        pin=pin, title=pin.name, note=why or label, usable=not why, state=states.get(provider.name, "unknown")
    )  # fmt: skip
    if figure is None:
        return choice
    return replace(
        choice,
        note=why or figure.reason or label,
        state=figure.state,
        key_state=figure.key_state,
        price=figure.price,
        context_window=figure.context_window,
        first_token_ms=figure.first_token_ms,
        recent=figure.recent_rank is not None,
    )


def _rank(choice: Choice, known: Figures) -> int:
    figure = known.get((choice.pin.provider or "", choice.pin.model or ""))
    return figure.recent_rank or 0 if figure is not None else 0


def why_unusable(provider: Provider) -> str:
    """The reason, in words, that a provider cannot be asked."""
    if not provider.enabled:
        return "switched off"
    if provider.needs_key and not provider.api_keys:
        missing = ", ".join(provider.missing_keys)
        return f"no key, {missing} is not set" if missing else "no key"
    if not provider.models:
        return "no model configured"
    return ""


def narrow(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """Those that have every typed word, also with letters left out; the closest first, what cannot be asked last."""
    words = typed.lower().split()
    if not words:
        return list(choices)
    found: list[tuple[bool, int, int, Choice]] = []
    for place, choice in enumerate(choices):
        scores = [_distance(word, choice.title.lower(), choice.note.lower()) for word in words]
        known = [score for score in scores if score is not None]
        if len(known) == len(words):
            found.append((not choice.usable, sum(known), place, choice))
    return [choice for *_, choice in sorted(found, key=lambda entry: entry[:3])]


def _distance(word: str, title: str, note: str) -> int | None:
    """How badly a word fits: 0 at the beginning of a name, more inside, most for scattered letters; None if not."""
    at = title.find(word)
    if at == 0 or (at > 0 and title[at - 1] in "/-_ :."):
        return 0
    if at > 0:
        return 1
    if word in note:
        return 2
    gaps, end = 0, 0
    for letter in word:
        found = title.find(letter, end)
        if found < 0:
            return None
        gaps += found - end
        end = found + 1
    return 3 + gaps


def next_pin(pin: Pin, configuration: Configuration, step: int = 1, *, private: bool = False) -> Pin | None:
    """The provider after (1) or before (-1) the pinned one, automatic beyond the ends; None with nobody to choose."""
    ring = _ring(configuration, private=private)
    if not ring:
        return None
    pins = [AUTO, *ring]
    names = [one.provider for one in pins]
    place = names.index(pin.provider) if pin.provider in names else 0
    return pins[(place + step) % len(pins)]


def _ring(configuration: Configuration, *, private: bool) -> list[Pin]:
    return [
        Pin(provider=provider.name, model=provider.models[0])
        for provider in sorted(configuration.providers, key=lambda provider: provider.priority)
        if provider.usable and (provider.private or not private)
    ]


def choices_for_another(choices: Sequence[Choice], answered: str | None) -> tuple[list[Choice], Pin | None]:
    """Who may give another answer than the provider `answered`, and the next best of them.

    The one that answered comes after the others; the strategy is left out, it might choose the same one again.
    """
    pinned = [choice for choice in choices if choice.pin != AUTO]
    others = [choice for choice in pinned if choice.usable and choice.pin.provider != answered]
    same = [
        replace(choice, note=f"answered already {choice.note}".strip())
        for choice in pinned
        if choice.usable and choice.pin.provider == answered
    ]
    unusable = [choice for choice in pinned if not choice.usable]
    well = [choice for choice in others if choice.state != "open"]
    best = next(iter(well or others or same), None)
    return [*others, *same, *unusable], best.pin if best is not None else None


def next_to_ask(configuration: Configuration, answered: str | None, *, private: bool = False) -> Pin | None:
    """The provider that follows the one that answered in the chain; None when nobody can be asked."""
    ring = _ring(configuration, private=private)
    names = [one.provider for one in ring]
    place = names.index(answered) + 1 if answered in names else 0
    return ring[place % len(ring)] if ring else None


def find_choice(wanted: str, choices: Sequence[Choice]) -> Choice | None:
    """The choice a typed name means: whole name, provider, model, or the only one that contains it."""
    wanted = wanted.strip().lower()
    if not wanted:
        return None
    for names in (
        [choice.title for choice in choices],
        [choice.pin.provider or "" for choice in choices],
        [choice.pin.model or "" for choice in choices],
    ):
        found = next((c for c, name in zip(choices, names, strict=True) if name.lower() == wanted), None)
        if found is not None:
            return found
    containing = [choice for choice in choices if wanted in choice.title.lower()]
    return containing[0] if len(containing) == 1 else None
