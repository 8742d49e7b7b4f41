"""The event bus: publishing never blocks, and every subscriber has its own queue."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from workbench.core.clock import Clock, SystemClock
from workbench.core.events import Delivery, Event

E = TypeVar("E", bound=Event)

DEFAULT_BOUND = 10_000
"""BOUNDED events a subscription holds before it drops the oldest."""

Match = Callable[[Event], bool]


class Subscription:
    """One reader's queue. `drain()` from any thread; closed by `close()` or by leaving the `with`."""

    def __init__(self, bus: EventBus, match: Match | None, bound: int, wake: Callable[[], None] | None) -> None:
        """Made by `EventBus.subscribe`."""
        self._bus = bus
        self._match = match
        self._bound = bound
        self._wake = wake
        self._lock = threading.Lock()
        self._next_slot = 0
        self._pending: dict[int, Event] = {}
        self._merge_slots: dict[object, int] = {}
        self._bounded_slots: deque[int] = deque()
        self.dropped = 0
        """BOUNDED events lost because the reader was slow."""
        self.failures = 0
        """Times that the reader's own `match` or `wake` raised; the event was delivered all the same."""

    def offer(self, event: Event) -> bool:
        """Take an event, by its delivery class; whether the reader must be woken. Called by the bus."""
        if not self._wants(event):
            return False
        with self._lock:
            was_empty = not self._pending
            self._take(event)
        return was_empty

    def _wants(self, event: Event) -> bool:
        if self._match is None:
            return True
        self.failures += 1
        with contextlib.suppress(Exception):
            wanted = self._match(event)
            self.failures -= 1
            return wanted
        return True

    def _take(self, event: Event) -> None:
        slot = self._next_slot
        if event.delivery is Delivery.MERGED:
            key = event.merge_key()
            earlier_slot = self._merge_slots.get(key)
            if earlier_slot is not None:
                earlier = self._pending[earlier_slot]
                if not earlier.full():
                    self._pending[earlier_slot] = earlier.merge(event)
                    return
            self._merge_slots[key] = slot
        elif event.delivery is Delivery.ESSENTIAL:
            # Text must not move across a turn's landmarks: what follows one starts a new run.
            self._merge_slots.clear()
        else:
            self._bounded_slots.append(slot)
        self._pending[slot] = event
        self._next_slot += 1
        if len(self._bounded_slots) > self._bound:
            del self._pending[self._bounded_slots.popleft()]
            self.dropped += 1

    def wake(self) -> None:
        """Tell the reader that something waits; a reader that cannot be told any more is none of ours."""
        if self._wake is None:
            return
        self.failures += 1
        with contextlib.suppress(Exception):
            self._wake()
            self.failures -= 1

    def drain(self) -> list[Event]:
        """All pending events, oldest first; the queue is empty afterwards."""
        with self._lock:
            events = list(self._pending.values())
            self._pending.clear()
            self._merge_slots.clear()
            self._bounded_slots.clear()
        return events

    def close(self) -> None:
        """Stop receiving; what is pending can still be drained."""
        self._bus.unsubscribe(self)

    def __enter__(self) -> Subscription:
        """Itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close."""
        self.close()


class EventBus:
    """Stamps events with sequence and time and hands them to every subscription, from any thread."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Times come from `clock`."""
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._seq = 0
        self._subscriptions: tuple[Subscription, ...] = ()

    def publish(self, event: E) -> E:
        """Stamp and deliver; returns the stamped event. Never blocks on a reader, never fails because of one."""
        with self._lock:
            self._seq += 1
            stamped = replace(event, seq=self._seq, at_ms=self._clock.now_ms())
            woken = [subscription for subscription in self._subscriptions if subscription.offer(stamped)]
        # Outside the lock, so that a reader may use the bus from there.
        for subscription in woken:
            subscription.wake()
        return stamped

    def subscribe(
        self,
        match: Match | None = None,
        *,
        kinds: Iterable[type[Event]] | None = None,
        bound: int = DEFAULT_BOUND,
        wake: Callable[[], None] | None = None,
    ) -> Subscription:
        """A new queue of the events that `match` (or are one of `kinds`); all when neither is given.

        `match` is called under the bus's lock, so it must not use the bus. `wake` is called, on the publishing
        thread, whenever the empty queue gets its first event; it must not block.
        """
        subscription = Subscription(self, _matcher(match, kinds), bound, wake)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription; twice is once."""
        with self._lock:
            self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)


def _matcher(match: Match | None, kinds: Iterable[type[Event]] | None) -> Match | None:
    if kinds is None:
        return match
    wanted = tuple(kinds)
    return lambda event: isinstance(event, wanted) and (match is None or match(event))
