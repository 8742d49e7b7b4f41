"""Vectors for texts, through LiteLLM: checked, in the texts' order, with what they cost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from workbench.config.values import Provider
from workbench.core.clock import Clock, SystemClock
from workbench.core.secret import Secret
from workbench.providers.calling.endpoint import endpoint_of
from workbench.providers.calling.kinds import is_local, known_as, plain_model, routed_model
from workbench.providers.calling.library_errors import failure_of
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.calling.litellm_shapes import EmbeddingAnswer
from workbench.providers.calling.prices import entry_of, price_nano
from workbench.providers.calling.requests import timeout_of
from workbench.providers.calling.upstream import Upstream, begin_call, end_call
from workbench.providers.values import AttemptFailure, ErrorKind, Usage

if TYPE_CHECKING:
    from workbench.providers.calling.litellm_loader import Library

TIMEOUT_S = 60.0
BATCH = 256
"""Texts a request; OpenAI takes 2,048 of them, but only 300,000 tokens."""
COHERE_BATCH = 96
AT_ONCE = 4
"""Requests of one call that run side by side."""

OK = 200
NO_VECTORS = "the answer does not hold {} vectors of numbers, one for each text"

_UNREADABLE = (ErrorKind.INTERNAL, ErrorKind.SERVER_ERROR, ErrorKind.BROKEN_STREAM, ErrorKind.BAD_REQUEST)
"""What an answer looks like to LiteLLM that came whole and is none."""

AWS_COUNT = "x-amzn-bedrock-input-token-count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """One vector for each text, in the texts' order, all of one length."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage
    model: str | None = None
    """The model that really answered, when the provider says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    vectors: tuple[tuple[float, ...], ...]
    tokens: int | None
    model: str | None


class LiteLLMEmbeddings:
    """Turns texts into vectors."""

    def __init__(self, client: LiteLLMClient, clock: Clock | None = None) -> None:
        """`client` loads the library and keeps its connections."""
        self._client = client
        self._clock = clock or SystemClock()

    async def embed(
        self,
        provider: Provider,
        model: str,
        texts: Sequence[str],
        *,
        api_key: Secret | None,
        timeout_s: float = TIMEOUT_S,
    ) -> Embeddings:
        """The vectors of all `texts`, within `timeout_s` seconds. Raises AttemptFailure."""
        if not texts:
            return Embeddings(vectors=(), usage=Usage())
        library = await self._client.loaded()
        endpoint = await endpoint_of(provider, api_key, library)
        arguments = {**endpoint, **_arguments(provider, model, endpoint)}
        size = _batch_size(provider, model)
        places = asyncio.Semaphore(AT_ONCE)

        async def one(start: int) -> _Batch:
            async with places:
                return await self._batch(
                    library, arguments, texts[start : start + size], key=api_key, total_s=timeout_s
                )

        try:
            async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(start)) for start in range(0, len(texts), size)]
        except* AttemptFailure as failures:
            failure = _first(failures)
        except* TimeoutError:
            failure = AttemptFailure(ErrorKind.TIMEOUT, "no answer within the time limit")
        else:
            return _joined([task.result() for task in tasks], provider, model, library)
        raise failure

    async def _batch(
        self,
        library: Library,
        arguments: dict[str, object],
        texts: Sequence[str],
        *,
        key: Secret | None,
        total_s: float,
    ) -> _Batch:
        upstream = begin_call(timeout_of(total_s))
        try:
            answer = await library.module.aembedding(**arguments, input=list(texts))
        except Exception as problem:
            failure = failure_of(problem, upstream, key=key, now_ms=self._clock.now_ms())
            if upstream.status == OK and failure.kind in _UNREADABLE:
                failure = AttemptFailure(ErrorKind.EMPTY, NO_VECTORS.format(len(texts)))
        else:
            return _Batch(vectors=_vectors(answer, len(texts)), tokens=_tokens(answer, upstream), model=upstream.model)
        finally:
            end_call()
        raise failure


def _first(failures: BaseExceptionGroup[AttemptFailure]) -> AttemptFailure:
    found = failures.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def _arguments(provider: Provider, model: str, endpoint: Mapping[str, object]) -> dict[str, object]:
    match known_as(provider.kind):
        case "ollama":
            # LiteLLM's own way to Ollama's vectors takes neither a key nor our HTTP client; Ollama speaks OpenAI's too.
            base = f"{endpoint['api_base']}/v1"
            return {"model": f"openai/{model}", "api_base": base, "client": None, "encoding_format": "float"}
        case "bedrock":
            return {"model": f"bedrock/{plain_model(provider, model)}"}
        case _:
            return {"model": routed_model(provider, model), "encoding_format": "float", "drop_params": True}


def _batch_size(provider: Provider, model: str) -> int:
    if known_as(provider.kind) != "bedrock":
        return BATCH
    # Every other model there takes one text a request.
    return COHERE_BATCH if "cohere." in model else 1


def _vectors(answer: EmbeddingAnswer, expected: int) -> tuple[tuple[float, ...], ...]:
    found: dict[int, tuple[float, ...]] = {}
    for place, item in enumerate(answer.data or ()):
        fields = cast("Mapping[str, object]", item) if isinstance(item, Mapping) else vars(item)
        index = fields.get("index")
        found[index if isinstance(index, int) else place] = _vector(fields.get("embedding"))
    vectors = tuple(found[index] for index in sorted(found))
    if len(vectors) != expected or not all(vectors) or len({len(vector) for vector in vectors}) != 1:
        raise AttemptFailure(ErrorKind.EMPTY, NO_VECTORS.format(expected))
    return vectors


def _vector(value: object) -> tuple[float, ...]:
    """The numbers of a vector; nothing when one of them is none."""
    if not isinstance(value, list | tuple):
        return ()
    numbers: list[float] = []
    for number in cast("Sequence[object]", value):
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            return ()
        numbers.append(float(number))
    return tuple(numbers)


def _tokens(answer: EmbeddingAnswer, upstream: Upstream) -> int | None:
    """What the provider counted; LiteLLM estimates it for Cohere on Bedrock, which tells it in a header."""
    told = upstream.headers.get(AWS_COUNT, "")
    if told.isdecimal():
        return int(told)
    if b'"embeddings_floats"' in upstream.opening or b'"embeddings_by_type"' in upstream.opening:
        return None
    count = getattr(getattr(answer, "usage", None), "prompt_tokens", None)
    return count if isinstance(count, int) and count > 0 else None


def _joined(batches: Sequence[_Batch], provider: Provider, model: str, library: Library) -> Embeddings:
    vectors = tuple(vector for batch in batches for vector in batch.vectors)
    if len({len(vector) for vector in vectors}) != 1:
        raise AttemptFailure(ErrorKind.EMPTY, "the vectors have different lengths")
    counted = [batch.tokens for batch in batches if batch.tokens is not None]
    tokens = sum(counted) if len(counted) == len(batches) else None
    return Embeddings(
        vectors=vectors,
        usage=_priced(tokens, provider, (model, batches[0].model or model), library),
        model=batches[0].model,
    )


def _priced(tokens: int | None, provider: Provider, models: Sequence[str], library: Library) -> Usage:
    if tokens is None:
        return Usage()
    if is_local(provider):
        return Usage(input_tokens=tokens, cost_nano=0, price_source="local")
    found = (entry_of(library.module.model_cost, provider, model) for model in models)
    prices = (price_nano(entry, "input_cost_per_token") for _, entry in filter(None, found))
    price = next((price for price in prices if price is not None), None)
    if price is None:
        return Usage(input_tokens=tokens)
    return Usage(input_tokens=tokens, cost_nano=round(price * tokens), price_source="litellm")
