"""From LiteLLM's chunks to an answer in our terms: text, reasoning, tool calls, usage."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from workbench.config.values import Provider
from workbench.providers.calling.kinds import is_local, kind_of
from workbench.providers.calling.litellm_shapes import Chunk, LibraryModule
from workbench.providers.calling.prices import cost_nano, entry_of
from workbench.providers.values import TextPart, ToolCall, ToolPart, Usage


def delta_of(chunk: Chunk) -> Mapping[str, object]:
    """The fields of what a chunk adds; none for one that only counts.

    Read out of their places: asking Pydantic for each, and it is asked often, was half of what this client costs.
    """
    if not chunk.choices:
        return {}
    delta = chunk.choices[0].delta
    return {**vars(delta), **(delta.model_extra or {})}


def parts_of(chunk: Chunk) -> list[TextPart | ToolPart]:
    """The reasoning and the text in a chunk, and whether a piece of a tool call is in it."""
    delta = delta_of(chunk)
    parts: list[TextPart | ToolPart] = []
    reasoning, text = delta.get("reasoning_content"), delta.get("content")
    if isinstance(reasoning, str) and reasoning:
        parts.append(TextPart(text=reasoning, reasoning=True))
    if isinstance(text, str) and text:
        parts.append(TextPart(text=text))
    if delta.get("tool_calls"):
        parts.append(ToolPart())
    return parts


def tool_calls(chunks: Sequence[Chunk]) -> tuple[ToolCall, ...]:
    """The calls whose pieces came in these chunks, in the order they began.

    Pieces belong together by their index; but Gemini and Ollama give every call the same, so a new id is a new call.
    """
    begun: list[list[object]] = []
    running: dict[int, list[object]] = {}
    for chunk in chunks:
        for place, piece in enumerate(cast("Sequence[object] | None", delta_of(chunk).get("tool_calls")) or ()):
            told = getattr(piece, "index", None)
            index = told if isinstance(told, int) else place
            pieces = running.get(index)
            name = getattr(piece, "id", None)
            if pieces is None or (name and name != _id(pieces)):
                pieces = running[index] = []
                begun.append(pieces)
            pieces.append(piece)
    return tuple(_tool_call(pieces, place) for place, pieces in enumerate(begun))


def _id(pieces: Sequence[object]) -> str:
    return next((str(i) for piece in pieces if (i := getattr(piece, "id", None))), "")


def _tool_call(pieces: Sequence[object], place: int) -> ToolCall:
    functions = [getattr(piece, "function", None) for piece in pieces]
    return ToolCall(
        # The answer to a call refers to its id, so one without gets one.
        id=_id(pieces) or f"call_{place}",
        name="".join(getattr(function, "name", None) or "" for function in functions),
        arguments="".join(getattr(function, "arguments", None) or "" for function in functions),
    )


def usage_of(chunks: Sequence[Chunk], provider: Provider, models: Sequence[str], module: LibraryModule) -> Usage:
    """What the provider counted; `models` are the names its price may be found under, the best first.

    LiteLLM's own estimates, made up where the provider sent nothing, are not used.
    """
    sent = (getattr(chunk, "usage", None) for chunk in reversed(chunks))
    counted: object = next((usage for usage in sent if usage is not None), None)
    prompt, completion = getattr(counted, "prompt_tokens_details", None), None
    if not kind_of(provider.kind).own_client:
        # For the others LiteLLM counts the reasoning's text itself.
        completion = getattr(counted, "completion_tokens_details", None)
    usage = Usage(
        input_tokens=_count(counted, "prompt_tokens"),
        output_tokens=_count(counted, "completion_tokens"),
        cache_read_tokens=_count(prompt, "cached_tokens"),
        cache_write_tokens=_count(counted, "cache_creation_input_tokens"),
        reasoning_tokens=_count(completion, "reasoning_tokens"),
    )
    cost = cost_nano(getattr(counted, "cost", None))
    if cost is not None:
        return replace(usage, cost_nano=cost, price_source="provider")
    if usage.input_tokens is None or usage.output_tokens is None:
        return usage
    if is_local(provider):
        return replace(usage, cost_nano=0, price_source="local")
    cost = _listed_cost(counted, provider, models, module)
    return usage if cost is None else replace(usage, cost_nano=cost, price_source="litellm")


def _count(usage: object, name: str) -> int | None:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _listed_cost(counted: object, provider: Provider, models: Sequence[str], module: LibraryModule) -> int | None:
    """By LiteLLM's price list; None when it has no price, never 0 for unknown."""
    found = next((entry for model in models if (entry := entry_of(module.model_cost, provider, model))), None)
    if found is None:
        return None
    name, entry = found
    try:
        parts = module.cost_per_token(
            model=name, custom_llm_provider=str(entry.get("litellm_provider")), usage_object=counted
        )  # fmt: skip
        dollars = math.fsum(parts)
    except Exception:
        # It raises for what it does not expect, in several ways.
        return None
    return cost_nano(dollars) or None
