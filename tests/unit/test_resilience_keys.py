"""A provider's keys: how long each rests, when one is given up, which is next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.config.values import Provider
from workbench.core.secret import Secret
from workbench.providers.resilience.keys import (
    NO_KEY_REF,
    QUOTA_REST_MS,
    Key,
    KeyReport,
    KeySign,
    after,
    all_given_up,
    choose,
    fingerprints,
    matching,
    rest_ms,
    sign_of,
    usable,
    view,
)  # fmt: skip
from workbench.providers.resilience.values import KeyCondition
from workbench.providers.values import Attempt, AttemptFailure, ErrorKind

NOW = 1_790_000_000_000
LIMITED, EXHAUSTED, REFUSED, WORKED = KeySign.LIMITED, KeySign.EXHAUSTED, KeySign.REFUSED, KeySign.WORKED


def told(key: Key, sign: KeySign, at_ms: int = NOW, retry_after_s: float | None = None, status: int = 429) -> Key:
    return after(key, KeyReport(sign=sign, at_ms=at_ms, retry_after_s=retry_after_s, status=status))[0]


@pytest.mark.parametrize("asked_s", [0.5, 2.0, 600.0])
def test_a_429_rests_the_key_exactly_as_long_as_asked(asked_s: float) -> None:
    key = told(Key(), LIMITED, retry_after_s=asked_s)
    assert rest_ms(key, NOW) == asked_s * 1000
    assert not usable(key, NOW + round(asked_s * 1000) - 1)
    assert usable(key, NOW + round(asked_s * 1000))


def test_without_being_told_it_rests_two_seconds_then_twice_as_long_up_to_a_minute() -> None:
    key, now, rests = Key(), NOW, []
    for _ in range(8):
        key = told(key, LIMITED, now)
        rests.append(rest_ms(key, now) / 1000)
        now += rest_ms(key, now)
    assert rests == [2, 4, 8, 16, 32, 60, 60, 60]
    key = told(told(key, WORKED, now), LIMITED, now)
    assert rest_ms(key, now) == 2_000, "a success ends the doubling"


def test_requests_that_were_refused_together_rest_the_key_once() -> None:
    key = told(Key(), LIMITED)
    for late_ms in (0, 300, 1_999):
        assert told(key, LIMITED, NOW + late_ms) == key


def test_a_rest_only_grows_while_it_lasts() -> None:
    key = told(Key(), LIMITED, retry_after_s=30)
    assert told(key, LIMITED, retry_after_s=5) == key
    assert rest_ms(told(key, LIMITED, retry_after_s=50), NOW) == 50_000


def test_an_empty_account_rests_ten_minutes() -> None:
    key = told(Key(), EXHAUSTED)
    assert rest_ms(key, NOW) == QUOTA_REST_MS == 600_000
    assert key.reason == "its quota is used up (HTTP 429)"


def test_a_refused_key_is_bad_until_it_is_changed_or_reset() -> None:
    bad = told(Key(fingerprint="aaaa"), REFUSED, status=401)
    assert (bad.condition, bad.reason) == (KeyCondition.BAD, "refused (HTTP 401)")
    assert not usable(bad, NOW + 10**9)
    assert told(bad, WORKED) == bad
    assert told(bad, LIMITED) == bad
    assert matching(bad, "aaaa") == bad
    assert usable(matching(bad, "bbbb"), NOW)
    assert usable(told(bad, KeySign.RESET), NOW)


def test_a_key_that_is_switched_off_stays_off_even_when_it_is_changed() -> None:
    off = told(Key(fingerprint="aaaa"), KeySign.SWITCHED_OFF)
    assert off.condition is KeyCondition.DISABLED
    for sign in (WORKED, LIMITED, EXHAUSTED, REFUSED, KeySign.RESET):
        assert told(off, sign) == off
    assert matching(off, "bbbb").condition is KeyCondition.DISABLED
    assert usable(told(off, KeySign.SWITCHED_ON), NOW)


def test_a_success_while_it_rests_does_not_wake_it() -> None:
    key = told(Key(), LIMITED, retry_after_s=30)
    assert told(key, WORKED, NOW + 29_999) == key
    woken, change = after(key, KeyReport(sign=WORKED, at_ms=NOW + 30_000))
    assert woken.condition is KeyCondition.OK
    assert change is not None and change.reason == "it works again"


@given(back_ms=st.integers(0, 10**9), rest_s=st.floats(0, 3600))
def test_a_clock_that_was_set_back_makes_no_rest_longer(back_ms: int, rest_s: float) -> None:
    key = told(Key(), LIMITED, retry_after_s=rest_s)
    assert rest_ms(key, NOW - back_ms) <= round(rest_s * 1000)


def test_the_key_limited_longest_ago_is_next_then_the_one_used_longest_ago() -> None:
    keys = {"A": Key(limited_at_ms=NOW - 10), "B": Key(limited_at_ms=NOW - 20), "C": Key(limited_at_ms=NOW - 20)}
    assert choose(keys, {"B": 7, "C": 3}, NOW) == "C"
    assert choose(keys, {"B": 7, "C": 8}, NOW) == "B"
    assert choose(keys, {}, NOW, lambda ref: ref == "A") == "A"
    resting = {ref: told(key, LIMITED) for ref, key in keys.items()}
    assert choose(resting, {}, NOW) is None


def test_equal_keys_take_turns() -> None:
    keys, used, chosen = {"A": Key(), "B": Key(), "C": Key()}, dict[str, int](), list[str]()
    for number in range(1, 7):
        ref = choose(keys, used, NOW)
        assert ref is not None
        used[ref] = number
        chosen.append(ref)
    assert chosen == ["A", "B", "C", "A", "B", "C"]


def test_why_no_key_is_left_names_the_key_and_what_helps() -> None:
    bad = told(Key(), REFUSED, status=401)
    off = told(Key(), KeySign.SWITCHED_OFF)
    assert all_given_up([("A", bad)]) == (
        "its key A was refused (HTTP 401): change the key, or reset it when it is valid again"
    )
    assert all_given_up([("A", off), ("B", bad)]).startswith("its key B was refused (HTTP 401), the others are")
    assert "switched off" in all_given_up([("A", off)])
    assert "without a key was refused (HTTP 401)" in all_given_up([(NO_KEY_REF, bad)])
    assert all_given_up([("A", bad), ("B", Key())]) == ""
    assert all_given_up([("A", bad), ("B", told(Key(), LIMITED))]) == "", "one that rests comes back"


def test_a_fingerprint_notices_a_change_and_gives_nothing_away() -> None:
    def of(*values: str, name: str = "p") -> dict[str, str]:
        keys = tuple(Secret(value) for value in values)
        return fingerprints(Provider(name=name, kind="openai", api_keys=keys, key_refs=("A", "B")))

    first = of("sk-alpha", "sk-alpha")
    assert list(first) == ["A", "B"]
    assert all(len(found) == 8 and int(found, 16) >= 0 for found in first.values())
    assert first["A"] != first["B"], "equal keys do not look equal"
    assert of("sk-alpha", "sk-beta")["A"] == first["A"]
    assert of("sk-alphb", "sk-beta")["A"] != first["A"]
    assert of("sk-alpha", name="q")["A"] != first["A"]
    assert fingerprints(Provider(name="p", kind="ollama", needs_key=False)) == {NO_KEY_REF: ""}
    assert of("sk-\udcff") != first, "what is no UTF-8 is hashed as well"


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        (ErrorKind.RATE_LIMITED, LIMITED), (ErrorKind.QUOTA, EXHAUSTED), (ErrorKind.AUTH, REFUSED),
        (ErrorKind.SERVER_ERROR, None), (ErrorKind.BAD_REQUEST, None), (ErrorKind.FIRST_TOKEN_TIMEOUT, None),
    ],
)  # fmt: skip
def test_what_each_kind_of_error_says_of_a_key(kind: ErrorKind, sign: KeySign | None) -> None:
    attempt = Attempt(ord=0, provider="p", model="m", state="failed")
    assert sign_of(attempt, AttemptFailure(kind, "why")) is sign


def test_only_a_whole_answer_says_that_a_key_works() -> None:
    ok = Attempt(ord=0, provider="p", model="m", state="ok")
    assert sign_of(ok, None) is WORKED
    assert sign_of(Attempt(ord=0, provider="p", model="m", state="cancelled"), None) is None


def test_a_rest_that_is_over_is_seen_as_ok() -> None:
    key = told(Key(), LIMITED, retry_after_s=3)
    during = view("A", key, NOW)
    assert (during.condition, during.until_ms) == (KeyCondition.LIMITED, NOW + 3_000)
    assert view("A", key, NOW + 3_000).condition is KeyCondition.OK
