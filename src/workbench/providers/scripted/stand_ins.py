"""Stand-ins for a chain of providers: same names, models, limits and order, but on loopback and failing on demand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from workbench.config.values import Configuration, Provider
from workbench.core.clock import Clock
from workbench.core.secret import Secret
from workbench.providers.scripted.server import (
    LOOPBACK,
    ScriptedServer,
    messages_of,
    pieces_of,
    refusal,
    stream_words,
)
from workbench.providers.scripted.texts import DRILL_ANSWER

if TYPE_CHECKING:
    from aiohttp import web

KIND = "openai-compatible"
RETRY_AFTER_S = 1
"""What a stand-in over its limit asks for; after that it answers again."""

SILENCE_S = 60.0
"""Longer than anybody waits here."""

PAUSE_S = 0.004
"""After each piece of an answer."""

_WORDS_A_PIECE = 5

MADE_UP = tuple(
    Provider(name=name, kind=KIND, models=(f"{name}-model",), api_keys=(Secret("made-up"),), priority=priority)
    for priority, name in enumerate(("first", "second", "third"), start=1)
)
"""The chain where none is configured."""


class Fault(StrEnum):
    """What a stand-in does instead of answering."""

    RATE_LIMIT = "rate-limit"
    """429 and Retry-After."""
    SERVER_ERROR = "server-error"
    """500."""
    OVERLOADED = "overloaded"
    """503."""
    HANG = "hang"
    """Takes the request and stays silent."""
    CUT = "cut"
    """Breaks off in mid-answer."""
    BAD_KEY = "bad-key"
    """401 for the first key."""
    DEAD_HOST = "dead-host"
    """Nobody listens."""


def chain_of(configuration: Configuration) -> tuple[Provider, ...]:
    """Whom to play: the configured providers if any can be asked, else made-up ones."""
    return configuration.providers if any(each.usable for each in configuration.providers) else MADE_UP


class StandIns:
    """Plays a chain; nothing of it listens before `start`."""

    def __init__(self, chain: Sequence[Provider], clock: Clock) -> None:
        """Names, models, weights, limits and references of keys are taken over; addresses and keys are not."""
        self._clock = clock
        self._chain = [_disguised(provider) for provider in chain]
        self._server = ScriptedServer()
        self._dead: socket.socket | None = None
        self._faults: dict[str, Fault] = {}
        self._limited_until_s: dict[str, float] = {}

    async def start(self) -> None:
        """Listen on loopback."""
        paths = {str(place): provider for place, provider in enumerate(self._chain)}
        addresses = await self._server.start(
            {path: partial(self._answer, provider) for path, provider in paths.items()},
            {path: provider.models[0] if provider.models else "" for path, provider in paths.items()},
        )
        self._chain = [replace(provider, base_url=addresses[path]) for path, provider in paths.items()]
        # A port that is taken, but on which nobody listens, refuses every connection.
        self._dead = socket.socket()
        self._dead.bind((LOOPBACK, 0))

    async def stop(self) -> None:
        """Close everything; twice is once."""
        if self._dead is not None:
            self._dead.close()
        await self._server.stop()

    def fail(self, faults: Mapping[str, Fault]) -> None:
        """From now on these fail, by name; all others are well."""
        self._faults = dict(faults)
        self._limited_until_s.clear()

    @property
    def providers(self) -> tuple[Provider, ...]:
        """What to configure while the present faults last."""
        return tuple(
            replace(each, base_url=self._dead_address()) if self._faults.get(each.name) is Fault.DEAD_HOST else each
            for each in self._chain
        )

    def _dead_address(self) -> str:
        if self._dead is None:
            raise RuntimeError("asked for an address before the start")
        return f"http://{LOOPBACK}:{self._dead.getsockname()[1]}/v1"

    async def _answer(self, provider: Provider, request: web.Request) -> web.StreamResponse:
        match self._faults.get(provider.name):
            case Fault.RATE_LIMIT if self._is_limited(provider.name):
                message = f"Rate limit reached, try again in {RETRY_AFTER_S} s"
                return refusal(
                    429, message, kind="requests", code="rate_limit_exceeded", retry_after_s=RETRY_AFTER_S
                )  # fmt: skip
            case Fault.SERVER_ERROR:
                return refusal(500, "The server had an error while processing your request", kind="server_error")
            case Fault.OVERLOADED:
                return refusal(503, "The server is overloaded", kind="server_error")
            case Fault.BAD_KEY if _uses_first_key(provider, request):
                return refusal(401, "Incorrect API key provided", kind="invalid_request_error", code="invalid_api_key")
            case Fault.HANG:
                await asyncio.sleep(SILENCE_S)
                return refusal(504, "The stand-in was silent for too long", kind="server_error")
            case Fault.CUT:
                pieces = _pieces(DRILL_ANSWER)
                return await stream_words(request, pieces[: len(pieces) // 2], pause_s=PAUSE_S, breaks_off=True)
            case _:
                pieces = _pieces(await _what_is_left(request))
                return await stream_words(request, pieces, pause_s=PAUSE_S)

    def _is_limited(self, name: str) -> bool:
        now_s = self._clock.monotonic()
        return now_s < self._limited_until_s.setdefault(name, now_s + RETRY_AFTER_S)


def _disguised(provider: Provider) -> Provider:
    """The provider without anything that leads to the real one."""
    return replace(
        provider,
        kind=KIND,
        base_url=None,
        api_keys=tuple(Secret(f"stand-in-key-{place + 1}") for place in range(len(provider.api_keys))),
        api_version=None,
        timeout_s=None,
        scripted=True,
    )


def _uses_first_key(provider: Provider, request: web.Request) -> bool:
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return not provider.api_keys or sent == provider.api_keys[0].reveal()


def _pieces(text: str) -> list[str]:
    words = pieces_of(text)
    return ["".join(words[at : at + _WORDS_A_PIECE]) for at in range(0, len(words), _WORDS_A_PIECE)]


async def _what_is_left(request: web.Request) -> str:
    """The whole answer, or its rest where an assistant's message has its beginning."""
    begun = next((text for role, text in await messages_of(request) if role == "assistant"), "")
    return DRILL_ANSWER.removeprefix(begun)
