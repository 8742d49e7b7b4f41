"""Three scripted providers over real HTTP on loopback: one is over its limit, one breaks off, one answers.

They speak OpenAI's wire format, so everything between them and the screen is the real thing. What they do depends
only on how often they were asked: the first prompt shows the whole story.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from workbench.config.values import Provider
from workbench.core.text import clean_line
from workbench.providers.scripted.server import ScriptedServer, messages_of, pieces_of, refusal, stream_words
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
        self._server = ScriptedServer()
        self._asked: Counter[str] = Counter()
        self._told: list[str] = []

    async def start(self) -> tuple[Provider, ...]:
        """Listen on a free loopback port; the providers to configure, first choice first."""
        answers = {LIMITED: self._limited, BROKEN: self._broken, STEADY: self._steady}
        addresses = await self._server.start(answers, MODELS)
        return tuple(
            Provider(
                name=name,
                kind="openai-compatible",
                models=(MODELS[name],),
                needs_key=False,
                base_url=addresses[name],
                priority=priority,
                private=True,
                scripted=True,
            )
            for priority, name in enumerate(answers, start=1)
        )

    async def stop(self) -> None:
        """Close everything; twice is once."""
        await self._server.stop()

    async def _limited(self, request: web.Request) -> web.StreamResponse:
        self._asked[LIMITED] += 1
        if self._asked[LIMITED] % LIMITED_ANSWERS_EVERY == 0:
            self._told.clear()
            return await self._stream(request, limited_text())
        self._told.append(f"`{LIMITED}` said **429, too many requests**, and to come back in {RETRY_AFTER_S} seconds")
        message = f"scripted: rate limit reached, try again in {RETRY_AFTER_S} s"
        return refusal(429, message, kind="requests", code="rate_limit_exceeded", retry_after_s=RETRY_AFTER_S)

    async def _broken(self, request: web.Request) -> web.StreamResponse:
        self._asked[BROKEN] += 1
        self._told.append(f"`{BROKEN}` began to answer and **broke off in mid-sentence**; its text was set aside")
        return await self._stream(request, broken_text(), breaks_off=True)

    async def _steady(self, request: web.Request) -> web.StreamResponse:
        self._asked[STEADY] += 1
        told, self._told = self._told, []
        return await self._stream(request, steady_text(self._asked[STEADY], told, await _last_prompt(request)))

    async def _stream(self, request: web.Request, text: str, *, breaks_off: bool = False) -> web.StreamResponse:
        return await stream_words(request, pieces_of(text), pause_s=self._pause_s, breaks_off=breaks_off)


async def _last_prompt(request: web.Request) -> str:
    """The user's last message, in one harmless line; empty when it cannot be found."""
    messages = await messages_of(request)
    return clean_line(messages[-1][1].strip(), 60).replace("`", "'") if messages else ""
