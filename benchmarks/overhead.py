"""What our attempt loop and client add to a request over `litellm.acompletion` alone, against the same double.

Both ways are asked in turn, in one process and one loop, so that whatever else the machine does hits both alike.
Run in the project's folder: `python -m benchmarks.overhead [requests]`. Aim: at most 2 ms at the median.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from contextlib import aclosing
from dataclasses import dataclass
from random import Random

import httpx

from tests.support.doubles import FaultyProvider, ok
from workbench.config.values import Provider
from workbench.core.bus import EventBus
from workbench.core.clock import SystemClock
from workbench.core.secret import Secret
from workbench.providers.answering.attempt_log import NoAttemptLog
from workbench.providers.answering.failover import Failover
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.calling.litellm_loader import Library, load_litellm
from workbench.providers.values import AnswerRequest, PromptMessage, TextPart

AIM_MS = 2.0
CHUNKS = 20
WARM_UP = 30
SETTLE_S = 0.02


@dataclass(frozen=True)
class Taken:
    """What one answer took."""

    wall_ms: float
    cpu_ms: float


class Stopwatch:
    """Wall and CPU time of this process; CPU is what to believe on a busy machine."""

    def __init__(self) -> None:
        """Starts at once."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    async def stop(self) -> Taken:
        """Time since the start; CPU together with what LiteLLM does afterwards, in the background, for its logging."""
        wall = time.perf_counter() - self._wall
        await asyncio.sleep(SETTLE_S)
        return Taken(wall * 1000, (time.process_time() - self._cpu) * 1000)


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
        async for _ in stream:
            pass
    return await watch.stop()


async def ours(failover: Failover, provider: Provider) -> tuple[Taken, int]:
    """One answer through the attempt loop, and the characters that came."""
    request = AnswerRequest(
        turn_id="turn",
        conversation_id=None,
        message_id=None,
        messages=(PromptMessage(role="user", text="hi"),),
        providers=(provider,),
    )
    characters = 0
    watch = Stopwatch()
    async with aclosing(failover.answer(request)) as parts:
        async for part in parts:
            if isinstance(part, TextPart):
                characters += len(part.text)
    return await watch.stop(), characters


async def main(requests: int) -> None:
    """Measure and print."""
    library = await asyncio.to_thread(load_litellm)
    client, clock = LiteLLMClient(), SystemClock()
    bus = EventBus(clock)
    subscription = bus.subscribe()
    failover = Failover(client, NoAttemptLog(), bus, clock, Random(0))
    text = [f"word{place} " for place in range(CHUNKS)]
    async with FaultyProvider(ok(text)) as double:
        key = (Secret("benchmark-key"),)
        provider = Provider(name="p", kind="openai", base_url=double.base_url, models=("m",), api_keys=key)
        alone: list[Taken] = []
        added: list[Taken] = []
        for turn in range(WARM_UP + requests):
            # Whoever goes second finds warmer caches: take turns.
            if turn % 2:
                one = await bare(library, double.base_url)
                other, characters = await ours(failover, provider)
            else:
                other, characters = await ours(failover, provider)
                one = await bare(library, double.base_url)
            assert characters == len("".join(text)), "an answer is not whole"
            subscription.drain()
            double.requests.clear()
            if turn >= WARM_UP:
                alone.append(one)
                added.append(Taken(other.wall_ms - one.wall_ms, other.cpu_ms - one.cpu_ms))
    await client.aclose()
    print(f"{requests} answers of {CHUNKS} chunks each way, one process, taken in turns; medians in ms:")
    print(f"{'':34}{'wall':>9}{'CPU':>9}")
    floor = Taken(statistics.median(t.wall_ms for t in alone), statistics.median(t.cpu_ms for t in alone))
    more = Taken(statistics.median(t.wall_ms for t in added), statistics.median(t.cpu_ms for t in added))
    print(f"{'litellm.acompletion alone':34}{floor.wall_ms:9.2f}{floor.cpu_ms:9.2f}")
    print(f"{'with attempt loop and client':34}{floor.wall_ms + more.wall_ms:9.2f}{floor.cpu_ms + more.cpu_ms:9.2f}")
    print(f"{'added':34}{more.wall_ms:9.2f}{more.cpu_ms:9.2f}   (aim: at most {AIM_MS} ms)")
    ratios = (1 + more.wall_ms / floor.wall_ms, 1 + more.cpu_ms / floor.cpu_ms)
    print(f"{'ratio':34}{ratios[0]:9.2f}{ratios[1]:9.2f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
