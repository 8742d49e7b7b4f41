"""Everything known of one provider, for the right half of the pane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.palette import Role
from workbench.tui.providers.figures import ago, bar, clock, money_cell, seconds_cell, share_cell, time_left
from workbench.tui.providers.rows import key_source, state_role, state_sign, state_word
from workbench.tui.state.badges import scripted_label, seconds

if TYPE_CHECKING:
    from workbench.providers.health.values import (
        Checked,
        Figures,
        LastError,
        ProviderDetail,
        ProviderStatus,
        RecentAttempt,
        RouteNow,
    )
    from workbench.providers.resilience.values import BreakerView, KeyView, LimitView

Piece = Content | str | tuple[str, str]

_BAR_CELLS = 8
_INDENT = "  "
_NAME = 60
_REASON = 300
_ATTEMPTS_SHOWN = 8
_STEPS_SHOWN = 12
"""Of a route; nobody waits for more failures than that."""
_MUTED = "$text-muted"
_KEY_LOOKS = {"ok": ("ok", "$success"), "limited": ("slow", "$warning"), "bad": ("failed", "$error")}
_ERROR_WORDS = {"rate_limited": "429", "server_error": "5xx"}


def detail_content(
    status: ProviderStatus, detail: ProviderDetail | None, route: RouteNow | None, *, now_ms: int, width: int
) -> Content:
    """All of it, laid out for `width` cells; without `detail` what the list knows."""
    sections = [
        _head(status),
        _breaker(status.breaker, now_ms),
        _troubles(status, detail, now_ms),
        _route(route),
        _limits(detail.limits if detail is not None else ()),
        _keys(status, now_ms),
        _figures(status, now_ms),
        _model(status, detail),
        _attempts(detail.attempts if detail is not None else ()),
    ]
    return Content("\n\n").join(Content("\n").join(_hanging(lines, width)) for lines in sections if lines)


def _hanging(lines: Sequence[Content], width: int) -> list[Content]:
    """Lines wrapped so that what continues one is set in."""
    out: list[Content] = []
    for line in lines:
        if line.cell_length <= width:
            out.append(line)
            continue
        first, *others = line.wrap(max(width - len(_INDENT), 1))
        out += [first, *(Content.assemble(_INDENT, other) for other in others)]
    return out


def _line(*pieces: Piece) -> Content:
    return Content.assemble(*pieces)


def _title(text: str) -> Content:
    return Content.styled(text, "bold")


def _head(status: ProviderStatus) -> list[Content]:
    kind = clean_line(status.kind, _NAME)
    label = scripted_label(status.name, (status.name,) if status.scripted else ())
    private = drawn(" · private") if status.private else ""
    state = f"{state_sign(status.state)} {state_word(status.state)}"
    style = {Role.SUCCESS: "$success", Role.WARNING: "$warning", Role.ERROR: "$error"}.get(state_role(status.state))
    return [_line((state, f"bold {style or _MUTED}"), f"  {kind}", (f"{label}{private}", _MUTED))]


def _model(status: ProviderStatus, detail: ProviderDetail | None) -> list[Content]:
    lines: list[Content] = []
    if status.model:
        others = len(status.models) - 1
        more = f" and {others} more" if others > 0 else ""
        lines.append(_line(("model ", _MUTED), clean_line(status.model, _NAME), (more, _MUTED)))
    if detail is not None:
        if detail.context_window:
            lines.append(_line(("context ", _MUTED), f"{detail.context_window:,} tokens"))
        if detail.price:
            lines.append(_line(("price ", _MUTED), clean_line(detail.price, 120)))
        if detail.base_url:
            lines.append(_line(("at ", _MUTED), clean_line(detail.base_url, 200)))
    return lines


def _breaker(breaker: BreakerView, now_ms: int) -> list[Content]:
    if breaker.state == "closed":
        in_a_row = f", {breaker.failures} failures in a row" if breaker.failures else ""
        return [_line(("breaker ", _MUTED), f"closed{in_a_row}")]
    open_now = breaker.state == "open"
    since = f" since {clock(breaker.opened_at_ms)}" if breaker.opened_at_ms is not None else ""
    failures = f", {breaker.failures} failed" if breaker.failures else ""
    word = ("open", "$error") if open_now else ("half open", "$warning")
    lines = [_line(("breaker ", _MUTED), word, f"{since}{failures}")]
    if breaker.reason:
        lines.append(_line(("why ", _MUTED), clean_line(breaker.reason, _REASON)))
    if not open_now:
        lines.append(_line(("one probe is on its way", "$warning")))
    elif breaker.probe_at_ms is None:
        lines.append(Content.styled("no probe by itself; b resets it", "$warning"))
    elif breaker.probe_at_ms <= now_ms:
        lines.append(Content.styled("the next request is the probe", "$warning"))
    else:
        left = breaker.probe_at_ms - now_ms
        whole = breaker.probe_at_ms - (breaker.opened_at_ms if breaker.opened_at_ms is not None else now_ms)
        passed = 1 - left / whole if whole > 0 else 0.0
        lines.append(_line("probe in ", (time_left(left), "bold $warning"), f"  {bar(passed, _BAR_CELLS)}"))
    return lines


def _troubles(status: ProviderStatus, detail: ProviderDetail | None, now_ms: int) -> list[Content]:
    lines: list[Content] = []
    if detail is not None and detail.errors:
        counts = "   ".join(drawn(f"{_error_word(kind)} ×{count}") for kind, count in detail.errors)
        lines.append(_line(("errors in 15 min ", _MUTED), (counts, "$error")))
    if status.last_error is not None:
        lines += _last_error(status.last_error, now_ms)
    return lines


def _error_word(kind: str) -> str:
    return _ERROR_WORDS.get(kind, clean_line(kind, 30).replace("_", " "))


def _last_error(error: LastError, now_ms: int) -> list[Content]:
    status = f" ({error.http_status})" if error.http_status is not None else ""
    kind = clean_line(error.kind, 30).replace("_", " ")
    lines = [_line(("last error ", _MUTED), (f"{kind}{status}", "$error"), (f", {ago(error.at_ms, now_ms)}", _MUTED))]
    if error.reason:
        lines.append(Content(clean_line(error.reason, _REASON)))
    return lines


def chain_of(route: RouteNow) -> tuple[str, str]:
    """Who would be asked, first choice first, or whom a request would wait for; with its colour."""
    chain = [clean_line(step.provider, _NAME) for step in route.steps if not step.skipped]
    if chain:
        more = [glyphs().ellipsis] if len(chain) > _STEPS_SHOWN else []
        return drawn(" → ").join([*chain[:_STEPS_SHOWN], *more]), "$accent"
    awaited = [clean_line(step.provider, _NAME) for step in route.steps if step.full]
    return (f"waits for {' or '.join(awaited[:_STEPS_SHOWN])}", "$warning") if awaited else ("nobody", "$error")


def _route(route: RouteNow | None) -> list[Content]:
    if route is None:
        return []
    told, style = chain_of(route)
    lines = [_line(("Route now: ", "bold"), (told, f"bold {style}"), (f"  {clean_line(route.strategy, 40)}", _MUTED))]
    place = 0
    for step in route.steps[:_STEPS_SHOWN]:
        place += not step.skipped
        skipped = (f"{glyphs().slow} ", "$warning") if step.full else (f"{glyphs().failed} ", "$error")
        mark: Piece = skipped if step.skipped else (f"{place} ", "$accent")
        name = f"{clean_line(step.provider, _NAME)}/{clean_line(step.model, _NAME)}".rstrip("/")
        reason = clean_line(step.reason, _REASON)
        lines.append(_line(mark, name, (f"  {reason}" if reason else "", _MUTED)))
    left = len(route.steps) - _STEPS_SHOWN
    return [*lines, Content.styled(f"{glyphs().ellipsis} and {left} more", _MUTED)] if left > 0 else lines


def _limits(limits: Sequence[LimitView]) -> list[Content]:
    if not limits:
        return []
    lines = [_title("Limits, and what is free")]
    for limit in limits:
        unit = {"requests": "requests a minute", "tokens": "tokens a minute", "concurrent": "at once"}.get(
            limit.name, clean_line(limit.name, 30)
        )
        scopes = {"provider": "", "all": " for all providers"}
        scope = scopes.get(limit.scope, f" with {clean_line(limit.scope, _NAME)}")
        level, style = max(limit.level, 0.0), "$foreground"
        if limit.ready_in_s is None:
            ready, style = "when one ends", "$warning"
        elif limit.ready_in_s > 0:
            ready, style = f"next in {_soon(limit.ready_in_s)}", "$warning"
        else:
            ready = ""
        free = f"{level:,.0f}/{limit.capacity:,.0f}"
        tail = drawn(f" · {ready}") if ready else ""
        lines.append(_line((free, f"bold {style}"), f" {unit}", (scope, _MUTED), (tail, style)))
    return lines


def _soon(wait_s: float) -> str:
    return f"{wait_s:.1f} s" if wait_s < 10 else f"{wait_s:.0f} s"


def _keys(status: ProviderStatus, now_ms: int) -> list[Content]:
    if not status.keys:
        words = {"missing": "missing; k adds one", "not_needed": "none needed"}
        word = words.get(status.key_state)
        style = "$error" if status.key_state == "missing" else "$foreground"
        return [_line(("key ", _MUTED), (word, style))] if word else []
    return [_title("Keys"), *(key_line(key, now_ms) for key in status.keys)]


def key_line(key: KeyView, now_ms: int) -> Content:
    """How one key is, by its name."""
    look, style = _KEY_LOOKS.get(key.condition, ("unknown", _MUTED))
    sign = {"ok": glyphs().ok, "slow": glyphs().slow, "failed": glyphs().failed}.get(look, glyphs().unknown)
    words = {"ok": "", "limited": "rests", "bad": "refused", "disabled": "off"}
    word = words.get(key.condition, clean_line(key.condition, 20))
    if key.until_ms is not None and key.condition == "limited":
        word = f"rests {time_left(key.until_ms - now_ms)}"
    source = "" if not key.ref or key_source((key,)) == "keyring" else "  env"
    reason = f"  {clean_line(key.reason, 120)}" if key.reason else ""
    name = clean_line(key.ref or "without a key", _NAME)
    return _line((f"{sign} ", style), name, (source, _MUTED), (f"  {word}" if word else "", style), (reason, _MUTED))


def _figures(status: ProviderStatus, now_ms: int) -> list[Content]:
    lines = [_title("Figures"), *_span("15 min", status.recent), *_span("24 h", status.day)]
    if status.checked is not None:
        lines.append(_checked(status.checked, now_ms))
    heard = "never heard of" if status.heard_at_ms is None else f"last heard of {ago(status.heard_at_ms, now_ms)}"
    lines.append(Content.styled(heard, _MUTED))
    return lines


def _span(name: str, figures: Figures) -> list[Content]:
    if not figures.attempts:
        return [_line((f"{name:<8}", _MUTED), "not asked")]
    spend = f", {money_cell(figures.spend_nano)}" if figures.spend_nano is not None else ""
    asked = f"{figures.attempts} asked, {share_cell(figures.error_rate)} failed{spend}"
    lines = [_line((f"{name:<8}", _MUTED), asked)]
    if figures.p50_ms is not None:
        quick = f"p50 {seconds_cell(figures.p50_ms)}  p95 {seconds_cell(figures.p95_ms)}"
        lines.append(Content(f"{'':<8}{quick}  first {seconds_cell(figures.first_token_p50_ms)} s"))
    return lines


def _checked(checked: Checked, now_ms: int) -> Content:
    when = f"{clock(checked.at_ms)}, {ago(checked.at_ms, now_ms)}"
    if checked.ok:
        took = f" in {seconds(checked.latency_ms)}" if checked.latency_ms is not None else ""
        return _line(("checked ", _MUTED), (f"answers{took}", "$success"), (f"  {when}", _MUTED))
    why = clean_line(checked.reason or checked.error_kind or "", _REASON)
    return _line(("checked ", _MUTED), (f"does not answer: {why}", "$error"), (f"  {when}", _MUTED))


def _attempts(attempts: Sequence[RecentAttempt]) -> list[Content]:
    if not attempts:
        return []
    lines = [_title("Recent attempts")]
    for recent in attempts[:_ATTEMPTS_SHOWN]:
        attempt = recent.attempt
        sign, style = {
            "ok": (glyphs().ok, "$success"), "failed": (glyphs().failed, "$error"),
        }.get(attempt.state, (glyphs().unknown, _MUTED))  # fmt: skip
        what = clean_line(attempt.model, _NAME)
        outcome = "" if attempt.state == "ok" else f"  {_error_word(attempt.error_kind or attempt.state)}"
        took = f"  {seconds(attempt.duration_ms)}" if attempt.duration_ms is not None else ""
        lines.append(_line((f"{clock(recent.at_ms)} ", _MUTED), (f"{sign} ", style), what, (outcome, style), took))
    return lines
