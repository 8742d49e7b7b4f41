"""Providers in words: the lines and tables of `workbench providers`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from workbench.cli.output import dollars
from workbench.core.clock import iso_utc

if TYPE_CHECKING:
    from workbench.providers.health.values import (
        Figures,
        LastError,
        ProviderDetail,
        ProviderStatus,
        RecentAttempt,
        RouteNow,
    )
    from workbench.providers.resilience.values import KeyView, LimitView

UNKNOWN = "–"
HEADING = ("NAME", "STATE", "MODEL", "P50", "P95", "FIRST TOKEN", "ERRORS", "BREAKER", "KEY", "HEARD")
_LABEL_WIDTH = 12
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def status_row(status: ProviderStatus, now_ms: int) -> tuple[str, ...]:
    """One provider's cells under `HEADING`; the figures are of 15 minutes."""
    recent = status.recent
    times = (seconds(ms) for ms in (recent.p50_ms, recent.p95_ms, recent.first_token_p50_ms))
    name = f"{status.name} (scripted)" if status.scripted else status.name
    heard = UNKNOWN if status.heard_at_ms is None else ago(status.heard_at_ms, now_ms)
    return (
        name, status.state, status.model or UNKNOWN, *times, share(recent.error_rate),
        breaker_text(status, now_ms), status.key_state.replace("_", " "), heard,
    )  # fmt: skip


def breaker_text(status: ProviderStatus, now_ms: int) -> str:
    """`closed`, or how long until its next probe."""
    state = status.breaker.state.value.replace("_", "-")
    probe_at = status.breaker.probe_at_ms
    return state if probe_at is None or state == "closed" else f"{state}, probe {until(probe_at, now_ms)}"


def detail_lines(detail: ProviderDetail, now_ms: int) -> Iterator[str]:
    """Everything known of one provider."""
    status = detail.status
    marks = [word for word, on in (("private", status.private), ("scripted", status.scripted)) if on]
    yield ", ".join([f"{status.name}: {status.state}", status.kind, f"priority {status.priority}", *marks])
    yield _labelled("models", ", ".join(status.models) or "none is configured")
    if detail.base_url is not None:
        yield _labelled("address", detail.base_url)
    context = "" if detail.context_window is None else f"{detail.context_window:,} tokens"
    yield _labelled("context", context or "unknown")
    yield _labelled("price", detail.price or "unknown")
    yield from _each("keys", [_key(key, now_ms) for key in status.keys] or [status.key_state.replace("_", " ")])
    why = f": {status.breaker.reason}" if status.breaker.reason else ""
    yield _labelled("breaker", breaker_text(status, now_ms) + why)
    yield from _each("limits", [_limit(limit) for limit in detail.limits])
    yield _labelled("15 minutes", _figures(status.recent))
    yield _labelled("a day", _figures(status.day))
    if detail.errors:
        yield _labelled("errors", ", ".join(f"{kind} ×{number}" for kind, number in detail.errors))
    if status.last_error is not None:
        yield _labelled("last error", _error(status.last_error, now_ms))
    if status.checked is not None:
        checked = status.checked
        answer = f"answers in {checked.latency_ms} ms" if checked.ok else f"{checked.error_kind}: {checked.reason}"
        yield _labelled("last test", f"{ago(checked.at_ms, now_ms)}: {answer}")
    heard = "not in a day" if status.heard_at_ms is None else ago(status.heard_at_ms, now_ms)
    yield _labelled("heard", heard)
    yield from _each("attempts", [_attempt(recent) for recent in detail.attempts])


def route_lines(route: RouteNow) -> Iterator[str]:
    """The way of a request that came now."""
    yield f"strategy: {route.strategy}"
    place = 0
    for step in route.steps:
        model = f"/{step.model}" if step.model else ""
        place += not step.skipped
        number = UNKNOWN if step.skipped else str(place)
        yield f"{number:>2}  {step.provider}{model}  {step.reason}"
    if not place:
        yield "nobody would be asked"


def seconds(milliseconds: float | None) -> str:
    """Seconds with two places, or a dash."""
    return UNKNOWN if milliseconds is None else f"{milliseconds / 1000:.2f} s"


def share(rate: float | None) -> str:
    """A percentage, or a dash."""
    return UNKNOWN if rate is None else f"{rate:.0%}"


def ago(then_ms: int, now_ms: int) -> str:
    """How long ago something was."""
    return f"{_span(max(0, now_ms - then_ms))} ago"


def until(then_ms: int, now_ms: int) -> str:
    """When something will be."""
    return "now" if then_ms <= now_ms else f"in {_span(then_ms - now_ms)}"


def _span(milliseconds: int) -> str:
    whole = -(-milliseconds // 1000)
    return next((f"{whole // size} {unit}" for size, unit in _UNITS if whole >= size), "0 s")


def _labelled(label: str, text: str) -> str:
    return f"  {label:{_LABEL_WIDTH}}{text}"


def _each(label: str, texts: Iterable[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield _labelled("" if number else label, text)


def _figures(figures: Figures) -> str:
    if not figures.attempts:
        return "no requests"
    spend = dollars(figures.spend_nano)
    parts = [
        f"{figures.attempts} request{'' if figures.attempts == 1 else 's'}",
        f"{share(figures.error_rate)} failed",
        f"p50 {seconds(figures.p50_ms)}",
        f"p95 {seconds(figures.p95_ms)}",
        f"first token {seconds(figures.first_token_p50_ms)}, p95 {seconds(figures.first_token_p95_ms)}",
        "cost unknown" if spend is None else f"${spend:.4f}",
    ]
    return ", ".join(parts)


def _error(error: LastError, now_ms: int) -> str:
    status = f" {error.http_status}" if error.http_status is not None else ""
    return f"{ago(error.at_ms, now_ms)}: {error.kind}{status} {error.reason}".rstrip()


def _key(key: KeyView, now_ms: int) -> str:
    rests = "" if key.until_ms is None else f", again {until(key.until_ms, now_ms)}"
    why = f": {key.reason}" if key.reason else ""
    return f"{key.ref or 'without a key'} {key.condition.value}{rests}{why}"


def _limit(limit: LimitView) -> str:
    scope = "" if limit.scope == "provider" else f" ({limit.scope})"
    ready = limit.ready_in_s
    wait = ", next when a request ends" if ready is None else f", next in {ready:.1f} s" if ready > 0 else ""
    per = "" if limit.name == "concurrent" else " a minute"
    return f"{limit.name}{per}{scope}: {limit.level:,.0f} of {limit.capacity:,.0f} free{wait}"


def _attempt(recent: RecentAttempt) -> str:
    attempt = recent.attempt
    status = f" {attempt.http_status}" if attempt.http_status is not None else ""
    told = attempt.state if attempt.error_kind is None else f"{attempt.state} {attempt.error_kind}{status}"
    reason = f"  {attempt.reason}" if attempt.reason else ""
    return f"{iso_utc(recent.at_ms)}  {attempt.model}  {told}  {seconds(attempt.duration_ms)}{reason}"
