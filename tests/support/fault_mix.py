"""Many requests over three providers that fail at random, and a count of what became of them."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.support.doubles import (
    Behaviour,
    Exchange,
    FaultyProvider,
    content_policy,
    context_window,
    empty_stop,
    garbage,
    hostile_error,
    html,
    in_band_error,
    keep_alive_only,
    ok,
    quota,
    rate_limited,
    reset_at_once,
    server_error,
    silence,
    status,
    unauthorized,
)
from tests.support.exchange import chunk, error_body
from tests.support.faults import LONG_WAIT_S
from tests.support.provider_room import ProviderRoom, at, key_of, provider_room
from workbench.chat.values import TurnResult
from workbench.config.values import OnBrokenStream, Settings
from workbench.conversations.values import MessageState
from workbench.core.clock import SystemClock
from workbench.providers.calling.litellm_client import LiteLLMClient

SHARE = 0.3
"""Of calls that fail."""

SPEED = 20
"""How many seconds of the program pass in one."""

NAMES = ("a", "b", "c")

BEFORE: tuple[Behaviour, ...] = (
    rate_limited("2"), rate_limited(None), server_error(500), server_error(502), server_error(503),
    server_error(529), reset_at_once(), html(), html(502), empty_stop(), garbage(), in_band_error(0),
    in_band_error(0, "slow down", 429), hostile_error(), status(422), context_window(), content_policy(),
)  # fmt: skip
"""Faults before the first token that take no time."""

HANGS: tuple[Behaviour, ...] = (silence(), keep_alive_only())


def answer_of(name: str, prompt: str) -> list[str]:
    """What a provider answers to a prompt: it names both, and ends in its own length and checksum."""
    body = f"{name} on {prompt}: " + "naïve words 😀 " * (zlib.crc32(prompt.encode()) % 5 + 1)
    pieces = [body[start : start + 11] for start in range(0, len(body), 11)]
    return [*pieces, f"#{len(body)}:{zlib.crc32(body.encode())}"]


def is_whole(text: str) -> bool:
    """Whether a text is one answer, neither cut nor doubled."""
    body, _, sums = text.rpartition("#")
    return sums == f"{len(body)}:{zlib.crc32(body.encode())}"


async def _cut(exchange: Exchange) -> None:
    await exchange.close_stream(done=False)


async def _done(exchange: Exchange) -> None:
    await exchange.close_stream(done=True)


async def _torn(exchange: Exchange) -> None:
    del exchange


async def _reset(exchange: Exchange) -> None:
    await asyncio.sleep(0.02)
    exchange.reset()


async def _error(exchange: Exchange) -> None:
    await exchange.event(error_body("upstream exploded", code=500))
    await exchange.close_stream()


async def _finish_error(exchange: Exchange) -> None:
    await exchange.event(chunk({}, "error"))
    await exchange.close_stream()


async def _garbage(exchange: Exchange) -> None:
    await exchange.stream(b"data: {this is not json\n\n")
    await exchange.close_stream()


async def _stall(exchange: Exchange) -> None:
    del exchange
    await asyncio.sleep(LONG_WAIT_S)


BREAKS: tuple[Behaviour, ...] = (_cut, _done, _torn, _reset, _error, _finish_error, _garbage)


def mixed(name: str, random: Random, *, hangs: float, pause_s: float = 0.005) -> Behaviour:
    """A provider that fails on `SHARE` of its calls; `hangs` is the share of these that are silence."""

    async def behave(exchange: Exchange) -> None:
        pieces = answer_of(name, exchange.request.json["messages"][-1]["content"])
        if exchange.request.key == key_of("b-2"):
            return await quota()(exchange)
        if exchange.request.key == key_of("c-2"):
            return await unauthorized()(exchange)
        if random.random() >= SHARE:
            return await ok(pieces, delay_s=pause_s)(exchange)
        hang, late = random.random() < hangs, random.random() < 0.5
        if not late:
            return await random.choice(HANGS if hang else BEFORE)(exchange)
        await exchange.open_stream()
        for piece in pieces[: random.randrange(1, len(pieces))]:
            await exchange.delta(piece)
        await (_stall if hang else random.choice(BREAKS))(exchange)
        return None

    return behave


class FastClock:
    """A day in little more than an hour: answers of the doubles take a twentieth of what real ones take, so rests of
    breakers and keys, and pauses before retries, must do so too.
    """

    def __init__(self) -> None:
        self._system = SystemClock()
        self._began_ms, self._began_s = self._system.now_ms(), self._system.monotonic()

    def now_ms(self) -> int:
        return self._began_ms + round(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return (self._system.monotonic() - self._began_s) * SPEED

    async def sleep(self, seconds: float) -> None:
        await self._system.sleep(seconds / SPEED)


@dataclass
class Tally:
    """What became of the requests."""

    requests: int = 0
    whole: int = 0
    errors: Counter[str] = field(default_factory=Counter[str])
    """Reasons of answers that are not whole."""
    wrong: list[str] = field(default_factory=list[str])
    """What must not be: cut or doubled text that counts as whole, an error without a reason, a lost prompt."""
    calls: int = 0
    retries: int = 0
    """Calls of a provider with the same key again, in one turn."""
    kinds: Counter[str] = field(default_factory=Counter[str])
    slowest_ms: int = 0

    @property
    def share_whole(self) -> float:
        """Of all requests."""
        return self.whole / self.requests

    @property
    def hops(self) -> float:
        """Calls a request."""
        return self.calls / self.requests

    async def add(self, room: ProviderRoom, prompt: str, result: TurnResult, took_ms: int) -> None:
        """Judge one turn by what is stored of it."""
        self.requests += 1
        self.slowest_ms = max(self.slowest_ms, took_ms)
        asked, reply = await room.conversations.path(result.turn.conversation_id)
        if asked.text != prompt:
            self.wrong.append(f"{prompt}: the prompt is {asked.text!r}")
        seen: set[tuple[str, str | None]] = set()
        for attempt in reply.attempts:
            self.kinds[attempt.error_kind or "ok"] += 1
            if attempt.state in ("ok", "failed"):
                self.calls += 1
                self.retries += (attempt.provider, attempt.key_ref) in seen
                seen.add((attempt.provider, attempt.key_ref))
        if reply.state is MessageState.DONE:
            self.whole += 1
            if not is_whole(reply.text) or reply.text != "".join(answer_of(reply.provider or "", prompt)):
                self.wrong.append(f"{prompt}: {reply.text!r} by {reply.provider}")
            return
        self.errors[reply.reason] += 1
        if reply.state not in (MessageState.FAILED, MessageState.STOPPED) or not reply.reason:
            self.wrong.append(f"{prompt}: {reply.state}, {reply.reason!r}")


async def run_mix(
    folder: Path,
    client: LiteLLMClient,
    *,
    requests: int,
    concurrency: int = 16,
    seed: int = 1,
    hangs: float = 0.1,
    tell: Callable[[Tally], None] | None = None,
) -> Tally:
    """Ask `requests` prompts, `concurrency` at a time."""
    tally, numbers = Tally(), iter(range(requests))
    settings = Settings(
        on_broken_stream=OnBrokenStream.RESTART,
        first_token_timeout=0.3,
        stall_timeout=0.3,
        request_timeout=10.0 * SPEED,
        max_concurrent_requests=concurrency,
    )
    async with AsyncExitStack() as stack:
        doubles = [
            await stack.enter_async_context(FaultyProvider(mixed(name, Random(seed * 10 + place), hangs=hangs)))
            for place, name in enumerate(NAMES)
        ]
        providers = [
            at(name, double, place, keys=2, retries=2)
            for place, (name, double) in enumerate(zip(NAMES, doubles, strict=True), 1)
        ]
        room = await stack.enter_async_context(
            provider_room(folder, client, *providers, settings=settings, clock=FastClock(), seed=seed)
        )

        async def ask() -> None:
            for number in numbers:
                prompt = f"question {number}"
                began = room.clock.monotonic()
                result = await room.ask(prompt)
                await tally.add(room, prompt, result, round((room.clock.monotonic() - began) * 1000 / SPEED))
                room.events.drain()
                if tell is not None:
                    tell(tally)

        await asyncio.gather(*(ask() for _ in range(concurrency)))
    return tally
