"""What holds of admission and of retries, whatever order things happen in."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.admitting import Door, candidate, configured, failed
from tests.support.stepped_clock import SteppedClock, settle
from workbench.core.errors import Cause
from workbench.providers.calling.classification import CAUSES
from workbench.providers.resilience.admission import Admitted, Ask, Full
from workbench.providers.resilience.breaker import PROBE_LEASE_MS
from workbench.providers.resilience.retry import FLOOR, FLOOR_REFILL_PER_S, SHARE, RetryBudget, RetryPolicy
from workbench.providers.resilience.values import BreakerState, KeyCondition
from workbench.providers.routing.order import Skipped
from workbench.providers.values import ErrorKind, Urgency

PROVIDERS = {
    "a": configured("a", keys=2, max_concurrent=2, key_max_concurrent=1),
    "b": configured("b", keys=0, rate_limit=6, token_limit=600),
    "c": configured("c", keys=3, max_concurrent=1, key_rate_limit=6),
}
LIMIT = 4
ENDINGS = ("ok", "cancelled", *ErrorKind)


@dataclass(eq=False)
class Running:
    name: str
    leave: Admitted
    since_ms: int


@dataclass(eq=False)
class Waiting:
    ask: Ask
    names: tuple[str, ...]
    task: asyncio.Task[bool]


class AdmissionMachine(RuleBasedStateMachine):
    """Requests of three providers that are admitted, wait, end in every way, and are given up."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = SteppedClock()
        self.door = Door(limit=LIMIT, clock=self.clock)
        self.running: list[Running] = []
        self.waiting: list[Waiting] = []
        self.runner.run(self.door.admission.refresh(list(PROVIDERS.values())))

    def teardown(self) -> None:
        for waiting in self.waiting:
            waiting.task.cancel()
        self.runner.run(settle())
        for each in list(self.running):
            self.finish(each, "ok")
        levels = [view for view in self.door.admission.limits(PROVIDERS["a"]) if view.name == "concurrent"]
        assert [view.level for view in levels] == [2, 1, 1, LIMIT], "every place was given back"
        assert not asyncio.all_tasks(self.runner.get_loop())
        self.runner.close()

    def finish(self, each: Running, ending: str, retry_after_s: float | None = None) -> None:
        self.running.remove(each)
        failure = None if ending in ("ok", "cancelled") else failed(ending, retry_after_s=retry_after_s)
        more = {} if failure is not None else {"state": ending}
        for _ in range(2):
            self.door.end(PROVIDERS[each.name], each.leave, failure, input_tokens=40, output_tokens=200, **more)
        self.runner.run(settle())

    def try_to_enter(self, name: str, ask: Ask, *, early: bool = False) -> Admitted | Skipped | Full:
        found = self.runner.run(self.door.admit(PROVIDERS[name], ask, early_probe=early))
        if isinstance(found, Admitted):
            self.running.append(Running(name, found, self.clock.now_ms()))
        return found

    @rule(
        name=st.sampled_from("abc"),
        tokens=st.sampled_from([0, 100, 900]),
        urgency=st.sampled_from(list(Urgency)),
        early=st.booleans(),
    )
    def ask(self, name: str, tokens: int, urgency: Urgency, early: bool) -> None:
        looked = self.door.admission.look(candidate(PROVIDERS[name]))
        before = [w for w in self.waiting if w.ask.urgency <= urgency and name in w.names and not w.task.done()]
        found = self.try_to_enter(name, self.door.turn(tokens=tokens, urgency=urgency), early=early)
        if isinstance(found, Admitted):
            assert not before, "nobody who waits for it was overtaken"
        if isinstance(looked, Skipped) and not early:
            assert isinstance(found, Skipped), "looking and asking say the same"
        self.runner.run(settle())

    @rule(
        names=st.sets(st.sampled_from("abc"), min_size=1),
        tokens=st.sampled_from([0, 100, 900]),
        urgency=st.sampled_from(list(Urgency)),
        timeout_s=st.sampled_from([20.0, 3000.0]),
    )
    def wait(self, names: set[str], tokens: int, urgency: Urgency, timeout_s: float) -> None:
        ask = self.door.turn(tokens=tokens, urgency=urgency)
        wanted = tuple(sorted(names))
        candidates = [candidate(PROVIDERS[name]) for name in wanted]

        async def begin() -> asyncio.Task[bool]:
            task = asyncio.create_task(self.door.admission.wait(candidates, ask, timeout_s=timeout_s))
            await settle()
            return task

        self.waiting.append(Waiting(ask, wanted, self.runner.run(begin())))

    @rule(data=st.data())
    @precondition(lambda self: self.waiting)
    def give_up_waiting(self, data: st.DataObject) -> None:
        waiting = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(waiting)
        waiting.task.cancel()
        self.runner.run(settle())

    @rule()
    @precondition(lambda self: any(waiting.task.done() for waiting in self.waiting))
    def who_was_called_enters(self) -> None:
        for waiting in [each for each in self.waiting if each.task.done()]:
            self.waiting.remove(waiting)
            if waiting.task.result():
                any(isinstance(self.try_to_enter(name, waiting.ask), Admitted) for name in waiting.names)
        self.runner.run(settle())

    @rule(
        data=st.data(),
        ending=st.sampled_from(ENDINGS),
        retry_after_s=st.sampled_from([None, 1.0, 30.0, 100.0]),
    )
    @precondition(lambda self: self.running)
    def end(self, data: st.DataObject, ending: str, retry_after_s: float | None) -> None:
        self.finish(data.draw(st.sampled_from(self.running)), ending, retry_after_s)

    @rule(seconds=st.sampled_from([0.3, 1.1, 5.0, 12.0, 61.0, 700.0]))
    def advance(self, seconds: float) -> None:
        self.runner.run(self.clock.pass_time(seconds))

    @rule(name=st.sampled_from("abc"), what=st.sampled_from(["breaker", "keys", "heard"]))
    def help_along(self, name: str, what: str) -> None:
        admission = self.door.admission
        match what:
            case "breaker":
                self.runner.run(admission.reset_breaker(name))
            case "keys":
                self.runner.run(admission.reset_keys(name))
            case _:
                self.runner.run(admission.heard_well(PROVIDERS[name]))
        self.runner.run(settle())

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        assert len(self.running) <= LIMIT
        for name, provider in PROVIDERS.items():
            running = sum(each.name == name for each in self.running)
            assert provider.max_concurrent is None or running <= provider.max_concurrent
            with_key = Counter(each.leave.key_ref for each in self.running if each.name == name)
            assert max(with_key.values(), default=0) <= (provider.key_max_concurrent or LIMIT)
            for view in self.door.admission.limits(provider):
                assert view.level <= view.capacity

    @invariant()
    def at_most_one_probe_is_out(self) -> None:
        for name, provider in PROVIDERS.items():
            if self.door.admission.breaker(provider).state is BreakerState.HALF_OPEN:
                now_ms = self.clock.now_ms()
                probes = [each for each in self.running if each.name == name and each.leave.probe]
                assert sum(now_ms < each.since_ms + PROBE_LEASE_MS for each in probes) <= 1

    @invariant()
    def who_can_be_admitted_has_a_key_that_may_be_used(self) -> None:
        for provider in PROVIDERS.values():
            if provider.api_keys and self.door.admission.look(candidate(provider)) is None:
                conditions = {view.condition for view in self.door.admission.keys(provider)}
                assert KeyCondition.OK in conditions

    @invariant()
    def nobody_waits_where_a_place_is_free(self) -> None:
        for waiting in self.waiting:
            # `look` speaks for somebody who is interactive and has no idea of tokens.
            if not waiting.task.done() and waiting.ask.tokens == 0 and waiting.ask.urgency is Urgency.INTERACTIVE:
                for name in waiting.names:
                    assert self.door.admission.look(candidate(PROVIDERS[name])) is not None


