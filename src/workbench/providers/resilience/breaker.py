"""A provider's circuit breaker as a value: a report goes in, the next value comes out. Pure.

Times are wall-clock milliseconds, because the value is shared by processes and survives restarts. A clock that was set
back is noticed (something lies in the future that cannot), and then a probe may go at once: the breaker stays open for
at most one more of its periods. Numbers: Envoy and Polly for 5 in a row and 5 s, Envoy for the growing period.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from workbench.core.text import clean_line
from workbench.providers.resilience.values import BreakerState, BreakerView
from workbench.providers.values import Attempt, AttemptFailure, ErrorKind

FAILURES_IN_A_ROW = 5
WINDOW_S = 60
WINDOW_CALLS = 10
"""So many calls must lie in the window before their share of failures counts."""
FIRST_OPEN_MS = 5_000
LONGEST_OPEN_MS = 300_000
JITTER = 0.2
"""An open period is up to this share longer or shorter, so that many clients do not come back at once."""
PROBE_LEASE_MS = 20_000
"""How long a probe keeps others away when nothing is heard of it: a little more than the usual first-token limit."""

_DOUBLINGS = 6
_REASON_LENGTH = 160
_FAILURES = frozenset({
    ErrorKind.SERVER_ERROR, ErrorKind.CONNECTION, ErrorKind.EMPTY, ErrorKind.BROKEN_STREAM, ErrorKind.STALLED,
    ErrorKind.TIMEOUT, ErrorKind.FIRST_TOKEN_TIMEOUT,
})  # fmt: skip


class Outcome(StrEnum):
    """What a breaker can be told."""

    SUCCESS = "success"
    FAILURE = "failure"
    HANG = "hang"
    """Silence for as long as a first token may take: opens at once, so that it costs that time only once."""
    NEUTRAL = "neutral"
    """Says nothing of the provider; a probe gives its permit back."""
    CLAIM = "claim"
    """Somebody wants to send the probe."""
    HEARD = "heard"
    """A check that costs nothing was answered."""
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One thing that happened. `roll` (0 to 1) is its chance, drawn once, so that folding it twice gives the same."""

    outcome: Outcome
    at_ms: int
    fingerprint: str = ""
    """Of the address that was asked; empty when it is told of whatever address there is."""
    generation: int = 0
    """The breaker's when the call began."""
    permit: str | None = None
    """A probe's."""
    early: bool = False
    """A claim before its time."""
    reason: str = ""
    roll: float = 0.5
    count: int = 1
    """Successes within the same second may be told together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Closed lets everybody through, open nobody, half-open whoever holds the one permit."""

    state: BreakerState = BreakerState.CLOSED
    fingerprint: str = ""
    """Of the address it is about."""
    generation: int = 0
    """Counts closings: what began before the last one no longer counts."""
    failures: int = 0
    """In a row."""
    failed_at_ms: int = 0
    window: tuple[tuple[int, int, int], ...] = ()
    """Second, calls and failures in it, oldest first."""
    openings: int = 0
    """Since it was last closed."""
    opened_at_ms: int = 0
    probe_at_ms: int = 0
    permit: str | None = None
    permit_from_ms: int = 0
    permit_until_ms: int = 0
    hinted: bool = False
    """A free check has already brought a probe forward since it was last closed; if that failed, checks say little."""
    reason: str = ""
    """Completes the sentence `it is open after ...`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A breaker went from one state to another."""

    before: BreakerState
    breaker: Breaker
    reason: str


def outcome_of(attempt: Attempt, failure: AttemptFailure | None) -> Outcome:
    """What an attempt says of its provider; our own mistakes, limits, keys and cancelling say nothing."""
    if failure is None:
        return Outcome.SUCCESS if attempt.state == "ok" else Outcome.NEUTRAL
    if failure.kind not in _FAILURES:
        return Outcome.NEUTRAL
    silent = attempt.first_token_ms is None and failure.http_status is None
    if silent and failure.kind in (ErrorKind.FIRST_TOKEN_TIMEOUT, ErrorKind.TIMEOUT):
        return Outcome.HANG
    return Outcome.FAILURE


def is_probing(breaker: Breaker, now_ms: int) -> bool:
    """Whether its one probe is out, and not for too long."""
    return (
        breaker.state is BreakerState.HALF_OPEN
        and breaker.permit is not None
        and breaker.permit_from_ms <= now_ms < breaker.permit_until_ms
    )


def probe_in_ms(breaker: Breaker, now_ms: int) -> int:
    """Milliseconds until a probe may go, 0 for now; while one is out, until it counts as lost."""
    if is_probing(breaker, now_ms):
        return breaker.permit_until_ms - now_ms
    if breaker.state is BreakerState.OPEN and now_ms >= breaker.opened_at_ms:
        return max(0, breaker.probe_at_ms - now_ms)
    return 0


def view(breaker: Breaker, now_ms: int) -> BreakerView:
    """What can be seen of it now."""
    if breaker.state is BreakerState.CLOSED:
        return BreakerView(failures=breaker.failures)
    return BreakerView(
        state=breaker.state,
        reason=breaker.reason,
        failures=breaker.failures,
        opened_at_ms=breaker.opened_at_ms,
        probe_at_ms=None if is_probing(breaker, now_ms) else now_ms + probe_in_ms(breaker, now_ms),
    )


