"""How the providers are, for the status line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.tui.state.chat import ProviderHealth

if TYPE_CHECKING:
    from workbench.config.values import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChip:
    """One provider as the line shows it."""

    name: str
    state: str
    """`ok`, `slow`, `open`, `failed`, `no_key`, `disabled` or `unknown`."""
    scripted: bool = False


def chips_of(
    configuration: Configuration | None,
    states: Mapping[str, str],
    heard_at_ms: Mapping[str, int],
    health: Mapping[str, ProviderHealth],
) -> list[ProviderChip]:
    """One chip each: the state that the core told, unless an attempt ended after what it had heard by then."""
    chips: list[ProviderChip] = []
    for provider in sorted(configuration.providers if configuration else (), key=lambda one: one.priority):
        state = states.get(provider.name, "unknown")
        if not provider.usable:
            state = "disabled" if not provider.enabled else "no_key" if provider.needs_key else "unknown"
        elif state in ("unknown", "ok"):
            heard = health.get(provider.name)
            if heard is not None and heard.at_ms > heard_at_ms.get(provider.name, 0):
                state = heard.state
            elif heard is not None and heard.state == "failed" and state == "unknown":
                # To the core a failure makes no state of its own; here it is the word that is missing.
                state = heard.state
        chips.append(ProviderChip(name=provider.name, state=state, scripted=provider.scripted))
    return chips
