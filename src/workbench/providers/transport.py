"""The HTTP layer under LiteLLM: no proxies or redirects out of the environment's or a server's hand."""

from __future__ import annotations

import httpx

from workbench.providers.upstream import current_call


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
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Nothing: LiteLLM closes clients that share this transport while others still stream."""

    async def close_connections(self) -> None:
        """Close every pooled connection; a later request opens new ones."""
        await self._inner.aclose()
