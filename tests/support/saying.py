"""What a loopback double says, before it is put into any provider's wire format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.faults import HELLO


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A tool call, its arguments in the pieces they are streamed in."""

    id: str
    name: str
    pieces: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Tokens as the provider counts them: `given` includes what came from a cache, `made` includes `thought`."""

    given: int = 7
    made: int = 4
    cached: int | None = None
    written: int | None = None
    thought: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One answer."""

    text: Sequence[str] = HELLO
    reasoning: Sequence[str] = ()
    calls: Sequence[Called] = ()
    counted: Counted | None = Counted()
    model: str = "double-2026-01-01"
    """The model that really answers."""
    id: str = "answer-1"
    broken: str = ""
    """`cut`: an orderly end before the finish reason; `garbage`: something that is no event there; `error`: the
    format's own error there."""
    endless: bool = False
    """Says its text again and again until the client goes."""


PLAIN = Say()

TOOLS = Say(
    text=(),
    calls=(
        Called(id="call-aaa01", name="lookup", pieces=('{"city": ', '"Ulm"}')),
        Called(id="call-bbb02", name="clock", pieces=("{", '"zone": 7}')),
    ),
)
"""Two calls and no text."""

SLOW_DOWN = "Slow down, the double is busy"
"""The text of a format's own error inside a stream."""