TestAdmissionMachine = AdmissionMachine.TestCase
TestAdmissionMachine.settings = settings(max_examples=100, stateful_step_count=25, deadline=None, derandomize=True)


class RetryMachine(RuleBasedStateMachine):
    """Requests that fail, and retries of them, at any times."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.budget = RetryBudget()
        self.policy = RetryPolicy()
        self.requests = 0
        self.retries = 0

    @rule(seconds=st.floats(0, 30))
    def advance(self, seconds: float) -> None:
        self.now += seconds

    @rule(count=st.integers(1, 20))
    def request(self, count: int) -> None:
        for _ in range(count):
            self.budget.request(self.now)
        self.requests += count

    @rule(
        kind=st.sampled_from(list(ErrorKind)),
        made=st.integers(0, 4),
        most=st.integers(0, 3),
        retry_after_s=st.none() | st.floats(0, 100),
        seed=st.integers(0, 99),
    )
    def fail(self, kind: ErrorKind, made: int, most: int, retry_after_s: float | None, seed: int) -> None:
        wait_s = self.policy.wait_s(
            kind=kind, cause=CAUSES[kind], retries_made=made, max_retries=most, retry_after_s=retry_after_s,
            random=Random(seed),
        )  # fmt: skip
        if wait_s is None:
            return
        assert CAUSES[kind] is Cause.TRANSIENT and made < most
        assert wait_s >= (retry_after_s or 0.0)
        assert wait_s <= 61.0
        allowed = self.budget.allows(self.now)
        assert self.budget.spend(self.now) == allowed
        self.retries += allowed

    @invariant()
    def retries_stay_within_their_share(self) -> None:
        bound = FLOOR + SHARE * self.requests + FLOOR_REFILL_PER_S * self.now
        assert self.retries <= bound + 1e-6


TestRetryMachine = RetryMachine.TestCase
TestRetryMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None, derandomize=True)
