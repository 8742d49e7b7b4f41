"""Who is asked next: the route, places that are full, retries, and a last resort; all within bounds."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from workbench.core.clock import Clock
from workbench.providers.resilience.admission import Admission, Ask, Full
from workbench.providers.resilience.retry import RetryBudget, RetryPolicy
from workbench.providers.resilience.values import BreakerState
from workbench.providers.routing.order import Candidate, Skipped
from workbench.providers.values import AnswerRequest, AttemptFailure, ErrorKind

MAX_ATTEMPTS = 20
"""Requests of one turn, whatever the configuration says."""

MAX_WAITS = 200
"""Times that one turn waits again, because somebody else took what was free."""

LOOK_AGAIN_S = 0.2
"""How often it is looked whether another request's probe has been answered."""

_KEY_TROUBLE = frozenset({ErrorKind.RATE_LIMITED, ErrorKind.QUOTA, ErrorKind.AUTH})
_HANGS = frozenset({ErrorKind.FIRST_TOKEN_TIMEOUT, ErrorKind.TIMEOUT, ErrorKind.STALLED})


@dataclass(frozen=True, slots=True)
class _Retry:
    ready_at_s: float
    candidate: Candidate
    hung: bool
    """It cost its time limit: once is enough."""


@dataclass(frozen=True, slots=True)
class Next:
    """Whom to ask now."""

    candidate: Candidate
    retry: bool = False
    """The same provider with the same key failed in this turn already."""
    early_probe: bool = False
    """Nobody else is left, so a breaker's probe may go before its time."""


