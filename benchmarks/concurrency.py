"""A thousand requests, 64 at a time: memory, threads, file descriptors and tasks before and after, and how fast.

Run in the project's folder: `python -m benchmarks.concurrency [requests]`. Aim: nothing grows.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.support.doubles import FaultyProvider, eventually, ok
from tests.support.footprint import POOLS, Footprint, ask_many, footprint
from tests.support.provider_room import at, provider_room
from workbench.providers.calling.litellm_client import LiteLLMClient

CONCURRENCY = 64
WARM_UP = 300
GROWTH_MB = 16.0
"""Of resident memory that the allocator may keep without being a leak."""


def _line(name: str, shown: Footprint) -> str:
    numbers = f"{shown.resident_mb:10.1f}{shown.objects:10}{shown.threads:9}{shown.descriptors:13}{shown.tasks:7}"
    return f"{name:24}{numbers}"


async def main(requests: int) -> int:
    """Measure and print; the exit code says whether the aim is met."""
    client = LiteLLMClient()
    await client.prepare()
    with tempfile.TemporaryDirectory() as folder:
        async with FaultyProvider(ok()) as first, FaultyProvider(ok()) as second:
            providers = (at("a", first), at("b", second, 2))
            async with provider_room(Path(folder), client, *providers) as room:

                def let_go() -> None:
                    room.events.drain()
                    first.requests.clear()
                    second.requests.clear()

                async def many(count: int) -> Footprint:
                    whole = await ask_many(
                        room.failover, providers, requests=count, concurrency=CONCURRENCY, after=let_go
                    )
                    assert whole == count, "an answer is not whole"
                    await eventually(lambda: not first.connections and not second.connections)
                    let_go()
                    await asyncio.sleep(0.5)
                    return footprint()

                before = await many(WARM_UP)
                began, cpu = time.monotonic(), time.process_time()
                after = await many(requests)
                took_s, cpu_s = time.monotonic() - began - 0.5, time.process_time() - cpu
    await client.aclose()
    print(f"{requests} requests, {CONCURRENCY} at a time: {requests / took_s:.0f} a second, ", end="")
    print(f"{cpu_s * 1000 / requests:.1f} ms of CPU each, doubles included")
    print(f"{'':24}{'memory MB':>10}{'objects':>10}{'threads':>9}{'descriptors':>13}{'tasks':>7}")
    print(_line(f"after {WARM_UP} to warm up", before))
    print(_line(f"after {WARM_UP + requests}", after))
    flat = (
        after.threads <= before.threads + POOLS
        and after.tasks <= before.tasks
        and after.descriptors <= before.descriptors + 2
        and after.objects - before.objects < requests
        and after.resident_mb - before.resident_mb < GROWTH_MB
    )
    print("flat" if flat else "NOT flat")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
