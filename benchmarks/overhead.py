"""What our attempt loop and client add to a request over `litellm.acompletion` alone, against the same double.

The ways are asked in turn, in one process and one loop, so that whatever else the machine does hits all alike. Ours
has all that the program has: routing, admission by breakers, limits and keys, the database they are kept in; once
without and once with a row stored for each attempt, which is written beside the turn: its CPU is counted, but an answer
as quick as these is told before its one write. With `--while-running` the row is written when the request begins as
well, as for answers that take longer. Run in the project's folder: `python -m benchmarks.overhead [requests]
[--while-running]`. Aim: at most 2 ms at the median, to the first token and to the end.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import httpx

from tests.support.doubles import FaultyProvider, ok
from tests.support.footprint import request_to
from tests.support.provider_room import at, provider_room
from workbench.providers.answering import write_behind
from workbench.providers.answering.failover import Failover
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.calling.litellm_loader import Library
from workbench.providers.values import Answered, AnswerRequest, TextPart

AIM_MS = 2.0
CHUNKS = 20
WARM_UP = 30
SETTLE_S = 0.02


@dataclass(frozen=True)
class Taken:
    """What one answer took."""

    first_ms: float
    """To the first text."""
    wall_ms: float
    cpu_ms: float
    characters: int = 0

    def __sub__(self, other: Taken) -> Taken:
        """What it took more."""
        return Taken(self.first_ms - other.first_ms, self.wall_ms - other.wall_ms, self.cpu_ms - other.cpu_ms)


class Stopwatch:
    """Wall and CPU time of this process; CPU is what to believe on a busy machine."""

    def __init__(self) -> None:
        """Starts at once."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        self._first: float | None = None
        self._whole: float | None = None
        self.characters = 0

    def heard(self, text: str) -> None:
        """A piece of the answer is there."""
        self._first = self._first or time.perf_counter()
        self.characters += len(text)

    def told_whole(self) -> None:
        """The answer is known to be whole."""
        self._whole = time.perf_counter()

    async def stop(self) -> Taken:
        """Time since the start; CPU together with what LiteLLM does afterwards, in the background, for its logging."""
        wall = (self._whole or time.perf_counter()) - self._wall
        await asyncio.sleep(SETTLE_S)
        first = (self._first or self._wall) - self._wall
        return Taken(first * 1000, wall * 1000, (time.process_time() - self._cpu) * 1000, self.characters)


async def bare(library: Library, base_url: str) -> Taken:
    """One answer through LiteLLM alone, with the arguments that the client uses."""
    watch = Stopwatch()
    stream = await library.module.acompletion(
        model="openai/m",
        api_base=base_url,
        api_key="benchmark-key",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        stream_options={"include_usage": True},
        max_retries=0,
        timeout=httpx.Timeout(60.0, connect=5.0),
        drop_params=True,
    )
    async with aclosing(stream):
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                watch.heard(chunk.choices[0].delta.content)
    return await watch.stop()


async def ours(failover: Failover, request: AnswerRequest) -> Taken:
    """One answer through the attempt loop."""
    watch = Stopwatch()
    async with aclosing(failover.answer(request)) as parts:
        async for part in parts:
            match part:
                case TextPart():
                    watch.heard(part.text)
                case Answered():
                    watch.told_whole()
                case _:
                    pass
    return await watch.stop()


def _line(name: str, taken: list[Taken]) -> str:
    columns = [[each.first_ms for each in taken], [each.wall_ms for each in taken], [each.cpu_ms for each in taken]]
    return f"{name:44}" + "".join(f"{median(column):13.2f}" for column in columns)


async def measure(
    requests: int, ways: Mapping[str, Callable[[int], Awaitable[Taken]]], text: str
) -> dict[str, list[Taken]]:
    """What each way took, time after time; whoever goes second finds warmer caches, so they change places."""
    names, taken = list(ways), {name: list[Taken]() for name in ways}
    for turn in range(WARM_UP + requests):
        for place in range(len(names)):
            name = names[(turn + place) % len(names)]
            one = await ways[name](turn)
            assert one.characters == len(text), "an answer is not whole"
            if turn >= WARM_UP:
                taken[name].append(one)
    return taken


async def main(requests: int) -> None:
    """Measure and print."""
    client = LiteLLMClient()
    library = await client.loaded()
    pieces = [f"word{place} " for place in range(CHUNKS)]
    with tempfile.TemporaryDirectory() as folder:
        async with FaultyProvider(ok(pieces)) as double:
            provider = at("p", double)
            async with provider_room(Path(folder), client, provider) as room:
                begun = await room.conversations.begin_turn(prompt="hi", conversation_id=None)

                async def alone(turn: int) -> Taken:
                    del turn
                    double.requests.clear()
                    return await bare(library, double.base_url)

                async def through_the_loop(turn: int) -> Taken:
                    room.events.drain()
                    return await ours(room.failover, request_to(provider, number=turn))

                async def with_rows(turn: int) -> Taken:
                    room.events.drain()
                    request = replace(request_to(provider), turn_id=f"stored-{turn}", message_id=begun.reply.id)
                    return await ours(room.failover, request)

                ways = {
                    "litellm.acompletion alone": alone,
                    "with client, loop, routing, admission": through_the_loop,
                    "the same, attempts stored": with_rows,
                }
                taken = await measure(requests, ways, "".join(pieces))
    await client.aclose()
    floor, *more = ways
    print(f"{requests} answers of {CHUNKS} chunks each way, one process, taken in turns; medians in ms:")
    print(f"{'':44}{'first token':>13}{'whole':>13}{'CPU':>13}")
    for name in ways:
        print(_line(name, taken[name]))
    for name in more:
        added = [one - other for one, other in zip(taken[name], taken[floor], strict=True)]
        print(_line(f"added {name}", added) + f"   (aim: {AIM_MS})")


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdecimal()]
    if "--while-running" in sys.argv:
        write_behind.WRITE_BEHIND_S = 0.0
    asyncio.run(main(numbers[0] if numbers else 300))
