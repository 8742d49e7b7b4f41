"""The circuit breaker: each of its numbers, and what holds whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from workbench.providers.resilience.breaker import (
    FIRST_OPEN_MS,
    JITTER,
    LONGEST_OPEN_MS,
    PROBE_LEASE_MS,
    Breaker,
    Outcome,
    Report,
    Transition,
    after,
    is_probing,
    outcome_of,
    probe_in_ms,
    view,
)  # fmt: skip
from workbench.providers.resilience.values import BreakerState
from workbench.providers.values import Attempt, AttemptFailure, ErrorKind

NOW = 1_790_000_000_000
CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def told(breaker: Breaker, *outcomes: Outcome, at_ms: int = NOW, step_ms: int = 0, **more: object) -> Breaker:
    """The breaker after calls that began just now."""
    for number, outcome in enumerate(outcomes):
        report = Report(outcome=outcome, at_ms=at_ms + number * step_ms, generation=breaker.generation)
        breaker, _ = after(breaker, replace(report, **more))
    return breaker


def opened(openings: int = 1, roll: float = 0.5) -> Breaker:
    """A breaker that has just opened, after as many probes without an answer as needed."""
    breaker = told(Breaker(), *[Outcome.FAILURE] * 5, roll=roll)
    while breaker.openings < openings:
        at_ms = breaker.probe_at_ms
        breaker = told(breaker, Outcome.CLAIM, Outcome.FAILURE, at_ms=at_ms, permit="me", roll=roll)
    return breaker


def test_four_failures_in_a_row_leave_it_closed_and_the_fifth_opens_it() -> None:
    breaker = told(Breaker(), *[Outcome.FAILURE] * 4, reason="connection refused")
    assert (breaker.state, breaker.failures) == (CLOSED, 4)
    report = Report(outcome=Outcome.FAILURE, at_ms=NOW, reason="connection refused")
    breaker, change = after(breaker, report)
    assert change == Transition(before=CLOSED, breaker=breaker, reason="after 5 failures (connection refused)")
    assert view(breaker, NOW).reason == "5 failures (connection refused)"


def test_a_success_ends_the_row() -> None:
    breaker = told(Breaker(), *[Outcome.FAILURE] * 4, Outcome.SUCCESS, *[Outcome.FAILURE] * 4)
    assert (breaker.state, breaker.failures) == (CLOSED, 4)


def test_failures_in_a_row_have_no_time_limit() -> None:
    assert told(Breaker(), *[Outcome.FAILURE] * 5, step_ms=3_600_000).state is OPEN


def test_half_of_ten_calls_in_a_minute_open_it() -> None:
    pairs = [Outcome.SUCCESS, Outcome.FAILURE]
    assert told(Breaker(), *(pairs * 4), Outcome.SUCCESS).state is CLOSED, "nine calls are too few"
    assert told(Breaker(), *(pairs * 5)).state is OPEN
    mostly_well = [Outcome.SUCCESS, Outcome.SUCCESS, Outcome.FAILURE]
    assert told(Breaker(), *(mostly_well * 30)).state is CLOSED


def test_calls_older_than_a_minute_do_not_count() -> None:
    # One call every 7 seconds: never ten within a minute.
    assert told(Breaker(), *([Outcome.SUCCESS, Outcome.FAILURE] * 40), step_ms=7_000).state is CLOSED
    assert told(Breaker(), *([Outcome.SUCCESS, Outcome.FAILURE] * 40), step_ms=6_000).state is OPEN


def test_successes_of_one_second_may_be_told_together() -> None:
    apart = told(Breaker(), *[Outcome.SUCCESS] * 7)
    assert told(Breaker(), Outcome.SUCCESS, count=7) == apart


def test_a_hang_opens_it_at_once() -> None:
    breaker = told(Breaker(), Outcome.HANG, reason="no first token within 15 s")
    assert breaker.state is OPEN
    assert view(breaker, NOW).reason == "1 failure (no first token within 15 s)"


@pytest.mark.parametrize(("openings", "seconds"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 300)])
def test_it_stays_open_for_five_seconds_then_twice_as_long_up_to_five_minutes(openings: int, seconds: int) -> None:
    breaker = opened(openings)
    assert breaker.probe_at_ms - breaker.opened_at_ms == seconds * 1000
    assert opened(40).probe_at_ms - opened(40).opened_at_ms == LONGEST_OPEN_MS


@pytest.mark.parametrize(("roll", "period"), [(0.0, 4_000), (1.0, 6_000)])
def test_the_period_has_a_jitter_of_a_fifth(roll: float, period: int) -> None:
    assert opened(roll=roll).probe_at_ms - NOW == period


def test_only_one_probe_goes_when_the_time_has_come() -> None:
    breaker = opened()
    due = breaker.probe_at_ms
    assert told(breaker, Outcome.CLAIM, at_ms=due - 1, permit="a") == breaker
    probing = told(breaker, Outcome.CLAIM, at_ms=due, permit="a")
    assert (probing.state, probing.permit) == (HALF_OPEN, "a")
    assert told(probing, Outcome.CLAIM, at_ms=due, permit="b", early=True) == probing


def test_a_probe_may_go_before_its_time_when_nobody_else_is_left() -> None:
    assert told(opened(), Outcome.CLAIM, permit="a", early=True).permit == "a"


def test_a_probe_that_is_answered_closes_it_and_ends_the_doubling() -> None:
    breaker = opened(5)
    closed = told(breaker, Outcome.CLAIM, Outcome.SUCCESS, at_ms=breaker.probe_at_ms, permit="a")
    assert (closed.state, closed.failures, closed.openings) == (CLOSED, 0, 0)
    again = told(closed, *[Outcome.FAILURE] * 5)
    assert again.probe_at_ms - again.opened_at_ms == FIRST_OPEN_MS


def test_a_probe_that_says_nothing_gives_its_permit_back() -> None:
    breaker = opened()
    probing = told(breaker, Outcome.CLAIM, at_ms=breaker.probe_at_ms, permit="a")
    free = told(probing, Outcome.NEUTRAL, at_ms=breaker.probe_at_ms, permit="a")
    assert (free.state, is_probing(free, breaker.probe_at_ms)) == (HALF_OPEN, False)
    assert told(free, Outcome.CLAIM, at_ms=breaker.probe_at_ms, permit="b").permit == "b"


def test_a_lost_probe_makes_room_after_its_lease() -> None:
    breaker = opened()
    due = breaker.probe_at_ms
    probing = told(breaker, Outcome.CLAIM, at_ms=due, permit="a")
    assert told(probing, Outcome.CLAIM, at_ms=due + PROBE_LEASE_MS - 1, permit="b").permit == "a"
    other = told(probing, Outcome.CLAIM, at_ms=due + PROBE_LEASE_MS, permit="b")
    assert other.permit == "b"
    assert told(other, Outcome.FAILURE, at_ms=due + PROBE_LEASE_MS, permit="a") == other, "the lost one decides nothing"
    assert told(other, Outcome.SUCCESS, at_ms=due + PROBE_LEASE_MS, permit="a").state is CLOSED, "but an answer is one"


def test_what_began_before_it_opened_changes_nothing() -> None:
    breaker = opened()
    assert told(breaker, Outcome.FAILURE, Outcome.HANG, Outcome.SUCCESS, at_ms=NOW + 100) == breaker
    closed = told(breaker, Outcome.CLAIM, Outcome.SUCCESS, at_ms=breaker.probe_at_ms, permit="a")
    late = replace(Report(outcome=Outcome.HANG, at_ms=NOW + 9_000), generation=breaker.generation)
    assert after(closed, late) == (closed, None)


def test_a_free_check_brings_the_probe_forward_once() -> None:
    heard, change = after(opened(3), Report(outcome=Outcome.HEARD, at_ms=NOW))
    assert heard.state is HALF_OPEN, "it does not close it"
    assert change is not None
    assert probe_in_ms(heard, NOW) == 0
    failed = told(heard, Outcome.CLAIM, Outcome.HANG, permit="a")
    assert failed.state is OPEN
    assert told(failed, Outcome.HEARD) == failed, "checks are answered though requests are not"


def test_another_address_begins_with_a_closed_one() -> None:
    breaker = replace(opened(), fingerprint="old")
    moved = told(breaker, Outcome.FAILURE, fingerprint="new", generation=1)
    assert (moved.state, moved.failures, moved.fingerprint) == (CLOSED, 1, "new")


def test_a_reset_by_hand_closes_it() -> None:
    closed, change = after(opened(4), Report(outcome=Outcome.RESET, at_ms=NOW))
    assert (closed.state, closed.failures, closed.openings) == (CLOSED, 0, 0)
    assert change is not None and change.reason == "reset by hand"


@pytest.mark.parametrize("back_ms", [1_000, 4_999, 5_000, 86_400_000])
def test_a_clock_that_was_set_back_costs_at_most_one_more_period(back_ms: int) -> None:
    breaker = opened()
    just_before = breaker.probe_at_ms - 1
    assert probe_in_ms(breaker, just_before - back_ms) <= breaker.probe_at_ms - breaker.opened_at_ms


KINDS = {
    Outcome.FAILURE: ["server_error", "connection", "empty", "broken_stream", "stalled"],
    Outcome.HANG: ["first_token_timeout", "timeout"],
    Outcome.NEUTRAL: [
        "rate_limited", "quota", "auth", "bad_request", "context_window", "content_policy", "internal", "cancelled",
        "breaker_open", "no_key", "disabled",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("outcome", "kind"), [(outcome, kind) for outcome, kinds in KINDS.items() for kind in kinds])
def test_what_each_kind_of_error_says_of_a_provider(outcome: Outcome, kind: str) -> None:
    attempt = Attempt(ord=0, provider="p", model="m", state="failed")
    assert outcome_of(attempt, AttemptFailure(ErrorKind(kind), "why")) is outcome


def test_every_kind_of_error_is_in_the_table() -> None:
    assert {kind for kinds in KINDS.values() for kind in kinds} == set(ErrorKind)


def test_a_timeout_after_the_first_token_or_with_an_answer_is_no_hang() -> None:
    attempt = Attempt(ord=0, provider="p", model="m", state="failed")
    late = AttemptFailure(ErrorKind.TIMEOUT, "no whole answer within 60 s")
    assert outcome_of(replace(attempt, first_token_ms=80), late) is Outcome.FAILURE
    assert outcome_of(attempt, AttemptFailure(ErrorKind.TIMEOUT, "408", http_status=408)) is Outcome.FAILURE
    assert outcome_of(replace(attempt, state="cancelled"), None) is Outcome.NEUTRAL
    assert outcome_of(replace(attempt, state="ok"), None) is Outcome.SUCCESS


class BreakerMachine(RuleBasedStateMachine):
    """Calls, probes, lost probes, resets and clocks that jump, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.breaker = Breaker()
        self.row = 0
        self.calls: list[tuple[int, bool]] = []
        self.probes: dict[str, int] = {}
        """Permits that are out, and when each counts as lost."""
        self.claims = 0

    def tell(self, outcome: Outcome, **more: object) -> Transition | None:
        report = Report(outcome=outcome, at_ms=self.now, generation=self.breaker.generation)
        before = self.breaker.state
        self.breaker, change = after(self.breaker, replace(report, **more))
        assert (change is not None) == (self.breaker.state is not before)
        if self.breaker.state is not CLOSED or before is not CLOSED or outcome is Outcome.RESET:
            self.row, self.calls = 0, []
        return change

    @rule(seconds=st.floats(0, 400))
    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1000)

    @rule(seconds=st.sampled_from([0.2, 3.0, 100.0, 86_400.0]))
    @precondition(lambda self: self.breaker.state is OPEN)
    def set_the_clock_back(self, seconds: float) -> None:
        self.now -= round(seconds * 1000)
        period = self.breaker.probe_at_ms - self.breaker.opened_at_ms
        assert probe_in_ms(self.breaker, self.now) <= period, "at most one more of its own periods"
        # From here on the machine's own count of a minute would be wrong.
        self.tell(Outcome.RESET)

    @rule(roll=st.floats(0, 1), outcome=st.sampled_from([Outcome.FAILURE, Outcome.SUCCESS, Outcome.HANG]))
    @precondition(lambda self: self.breaker.state is CLOSED)
    def call(self, roll: float, outcome: Outcome) -> None:
        failed = outcome is not Outcome.SUCCESS
        self.row = self.row + 1 if failed else 0
        self.calls.append((self.now // 1000, failed))
        recent = [failed for second, failed in self.calls if second > self.now // 1000 - 60]
        half = len(recent) >= 10 and sum(recent) * 2 >= len(recent)
        opens = failed and (outcome is Outcome.HANG or self.row >= 5 or half)
        change = self.tell(outcome, roll=roll)
        assert (self.breaker.state is OPEN) == opens
        if change is not None:
            self.check_period(1)

    @rule(outcome=st.sampled_from([Outcome.FAILURE, Outcome.SUCCESS, Outcome.HANG, Outcome.NEUTRAL]))
    @precondition(lambda self: self.breaker.state is not CLOSED)
    def late_result(self, outcome: Outcome) -> None:
        before = self.breaker
        assert self.tell(outcome) is None
        assert self.breaker == before

    @rule(early=st.booleans())
    def claim(self, early: bool) -> None:
        self.claims += 1
        permit = f"p{self.claims}"
        due = self.breaker.state is not CLOSED and probe_in_ms(self.breaker, self.now) == 0
        alone = not any(self.now < until for until in self.probes.values())
        self.tell(Outcome.CLAIM, permit=permit, early=early)
        got = self.breaker.permit == permit
        may = due or (early and self.breaker.state is not CLOSED)
        assert got == (may and alone)
        if got:
            self.probes[permit] = self.now + PROBE_LEASE_MS

    @rule(data=st.data(), roll=st.floats(0, 1), outcome=st.sampled_from(list(Outcome)[:4]))
    @precondition(lambda self: self.probes)
    def probe_ends(self, data: st.DataObject, roll: float, outcome: Outcome) -> None:
        permit = data.draw(st.sampled_from(sorted(self.probes)))
        del self.probes[permit]
        openings, own, state = self.breaker.openings, self.breaker.permit == permit, self.breaker.state
        self.tell(outcome, permit=permit, roll=roll)
        if state is HALF_OPEN and outcome is Outcome.SUCCESS:
            assert self.breaker.state is CLOSED
        elif state is HALF_OPEN and own and outcome in (Outcome.FAILURE, Outcome.HANG):
            assert self.breaker.state is OPEN
            self.check_period(openings + 1)

    @rule(outcome=st.sampled_from([Outcome.RESET, Outcome.HEARD]))
    def by_hand_or_check(self, outcome: Outcome) -> None:
        self.tell(outcome)

    def check_period(self, openings: int) -> None:
        period = self.breaker.probe_at_ms - self.now
        nominal = min(LONGEST_OPEN_MS, FIRST_OPEN_MS * 2 ** (openings - 1))
        assert nominal * (1 - JITTER) - 1 <= period <= nominal * (1 + JITTER) + 1

    @invariant()
    def at_most_one_probe_is_out(self) -> None:
        if self.breaker.state is not HALF_OPEN:
            # A decision or a reset was made: what is still out decides nothing any more.
            self.probes.clear()
        assert sum(self.now < until for until in self.probes.values()) <= 1

    @invariant()
    def it_is_never_shut_for_longer_than_its_longest_period(self) -> None:
        wait_ms = probe_in_ms(self.breaker, self.now)
        assert 0 <= wait_ms <= LONGEST_OPEN_MS * (1 + JITTER)
        if self.breaker.state is OPEN:
            assert self.breaker.probe_at_ms - self.breaker.opened_at_ms <= LONGEST_OPEN_MS * (1 + JITTER)

    @invariant()
    def it_remembers_no_more_than_a_minute(self) -> None:
        assert len(self.breaker.window) <= 60


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
