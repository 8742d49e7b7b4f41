"""Sortable ids: UUIDv7-like text, 26 characters, whose order is the order of creation."""

from __future__ import annotations

import os
import threading
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o or u, so an id read aloud stays itself."""

_LENGTH = 26
_RANDOM_BITS = 80
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new id: 48 bits of milliseconds and 80 random bits (the ULID layout).

    Ids made by one process strictly increase, also within a millisecond and when the clock steps back.
    """
    global _last
    fresh = (time.time_ns() // 1_000_000 << _RANDOM_BITS) | int.from_bytes(os.urandom(_RANDOM_BITS // 8))
    with _lock:
        _last = fresh if fresh > _last else _last + 1
        value = _last
    digits = []
    for _ in range(_LENGTH):
        value, digit = divmod(value, 32)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
