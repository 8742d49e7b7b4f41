"""What LiteLLM's price list says of a model, read without ever contacting anybody.

`litellm.get_model_info` is not used: for some providers it asks their server, in the calling thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from workbench.config.values import Provider
from workbench.providers.calling.kinds import kind_of, plain_model

NANO_PER_DOLLAR = 1_000_000_000

HIGHEST_DOLLARS = 1_000_000.0
"""No answer costs more; whatever says so is wrong."""

Entry = Mapping[str, object]


def entry_of(models: Mapping[str, Entry], provider: Provider, model: str) -> tuple[str, Entry] | None:
    """The list's name of a model and what it says, or None when it does not know it."""
    priced_as = kind_of(provider.kind).priced_as
    if priced_as is None:
        return None
    for name in _names(priced_as, plain_model(provider, model)):
        entry = models.get(name)
        # One name means different things at different providers.
        if entry is not None and str(entry.get("litellm_provider", "")).startswith(priced_as):
            return name, entry
    return None


def _names(priced_as: str, model: str) -> Iterator[str]:
    yield f"{priced_as}/{model}"
    yield model
    if priced_as == "bedrock":
        # A cross-region profile (`eu.anthropic...`) and a model's resource name hold the model's own name.
        name = model.rpartition("/")[2]
        yield name
        yield name.partition(".")[2]


def price_nano(entry: Entry, name: str) -> float | None:
    """Nano-dollars a token; a price of nothing is an unknown one."""
    value = entry.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value <= 0:
        return None
    return value * NANO_PER_DOLLAR


def whole(entry: Entry, *names: str) -> int | None:
    """The first of these fields that is a positive whole number."""
    for name in names:
        value = entry.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def cost_nano(dollars: object) -> int | None:
    """Nano-dollars; None for anything that is no amount."""
    if isinstance(dollars, bool) or not isinstance(dollars, int | float) or not 0 <= dollars <= HIGHEST_DOLLARS:
        return None
    return round(dollars * NANO_PER_DOLLAR)
