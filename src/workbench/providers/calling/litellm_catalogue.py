"""What LiteLLM knows of models: windows, prices, who goes on from a beginning; and how long a prompt is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.config.values import Provider
from workbench.providers.calling.kinds import Prefill, is_local, kind_of, plain_model
from workbench.providers.calling.prices import Entry, entry_of, price_nano, whole
from workbench.providers.calling.requests import messages_of
from workbench.providers.routing.catalogue import EmptyCatalogue, ModelFacts
from workbench.providers.values import PromptMessage

if TYPE_CHECKING:
    from workbench.providers.calling.litellm_loader import Library

MANY_FACTS = 4096
"""Models whose facts are kept at once."""

SHORT = 4_000
"""Characters that are counted at once, in 0.2 ms; longer prompts take a thread."""

LONGEST_COUNTED = 2_000_000
"""Characters that are counted, in a tenth of a second; the rest is taken to be like them."""

_Key = tuple[str, str, str | None, int | None, bool, bool]


class LiteLLMCatalogue:
    """The `Catalogue` of LiteLLM's list; what the configuration says goes before it.

    Routing asks for every candidate of every turn, so facts are kept; nothing here contacts anybody.
    """

    def __init__(self, library: Callable[[], Library | None]) -> None:
        """`library` gives the loaded library, None before."""
        self._library = library
        self._kept: dict[_Key, ModelFacts] = {}
        self._counted = False

    def facts(self, provider: Provider, model: str) -> ModelFacts:
        """What is known; before the library is loaded, what the configuration and the kind say."""
        key = (
            provider.kind, model, provider.base_url, provider.context_window, provider.private, provider.scripted
        )  # fmt: skip
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        library = self._library()
        found = None if library is None else entry_of(library.module.model_cost, provider, model)
        facts = _facts(provider, None if found is None else found[1])
        if library is not None:
            if len(self._kept) >= MANY_FACTS:
                self._kept.clear()
            self._kept[key] = facts
        return facts

    async def count_tokens(self, provider: Provider, model: str, messages: Sequence[PromptMessage]) -> int:
        """Tokens of a prompt: exact for OpenAI's models, else an estimate by a like tokenizer."""
        library = self._library()
        if library is None:
            return await EmptyCatalogue().count_tokens(provider, model, messages)
        length = sum(len(message.text) for message in messages)
        if length > LONGEST_COUNTED:
            messages, share = _beginning(messages), length / LONGEST_COUNTED
        else:
            share = 1.0
        name = plain_model(provider, model)
        # The first count loads the tokenizer, for half a second.
        if self._counted and length <= SHORT:
            return _count(library, name, messages)
        counted = await asyncio.to_thread(_count, library, name, messages)
        self._counted = True
        return round(counted * share)


def prefills(provider: Provider, entry: Entry | None) -> bool:
    """Whether a model goes on from the beginning of an answer; False when it is not known to."""
    match kind_of(provider.kind).prefill:
        case Prefill.NONE:
            return False
        case Prefill.LISTED:
            return entry is not None and entry.get("supports_assistant_prefill") is True
        case Prefill.PLAIN | Prefill.PREFIX | Prefill.CONTINUE:
            return True


def _facts(provider: Provider, entry: Entry | None) -> ModelFacts:
    facts = ModelFacts(prefill=prefills(provider, entry))
    if entry is not None:
        facts = replace(
            facts,
            context_window=whole(entry, "max_input_tokens"),
            max_output=whole(entry, "max_output_tokens"),
            input_nano=price_nano(entry, "input_cost_per_token"),
            output_nano=price_nano(entry, "output_cost_per_token"),
            source="litellm",
        )
    if is_local(provider):
        facts = replace(facts, input_nano=0.0, output_nano=0.0, source="local")
    if provider.context_window is not None:
        facts = replace(facts, context_window=provider.context_window, source=facts.source or "configuration")
    return facts


def _beginning(messages: Sequence[PromptMessage]) -> list[PromptMessage]:
    left = LONGEST_COUNTED
    kept: list[PromptMessage] = []
    for message in messages:
        kept.append(replace(message, text=message.text[:left]))
        left -= len(message.text)
        if left <= 0:
            break
    return kept


def _count(library: Library, model: str, messages: Sequence[PromptMessage]) -> int:
    try:
        return library.module.token_counter(model=model, messages=messages_of(messages))
    except Exception:
        # Tokenizers refuse some texts, in several ways.
        return sum(len(message.text) // 4 + 4 for message in messages)
