"""What the details of a provider say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.content import Content

from tests.support.fake_providers import status
from tests.support.hostile import PAYLOADS, forbidden_in
from tests.support.provider_samples import NOW_MS, OPEN, attempt, details, key, six
from workbench.core.text import clean
from workbench.providers.health.values import Checked, LastError, ProviderDetail, RouteNow, RouteStep
from workbench.providers.resilience.values import BreakerState, BreakerView, KeyCondition, LimitView
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.providers.detail import detail_content

ROUTE = RouteNow(
    strategy="priority",
    steps=(
        RouteStep(provider="anthropic", model="sonnet", reason="first by priority"),
        RouteStep(provider="local", model="qwen", reason="next by priority"),
        RouteStep(provider="openai", model="gpt-5", reason="its breaker is open", skipped=True),
    ),
)


def content(name: str, *, route: RouteNow | None = ROUTE, at_ms: int = NOW_MS, width: int = 60) -> Content:
    statuses = six()
    one = next(each for each in statuses if each.name == name)
    return detail_content(one, details(statuses).get(name), route, now_ms=at_ms, width=width)


def test_an_open_breaker_tells_since_when_why_and_when_the_probe_goes() -> None:
    shown = content("openai").plain
    assert "breaker open since" in shown and "5 failed" in shown
    assert "why 5 failures in 60 s, HTTP 429 last" in shown
    assert "probe in 00:31  ▓▓▓▓▒▒▒▒" in shown
    assert "probe in 00:01  ▓▓▓▓▓▓▓▓" in content("openai", at_ms=NOW_MS + 30_000).plain
    assert "the next request is the probe" in content("openai", at_ms=NOW_MS + 31_000).plain


@pytest.mark.parametrize(
    ("breaker", "expected"),
    [
        (BreakerView(), "breaker closed\n"),
        (BreakerView(failures=3), "breaker closed, 3 failures in a row"),
        (BreakerView(state=BreakerState.HALF_OPEN), "one probe is on its way"),
        (replace(OPEN, probe_at_ms=None), "no probe by itself; b resets it"),
        (replace(OPEN, opened_at_ms=None), "probe in 00:31  ▒▒▒▒▒▒▒▒"),
        (replace(OPEN, opened_at_ms=OPEN.probe_at_ms), "probe in 00:31  ▒▒▒▒▒▒▒▒"),
    ],
)
def test_every_state_of_a_breaker_has_its_words(breaker: BreakerView, expected: str) -> None:
    shown = detail_content(status("a", breaker=breaker), None, None, now_ms=NOW_MS, width=60).plain
    assert expected in shown


def test_errors_are_counted_by_kind_and_the_last_one_is_told() -> None:
    shown = content("openai").plain
    assert "errors in 15 min 429 ×4   timeout ×1" in shown
    assert "last error rate limited (429), 29 s ago" in shown
    assert "Rate limit reached for gpt-5" in shown


def test_limits_tell_what_is_free_and_when_the_next_one_is() -> None:
    shown = content("openai", width=70).plain
    assert "0/60 requests a minute · next in 1.0 s" in shown
    assert "89,000/90,000 tokens a minute with keyring:openai" in shown
    assert "0/2 at once · when one ends" in shown


def test_keys_are_shown_by_name_and_state() -> None:
    shown = content("openai").plain
    assert "▲ keyring:openai  rests 00:42  429" in shown
    assert "✖ OPENAI_API_KEY_2  env  refused  HTTP 401" in shown
    off = detail_content(status("a", keys=(key("A", KeyCondition.DISABLED),)), None, None, now_ms=NOW_MS, width=60)
    assert "○ A  env  off" in off.plain
    assert "key missing; k adds one" in content("gemini").plain
    assert "key none needed" in content("local").plain


def test_the_route_gives_the_reason_of_each_and_of_those_passed_over() -> None:
    shown = content("anthropic").plain
    assert "Route now: anthropic → local  priority" in shown
    assert "1 anthropic/sonnet  first by priority" in shown
    assert "2 local/qwen  next by priority" in shown
    assert "✖ openai/gpt-5  its breaker is open" in shown
    nobody = RouteNow(strategy="priority", steps=ROUTE.steps[2:])
    assert "Route now: nobody" in content("anthropic", route=nobody).plain
    full = RouteStep(provider="local", model="qwen", reason="full, free in 4 s", skipped=True, full=True)
    waits = content("anthropic", route=RouteNow(strategy="priority", steps=(full, *ROUTE.steps[2:]))).plain
    assert "Route now: waits for local  priority" in waits
    assert "▲ local/qwen  full, free in 4 s" in waits


def test_a_long_route_is_cut_short() -> None:
    steps = tuple(RouteStep(provider=f"p{number}", model="m", reason="") for number in range(40))
    shown = content("anthropic", route=RouteNow(strategy="random", steps=steps)).plain
    assert "p10 → p11 → …" in " ".join(shown.split())
    assert "12 p11/m" in shown and "13 p12/m" not in shown and "… and 28 more" in shown


def test_figures_have_their_age() -> None:
    shown = content("anthropic").plain
    assert "15 min  40 asked, 0 % failed" in shown
    assert "p50 1.1  p95 2.9  first 0.8 s" in shown
    assert "24 h    412 asked, 1 % failed, $0.21" in shown
    assert "checked answers in 0.1 s" in shown and "40 s ago" in shown
    assert "last heard of 4 s ago" in shown
    assert "does not answer: HTTP 429 too many requests" in content("openai").plain
    assert "never heard of" in content("gemini").plain
    assert "not asked" in content("gemini").plain


def test_the_model_its_window_and_its_price_are_told() -> None:
    shown = content("anthropic").plain
    assert "model claude-sonnet-4-5 and 1 more" in shown
    assert "context 200,000 tokens" in shown
    assert "price $3.00 in, $15.00 out a million tokens" in shown
    assert "at https://api.openai.com/v1" in content("openai").plain


def test_recent_attempts_are_told_with_their_outcome() -> None:
    shown = content("openai").plain
    assert "✖ gpt-5  429  0.4 s" in shown
    assert "✖ gpt-5  timeout  15.0 s" in shown
    assert "● gpt-5  1.3 s" in shown


def test_a_private_and_a_scripted_provider_say_so() -> None:
    assert "ollama · private" in content("local").plain
    scripted = detail_content(status("demo", scripted=True), None, None, now_ms=NOW_MS, width=60)
    assert "openai-compatible scripted" in scripted.plain


def test_long_lines_are_wrapped_and_what_continues_them_is_set_in() -> None:
    lines = content("openai", width=38).plain.splitlines()
    assert max(map(len, lines)) <= 38
    assert lines[lines.index("Rate limit reached for gpt-5 in") + 1].startswith("  organization org-1")


def test_hostile_text_is_shown_as_it_is_and_obeyed_nowhere() -> None:
    for payload in PAYLOADS.values():
        one = status(
            payload, state=payload, kind=payload, model=payload, scripted=True, key_state=payload,
            keys=(key(payload, reason=payload),), checked=Checked(ok=False, at_ms=NOW_MS, reason=payload),
            last_error=LastError(kind=payload, reason=payload, http_status=None, at_ms=NOW_MS),
            breaker=replace(OPEN, reason=payload),
        )  # fmt: skip
        detail = ProviderDetail(
            status=one, base_url=payload, price=payload, errors=((payload, 2),),
            limits=(LimitView(name=payload, scope=payload, level=-1, capacity=5),),
            attempts=(attempt("failed", NOW_MS, error_kind=payload), attempt(payload, NOW_MS)),
        )  # fmt: skip
        route = RouteNow(strategy=payload, steps=(RouteStep(provider=payload, model=payload, reason=payload),))
        shown = detail_content(one, detail, route, now_ms=NOW_MS, width=1000)
        assert not forbidden_in(shown.plain.replace("\n", ""))
        assert all("@click" not in str(span.style) for span in shown.spans)
        first_words = clean(payload).split()[:1]
        assert all(word[:20] in shown.plain for word in first_words)


def test_ascii_signs_only_where_they_are_wanted() -> None:
    choose_glyphs(ascii_only=True)
    try:
        for name in ("anthropic", "router", "openai", "gemini", "local", "spare"):
            assert content(name).plain.isascii()
    finally:
        choose_glyphs(encoding="utf-8")
