"""Calls models through LiteLLM; its parts and exceptions leave this file only as ours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from workbench.core.clock import Clock, SystemClock
from workbench.providers.calling.answers import parts_of, tool_calls, usage_of
from workbench.providers.calling.classification import CAUSES
from workbench.providers.calling.content_parts import flat
from workbench.providers.calling.endpoint import endpoint_of
from workbench.providers.calling.kinds import kind_of, known_as
from workbench.providers.calling.library_errors import NOT_AN_EVENT, failure_of
from workbench.providers.calling.litellm_shapes import Chunk, ChunkStream
from workbench.providers.calling.requests import answer_arguments, timeout_of
from workbench.providers.calling.upstream import LONGEST_NAME, Upstream, begin_call, end_call
from workbench.providers.values import (
    AttemptFailure,
    ErrorKind,
    Finish,
    ModelCall,
    ModelPart,
    Usage,
)

if TYPE_CHECKING:
    from workbench.providers.calling.litellm_loader import Library


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
        await self.loaded()

    async def loaded(self) -> Library:
        """The library, loaded now when it is not yet. Raises ProvidersError when it cannot be."""
        if self._library is None:
            self._library = await _load()
        return self._library

    @property
    def library(self) -> Library | None:
        """The loaded library; None before `prepare()`."""
        return self._library

    async def stream(self, call: ModelCall) -> AsyncGenerator[ModelPart, None]:
        """Text and tool parts as they arrive, then one `Finish`. Raises AttemptFailure."""
        library = await self.loaded()
        endpoint = await endpoint_of(call.provider, call.api_key, library)
        upstream = begin_call(
            timeout_of(call.timeouts.total_s), flat if known_as(call.provider.kind) == "mistral" else None
        )
        response: ChunkStream | None = None
        failure: AttemptFailure | None = None
        try:
            response = await library.module.acompletion(**{**endpoint, **answer_arguments(call)})
            async with aclosing(response):
                async for chunk in response:
                    for part in parts_of(chunk):
                        yield part
        except Exception as problem:
            failure = failure_of(problem, upstream, key=call.api_key, now_ms=self._clock.now_ms())
            if response is not None and failure.kind is ErrorKind.INTERNAL:
                # The library stumbled over what it was sent.
                failure = AttemptFailure(ErrorKind.BROKEN_STREAM, NOT_AN_EVENT, cause=CAUSES[ErrorKind.BROKEN_STREAM])
        finally:
            end_call()
        if failure is not None and (response is None or response.received_finish_reason is None):
            # Outside of the except block, so that the failure's context does not hold the library's exception.
            raise failure
        if response is not None:
            # What breaks after the provider's own finish reason breaks nothing of the answer but the count; and what
            # was counted of a cut answer is not all of it.
            whole = failure is None and response.received_finish_reason is not None
            yield _finish(call, response, upstream, library if whole else None)

    async def aclose(self) -> None:
        """Close pooled connections; the client stays usable."""
        if self._library is not None:
            await self._library.transport.close_connections()


def _finish(call: ModelCall, response: ChunkStream, upstream: Upstream, library: Library | None) -> Finish:
    """The last part; without `library` the usage is unknown."""
    chunks = response.chunks
    names = (call.model, upstream.model) if upstream.model else (call.model,)
    reason = response.received_finish_reason
    return Finish(
        reason=reason if isinstance(reason, str) and reason else None,
        usage=Usage() if library is None else usage_of(chunks, call.provider, names, library.module),
        tool_calls=tool_calls(chunks),
        request_id=upstream.request_id or _body_id(call, chunks),
        model=upstream.model,
    )


def _body_id(call: ModelCall, chunks: Sequence[Chunk]) -> str | None:
    """The answer's own id, where LiteLLM passes it on; for the others it makes one up."""
    if kind_of(call.provider.kind).own_client:
        return None
    found = (getattr(chunk, "id", None) for chunk in chunks)
    return next((name[:LONGEST_NAME] for name in found if isinstance(name, str) and name), None)


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