def after(breaker: Breaker, report: Report) -> tuple[Breaker, Transition | None]:
    """The breaker after `report`, and the change of state if it is one."""
    if report.fingerprint and report.fingerprint != breaker.fingerprint:
        breaker = Breaker(fingerprint=report.fingerprint, generation=report.generation)
    match report.outcome:
        case Outcome.SUCCESS:
            changed = _succeeded(breaker, report)
        case Outcome.FAILURE | Outcome.HANG:
            changed = _failed(breaker, report)
        case Outcome.NEUTRAL:
            own = report.permit is not None and report.permit == breaker.permit
            changed = replace(breaker, permit=None) if own else breaker
        case Outcome.CLAIM:
            changed = _claimed(breaker, report)
        case Outcome.HEARD:
            changed = breaker
            if breaker.state is BreakerState.OPEN and not breaker.hinted:
                changed = replace(breaker, state=BreakerState.HALF_OPEN, permit=None, hinted=True)
        case Outcome.RESET:
            changed = _closed(breaker)
    if changed.state is breaker.state:
        return changed, None
    return changed, Transition(before=breaker.state, breaker=changed, reason=_words(changed, report))


def _words(breaker: Breaker, report: Report) -> str:
    match (breaker.state, report.outcome):
        case (BreakerState.OPEN, _):
            return f"after {breaker.reason}"
        case (BreakerState.HALF_OPEN, Outcome.HEARD):
            return "it answers a check again: the next request is the probe"
        case (BreakerState.HALF_OPEN, _):
            return "one probe goes before its time" if report.early else "one probe goes"
        case (_, Outcome.RESET):
            return "reset by hand"
        case _:
            return "its probe was answered"


def _succeeded(breaker: Breaker, report: Report) -> Breaker:
    if breaker.state is BreakerState.HALF_OPEN and report.permit is not None:
        return _closed(breaker)
    if breaker.state is not BreakerState.CLOSED or report.generation != breaker.generation:
        return breaker
    # Another process may have told of a later failure first.
    earlier = 0 < breaker.failed_at_ms - report.at_ms <= WINDOW_S * 1000
    return replace(
        breaker, failures=breaker.failures if earlier else 0, window=_counted(breaker.window, report, failed=0)
    )


def _failed(breaker: Breaker, report: Report) -> Breaker:
    why = clean_line(report.reason, _REASON_LENGTH)
    about = f" ({why})" if why else ""
    if breaker.state is BreakerState.HALF_OPEN and report.permit is not None and report.permit == breaker.permit:
        failed = replace(breaker, failures=breaker.failures + 1, failed_at_ms=report.at_ms)
        return _opened(failed, report, f"a failed probe{about}")
    if breaker.state is not BreakerState.CLOSED or report.generation != breaker.generation:
        # It began before the breaker opened: known already.
        return breaker
    failures = breaker.failures + 1
    window = _counted(breaker.window, report, failed=1)
    counted = replace(breaker, failures=failures, failed_at_ms=report.at_ms, window=window)
    if report.outcome is Outcome.HANG or failures >= FAILURES_IN_A_ROW:
        return _opened(counted, report, f"{failures} failure{'s' if failures > 1 else ''}{about}")
    calls, failed = sum(entry[1] for entry in window), sum(entry[2] for entry in window)
    if calls >= WINDOW_CALLS and failed * 2 >= calls:
        return _opened(counted, report, f"{failed} failures in {calls} calls{about}")
    return counted


def _counted(
    window: tuple[tuple[int, int, int], ...], report: Report, *, failed: int
) -> tuple[tuple[int, int, int], ...]:
    second = report.at_ms // 1000
    counts = {at: (calls, failures) for at, calls, failures in window}
    calls, failures = counts.get(second, (0, 0))
    counts[second] = (calls + report.count, failures + failed)
    # Seconds that lie ahead are from before the clock was set back; a few are other processes' newer reports.
    newest = max(at for at in counts if at <= second + WINDOW_S)
    return tuple((at, *counts[at]) for at in sorted(counts) if newest - WINDOW_S < at <= newest)


def _opened(breaker: Breaker, report: Report, reason: str) -> Breaker:
    longest = min(LONGEST_OPEN_MS, FIRST_OPEN_MS * 2 ** min(breaker.openings, _DOUBLINGS))
    period = round(longest * (1 - JITTER + 2 * JITTER * report.roll))
    return replace(
        breaker,
        state=BreakerState.OPEN,
        openings=breaker.openings + 1,
        opened_at_ms=report.at_ms,
        probe_at_ms=report.at_ms + period,
        permit=None,
        window=(),
        reason=reason,
    )


def _closed(breaker: Breaker) -> Breaker:
    return Breaker(fingerprint=breaker.fingerprint, generation=breaker.generation + 1)


def _claimed(breaker: Breaker, report: Report) -> Breaker:
    if breaker.state is BreakerState.CLOSED or is_probing(breaker, report.at_ms):
        return breaker
    if probe_in_ms(breaker, report.at_ms) > 0 and not report.early:
        return breaker
    return replace(
        breaker,
        state=BreakerState.HALF_OPEN,
        permit=report.permit,
        permit_from_ms=report.at_ms,
        permit_until_ms=report.at_ms + PROBE_LEASE_MS,
    )
