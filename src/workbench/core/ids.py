"""Sortable ids: UUIDv7-like text, 26 characters, whose order is the order of creation."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o or u, so an id read aloud stays itself."""

_LENGTH = 26
_RANDOM_BITS = 80
_STEP_BYTES = 8


class IdMaker:
    """Makes ids that strictly increase, whichever thread asks and whatever the clock does."""

    def __init__(self, time_ns: Callable[[], int] = time.time_ns) -> None:
        """`time_ns` tells the wall time in nanoseconds."""
        self._time_ns = time_ns
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> str:
        """A new id, larger than every one before."""
        fresh = (self._time_ns() // 1_000_000 << _RANDOM_BITS) | int.from_bytes(os.urandom(_RANDOM_BITS // 8))
        with self._lock:
            # A random step, because a forked process goes on from the same last id.
            step = 1 + int.from_bytes(os.urandom(_STEP_BYTES))
            self._last = value = fresh if fresh > self._last else self._last + step
        return "".join(ALPHABET[value >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


_make = IdMaker()


def new_id() -> str:
    """A new id: 48 bits of milliseconds and 80 random bits (the ULID layout).

    Ids made by one process strictly increase, also within a millisecond and when the clock steps back.
    """
    return _make()
