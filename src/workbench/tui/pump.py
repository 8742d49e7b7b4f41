"""Brings the core's events to the screens: a few times a second, all pending ones at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from workbench.tui.shell import Shell
from workbench.tui.state.chat import Part

if TYPE_CHECKING:
    from workbench.core.bus import EventBus, Subscription
    from workbench.core.events import Event

CALM_INTERVAL_S = 0.1
BUSY_INTERVAL_S = 0.05
"""While a reply streams."""
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

    def listen_to(self, bus: EventBus) -> None:
        """Subscribe; before the engine starts, so that nothing is missed."""
        self._subscription = bus.subscribe()

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
