"""Calls models through LiteLLM; its parts and exceptions leave this file only as ours."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from workbench.core.clock import Clock, SystemClock
from workbench.core.redaction import REDACTOR
from workbench.core.secret import Secret
from workbench.providers.calling.classification import classify
from workbench.providers.calling.kinds import base_url_of, kind_of, routed_model
from workbench.providers.calling.library_errors import reason_of, signals_of
from workbench.providers.calling.litellm_shapes import Chunk, ChunkStream, Delta
from workbench.providers.calling.upstream import begin_call, end_call
from workbench.providers.values import AttemptFailure, Finish, ModelCall, ModelPart, TextPart, ToolCall, Usage

if TYPE_CHECKING:
    from workbench.providers.calling.litellm_loader import Library

CONNECT_TIMEOUT_S = 5.0
NANO_PER_DOLLAR = 1_000_000_000


class LiteLLMClient:
    """The `ChatModel` on LiteLLM: one upstream request per call, everything about it explicit.

    Proxy, `*_BASE_URL` and `*_API_BASE` variables have no influence: address and key are always passed, and the
    HTTP layer reads no environment but SSL_CERT_FILE and SSL_CERT_DIR.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        """Nothing is loaded before `prepare()` or the first call."""
        self._clock = clock or SystemClock()
        self._library: Library | None = None

    async def prepare(self) -> None:
        """Load the library in a thread; at once when that is done. Raises ProvidersError when it cannot be."""
        await self._loaded()

    async def _loaded(self) -> Library:
        if self._library is None:
            self._library = await _load()
        return self._library

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelPart, None]:
        """Text parts as they arrive, then one `Finish`. Raises AttemptFailure."""
        library = await self._loaded()
        if call.api_key is not None:
            REDACTOR.register(call.api_key)
        begin_call()
        response: ChunkStream | None = None
        failure: AttemptFailure | None = None
        try:
            response = await library.module.acompletion(**_arguments(call, library))
            async with aclosing(response):
                async for chunk in response:
                    for part in _text_parts(chunk):
                        yield part
        except Exception as problem:
            failure = self._failure(problem, call.api_key)
        finally:
            end_call()
        reason = response.received_finish_reason if response is not None else None
        if failure is not None and reason is None:
            # Outside of the except block, so that the failure's context does not hold the library's exception.
            raise failure
        chunks = response.chunks if response is not None else ()
        # What breaks after the provider's own finish reason breaks nothing of the answer but the count.
        usage = Usage() if failure is not None else _usage(chunks, call, library)
        yield Finish(reason=reason, usage=usage, tool_calls=_tool_calls(chunks))

    async def aclose(self) -> None:
        """Close pooled connections; the client stays usable."""
        if self._library is not None:
            await self._library.transport.close_connections()

    def _failure(self, problem: Exception, key: Secret | None) -> AttemptFailure:
        signals = signals_of(problem)
        classified = classify(signals, now_ms=self._clock.now_ms())
        return AttemptFailure(
            classified.kind,
            reason_of(signals, key=key),
            cause=classified.cause,
            http_status=signals.status,
            retry_after_s=classified.retry_after_s,
        )


async def _load() -> Library:
    """Load on a thread that nobody has to wait for: leaving the program in the middle of it takes no time."""
    loop = asyncio.get_running_loop()
    loaded: asyncio.Future[Library] = loop.create_future()

    def settle(library: Library | None, problem: BaseException | None) -> None:
        if loaded.done():
            return
        if library is not None:
            loaded.set_result(library)
        else:
            loaded.set_exception(problem or RuntimeError("nothing was loaded"))

    def work() -> None:
        library, problem = None, None
        try:
            # The HTTP libraries alone are a quarter of a second of imports.
            from workbench.providers.calling.litellm_loader import load_litellm

            library = load_litellm()
        except BaseException as found:
            problem = found
        # The loop may have gone meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, library, problem)

    threading.Thread(target=work, name="workbench-load", daemon=True).start()
    return await loaded


