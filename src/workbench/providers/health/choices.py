"""Who can be chosen to answer: every model of every provider, with what is known of it beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from workbench.config.values import Configuration
from workbench.core.text import clean_line
from workbench.providers.health.values import ProviderStatus
from workbench.providers.resilience.values import BreakerState
from workbench.providers.routing.catalogue import Catalogue, ModelFacts
from workbench.storage.store import Store

RECENT_ATTEMPTS: Final = 500
"""Attempts that are looked through for what was used last."""

_NANO_PER_DOLLAR = 1_000_000_000
_RECENT = """
select provider, model from (select provider, model, state from attempts order by started_at desc limit ?)
where state = 'ok'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """One model of one provider as a picker shows it; None and empty are unknown."""

    provider: str
    model: str
    state: str
    """Of its provider: `ok`, `slow`, `open`, `no_key`, `disabled` or `unknown`."""
    key_state: str
    """Of its provider: `ok`, `missing`, `not_needed`, `limited`, `bad` or `disabled`."""
    reason: str = ""
    """Why the provider is not well."""
    probe_at_ms: int | None = None
    """When an open breaker lets the next request through; wall-clock milliseconds."""
    price: str = ""
    """Of a million tokens in and out, e.g. `$3.00/$15.00`; `free` for a server of one's own."""
    input_nano: float | None = None
    """Nano-dollars a token of a prompt."""
    context_window: int | None = None
    """Tokens."""
    first_token_ms: int | None = None
    """Median of the provider's last 15 minutes."""
    recent_rank: int | None = None
    """0 for the pair that answered last, 1 for the one before, and so on; None for one not used lately."""


async def recently_used(store: Store | None) -> list[tuple[str, str]]:
    """Pairs of provider and model that gave whole answers lately, newest first. Raises StorageError."""
    if store is None:
        return []
    found = await store.read(_RECENT, (RECENT_ATTEMPTS,))
    return list(dict.fromkeys((row["provider"], row["model"]) for row in found))


def model_choices(
    configuration: Configuration,
    statuses: Sequence[ProviderStatus],
    catalogue: Catalogue,
    recent: Sequence[tuple[str, str]] = (),
) -> list[ModelChoice]:
    """Every model of every configured provider, in the order of `statuses`. Contacts nobody."""
    ranks = {pair: rank for rank, pair in enumerate(recent)}
    found: list[ModelChoice] = []
    for status in statuses:
        provider = configuration.provider(status.name)
        if provider is None:
            continue
        for model in provider.models:
            facts = catalogue.facts(provider, model)
            found.append(
                ModelChoice(
                    provider=status.name,
                    model=model,
                    state=status.state,
                    key_state=status.key_state,
                    reason=_reason(status),
                    probe_at_ms=status.breaker.probe_at_ms,
                    price=price_text(facts),
                    input_nano=facts.input_nano,
                    context_window=facts.context_window,
                    first_token_ms=status.recent.first_token_p50_ms,
                    recent_rank=ranks.get((status.name, model)),
                )
            )
    return found


def price_text(facts: ModelFacts) -> str:
    """Dollars for a million tokens, in and out; empty when one of them is unknown."""
    if facts.input_nano is None or facts.output_nano is None:
        return ""
    if not facts.input_nano and not facts.output_nano:
        return "free"
    return "/".join(_dollars(nano * 1_000_000 / _NANO_PER_DOLLAR) for nano in (facts.input_nano, facts.output_nano))


def _dollars(amount: float) -> str:
    return f"${amount:.2f}" if amount >= 0.1 or not amount else f"${amount:.3f}"


def _reason(status: ProviderStatus) -> str:
    if status.breaker.state is not BreakerState.CLOSED:
        return clean_line(status.breaker.reason, 200)
    if status.key_state in ("bad", "limited"):
        return next((clean_line(key.reason, 200) for key in status.keys if key.reason), "")
    return ""
