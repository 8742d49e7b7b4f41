"""What a process holds: memory, threads, file descriptors, tasks; and many requests at once to see whether it grows."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from workbench.config.values import Provider
from workbench.providers.answering.failover import Failover
from workbench.providers.values import Answered, AnswerRequest, PromptMessage, Timeouts

PAGE = 4096
POOLS = 8
"""Threads that the libraries' pools may grow by: they hold as many as were needed at once, not one a request."""
LIMITS = Timeouts(first_token_s=30.0, stall_s=30.0, total_s=60.0)


@dataclass(frozen=True)
class Footprint:
    """At one moment."""

    resident_mb: float
    objects: int
    """That the garbage collector looks after: what is not let go of shows here long before it shows in memory."""
    threads: int
    descriptors: int
    tasks: int


def footprint() -> Footprint:
    """Now, without garbage."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return Footprint(
        resident_mb=pages * PAGE / 1e6,
        objects=len(gc.get_objects()),
        threads=threading.active_count(),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        tasks=len(asyncio.all_tasks()),
    )


def request_to(*providers: Provider, number: int = 0) -> AnswerRequest:
    """One that nothing is stored of."""
    return AnswerRequest(
        turn_id=f"turn-{number}",
        conversation_id=None,
        message_id=None,
        messages=(PromptMessage(role="user", text=f"question {number}"),),
        providers=providers,
        timeouts=LIMITS,
    )


async def ask_many(
    failover: Failover, providers: tuple[Provider, ...], *, requests: int, concurrency: int, after: Callable[[], object]
) -> int:
    """How many of `requests` answers are whole; `after` is called after each, to let go of what is kept of it."""
    numbers, whole = iter(range(requests)), 0

    async def ask() -> None:
        nonlocal whole
        for number in numbers:
            async with aclosing(failover.answer(request_to(*providers, number=number))) as parts:
                async for part in parts:
                    whole += isinstance(part, Answered) and part.complete
            after()

    await asyncio.gather(*(ask() for _ in range(concurrency)))
    return whole