def _arguments(call: ModelCall, library: Library) -> dict[str, object]:
    import httpx

    kind = kind_of(call.provider.kind)
    total = call.timeouts.total_s
    arguments: dict[str, object] = {
        "model": routed_model(call.provider, call.model),
        "api_base": base_url_of(call.provider),
        "api_key": call.api_key.reveal() if call.api_key is not None else kind.without_key,
        "messages": [{"role": message.role, "content": message.text} for message in call.messages],
        "stream": True,
        "max_retries": 0,
        # The attempt loop keeps the time; this is the net under it.
        "timeout": httpx.Timeout(total, connect=min(CONNECT_TIMEOUT_S, total)),
        "drop_params": True,
    }
    if kind.usage_option:
        arguments["stream_options"] = {"include_usage": True}
    if call.max_tokens is not None:
        arguments["max_tokens"] = call.max_tokens
    if call.temperature is not None:
        arguments["temperature"] = call.temperature
    if kind.own_client:
        arguments["client"] = library.own_handler
    return arguments


def _delta(chunk: Chunk) -> Delta | None:
    return chunk.choices[0].delta if chunk.choices else None


def _text_parts(chunk: Chunk) -> list[TextPart]:
    delta = _delta(chunk)
    parts: list[TextPart] = []
    for name, reasoning in (("reasoning_content", True), ("content", False)):
        text = getattr(delta, name, None)
        if isinstance(text, str) and text:
            parts.append(TextPart(text=text, reasoning=reasoning))
    return parts


def _tool_calls(chunks: Sequence[Chunk]) -> tuple[ToolCall, ...]:
    """The calls whose pieces came in these chunks, in their order."""
    pieces: dict[int, list[object]] = {}
    for chunk in chunks:
        for place, piece in enumerate(getattr(_delta(chunk), "tool_calls", None) or ()):
            index = getattr(piece, "index", None)
            pieces.setdefault(index if isinstance(index, int) else place, []).append(piece)
    return tuple(_tool_call(pieces[index]) for index in sorted(pieces))


def _tool_call(pieces: Sequence[object]) -> ToolCall:
    functions = [getattr(piece, "function", None) for piece in pieces]
    return ToolCall(
        id=next((str(i) for piece in pieces if (i := getattr(piece, "id", None))), ""),
        name="".join(getattr(function, "name", None) or "" for function in functions),
        arguments="".join(getattr(function, "arguments", None) or "" for function in functions),
    )


def _usage(chunks: Sequence[Chunk], call: ModelCall, library: Library) -> Usage:
    """What the provider counted. LiteLLM's own estimate, made up when the provider sent nothing, is not used."""
    sent = (getattr(chunk, "usage", None) for chunk in reversed(chunks))
    counted: object = next((usage for usage in sent if usage is not None), None)
    given, made = _count(counted, "prompt_tokens"), _count(counted, "completion_tokens")
    if given is None or made is None:
        return Usage(input_tokens=given, output_tokens=made)
    return Usage(input_tokens=given, output_tokens=made, cost_nano=_cost_nano(counted, call, library))


def _count(usage: object, name: str) -> int | None:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and value >= 0 else None


def _cost_nano(counted: object, call: ModelCall, library: Library) -> int | None:
    """By LiteLLM's price list; None when it has no price, never 0 for unknown."""
    priced_as = kind_of(call.provider.kind).priced_as
    if priced_as is None:
        return None
    try:
        parts = library.module.cost_per_token(
            model=call.model, custom_llm_provider=priced_as, usage_object=counted
        )  # fmt: skip
        dollars = math.fsum(parts)
    except Exception:
        # It raises for models it does not know, in several ways.
        return None
    return round(dollars * NANO_PER_DOLLAR) if math.isfinite(dollars) and dollars > 0 else None
