"""The queue of requests that found everybody full: by urgency, then by arrival. Pure; times are monotonic seconds.

A waiter who may try is called and keeps its place until it has been admitted, so that nobody slips in between; one
that does not come is forgotten after a moment. Whoever wants a provider that an earlier waiter wants too comes after
it, even if there would be room for a smaller request: otherwise the larger one could wait for ever.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

CALLED_S = 1.0
"""How long a place is kept for a waiter that was called."""


class Chance(Enum):
    """What a provider can do for a waiter now."""

    FREE = "free"
    FULL = "full"
    OUT = "out"
    """It would be passed over: waiting for a place does not help."""


@dataclass(slots=True, eq=False, kw_only=True)
class Waiter:
    """One request in the queue."""

    turn_id: str
    urgency: int
    """Smaller goes first."""
    arrival: int
    wants: tuple[str, ...]
    """Names of the providers that would do."""
    tokens: float = 0.0
    called_s: float | None = None
    """Since when it may try."""
    front: bool = False
    """Nobody waits before it for at least one of its providers: it must know itself when that has a place."""

    def __lt__(self, other: Waiter) -> bool:
        """Whether it goes before `other`."""
        return (self.urgency, self.arrival) < (other.urgency, other.arrival)


@dataclass(slots=True, kw_only=True)
class Ahead:
    """What those who go first take away."""

    wanted: set[str] = field(default_factory=set[str])
    """Providers that somebody ahead still waits for."""
    promised: Counter[str] = field(default_factory=Counter[str])
    """Places of providers kept for those who have been called."""
    tokens: Counter[str] = field(default_factory=Counter[str])
    promised_in_all: int = 0

    def add(self, waiter: Waiter) -> None:
        """One more is ahead."""
        if waiter.called_s is None:
            self.wanted.update(waiter.wants)
            return
        self.promised_in_all += 1
        for name in waiter.wants:
            # It will take one of them, and nobody knows yet which.
            self.promised[name] += 1
            self.tokens[name] += round(waiter.tokens)


Fits = Callable[[Waiter, str, Ahead], Chance]
"""What a provider can do for a waiter, given what is promised to those ahead."""


class WaitingQueue:
    """Who waits, and whose turn it is."""

    def __init__(self) -> None:
        """Empty."""
        self._waiters: list[Waiter] = []
        self._arrivals = 0
        self._wanted: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiters)

    def join(self, turn_id: str, urgency: int, wants: tuple[str, ...], tokens: float) -> Waiter:
        """Take a place at the end of its urgency; a turn that was called and found nothing keeps the one it had."""
        arrival = self._arrivals
        earlier = next((w for w in self._waiters if w.turn_id == turn_id and w.called_s is not None), None)
        if earlier is not None:
            arrival = earlier.arrival
            self.leave(earlier)
        else:
            self._arrivals += 1
        waiter = Waiter(turn_id=turn_id, urgency=urgency, arrival=arrival, wants=wants, tokens=tokens)
        insort(self._waiters, waiter)
        self._wanted.update(wants)
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Give its place up; twice is once."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            self._wanted.subtract(waiter.wants)
            self._wanted = +self._wanted

    def admitted(self, turn_id: str) -> None:
        """A turn got what it was called for."""
        for waiter in [w for w in self._waiters if w.turn_id == turn_id and w.called_s is not None]:
            self.leave(waiter)

    def ahead(self, turn_id: str, urgency: int, now_s: float) -> Ahead:
        """Who goes before a turn, which need not be in the queue itself."""
        ahead = Ahead()
        for waiter in self._waiters:
            if waiter.urgency > urgency or waiter.turn_id == turn_id:
                break
            if not _gone(waiter, now_s):
                ahead.add(waiter)
            if ahead.wanted.issuperset(self._wanted):
                break
        return ahead

    def before(self, waiter: Waiter) -> int:
        """How many go before this one."""
        return self._waiters.index(waiter) if waiter in self._waiters else 0

    def called_until_s(self) -> float | None:
        """When the first promise ends; None when nobody has been called."""
        called = [waiter.called_s + CALLED_S for waiter in self._waiters if waiter.called_s is not None]
        return min(called, default=None)

    def call(self, fits: Fits, now_s: float) -> list[Waiter]:
        """Let those try who can; gives those to be woken: called now, or to look again when they could be."""
        for gone in [waiter for waiter in self._waiters if _gone(waiter, now_s)]:
            self.leave(gone)
        called: list[Waiter] = []
        front: list[Waiter] = []
        new_at_front: list[Waiter] = []
        ahead = Ahead()
        for waiter in self._waiters:
            if ahead.wanted.issuperset(self._wanted):
                break
            if waiter.called_s is None:
                open_to_it = [name for name in waiter.wants if name not in ahead.wanted]
                chances = [fits(waiter, name, ahead) for name in open_to_it]
                none_helps = len(open_to_it) == len(waiter.wants) and all(c is Chance.OUT for c in chances)
                if Chance.FREE in chances or none_helps:
                    waiter.called_s = now_s
                    called.append(waiter)
                elif open_to_it:
                    (front if waiter.front else new_at_front).append(waiter)
                    waiter.front = True
            ahead.add(waiter)
        # Who is called may not come: those behind must look again when the promise ends.
        return [*called, *new_at_front, *(front if called else ())]


def _gone(waiter: Waiter, now_s: float) -> bool:
    return waiter.called_s is not None and now_s >= waiter.called_s + CALLED_S
