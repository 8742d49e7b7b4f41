"""What can be seen of breakers, keys and limits; plain values for screens, commands and routing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from workbench.config.values import Provider


class BreakerState(StrEnum):
    """Closed lets everybody through, open nobody, half-open one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class KeyCondition(StrEnum):
    """How a key is."""

    OK = "ok"
    LIMITED = "limited"
    BAD = "bad"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerView:
    """One provider's breaker; times are wall-clock milliseconds."""

    state: BreakerState = BreakerState.CLOSED
    reason: str = ""
    """Why it opened."""
    failures: int = 0
    """In a row."""
    opened_at_ms: int | None = None
    probe_at_ms: int | None = None
    """When the next probe may go; None when it waits for something else than time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """One key; `ref` is its name, never its value; empty where a provider needs none."""

    ref: str
    condition: KeyCondition = KeyCondition.OK
    until_ms: int | None = None
    """When a limited one may be used again."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """One limit and how much of it is left."""

    name: str
    """`requests`, `tokens` (both a minute) or `concurrent`."""
    scope: str
    """`provider`, the reference of a key, or `all`."""
    level: float
    """Free now; below 0 when more was used than foreseen."""
    capacity: float
    ready_in_s: float | None = 0.0
    """Seconds until one more fits; None when that depends on running requests."""


class Standing(Protocol):
    """How providers stand at this moment, without asking or changing anything."""

    async def refresh(self, providers: Sequence[Provider] = ()) -> None:
        """Read what other processes of the home have found; storage trouble leaves what is known."""
        ...

    def breaker(self, provider: Provider) -> BreakerView:
        """Its breaker."""
        ...

    def keys(self, provider: Provider) -> tuple[KeyView, ...]:
        """Its keys, in configuration order.

        A provider without keys has one of the name "" while it rests or has refused requests, else none.
        """
        ...

    def limits(self, provider: Provider) -> tuple[LimitView, ...]:
        """Its limits, those of its keys too."""
        ...
