"""Providers as JSON: what `workbench providers` prints under `--json`."""

from __future__ import annotations

from workbench.core.clock import iso_utc
from workbench.providers.health.probing import ProbeResult
from workbench.providers.health.values import Figures, LastError, ProviderDetail, ProviderStatus, RouteNow

_NANO = 1_000_000_000


def status_document(status: ProviderStatus) -> dict[str, object]:
    """One entry of `providers list --json`; the figures without a word before them are of 15 minutes."""
    checked = status.checked
    return {
        "name": status.name,
        "kind": status.kind,
        "model": status.model,
        "models": list(status.models),
        "enabled": status.enabled,
        "state": status.state,
        "breaker": status.breaker.state.value,
        "key_state": status.key_state,
        "p50_ms": status.recent.p50_ms,
        "p95_ms": status.recent.p95_ms,
        "first_token_ms": status.recent.first_token_p50_ms,
        "first_token_p95_ms": status.recent.first_token_p95_ms,
        "error_rate": status.recent.error_rate,
        "attempts": status.recent.attempts,
        "spend_usd": _dollars(status.recent.spend_nano),
        "checked_at": _time(status.heard_at_ms),
        "day": _figures(status.day),
        "breaker_reason": status.breaker.reason,
        "breaker_failures": status.breaker.failures,
        "opened_at": _time(status.breaker.opened_at_ms),
        "probe_at": _time(status.breaker.probe_at_ms),
        "keys": [
            {"ref": key.ref, "state": key.condition.value, "until": _time(key.until_ms), "reason": key.reason}
            for key in status.keys
        ],
        "last_error": None if status.last_error is None else _error(status.last_error),
        "last_test": None
        if checked is None
        else {
            "ok": checked.ok,
            "at": iso_utc(checked.at_ms),
            "latency_ms": checked.latency_ms,
            "error_kind": checked.error_kind,
            "reason": checked.reason,
        },
        "priority": status.priority,
        "private": status.private,
        "scripted": status.scripted,
    }


def detail_document(detail: ProviderDetail, route: RouteNow) -> dict[str, object]:
    """What `providers show NAME --json` prints."""
    status = detail.status
    return status_document(status) | {
        "base_url": detail.base_url,
        "context_window": detail.context_window,
        "price": detail.price,
        "latency_15_min": [{"p50_ms": minute.p50_ms, "failures": minute.failures} for minute in status.minutes],
        "errors": dict(detail.errors),
        "limits": [
            {
                "name": limit.name,
                "scope": limit.scope,
                "level": limit.level,
                "capacity": limit.capacity,
                "ready_in_s": limit.ready_in_s,
            }
            for limit in detail.limits
        ],
        "recent_attempts": [
            {
                "at": iso_utc(recent.at_ms),
                "conversation_id": recent.conversation_id,
                "message_id": recent.message_id,
                "model": recent.attempt.model,
                "state": recent.attempt.state,
                "error_kind": recent.attempt.error_kind,
                "http_status": recent.attempt.http_status,
                "reason": recent.attempt.reason,
                "first_token_ms": recent.attempt.first_token_ms,
                "duration_ms": recent.attempt.duration_ms,
                "key_ref": recent.attempt.key_ref,
                "request_id": recent.attempt.request_id,
                "answered_model": recent.attempt.answered_model,
                "cost_usd": _dollars(recent.attempt.cost_nano),
            }
            for recent in detail.attempts
        ],
        "route": route_document(route),
    }


def route_document(route: RouteNow) -> dict[str, object]:
    """What the router would do now: those that it would ask in order, and those that it would pass over."""
    return {
        "strategy": route.strategy,
        "steps": [
            {"provider": step.provider, "model": step.model, "reason": step.reason, "skipped": step.skipped}
            for step in route.steps
        ],
    }


def probe_document(result: ProbeResult) -> dict[str, object]:
    """One entry of `providers test --json`."""
    return {
        "name": result.name,
        "ok": result.ok,
        "latency_ms": result.latency_ms,
        "models": list(result.models),
        "error_kind": result.error_kind,
        "reason": result.reason,
    }


def _figures(figures: Figures) -> dict[str, object]:
    return {
        "attempts": figures.attempts,
        "failures": figures.failures,
        "error_rate": figures.error_rate,
        "p50_ms": figures.p50_ms,
        "p95_ms": figures.p95_ms,
        "first_token_ms": figures.first_token_p50_ms,
        "first_token_p95_ms": figures.first_token_p95_ms,
        "spend_usd": _dollars(figures.spend_nano),
    }


def _error(error: LastError) -> dict[str, object]:
    return {
        "kind": error.kind,
        "http_status": error.http_status,
        "reason": error.reason,
        "at": iso_utc(error.at_ms),
    }


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso_utc(at_ms)


def _dollars(nano: int | None) -> float | None:
    return None if nano is None else nano / _NANO
