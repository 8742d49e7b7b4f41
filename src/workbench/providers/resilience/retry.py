"""Whether and when a provider that failed is asked again for the same answer. Pure.

Another provider that is ready always comes first: asking it costs nothing, waiting does. So a retry on the same
provider is what is left when all others have failed too.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from workbench.core.errors import Cause
from workbench.providers.values import ErrorKind

SHARE = 0.2
"""Retries may be at most this share of requests over time (Finagle's retry budget)."""

FLOOR = 3.0
"""Retries a quiet program may make all the same, so that a single request can be repeated."""

FLOOR_REFILL_PER_S = 0.05
"""How fast the floor comes back."""

CEILING = 10.0


class RetryBudget:
    """A token bucket: each request earns `SHARE` of a retry, a retry costs one; times are monotonic seconds."""

    def __init__(self) -> None:
        """Full up to the floor."""
        self._balance = FLOOR
        self._at_s: float | None = None

    def _refill(self, now_s: float) -> None:
        if self._at_s is not None and self._balance < FLOOR:
            self._balance = min(FLOOR, self._balance + (now_s - self._at_s) * FLOOR_REFILL_PER_S)
        self._at_s = now_s

    def request(self, now_s: float) -> None:
        """A request was made that is not a retry."""
        self._refill(now_s)
        self._balance = min(CEILING, self._balance + SHARE)

    def allows(self, now_s: float) -> bool:
        """Whether a retry can be paid for now."""
        self._refill(now_s)
        return self._balance >= 1.0

    def spend(self, now_s: float) -> bool:
        """Pay for one retry; False, and nothing is paid, when there is not enough."""
        if not self.allows(now_s):
            return False
        self._balance -= 1.0
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Jittered exponential back-off. All times in seconds."""

    first_wait_s: float = 0.5
    longest_wait_s: float = 8.0
    longest_retry_after_s: float = 60.0
    """A provider that wants to rest longer is not waited for."""

    def wait_s(
        self,
        *,
        kind: ErrorKind,
        cause: Cause,
        retries_made: int,
        max_retries: int,
        retry_after_s: float | None,
        random: Random,
    ) -> float | None:
        """How long to wait before asking the same provider again; None for never."""
        if cause is not Cause.TRANSIENT or retries_made >= max_retries or kind is ErrorKind.BREAKER_OPEN:
            return None
        if retry_after_s is not None:
            if retry_after_s > self.longest_retry_after_s:
                return None
            # Never earlier than asked for; a little later, so that many clients do not come back at once.
            return retry_after_s + random.uniform(0.0, min(0.1 * retry_after_s, 1.0))
        longest = min(self.longest_wait_s, self.first_wait_s * 2**retries_made)
        return random.uniform(longest / 2, longest)
