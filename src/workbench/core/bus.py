"""The event bus: publishing never blocks, and every subscriber has its own queue."""

from __future__ import annotations

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
        self._pending: deque[Event | None] = deque()
        self._merge_slots: dict[object, int] = {}
        self._first_slot = 0
        self._bounded_waiting: deque[int] = deque()
        self.dropped = 0
        """BOUNDED events lost because the reader was slow."""

    def offer(self, event: Event) -> None:
        """Take an event, by its delivery class; called by the bus."""
        if self._match is not None and not self._match(event):
            return
        with self._lock:
            was_empty = not self._pending
            self._take(event)
        if was_empty and self._wake is not None:
            self._wake()

    def _take(self, event: Event) -> None:
        slot = self._first_slot + len(self._pending)
        if event.delivery is Delivery.MERGED:
            key = event.merge_key()
            earlier_slot = self._merge_slots.get(key)
            if earlier_slot is not None:
                index = earlier_slot - self._first_slot
                earlier = self._pending[index]
                assert earlier is not None
                self._pending[index] = earlier.merge(event)
                return
            self._merge_slots[key] = slot
        elif event.delivery is Delivery.ESSENTIAL:
            # Text must not move across a turn's landmarks: what follows one starts a new run.
            self._merge_slots.clear()
        else:
            self._bounded_waiting.append(slot)
            if len(self._bounded_waiting) > self._bound:
                self._pending[self._bounded_waiting.popleft() - self._first_slot] = None
                self.dropped += 1
        self._pending.append(event)
        self._trim()

    def _trim(self) -> None:
        while self._pending and self._pending[0] is None:
            self._pending.popleft()
            self._first_slot += 1

    def drain(self) -> list[Event]:
        """All pending events, oldest first; the queue is empty afterwards."""
        with self._lock:
            events = [event for event in self._pending if event is not None]
            self._first_slot += len(self._pending)
            self._pending.clear()
            self._merge_slots.clear()
            self._bounded_waiting.clear()
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
        """Stamp and deliver; returns the stamped event. Never blocks on a reader."""
        with self._lock:
            self._seq += 1
            stamped = replace(event, seq=self._seq, at_ms=self._clock.now_ms())
            for subscription in self._subscriptions:
                subscription.offer(stamped)
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

        `wake` is called, on the publishing thread, whenever the empty queue gets its first event;
        it must not block.
        """
        if kinds is not None:
            wanted = tuple(kinds)
            outer = match

            def match(event: Event) -> bool:
                return isinstance(event, wanted) and (outer is None or outer(event))

        subscription = Subscription(self, match, bound, wake)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription; twice is once."""
        with self._lock:
            self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)
