"""Three scripted providers over real HTTP on loopback: one is over its limit, one breaks off, one answers.

They speak OpenAI's wire format, so everything between them and the screen is the real thing. What they do depends
only on how often they were asked: the first prompt shows the whole story.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from workbench.config.values import Provider
from workbench.core.text import clean_line
from workbench.providers.scripted.texts import broken_text, limited_text, steady_text

if TYPE_CHECKING:
    from aiohttp import web

LIMITED, BROKEN, STEADY = "scripted-limited", "scripted-broken", "scripted-steady"
MODELS = {LIMITED: "limited-1", BROKEN: "broken-1", STEADY: "steady-1"}
RETRY_AFTER_S = 30
LIMITED_ANSWERS_EVERY = 4
"""The rate-limited one answers every fourth request; never the first."""

WORDS_PER_S = 45.0
"""About as fast as one can follow."""


class DemonstrationServer:
    """The small server behind the three; made for one home, stopped with it."""

    def __init__(self, *, words_per_s: float = WORDS_PER_S) -> None:
        """`words_per_s` 0 streams as fast as it can."""
        self._pause_s = 1.0 / words_per_s if words_per_s > 0 else 0.0
        self._runner: web.AppRunner | None = None
        self._asked: Counter[str] = Counter()
        self._told: list[str] = []

    async def start(self) -> tuple[Provider, ...]:
        """Listen on a free loopback port; the providers to configure, first choice first."""
        from aiohttp import web

        application = web.Application()
        answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
            LIMITED: self._limited,
            BROKEN: self._broken,
            STEADY: self._steady,
        }
        for name, answer in answers.items():
            application.router.add_post(f"/{name}/v1/chat/completions", answer)
            application.router.add_get(f"/{name}/v1/models", _lister(MODELS[name]))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = cast("int", self._runner.addresses[0][1])
        return tuple(
            Provider(
                name=name,
                kind="openai-compatible",
                models=(MODELS[name],),
                needs_key=False,
                base_url=f"http://127.0.0.1:{port}/{name}/v1",
                priority=priority,
                private=True,
                scripted=True,
            )
            for priority, name in enumerate(answers, start=1)
        )

    async def stop(self) -> None:
        """Close everything; twice is once."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _limited(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        self._asked[LIMITED] += 1
        if self._asked[LIMITED] % LIMITED_ANSWERS_EVERY == 0:
            self._told.clear()
            return await self._stream(request, limited_text())
        self._told.append(f"`{LIMITED}` said **429, too many requests**, and to come back in {RETRY_AFTER_S} seconds")
        message = f"scripted: rate limit reached, try again in {RETRY_AFTER_S} s"
        error = {"error": {"message": message, "type": "requests", "code": "rate_limit_exceeded"}}
        return web.json_response(error, status=429, headers={"Retry-After": str(RETRY_AFTER_S)})

    async def _broken(self, request: web.Request) -> web.StreamResponse:
        self._asked[BROKEN] += 1
        self._told.append(f"`{BROKEN}` began to answer and **broke off in mid-sentence**; its text was set aside")
        return await self._stream(request, broken_text(), breaks_off=True)

    async def _steady(self, request: web.Request) -> web.StreamResponse:
        self._asked[STEADY] += 1
        told, self._told = self._told, []
        return await self._stream(request, steady_text(self._asked[STEADY], told, await _last_prompt(request)))

    async def _stream(self, request: web.Request, text: str, *, breaks_off: bool = False) -> web.StreamResponse:
        from aiohttp import web

        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
        await response.prepare(request)
        words = text.split(" ")
        with suppress(ConnectionResetError):
            async for event in self._events(words, whole=not breaks_off):
                await response.write(b"data: " + event + b"\n\n")
            if not breaks_off:
                await response.write(b"data: [DONE]\n\n")
                await response.write_eof()
        if breaks_off and request.transport is not None:
            # Without the end of its chunked body, as when a server dies.
            request.transport.close()
        return response

    async def _events(self, words: Sequence[str], *, whole: bool) -> AsyncIterator[bytes]:
        for place, word in enumerate(words):
            yield _event({"content": word if place == 0 else f" {word}"})
            await asyncio.sleep(self._pause_s)
        if whole:
            yield _event({}, finish="stop")
            count = len(words)
            usage = {"prompt_tokens": 0, "completion_tokens": count, "total_tokens": count}
            yield json.dumps({**_FRAME, "choices": [], "usage": usage}).encode()


_FRAME: dict[str, object] = {"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    return json.dumps({**_FRAME, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}).encode()


def _lister(model: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def listing(request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        del request
        return web.json_response({"object": "list", "data": [{"id": model, "object": "model"}]})

    return listing


async def _last_prompt(request: web.Request) -> str:
    """The user's last message, in one harmless line; empty when it cannot be found."""
    with suppress(ValueError, KeyError, TypeError, IndexError, AttributeError):
        text = (await request.json())["messages"][-1]["content"]
        if isinstance(text, str):
            return clean_line(text.strip(), 60).replace("`", "'")
    return ""
