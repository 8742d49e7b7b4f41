"""A loopback provider in the OpenAI wire format that fails on demand, byte by byte.

`async with FaultyProvider(rate_limited(), ok("Hello")) as provider:` answers its first request with 429 and every
later one with "Hello". `with running_provider(ok()) as provider:` does the same on a thread, for tests without a loop.
Point a client at `provider.base_url`; look at `provider.calls` afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Self

from tests.support.exchange import Behaviour, Exchange, Received, chunk, error_body
from tests.support.faults import (
    HELLO,
    HOSTILE_TEXT,
    content_policy,
    context_window,
    cut,
    empty_stop,
    endless,
    garbage,
    hostile_error,
    html,
    in_band_error,
    keep_alive_only,
    odd_shapes,
    ok,
    quota,
    rate_limited,
    redirect,
    reset,
    reset_at_once,
    server_error,
    seven_bytes,
    silence,
    stall,
    status,
    tool_call,
    unauthorized,
)

__all__ = [
    "HELLO",
    "HOSTILE_TEXT",
    "Behaviour",
    "Exchange",
    "FaultyProvider",
    "Received",
    "chunk",
    "closed_port",
    "content_policy",
    "context_window",
    "cut",
    "empty_stop",
    "endless",
    "error_body",
    "eventually",
    "garbage",
    "hostile_error",
    "html",
    "in_band_error",
    "keep_alive_only",
    "odd_shapes",
    "ok",
    "providers",
    "quota",
    "rate_limited",
    "redirect",
    "reset",
    "reset_at_once",
    "running_provider",
    "server_error",
    "seven_bytes",
    "silence",
    "stall",
    "status",
    "tool_call",
    "unauthorized",
]


class FaultyProvider:
    """The server: behaviours are used in order, the last one for every further request.

    `models` is what GET /v1/models (and Ollama's /api/tags) lists; `probe` answers GET requests instead when given.
    """

    def __init__(self, *script: Behaviour, models: Sequence[str] = ("double",), probe: Behaviour | None = None) -> None:
        """Nothing listens before it is entered."""
        self.script: list[Behaviour] = list(script) or [ok()]
        self.models = tuple(models)
        self.probe = probe
        self.requests: list[Received] = []
        """Everything received, in order."""
        self.port = 0
        self._asked = 0
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """What a client is configured with."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def calls(self) -> list[Received]:
        """The requests that asked for an answer (POST)."""
        return [request for request in self.requests if request.method == "POST"]

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._running)

    def behave(self, *script: Behaviour) -> None:
        """Begin a new script."""
        self._asked, self.script = 0, list(script)

    async def __aenter__(self) -> Self:
        """Listen on a free loopback port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop listening and cut every connection."""
        assert self._server is not None
        self._server.close()
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._exchange(reader, writer)
        finally:
            self._running.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _read_request(reader)
        self.requests.append(request)
        behaviour = self._choose(request)
        answering = asyncio.ensure_future(behaviour(Exchange(request=request, writer=writer)))
        watching = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
                request.answered_at = time.monotonic()
            else:
                request.closed_at = time.monotonic()
        except ConnectionError:
            request.closed_at = time.monotonic()
        finally:
            for part in (answering, watching):
                part.cancel()
            await asyncio.gather(answering, watching, return_exceptions=True)

    def _choose(self, request: Received) -> Behaviour:
        if request.method == "POST":
            self._asked += 1
            return self.script[min(self._asked, len(self.script)) - 1]
        return self.probe or self._list_models

    async def _list_models(self, exchange: Exchange) -> None:
        path = exchange.request.path.partition("?")[0]
        if path.endswith("/api/tags"):
            return await exchange.reply(200, {"models": [{"name": name, "model": name} for name in self.models]})
        if path.endswith("/models"):
            listed = [{"id": name, "object": "model"} for name in self.models]
            return await exchange.reply(200, {"object": "list", "data": listed})
        return await exchange.reply(404, error_body("no such page"))


async def _read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method=method, path=path, headers=headers, body=body, at=time.monotonic())


@contextlib.contextmanager
def running_provider(
    *script: Behaviour, models: Sequence[str] = ("double",), probe: Behaviour | None = None
) -> Iterator[FaultyProvider]:
    """The same server on a thread of its own, for callers without a loop."""
    provider = FaultyProvider(*script, models=models, probe=probe)
    started, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with provider:
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="faulty-provider", daemon=True)
    thread.start()
    try:
        assert started.wait(5), "the double did not start"
        yield provider
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


@contextlib.asynccontextmanager
async def providers(*scripts: Sequence[Behaviour] | Behaviour) -> AsyncIterator[list[FaultyProvider]]:
    """Several servers at once, one for each script."""
    async with contextlib.AsyncExitStack() as stack:
        made = [FaultyProvider(*(script if isinstance(script, Sequence) else [script])) for script in scripts]
        yield [await stack.enter_async_context(provider) for provider in made]


def closed_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def eventually(predicate: Callable[[], object], within_s: float = 5.0) -> None:
    """Wait until `predicate()` is true; AssertionError after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not predicate():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        await asyncio.sleep(0.005)
