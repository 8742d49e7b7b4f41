"""Who may answer: the choices of the provider and model switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.tui.state.badges import scripted_label

if TYPE_CHECKING:
    from workbench.config.values import Configuration, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A chosen provider and model; both None lets the strategy decide."""

    provider: str | None = None
    model: str | None = None

    @property
    def name(self) -> str:
        """`provider/model`, or `auto`."""
        if self.provider is None:
            return "auto"
        return f"{self.provider}/{self.model}" if self.model else self.provider


AUTO = Pin()


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


def choices_of(configuration: Configuration, states: Mapping[str, str]) -> list[Choice]:
    """Automatic, then every model of every provider; usable ones first within their priority."""
    strategy = configuration.settings.fallback_strategy.value
    listed = [Choice(pin=AUTO, title="auto", note=f"the {strategy} strategy decides", usable=True, state="ok")]
    ordered = sorted(configuration.providers, key=lambda provider: (not provider.usable, provider.priority))
    for provider in ordered:
        state = states.get(provider.name, "unknown")
        if not provider.usable:
            title = f"{provider.name}/{provider.models[0]}" if provider.models else provider.name
            pin = Pin(provider=provider.name, model=provider.models[0] if provider.models else None)
            listed.append(Choice(pin=pin, title=title, note=why_unusable(provider), usable=False, state=state))
            continue
        note = scripted_label(provider.name, (provider.name,) if provider.scripted else ()).strip()
        for model in provider.models:
            pin = Pin(provider=provider.name, model=model)
            listed.append(Choice(pin=pin, title=pin.name, note=note, usable=True, state=state))
    return listed


def why_unusable(provider: Provider) -> str:
    """The reason, in words, that a provider cannot be asked."""
    if not provider.enabled:
        return "switched off"
    if provider.needs_key and not provider.api_keys:
        missing = ", ".join(provider.missing_keys)
        return f"no key: {missing} is not set" if missing else "no key"
    if not provider.models:
        return "no model configured"
    return ""


def next_pin(pin: Pin, configuration: Configuration) -> Pin | None:
    """The provider after the pinned one, automatic after the last; None when there is nobody to choose."""
    ring = [provider for provider in sorted(configuration.providers, key=lambda p: p.priority) if provider.usable]
    if not ring:
        return None
    names = [provider.name for provider in ring]
    place = names.index(pin.provider) + 1 if pin.provider in names else 0
    return Pin(provider=ring[place].name, model=ring[place].models[0]) if place < len(ring) else AUTO


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
