"""What one call to a provider has sent so far; read by the HTTP layer, set around each call."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Upstream:
    """The requests of one call."""

    origin: tuple[str, str, int | None] | None = None
    """Scheme, host and port of the first."""
    sent: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Method and address of each."""


_upstream: ContextVar[Upstream | None] = ContextVar("workbench_upstream", default=None)


def begin_call() -> None:
    """From here on, the current task makes one new call."""
    _upstream.set(Upstream())


def end_call() -> None:
    """The call has sent all it may; what the task sends from here on is not ours to limit."""
    _upstream.set(None)


def current_call() -> Upstream | None:
    """The call under way in this task, if any."""
    return _upstream.get()
