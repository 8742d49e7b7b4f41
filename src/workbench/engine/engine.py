"""The core's own thread and loop, and the two doors into it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from workbench.core.bus import EventBus
from workbench.core.clock import RUN_TIME
from workbench.core.errors import EngineError, WorkbenchError
from workbench.core.events import EngineStopping
from workbench.engine.options import EngineOptions

if TYPE_CHECKING:
    from workbench.engine.core import Core

T = TypeVar("T")
Work = Callable[["Core"], Awaitable[T]]

STOP_TIMEOUT_S = 2.0
"""How long an orderly end may take."""

logger = logging.getLogger(__name__)


class Engine:
    """Runs the core on a thread of its own, so that a stalled terminal never stops the work.

    Subscribe to `bus` before `start()` to miss nothing. Importing this module is light: what the core is
    made of is imported on its own thread.
    """

    def __init__(self, options: EngineOptions) -> None:
        """Nothing happens before `start()`."""
        self.options = options
        self.bus = EventBus(options.clock)
        self._loop = asyncio.new_event_loop()
        # Its timers are the time limits of requests.
        self._loop.time = RUN_TIME.seconds
        self._built: concurrent.futures.Future[Core] = concurrent.futures.Future()
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="workbench-core", daemon=True)
        self._started = False
        self._stopping = False

    def start(self) -> None:
        """Start the core's thread; returns at once. A failure to build it is raised by `call` and `run`."""
        self._started = True
        self._thread.start()

    async def call(self, work: Work[T]) -> T:
        """Run `work(core)` on the core's loop, from another loop; waits until the core is up."""
        return await asyncio.wrap_future(self._submit(work))

    def run(self, work: Work[T]) -> T:
        """Run `work(core)` on the core's loop and block; an interrupt cancels it there."""
        future = self._submit(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self, timeout_s: float = STOP_TIMEOUT_S, *, reason: str = "") -> bool:
        """End turns, write what is pending, close everything; whether that was done in time."""
        if not self._started:
            self._loop.close()
            return True
        if not self._stopping:
            self._stopping = True
            if self.options.announce:
                self.bus.publish(EngineStopping(reason=reason))
            if self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._signal_end)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _submit(self, work: Work[T]) -> concurrent.futures.Future[T]:
        if not self._started or self._stopping or not self._thread.is_alive():
            self._raise_not_running()
        return asyncio.run_coroutine_threadsafe(self._perform(work), self._loop)

    def _raise_not_running(self) -> None:
        if self._built.done() and (problem := self._built.exception()) is not None:
            raise problem
        raise EngineError("The core is not running", hint="Start workbench again")

    async def _perform(self, work: Work[T]) -> T:
        core = await asyncio.shield(asyncio.wrap_future(self._built))
        return await work(core)

    def _signal_end(self) -> None:
        if self._end is not None:
            self._end.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
        except Exception:
            logger.exception("the core ended unexpectedly")
        finally:
            # Whatever went wrong: who still waits for an answer must learn that none will come.
            self._loop.run_until_complete(_cancel_what_is_left())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            # Does not wait for the loop's worker threads, as `asyncio.Runner` would: one may be importing still.
            self._loop.close()

    async def _live(self) -> None:
        self._end = asyncio.Event()
        if self._stopping:
            self._end.set()
        async with AsyncExitStack() as teardown:
            building = asyncio.create_task(self._build(teardown), name="build-core")
            ending = asyncio.create_task(self._end.wait(), name="await-end")
            await asyncio.wait({building, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not building.done():
                building.cancel()
            try:
                core = await building
            except asyncio.CancelledError:
                self._built.set_exception(EngineError("The core was stopped before it was up"))
            except WorkbenchError as problem:
                self._built.set_exception(problem)
            except Exception as problem:
                logger.exception("the core could not be built")
                self._built.set_exception(
                    EngineError("The core could not start", detail=f"{type(problem).__name__}: {problem}")
                )
            else:
                self._built.set_result(core)
            await ending

    async def _build(self, teardown: AsyncExitStack) -> Core:
        # Imported here: aiosqlite, pydantic and the rest must not delay the first paint.
        from workbench.engine.assembly import build_core

        core = await build_core(self.options, self.bus, teardown)
        return await core.in_memory() if self.options.temporary else core


async def _cancel_what_is_left() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
