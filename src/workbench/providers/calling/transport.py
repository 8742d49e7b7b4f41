"""The HTTP layer under LiteLLM: no proxies or redirects out of the environment's or a server's hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx

from workbench.providers.calling.upstream import current_call

LONGEST_ERROR = 16 * 1024
"""Bytes of an error's body. LiteLLM spends four seconds of CPU, in one piece, on each megabyte of it."""

LONGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of an answer; a longer one ends there and counts as cut."""


class LimitedStream(httpx.AsyncByteStream):
    """At most the first `limit` bytes of a body."""

    def __init__(self, inner: httpx.AsyncByteStream, limit: int) -> None:
        """`inner` is closed with this one."""
        self._inner = inner
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, the last one cut to size."""
        left = self._limit
        if left <= 0:
            return
        async for piece in self._inner:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()


class OneCallTransport(httpx.AsyncBaseTransport):
    """Lets a call reach one origin, and each address of it once.

    LiteLLM's own HTTP handler follows redirects with the key and the prompt, and sends a request again when the
    connection is reset; an attempt of ours is one request to the place that the user configured.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """`inner` does the work."""
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, or raise httpx.ConnectError for what the call must not do."""
        upstream = current_call()
        if upstream is not None:
            origin = (request.url.scheme, request.url.host, request.url.port)
            address = (request.method, str(request.url))
            if upstream.origin not in (None, origin):
                raise httpx.ConnectError("a redirect to another host is not followed", request=request)
            if address in upstream.sent:
                raise httpx.ConnectError("a request is sent once", request=request)
            upstream.origin = origin
            upstream.sent.add(address)
        # Compression would let a small body grow without limit.
        request.headers["accept-encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if not isinstance(response.stream, httpx.AsyncByteStream):
            return response
        limit = LONGEST_ANSWER
        if response.status_code >= 300:
            limit = 0 if response.headers.get("content-encoding", "identity") != "identity" else LONGEST_ERROR
        response.stream = LimitedStream(response.stream, limit)
        return response

    async def aclose(self) -> None:
        """Nothing: LiteLLM closes clients that share this transport while others still stream."""

    async def close_connections(self) -> None:
        """Close every pooled connection; a later request opens new ones."""
        await self._inner.aclose()
