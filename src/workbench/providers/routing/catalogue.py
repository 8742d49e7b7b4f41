"""What is known of models: how much they hold, what they cost, whether they go on from a given beginning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workbench.config.values import Provider
from workbench.providers.values import PromptMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """Facts of one model at one provider; None is unknown."""

    context_window: int | None = None
    """Tokens of a prompt that it takes."""
    max_output: int | None = None
    """Tokens of an answer."""
    input_nano: float | None = None
    """Nano-dollars a token of the prompt."""
    output_nano: float | None = None
    """Nano-dollars a token of the answer."""
    prefill: bool = False
    """Whether it goes on from the beginning of an assistant message."""
    source: str = ""
    """Where the facts are from: `litellm`, `configuration`, `local` (a server of one's own costs nothing), or empty."""


class Catalogue(Protocol):
    """Looks models up; never contacts anybody."""

    def facts(self, provider: Provider, model: str) -> ModelFacts:
        """What is known; all unknown before the model library is loaded."""
        ...

    async def count_tokens(self, provider: Provider, model: str, messages: Sequence[PromptMessage]) -> int:
        """Tokens of a prompt: exact where the tokenizer is known, else an estimate. Takes a thread for long texts."""
        ...


class EmptyCatalogue:
    """Knows nothing, and counts four characters a token."""

    def facts(self, provider: Provider, model: str) -> ModelFacts:
        """What the configuration says."""
        return ModelFacts(context_window=provider.context_window)

    async def count_tokens(self, provider: Provider, model: str, messages: Sequence[PromptMessage]) -> int:
        """A rough estimate."""
        return sum(len(message.text) // 4 + 4 for message in messages)
