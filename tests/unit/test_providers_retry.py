"""When the same provider is asked again, and how often that may happen."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import Cause
from workbench.providers.calling.classification import CAUSES
from workbench.providers.resilience.retry import CEILING, FLOOR, FLOOR_REFILL_PER_S, SHARE, RetryBudget, RetryPolicy
from workbench.providers.values import ErrorKind

POLICY = RetryPolicy()


def wait(kind: ErrorKind, *, made: int = 0, most: int = 2, retry_after_s: float | None = None) -> float | None:
    return POLICY.wait_s(
        kind=kind, cause=CAUSES[kind], retries_made=made, max_retries=most, retry_after_s=retry_after_s,
        random=Random(3),
    )  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [ErrorKind.AUTH, ErrorKind.BAD_REQUEST, ErrorKind.CONTEXT_WINDOW, ErrorKind.CONTENT_POLICY, ErrorKind.QUOTA],
)
def test_never_where_nothing_would_change(kind: ErrorKind) -> None:
    assert wait(kind) is None
    assert wait(kind, retry_after_s=1.0) is None


def test_at_most_max_retries() -> None:
    assert wait(ErrorKind.SERVER_ERROR, made=1) is not None
    assert wait(ErrorKind.SERVER_ERROR, made=2) is None
    assert wait(ErrorKind.SERVER_ERROR, most=0) is None


@given(made=st.integers(0, 30), seed=st.integers())
def test_back_off_grows_with_jitter_and_has_an_end(made: int, seed: int) -> None:
    seconds = POLICY.wait_s(
        kind=ErrorKind.SERVER_ERROR, cause=Cause.TRANSIENT, retries_made=made, max_retries=99, retry_after_s=None,
        random=Random(seed),
    )  # fmt: skip
    longest = min(POLICY.longest_wait_s, POLICY.first_wait_s * 2**made)
    assert seconds is not None
    assert longest / 2 <= seconds <= longest


@given(asked=st.floats(0, 60), seed=st.integers())
def test_retry_after_is_never_undercut(asked: float, seed: int) -> None:
    seconds = POLICY.wait_s(
        kind=ErrorKind.RATE_LIMITED, cause=Cause.TRANSIENT, retries_made=0, max_retries=1, retry_after_s=asked,
        random=Random(seed),
    )  # fmt: skip
    assert seconds is not None
    assert asked <= seconds <= asked + 1.0


def test_a_long_rest_is_not_waited_for() -> None:
    assert wait(ErrorKind.RATE_LIMITED, retry_after_s=600.0) is None


def test_a_single_request_may_be_repeated() -> None:
    budget = RetryBudget()
    budget.request(0.0)
    assert budget.spend(0.0)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 2)), max_size=300))
def test_retries_stay_within_their_share(steps: list[tuple[bool, float]]) -> None:
    budget = RetryBudget()
    now, requests, retries = 0.0, 0, 0
    for is_request, pause in steps:
        now += pause
        if is_request:
            budget.request(now)
            requests += 1
        else:
            retries += budget.spend(now)
    assert retries <= FLOOR + SHARE * requests + FLOOR_REFILL_PER_S * now + 1e-6


def test_a_long_quiet_time_saves_up_no_storm() -> None:
    budget = RetryBudget()
    for second in range(1000):
        budget.request(float(second))
    assert sum(budget.spend(1000.0) for _ in range(100)) <= CEILING
