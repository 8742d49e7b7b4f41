"""Brings the bus's events into the stored log, in batches, and keeps them while nothing can be saved."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable

from workbench.core.bus import EventBus, Subscription
from workbench.core.errors import StorageError
from workbench.core.events import Event, StorageTrouble
from workbench.storage.event_log import BATCH, EventLog

FLUSH_S = 0.2
"""Events are gathered for at most this long before they are written."""

RETRY_S = 5.0
"""The pause after a failed write."""

KEPT_EVENTS = 20_000
"""What is kept in memory while nothing can be saved; older ones are given up, and counted."""

CLOSE_DEADLINE_S = 2.0
_SUBSCRIPTION_BOUND = 100_000


class EventRecorder:
    """One task that writes down every event marked `stored`."""

    def __init__(
        self,
        bus: EventBus,
        log: EventLog,
        *,
        retry_s: float = RETRY_S,
        kept: int = KEPT_EVENTS,
        passed_over: Callable[[Event], bool] = lambda _: False,
    ) -> None:
        """From `bus` to `log`; after a failure again every `retry_s` seconds, with `kept` events in memory.

        Events that are `passed_over` are not written down; it must not use the bus.
        """
        self._passed_over = passed_over
        self._bus = bus
        self._log = log
        self._retry_s = retry_s
        self._waiting: deque[Event] = deque()
        self._kept = kept
        self.lost = 0
        """Events given up because nothing could be saved for too long."""
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._ending = asyncio.Event()
        self._trouble = False
        self._written = 0

    def start(self) -> None:
        """Begin to record on the running loop."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            # The bus may be used after the loop's end; nobody records then.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._news.set)

        self._subscription = self._bus.subscribe(self._is_stored, bound=_SUBSCRIPTION_BOUND, wake=wake)
        self._task = asyncio.create_task(self._record(), name="workbench-event-recorder")

    async def close(self) -> None:
        """Write what is left, then stop; gives up when nothing gets written for two seconds. Twice is once."""
        if self._subscription is not None:
            self._subscription.close()
        task, self._task = self._task, None
        if task is None:
            return
        self._ending.set()
        self._news.set()
        written = -1
        while not task.done() and written != self._written:
            written = self._written
            await asyncio.wait({task}, timeout=CLOSE_DEADLINE_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.lost += len(self._waiting)

    async def _record(self) -> None:
        while not self._ending.is_set():
            await self._news.wait()
            await self._pause(FLUSH_S)
            self._news.clear()
            self._gather()
            while self._waiting and not await self._write() and not self._ending.is_set():
                await self._pause(self._retry_s)
                self._gather()
        self._gather()
        await self._write()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    def _gather(self) -> None:
        if self._subscription is not None:
            self._waiting.extend(self._subscription.drain())
        # Only while nothing can be saved: a burst is no reason to give anything up.
        while self._trouble and len(self._waiting) > self._kept:
            self._waiting.popleft()
            self.lost += 1

    async def _write(self) -> bool:
        """Write all that waits, batch by batch; whether it worked."""
        while self._waiting:
            batch = list(itertools.islice(self._waiting, BATCH))
            try:
                await self._log.append(batch)
            except StorageError as error:
                if not self._trouble:
                    self._trouble = True
                    self._bus.publish(StorageTrouble(problem=str(error)))
                return False
            self._written += len(batch)
            for _ in batch:
                self._waiting.popleft()
        if self._trouble:
            self._trouble = False
            self._bus.publish(StorageTrouble(problem=""))
        return True

    def _is_stored(self, event: Event) -> bool:
        return event.stored and not self._passed_over(event)
