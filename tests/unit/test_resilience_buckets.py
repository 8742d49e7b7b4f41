"""Token buckets and a provider's limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from workbench.config.values import Provider
from workbench.providers.resilience.buckets import Bucket
from workbench.providers.resilience.limits import Need, ProviderLimits


def test_a_full_bucket_holds_a_minute_and_refills_evenly() -> None:
    bucket = Bucket(60, 0.0)
    assert all(bucket.take(1, 0.0) for _ in range(60))
    assert not bucket.take(1, 0.0)
    assert bucket.eta(1, 0.0) == pytest.approx(1.0)
    assert bucket.level(30.0) == pytest.approx(30.0)
    assert bucket.level(600.0) == 60


def test_the_time_it_names_is_the_time_it_takes() -> None:
    bucket = Bucket(7, 0.0)
    assert bucket.take(7, 0.0)
    wait_s = bucket.eta(3, 0.0)
    assert not bucket.take(3, wait_s - 0.01)
    assert bucket.take(3, wait_s)


def test_what_was_underestimated_is_paid_later() -> None:
    bucket = Bucket(600, 0.0)
    assert bucket.take(100, 0.0)
    bucket.give(100 - 1300, 0.0)
    assert bucket.level(0.0) == -700
    assert bucket.eta(1, 0.0) == pytest.approx(70.1)


def test_what_was_overestimated_comes_back_and_never_overflows() -> None:
    bucket = Bucket(600, 0.0)
    assert bucket.take(500, 0.0)
    bucket.give(450, 0.0)
    assert bucket.level(0.0) == 550
    bucket.give(9_000, 0.0)
    assert bucket.level(0.0) == 600


def test_what_is_larger_than_the_bucket_needs_a_full_one() -> None:
    bucket = Bucket(100, 0.0)
    assert bucket.take(10, 0.0)
    assert bucket.eta(1000, 0.0) == pytest.approx(6.0)
    assert bucket.take(1000, 6.0)
    assert bucket.level(6.0) == -900


def test_another_limit_keeps_what_was_used() -> None:
    bucket = Bucket(100, 0.0)
    assert bucket.take(80, 0.0)
    bucket.resize(200, 0.0)
    assert (bucket.level(0.0), bucket.capacity) == (120, 200)
    bucket.resize(50, 0.0)
    assert bucket.level(0.0) == -30


def limits(**more: Any) -> ProviderLimits:
    made = ProviderLimits()
    made.adapt(Provider(name="p", kind="openai", **more), ("A", "B"), 0.0)
    return made


def reasons(of: ProviderLimits, need: Need, now_s: float = 0.0) -> list[tuple[str, float | None]]:
    return [
        (obstacle.reason, None if obstacle.ready_in_s is None else round(obstacle.ready_in_s, 3))
        for obstacle in of.obstacles(need, now_s)
    ]


def test_requests_tokens_and_concurrency_each_keep_a_request_out() -> None:
    full = limits(rate_limit=2, token_limit=100, max_concurrent=2)
    assert reasons(full, Need(tokens=60)) == []
    full.take("A", 60, 0.0)
    assert reasons(full, Need(tokens=60)) == [("its 100 tokens a minute are used", 12.0)]
    full.take("A", 40, 0.0)
    assert reasons(full, Need(tokens=1)) == [
        ("its 2 requests a minute are used", 30.0),
        ("its 100 tokens a minute are used", 0.6),
        ("2 of 2 requests are running", None),
    ]
    full.release("A", reserved=60, used=20, reached=True, now_s=0.0)
    assert reasons(full, Need(tokens=40)) == [("its 2 requests a minute are used", 30.0)]


def test_a_request_that_never_reached_the_provider_used_nothing() -> None:
    full = limits(rate_limit=1, token_limit=100, key_rate_limit=1, key_token_limit=100)
    full.take("A", 100, 0.0)
    assert full.key_obstacle("A", Need(tokens=1), 0.0) is not None
    full.release("A", reserved=100, used=None, reached=False, now_s=0.0)
    assert reasons(full, Need(tokens=100)) == []
    assert full.key_obstacle("A", Need(tokens=100), 0.0) is None


def test_unknown_usage_keeps_the_estimate() -> None:
    full = limits(token_limit=100)
    full.take("A", 70, 0.0)
    full.release("A", reserved=70, used=None, reached=True, now_s=0.0)
    assert [view.level for view in full.views(0.0)] == [30]


def test_each_key_has_limits_of_its_own() -> None:
    full = limits(key_rate_limit=1)
    full.take("A", 0, 0.0)
    assert full.key_obstacle("A", Need(), 0.0) is not None
    assert full.key_obstacle("B", Need(), 0.0) is None
    assert [(view.scope, view.name, view.level) for view in full.views(0.0)] == [
        ("A", "requests", 0), ("B", "requests", 1),
    ]  # fmt: skip


def test_each_key_has_places_of_its_own_and_its_requests_keep_them_when_it_goes_and_comes() -> None:
    full = limits(key_max_concurrent=1)
    full.take("A", 0, 0.0)
    obstacle = full.key_obstacle("A", Need(), 0.0)
    assert obstacle is not None
    assert (obstacle.reason, obstacle.ready_in_s) == ("1 of 1 requests with the A key are running", None)
    assert full.key_obstacle("B", Need(), 0.0) is None
    assert [(view.scope, view.name, view.level) for view in full.views(0.0)] == [
        ("A", "concurrent", 0), ("B", "concurrent", 1),
    ]  # fmt: skip
    changed = Provider(name="p", kind="openai", key_max_concurrent=1)
    full.adapt(changed, ("B",), 0.0)
    assert [view.scope for view in full.views(0.0)] == ["B"]
    full.adapt(changed, ("A", "B"), 0.0)
    assert full.key_obstacle("A", Need(), 0.0) is not None
    full.release("A", reserved=0, used=None, reached=True, now_s=0.0)
    assert full.key_obstacle("A", Need(), 0.0) is None


def test_level_and_time_to_the_next_can_be_read() -> None:
    full = limits(rate_limit=2, max_concurrent=1)
    full.take("A", 0, 0.0)
    full.take("B", 0, 0.0)
    assert [(view.name, view.level, view.capacity, view.ready_in_s) for view in full.views(0.0)] == [
        ("requests", 0, 2, 30.0), ("concurrent", -1, 1, None),
    ]  # fmt: skip


class BucketMachine(RuleBasedStateMachine):
    """Takes, gives and waits in any order, beside an account of what was used."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.capacity = 30.0
        self.bucket = Bucket(self.capacity, self.now)
        self.taken: list[tuple[float, float]] = []

    @rule(seconds=st.floats(0, 90))
    def advance(self, seconds: float) -> None:
        before = self.bucket.level(self.now)
        self.now += seconds
        grown = self.bucket.level(self.now) - before
        assert -1e-6 <= grown <= seconds * self.capacity / 60 + 1e-6

    @rule(amount=st.floats(0, 60))
    def take(self, amount: float) -> None:
        before = self.bucket.level(self.now)
        wait_s = self.bucket.eta(amount, self.now)
        assert self.bucket.take(amount, self.now) == (wait_s == 0.0)
        if wait_s == 0.0:
            self.taken.append((self.now, amount))
            assert self.bucket.level(self.now) == pytest.approx(before - amount, abs=1e-6)
        else:
            assert self.bucket.level(self.now) == before
            assert self.bucket.eta(amount, self.now + wait_s) == 0.0

    @rule(amount=st.floats(-40, 40))
    def settle(self, amount: float) -> None:
        self.bucket.give(amount, self.now)
        # What was settled is not foreseen, so the account below begins anew.
        self.taken.clear()

    @invariant()
    def it_never_holds_more_than_its_capacity(self) -> None:
        assert self.bucket.level(self.now) <= self.capacity

    @invariant()
    def no_minute_has_more_than_a_burst_and_its_refill(self) -> None:
        used = sum(min(amount, self.capacity) for at, amount in self.taken if at > self.now - 60)
        assert used <= 2 * self.capacity + 1e-6


TestBucketMachine = BucketMachine.TestCase
TestBucketMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None, derandomize=True)
