"""Token buckets, for requests and for tokens a minute. Pure; times are monotonic seconds."""

from __future__ import annotations

MINUTE_S = 60.0

_NOTHING = 1e-6
"""What rounding may take from a bucket."""


class Bucket:
    """Holds a minute's limit and refills evenly; below 0 when more was used than foreseen."""

    def __init__(self, capacity: float, now_s: float) -> None:
        """Full. `capacity` is the limit a minute, more than 0."""
        self._capacity = capacity
        self._level = capacity
        self._at_s = now_s

    @property
    def capacity(self) -> float:
        """What it holds at most."""
        return self._capacity

    def level(self, now_s: float) -> float:
        """What is free."""
        return min(self._capacity, self._level + max(0.0, now_s - self._at_s) * self._capacity / MINUTE_S)

    def eta(self, amount: float, now_s: float) -> float:
        """Seconds until `amount` fits, 0 for now; what is more than the capacity needs a full bucket."""
        lacking = min(amount, self._capacity) - self.level(now_s)
        return lacking * MINUTE_S / self._capacity if lacking > _NOTHING else 0.0

    def take(self, amount: float, now_s: float) -> bool:
        """Use `amount`, all of it even when that is more than the capacity; False, and nothing used, if too early."""
        if self.eta(amount, now_s) > 0:
            return False
        self.give(-amount, now_s)
        return True

    def give(self, amount: float, now_s: float) -> None:
        """Put `amount` back; a negative one is used whether it is there or not."""
        self._level = min(self._capacity, self.level(now_s) + amount)
        self._at_s = max(self._at_s, now_s)

    def resize(self, capacity: float, now_s: float) -> None:
        """Another limit a minute from now on; what was used stays used."""
        if capacity != self._capacity:
            used = self._capacity - self.level(now_s)
            self._capacity, self._level, self._at_s = capacity, capacity - used, now_s
