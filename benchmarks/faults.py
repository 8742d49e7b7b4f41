"""A mix of faults on 30 % of calls over three providers: how many answers are whole, and at what price.

Run in the project's folder: `python -m benchmarks.faults [requests]`. Aims: at least 99.9 % whole, the rest clear
errors, nothing cut or doubled, the same provider again for at most 20 % of requests.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.support.fault_mix import SHARE, Tally, run_mix
from workbench.providers.calling.litellm_client import LiteLLMClient


async def main(requests: int) -> int:
    """Measure and print; the exit code says whether the aims are met."""
    client = LiteLLMClient()
    await client.prepare()

    def tell(tally: Tally) -> None:
        if tally.requests % 5000 == 0:
            print(f"  {tally.requests} requests, {tally.whole} whole", flush=True)

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = await run_mix(Path(folder), client, requests=requests, tell=tell)
    await client.aclose()
    took_s = time.monotonic() - began
    print(f"{requests} requests, 16 at a time, {SHARE:.0%} of calls faulty, in {took_s:.1f} s")
    print(f"whole answers            {tally.whole:8}   {tally.share_whole:8.3%}   (aim: at least 99.9 %)")
    print(f"clear errors             {tally.requests - tally.whole:8}")
    for reason, count in tally.errors.most_common(5):
        print(f"  {count} x {reason[:200]}")
    print(f"cut, doubled or unclear  {len(tally.wrong):8}   (aim: none)")
    for each in tally.wrong[:5]:
        print(f"  {each[:200]}")
    print(f"same provider again      {tally.retries:8}   {tally.retries / tally.requests:8.3%}   (aim: at most 20 %)")
    print(f"calls a request, mean    {tally.hops:8.2f}              (aim: at most 3)")
    print(f"slowest                  {tally.slowest_ms:8} ms")
    print("attempts: " + ", ".join(f"{kind} {count}" for kind, count in tally.kinds.most_common()))
    met = tally.share_whole >= 0.999 and not tally.wrong and tally.retries <= 0.2 * tally.requests and tally.hops <= 3
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)))
