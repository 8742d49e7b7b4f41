"""The HTTP layer under LiteLLM: no proxies or redirects out of the environment's or a server's hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx

from workbench.providers.calling.upstream import Upstream, current_call

LONGEST_ERROR = 16 * 1024
"""Bytes of an error's body. LiteLLM spends four seconds of CPU, in one piece, on each megabyte of it."""

LONGEST_LINE = 1024 * 1024
"""Bytes of a line that is waited for."""

LONGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of an answer; a longer one ends there and counts as cut."""


class LimitedStream(httpx.AsyncByteStream):
    """At most the first `limit` bytes of a body."""

    def __init__(self, inner: httpx.AsyncByteStream, limit: int, upstream: Upstream | None = None) -> None:
        """`inner` is closed with this one; `upstream` is told what comes."""
        self._inner = inner
        self._limit = limit
        self._upstream = upstream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, the last one cut to size."""
        left = self._limit
        if left <= 0:
            return
        async for piece in self._inner:
            if self._upstream is not None:
                self._upstream.received(piece[:left])
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()


class RewrittenStream(httpx.AsyncByteStream):
    """A body of lines, each of them changed as it passes."""

    def __init__(self, inner: httpx.AsyncByteStream, rewrite: Callable[[bytes], bytes]) -> None:
        """`inner` is closed with this one."""
        self._inner = inner
        self._rewrite = rewrite

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The lines; what has no end yet waits for it."""
        begun = b""
        async for piece in self._inner:
            *lines, begun = (begun + piece).split(b"\n")
            if lines:
                yield b"".join(self._rewrite(line + b"\n") for line in lines)
            elif len(begun) > LONGEST_LINE:
                # No event is that long: whatever it is, it passes as it is.
                yield begun
                begun = b""
        if begun:
            yield self._rewrite(begun)

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
            if upstream.timeout is not None:
                request.extensions["timeout"] = dict(upstream.timeout)
        # Compression would let a small body grow without limit.
        request.headers["accept-encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if upstream is not None:
            upstream.answered(response.status_code, response.headers)
        if not isinstance(response.stream, httpx.AsyncByteStream):
            return response
        limit = LONGEST_ANSWER
        if response.status_code >= 300:
            limit = 0 if response.headers.get("content-encoding", "identity") != "identity" else LONGEST_ERROR
        response.stream = LimitedStream(response.stream, limit, upstream)
        if upstream is not None and upstream.rewrite is not None and response.status_code < 300:
            response.stream = RewrittenStream(response.stream, upstream.rewrite)
        return response

    async def aclose(self) -> None:
        """Nothing: LiteLLM closes clients that share this transport while others still stream."""

    async def close_connections(self) -> None:
        """Close every pooled connection; a later request opens new ones."""
        await self._inner.aclose()