class Plan:
    """What is left to try in one turn."""

    def __init__(
        self,
        request: AnswerRequest,
        ask: Ask,
        *,
        admission: Admission,
        budget: RetryBudget,
        policy: RetryPolicy,
        clock: Clock,
        random: Random,
        waiting: Callable[[str], None],
    ) -> None:
        """Nobody is left to ask before `go_on_with`. `waiting` is told why nobody is asked for a while."""
        self._request = request
        self._ask = ask
        self._admission = admission
        self._budget = budget
        self._policy = policy
        self._clock = clock
        self._random = random
        self._waiting = waiting
        self._began_s = clock.monotonic()
        self._queue: deque[Candidate] = deque()
        self._full: dict[Candidate, Full] = {}
        self._waits = 0
        self._retries: list[_Retry] = []
        self._retries_made: dict[str, int] = {}
        self._resting: dict[Candidate, None] = {}
        """Passed over because of their breakers, in the order of the route."""
        self._full_probes: dict[Candidate, Full] = {}
        """Those among them that had no place for their early probe."""
        self._offered: set[Candidate] = set()
        """Whom the last resort has named since it last looked around."""
        self._told_to_wait = False
        self._keys_used: Counter[str] = Counter()
        """Keys after whose failure the same candidate was asked with the next one."""
        self._tried: set[str] = set()
        """Names of those who got a request."""
        self.requests: list[Candidate] = []
        """Who was asked, once for each request that has gone out."""

    @property
    def remaining(self) -> tuple[Candidate, ...]:
        """Those of the route that were not asked yet."""
        return tuple(dict.fromkeys((*self._queue, *self._full)))

    @property
    def following(self) -> Candidate | None:
        """Who would be asked next, those included whose retry is due later; None when nobody is left."""
        if len(self.requests) >= MAX_ATTEMPTS:
            return None
        retry = self._soonest_retry()
        if retry is not None and not self.remaining:
            return retry.candidate
        return next(iter((*self.remaining, *self._chances())), None)

    def go_on_with(self, candidates: Sequence[Candidate]) -> None:
        """From now on these are left of the route, first choice first."""
        self._queue = deque(candidates)
        self._full.clear()

    async def next(self) -> Next | None:
        """Whom to ask now, perhaps after waiting for a place or for a retry's time; None when nobody is left."""
        if len(self.requests) >= MAX_ATTEMPTS:
            return None
        if self._queue:
            return Next(self._queue.popleft())
        retry = self._soonest_retry()
        if self._full and not self._sooner(retry) and await self._wait_for_a_place():
            return Next(self._queue.popleft())
        if retry is not None and (following := await self._after_its_time(retry)) is not None:
            return following
        return await self._last_resort()

    def began(self, following: Next) -> None:
        """A request is going out."""
        self.requests.append(following.candidate)
        self._tried.add(following.candidate.name)
        self._full.pop(following.candidate, None)
        if not following.retry:
            self._budget.request(self._clock.monotonic())

    def is_full(self, candidate: Candidate, full: Full) -> bool:
        """There is no place now, so it is waited for when nobody else can be asked; False when that is known."""
        first = candidate not in self._full and candidate not in self._full_probes
        if isinstance(self._admission.look(candidate), Skipped):
            # Its probe was to go before its time, and the queue lets nobody through an open breaker.
            self._full.pop(candidate, None)
            self._resting[candidate] = None
            self._full_probes[candidate] = full
        else:
            self._full[candidate] = full
        return first

    def passed_over(self, candidate: Candidate, skipped: Skipped) -> bool:
        """It was passed over just now; False when that is known already."""
        self._full.pop(candidate, None)
        if skipped.kind is not ErrorKind.BREAKER_OPEN:
            self._resting.pop(candidate, None)
            return True
        first = candidate not in self._resting
        self._resting[candidate] = None
        return first

    def failed(self, candidate: Candidate, problem: AttemptFailure, *, before_first_token: bool) -> None:
        """Plan what a failure leaves to do with the same provider: another key at once, or a retry."""
        if not before_first_token:
            return
        # A rest of no time leaves a key usable: each is asked at once only once.
        keys_left = len(candidate.provider.api_keys) - 1 - self._keys_used[candidate.name]
        if problem.kind in _KEY_TROUBLE and keys_left > 0 and self._admission.another_key(candidate):
            self._keys_used[candidate.name] += 1
            self._queue.appendleft(candidate)
        else:
            self._plan_retry(candidate, problem)

    def told(self, candidate: Candidate) -> str:
        """What follows the failure of `candidate`, in words."""
        if len(self.requests) >= MAX_ATTEMPTS:
            return "stop"
        if self._queue:
            following = self._queue[0]
            return f"next key of {candidate.provider.name}" if following == candidate else f"next: {following.name}"
        retry = self._soonest_retry()
        if self._full and not self._sooner(retry):
            return f"wait for a place at {next(iter(self._full)).name}"
        if retry is not None:
            wait_s = max(0.0, retry.ready_at_s - self._clock.monotonic())
            return f"retry{'' if retry.candidate == candidate else ' ' + retry.candidate.name} in {wait_s:.1f} s"
        chance = next(iter(self._chances()), None)
        return "stop" if chance is None else f"next: {chance.name}, though its breaker is open"

    def _plan_retry(self, candidate: Candidate, problem: AttemptFailure) -> None:
        made = self._retries_made.get(candidate.name, 0)
        wait_s = self._policy.wait_s(
            kind=problem.kind,
            cause=problem.cause,
            retries_made=made,
            max_retries=candidate.provider.max_retries,
            retry_after_s=problem.retry_after_s,
            random=self._random,
        )
        hung = problem.kind in _HANGS
        # Silence has opened the breaker, and is not paid for twice; anything else may be its probe.
        if wait_s is None or (hung and isinstance(self._admission.look(candidate), Skipped)):
            return
        ready_at_s = self._clock.monotonic() + wait_s
        if ready_at_s <= self._began_s + self._request.timeouts.total_s:
            self._retries_made[candidate.name] = made + 1
            self._retries.append(_Retry(ready_at_s, candidate, hung))

    def _soonest_retry(self) -> _Retry | None:
        """None too when no retry can be paid for: it must not keep the turn from waiting for a place."""
        if not self._budget.allows(self._clock.monotonic()):
            return None
        return min(self._retries, key=lambda waiting: waiting.ready_at_s, default=None)

    def _sooner(self, retry: _Retry | None) -> bool:
        """Whether a retry's time comes before a place can be free."""
        if retry is None:
            return False
        soonest = min((full.ready_in_s for full in self._full.values() if full.ready_in_s is not None), default=None)
        return soonest is None or retry.ready_at_s <= self._clock.monotonic() + soonest

    async def _wait_for_a_place(self) -> bool:
        left_s = self._began_s + self._request.wait_s - self._clock.monotonic()
        self._waits += 1
        if left_s <= 0 or self._waits > MAX_WAITS:
            self._full.clear()
            return False
        candidates = tuple(self._full)
        if not await self._admission.wait(candidates, self._ask, timeout_s=left_s):
            self._full.clear()
            return False
        # They stay known as full, so that being full again is no news.
        self._queue.extend(candidates)
        return True

    async def _after_its_time(self, retry: _Retry) -> Next | None:
        now = self._clock.monotonic()
        if not self._budget.spend(now):
            return None
        self._retries.remove(retry)
        if not retry.hung:
            # Paid for, so it may wait for another request's probe as if it had not been asked.
            self._tried.discard(retry.candidate.name)
        await self._clock.sleep(max(0.0, retry.ready_at_s - now))
        return Next(retry.candidate, retry=True, early_probe=not retry.hung)

    async def _last_resort(self) -> Next | None:
        """Everybody else rests behind an open breaker: each is probed once, before its time when nobody probes it."""
        deadline_s = self._began_s + self._request.timeouts.total_s
        while chances := self._chances():
            ready = [each for each in chances if each not in self._offered and not self._is_probed(each)]
            if ready:
                first = min(ready, key=self._probe_at)
                self._offered.add(first)
                return Next(first, early_probe=True)
            if self._clock.monotonic() >= deadline_s:
                break
            if not self._told_to_wait:
                self._told_to_wait = True
                full = self._full_probes.get(chances[0])
                why = "is being probed" if full is None else f"has no place for a probe: {full.reason}"
                self._waiting(f"all breakers are open, and {chances[0].provider.name} {why}")
            await self._clock.sleep(LOOK_AGAIN_S)
            self._offered.clear()
            await self._admission.refresh([candidate.provider for candidate in chances])
        return None

    def _chances(self) -> list[Candidate]:
        """Who rests, has got no request of this turn, and whose keys are not the reason."""
        return [
            candidate
            for candidate in self._resting
            if candidate.name not in self._tried
            and (
                (breaker := self._admission.breaker(candidate.provider)).state is not BreakerState.OPEN
                or breaker.probe_at_ms is not None
            )
        ]

    def _is_probed(self, candidate: Candidate) -> bool:
        breaker = self._admission.breaker(candidate.provider)
        return breaker.state is BreakerState.HALF_OPEN and breaker.probe_at_ms is None

    def _probe_at(self, candidate: Candidate) -> int:
        return self._admission.breaker(candidate.provider).probe_at_ms or 0
