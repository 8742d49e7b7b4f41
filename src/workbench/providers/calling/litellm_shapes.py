"""The part of LiteLLM that is used, as protocols: what it must offer for the client to work."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import httpx


class Delta(Protocol):
    """What a chunk adds: `content`, `reasoning_content`, `tool_calls`, each of them missing or None perhaps."""

    content: str | None
    model_extra: Mapping[str, object] | None
    """The fields that Pydantic keeps beside its own."""


class Choice(Protocol):
    """One of a chunk's alternatives; only the first is used."""

    delta: Delta


class Chunk(Protocol):
    """One event of a stream. Some carry `usage`."""

    choices: Sequence[Choice]


class ChunkStream(Protocol):
    """A running answer."""

    received_finish_reason: object
    """The provider's own; LiteLLM makes one up in the chunks of a cut stream."""
    chunks: Sequence[Chunk]
    """All that came so far, as the provider sent them."""

    def __aiter__(self) -> AsyncIterator[Chunk]:
        """The chunks as they come."""
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...


class EmbeddingAnswer(Protocol):
    """Vectors. Some answers carry `usage`."""

    data: Sequence[object]
    """One object or mapping for each text, with `index` and `embedding`."""


class LibraryModule(Protocol):
    """The module `litellm`."""

    suppress_debug_info: bool
    disable_hf_tokenizer_download: bool
    disable_aiohttp_trust_env: bool
    aiohttp_trust_env: bool
    DEFAULT_MAX_RETRIES: int
    aclient_session: httpx.AsyncClient | None
    model_cost: Mapping[str, Mapping[str, object]]
    """What it knows of each model, by name."""

    async def acompletion(self, **arguments: object) -> ChunkStream:
        """Begin a call."""
        ...

    async def aembedding(self, **arguments: object) -> EmbeddingAnswer:
        """Vectors for texts."""
        ...

    def token_counter(self, *, model: str, messages: Sequence[Mapping[str, object]]) -> int:
        """Tokens of a prompt."""
        ...

    def cost_per_token(self, *, model: str, custom_llm_provider: str, usage_object: object) -> tuple[float, float]:
        """Dollars for the prompt and for the completion; raises for an unknown model."""
        ...


class AwsSession(Protocol):
    """What boto3, which LiteLLM signs with, knows of the user's AWS settings."""

    region_name: str | None


class HandlerFactory(Protocol):
    """`AsyncHTTPHandler` of LiteLLM."""

    def __call__(self, *, transport: httpx.AsyncBaseTransport, follow_redirects: bool) -> object:
        """A handler on that transport."""
        ...
