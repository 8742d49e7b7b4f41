"""Brings the core's events to the screens: soon after they come, all pending ones at once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Final

from workbench.tui.shell import Shell
from workbench.tui.state.chat import Part

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer

    from workbench.core.bus import EventBus, Subscription
    from workbench.core.events import Event

CALM_INTERVAL_S: Final = 0.1
"""Seconds from one paint of what came to the next."""
BUSY_INTERVAL_S: Final = 0.042
"""The same while a reply streams: with the paint itself no token is 60 ms behind."""
BEAT_S: Final = 0.25
"""Seconds after which what tells the time is drawn, though nothing came."""
_AT_ONCE_S: Final = 0.002
KEPT_EVENTS = 5_000
"""Events kept for the events pane before it is first opened."""

Listener = Callable[[frozenset[Part]], Awaitable[None]]
EventSink = Callable[["Sequence[Event]"], None]


class Pump:
    """Drains one subscription, folds it into the shell's state and tells what changed."""

    def __init__(self, shell: Shell, listener: Listener) -> None:
        """Hears nothing before `listen_to`."""
        self._shell = shell
        self._listener = listener
        self._subscription: Subscription | None = None
        self._kept: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._sink: EventSink | None = None

    def listen_to(self, bus: EventBus, wake: Callable[[], None] | None = None) -> None:
        """Subscribe; before the engine starts, so that nothing is missed. `wake` is called on any thread."""
        self._subscription = bus.subscribe(wake=wake)

    @property
    def dropped(self) -> int:
        """Events lost because the screens were slow."""
        return self._subscription.dropped if self._subscription is not None else 0

    @property
    def busy(self) -> bool:
        """Whether a reply streams."""
        return bool(self._shell.state.running_turns())

    def send_events_to(self, sink: EventSink) -> None:
        """Give every event, also those so far, to the events pane."""
        self._sink = sink
        if self._kept:
            sink(list(self._kept))
            self._kept.clear()

    async def flush(self) -> None:
        """Fold what is pending and tell the screens."""
        events = self._subscription.drain() if self._subscription is not None else []
        if not events:
            return
        from workbench.tui.state.folding import changes, fold_all

        before = self._shell.state
        self._shell.state = fold_all(before, events)
        if self._sink is not None:
            self._sink(events)
        else:
            self._kept.extend(event for event in events if event.stored)
        parts = changes(before, self._shell.state)
        if parts:
            await self._listener(parts)

    def close(self) -> None:
        """Stop listening."""
        if self._subscription is not None:
            self._subscription.close()


class Rhythm:
    """When the pump runs: at once for what comes after a while of quiet, else at its intervals."""

    def __init__(self, host: App[int], run: Callable[[], Awaitable[None]], busy: Callable[[], bool]) -> None:
        """`busy` tells which interval holds."""
        self._host = host
        self._act = run
        self._busy = busy
        self._on: tuple[asyncio.AbstractEventLoop, Context] | None = None
        self._soon: Timer | None = None
        self._ran_at = self._due_at = 0.0
        self._running = self._wanted = False

    def begin(self) -> None:
        """Run from now on; called on the loop."""
        # A timer needs to know the application, of which other threads have not heard.
        self._on = (asyncio.get_running_loop(), copy_context())
        self._host.set_interval(BEAT_S, self._beat)

    def wake(self) -> None:
        """Something came; may be called on any thread."""
        if self._on is not None:
            loop, context = self._on
            loop.call_soon_threadsafe(self._want, context=context)

    def _want(self) -> None:
        if self._running:
            self._wanted = True
        elif self._soon is None:
            now = time.monotonic()
            interval = BUSY_INTERVAL_S if self._busy() else CALM_INTERVAL_S
            self._due_at = max(self._ran_at + interval, now + _AT_ONCE_S)
            self._soon = self._host.set_timer(self._due_at - now, self._run_soon)

    async def _run_soon(self) -> None:
        self._soon = None
        self._ran_at = time.monotonic()
        await self._run()

    async def _beat(self) -> None:
        # It makes up for a single timer that comes too late for Textual, which leaves it out.
        if self._soon is None or time.monotonic() > self._due_at + _AT_ONCE_S:
            await self._run()

    async def _run(self) -> None:
        if self._running:
            return
        if self._soon is not None:
            self._soon.stop()
            self._soon = None
        self._running, self._wanted = True, False
        try:
            await self._act()
        finally:
            self._running = False
        if self._wanted:
            self._want()
