"""Leaving an answer closes its connection soon and leaves nothing behind, nor do many requests at once."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.doubles import Behaviour, FaultyProvider, endless, eventually, ok, server_error, silence
from tests.support.footprint import POOLS, ask_many, footprint, request_to
from tests.support.provider_room import QUICK, ProviderRoom, at, provider_room
from workbench.config.values import Provider
from workbench.conversations.values import MessageState
from workbench.core.events import TextDelta
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.values import TextPart

pytestmark = [
    # LiteLLM uses what Pydantic has deprecated; it is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # The first test of a process loads LiteLLM.
    pytest.mark.timeout(60),
]

SOON_S = 0.5
# Pools and buckets are as large as they get only after some hundreds.
REQUESTS, WARM_UP, CONCURRENCY = 400, 300, 64
WHEN: dict[str, Behaviour] = {"before its first token": silence(), "while it streams": endless()}

Leaves = Callable[[ProviderRoom, Provider, FaultyProvider, str], Awaitable[float]]
"""Asks, leaves when the moment has come, and gives the time of leaving."""


async def comes(room: ProviderRoom, double: FaultyProvider, when: str) -> None:
    """Wait for the moment to leave."""
    await eventually(lambda: double.calls)
    if when == "while it streams":
        await eventually(lambda: any(isinstance(event, TextDelta) for event in room.events.drain()))


async def stopping_the_chat(room: ProviderRoom, provider: Provider, double: FaultyProvider, when: str) -> float:
    del provider
    turn = await room.chat.send("hi")
    await comes(room, double, when)
    left = time.monotonic()
    assert await room.chat.stop(turn.conversation_id)
    stored = await room.conversations.message(turn.message_id)
    assert (stored.state, [each.state for each in stored.attempts]) == (MessageState.STOPPED, ["cancelled"])
    assert bool(stored.text) == (when == "while it streams")
    return left


async def cancelling_the_task(room: ProviderRoom, provider: Provider, double: FaultyProvider, when: str) -> float:
    heard = asyncio.Event()

    async def listen() -> None:
        async with aclosing(room.failover.answer(request_to(provider))) as parts:
            async for part in parts:
                if isinstance(part, TextPart):
                    heard.set()

    task = asyncio.create_task(listen())
    await eventually(lambda: double.calls)
    if when == "while it streams":
        await heard.wait()
    left = time.monotonic()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return left


async def closing_the_generator(room: ProviderRoom, provider: Provider, double: FaultyProvider, when: str) -> float:
    answer = room.failover.answer(request_to(provider))
    if when == "while it streams":
        async for part in answer:
            if isinstance(part, TextPart):
                break
        left = time.monotonic()
    else:
        # A generator that waits cannot be closed from outside; who waits with a limit of his own leaves like this.
        first = asyncio.create_task(anext(answer))
        await eventually(lambda: double.calls)
        left = time.monotonic()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    await answer.aclose()
    return left


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("leave", [stopping_the_chat, cancelling_the_task, closing_the_generator])
async def test_leaving_closes_the_connection_and_leaves_nothing(
    leave: Leaves, when: str, client: LiteLLMClient, tmp_path: Path
) -> None:
    async with FaultyProvider(ok(), WHEN[when]) as double:
        provider = at("a", double)
        async with provider_room(tmp_path, client, provider) as room:
            room.configuration = replace(
                room.configuration, settings=replace(QUICK, first_token_timeout=30.0, stall_timeout=30.0)
            )
            await room.ask("what is loaded and opened only once is there after this")
            room.events.drain()
            double.requests.clear()
            await eventually(lambda: not double.connections)
            before = footprint()
            left = await leave(room, provider, double, when)
            await eventually(lambda: double.calls[0].closed_at, within_s=2.0)
            assert (double.calls[0].closed_at or 0.0) - left < SOON_S
            await eventually(lambda: footprint().tasks <= before.tasks)
            await eventually(lambda: footprint().descriptors <= before.descriptors)
            assert footprint().threads <= before.threads + 1, "a worker of a pool, at most"
            assert room.admission.limits(provider)[-1].level == QUICK.max_concurrent_requests
            # An exception that nobody fetched, a connection nobody closed: warnings, which fail the test.
            gc.collect()


async def test_many_requests_at_once_leave_memory_threads_and_descriptors_flat(
    client: LiteLLMClient, tmp_path: Path
) -> None:
    async with FaultyProvider(ok()) as one, FaultyProvider(server_error(), ok()) as other:
        providers = (at("a", other), at("b", one, 2))
        async with provider_room(tmp_path, client, *providers) as room:

            def let_go() -> None:
                room.events.drain()
                one.requests.clear()
                other.requests.clear()

            async def many(requests: int) -> None:
                whole = await ask_many(
                    room.failover, providers, requests=requests, concurrency=CONCURRENCY, after=let_go
                )
                assert whole == requests
                await eventually(lambda: not one.connections and not other.connections)
                let_go()

            await many(WARM_UP)
            before = footprint()
            await many(REQUESTS)
            await eventually(lambda: len(asyncio.all_tasks()) <= before.tasks)
            after = footprint()
    assert after.tasks <= before.tasks
    assert after.threads <= before.threads + POOLS
    assert after.descriptors <= before.descriptors + 2
    # One object kept of each request would be a leak.
    assert after.objects - before.objects < REQUESTS, (before, after)
    assert after.resident_mb - before.resident_mb < 16, (before, after)
