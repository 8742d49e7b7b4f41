"""The small HTTP server behind every scripted provider: loopback only, OpenAI's wire format."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from aiohttp import web

    Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
    """What a scripted provider does with a chat request."""

LOOPBACK = "127.0.0.1"
SHUTDOWN_S = 0.2
"""How long answers that are being written may take when the server is stopped."""


class ScriptedServer:
    """Several scripted providers on one free port, told apart by their path."""

    def __init__(self) -> None:
        """Nothing listens before `start`."""
        self._runner: web.AppRunner | None = None

    async def start(self, answers: Mapping[str, Answer], models: Mapping[str, str]) -> dict[str, str]:
        """Listen; the base URL of each of `answers`. Names must be fit for a path, `models` says what each lists."""
        from aiohttp import web

        application = web.Application()
        for name, answer in answers.items():
            application.router.add_post(f"/{name}/v1/chat/completions", answer)
            application.router.add_get(f"/{name}/v1/models", _lister(models[name]))
        # A handler whose client is gone is cancelled: a hanging one must not hang on.
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=SHUTDOWN_S, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0)
        await site.start()
        port = cast("int", self._runner.addresses[0][1])
        return {name: f"http://{LOOPBACK}:{port}/{name}/v1" for name in answers}

    async def stop(self) -> None:
        """Close everything; twice is once."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()


async def stream_words(
    request: web.Request, words: Sequence[str], *, pause_s: float, breaks_off: bool = False
) -> web.StreamResponse:
    """Stream these pieces of text, `pause_s` after each; one that breaks off dies without an end."""
    from aiohttp import web

    response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
    await response.prepare(request)
    with suppress(ConnectionResetError):
        async for event in _events(words, pause_s, whole=not breaks_off):
            await response.write(b"data: " + event + b"\n\n")
        if not breaks_off:
            await response.write(b"data: [DONE]\n\n")
            await response.write_eof()
    if breaks_off and request.transport is not None:
        # Without the end of its chunked body, as when a server dies.
        request.transport.close()
    return response


def refusal(
    status: int, message: str, *, kind: str, code: str | None = None, retry_after_s: int | None = None
) -> web.Response:
    """An error as OpenAI words it."""
    from aiohttp import web

    headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else None
    error = {"error": {"message": message, "type": kind, "code": code}}
    return web.json_response(error, status=status, headers=headers)


async def messages_of(request: web.Request) -> list[tuple[str, str]]:
    """Role and text of every message of a chat request; empty when it is none. What is no text counts as empty."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        messages = (await request.json())["messages"]
        pairs = [(str(message["role"]), message["content"]) for message in messages]
        return [(role, text if isinstance(text, str) else "") for role, text in pairs]
    return []


def pieces_of(text: str) -> list[str]:
    """A text in words that joined give it again."""
    words = text.split(" ")
    return [word if place == 0 else f" {word}" for place, word in enumerate(words)]


_FRAME: dict[str, object] = {"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}


async def _events(words: Sequence[str], pause_s: float, *, whole: bool) -> AsyncIterator[bytes]:
    for word in words:
        yield _event({"content": word})
        await asyncio.sleep(pause_s)
    if whole:
        yield _event({}, finish="stop")
        count = len(words)
        usage = {"prompt_tokens": 0, "completion_tokens": count, "total_tokens": count}
        yield json.dumps({**_FRAME, "choices": [], "usage": usage}).encode()


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    return json.dumps({**_FRAME, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode()


def _lister(model: str) -> Answer:
    async def listing(request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        del request
        return web.json_response({"object": "list", "data": [{"id": model, "object": "model"}]})

    return listing
