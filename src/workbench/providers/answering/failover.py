"""The attempt loop: who is asked next, what the user sees of it, when it ends.

Every transient failure moves on at once to the next provider that is ready; the same provider is asked again only
when all others have failed too. After its first token a provider that breaks off is not asked again in this turn.
Its text stands until another provider's first token replaces it (`Restarted` is given just before that), so when
nobody else answers, what had come is kept and marked as incomplete.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from random import Random

from workbench.config.values import OnBrokenStream
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.providers.answering.asking import Asking, failure
from workbench.providers.answering.attempt_log import AttemptRecorder
from workbench.providers.answering.trail import Trail
from workbench.providers.resilience.admission import Admission, Admitted, OpenAdmission
from workbench.providers.resilience.retry import RetryBudget, RetryPolicy
from workbench.providers.routing.order import Candidate, Route, Skipped, Wishes, order_candidates
from workbench.providers.values import (
    Answered,
    Answering,
    AnswerPart,
    AnswerRequest,
    Attempt,
    AttemptFailure,
    ChatModel,
    ErrorKind,
    ModelCall,
    Restarted,
    Timeouts,
    Usage,
)

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 20
"""Attempts of one turn, whatever the configuration says."""

SMALL_TEXT = 1024
"""Characters up to which `ask` and `continue` start again by themselves; more is kept, for the user to decide."""

_UNREACHABLE = frozenset({ErrorKind.CONNECTION, ErrorKind.TIMEOUT, ErrorKind.FIRST_TOKEN_TIMEOUT})
_BREAKS = frozenset({ErrorKind.CONNECTION, ErrorKind.SERVER_ERROR, ErrorKind.INTERNAL})


def may_restart(policy: OnBrokenStream, characters: int) -> bool:
    """Whether another provider may answer from the start after `characters` of a broken answer.

    `ask` and `continue` restart while little is lost by it and stop after that.
    """
    match policy:
        case OnBrokenStream.RESTART:
            return True
        case OnBrokenStream.STOP:
            return False
        case OnBrokenStream.ASK | OnBrokenStream.CONTINUE:
            return characters < SMALL_TEXT


class Failover:
    """Answers requests with whichever provider can."""

    def __init__(
        self,
        model: ChatModel,
        attempts: AttemptRecorder,
        bus: EventBus,
        clock: Clock,
        random: Random,
        *,
        admission: Admission | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        """`admission` is where breakers, limits and keys decide; without one everybody may be asked."""
        self.model = model
        self.recorder = attempts
        self.bus = bus
        self.clock = clock
        self.random = random
        self.admission: Admission = admission or OpenAdmission()
        self.policy = policy or RetryPolicy()
        self.budget = RetryBudget()

    def answer(self, request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
        """`Answering` and text, perhaps `Restarted` and others, and exactly one `Answered` at the end.

        Closing the generator, or cancelling who reads it, closes the connection and ends the running attempt as
        cancelled. Raises what `ChatModel.prepare` raises, and nothing else.
        """
        return _Turn(self, request).parts()


@dataclass(slots=True)
class _Shown:
    """Text that the reader has been given and that still stands."""

    candidate: Candidate
    characters: int = 0
    """Of answer text; reasoning and white space alone are nothing worth keeping."""


@dataclass(frozen=True, slots=True)
class _Retry:
    ready_at_s: float
    candidate: Candidate


class _Turn:
    """One request on its way along its route."""

    def __init__(self, owner: Failover, request: AnswerRequest) -> None:
        self._owner = owner
        self._request = request
        self._trail = Trail(request, owner.recorder, owner.bus, owner.clock)
        self._queue: deque[Candidate] = deque()
        self._retries: list[_Retry] = []
        self._retries_made: dict[str, int] = {}
        self._shown: _Shown | None = None
        self._whole: Answered | None = None
        self._stopped = False
        self._began_s = owner.clock.monotonic()

    async def parts(self) -> AsyncGenerator[AnswerPart, None]:
        await self._owner.model.prepare()
        self._began_s = self._owner.clock.monotonic()
        route = self._choose_route()
        await self._trail.skip(route.skipped)
        self._queue.extend(route.candidates)
        while (candidate := await self._next_candidate()) is not None:
            async with aclosing(self._ask(candidate)) as parts:
                async for part in parts:
                    yield part
        yield self._conclusion()

    def _choose_route(self) -> Route:
        request = self._request
        wishes = Wishes(
            strategy=request.strategy,
            default_provider=request.default_provider,
            fallback=request.fallback,
            pinned_provider=request.pinned_provider,
            pinned_model=request.pinned_model,
        )
        route = order_candidates(request.providers, wishes)
        self._trail.route(route)
        return route

    async def _next_candidate(self) -> Candidate | None:
        if self._whole is not None or self._stopped or self._trail.asked >= MAX_ATTEMPTS:
            return None
        now = self._owner.clock.monotonic()
        if self._queue:
            self._owner.budget.request(now)
            return self._queue.popleft()
        if not self._retries:
            return None
        retry = min(self._retries, key=lambda waiting: waiting.ready_at_s)
        if not self._owner.budget.spend(now):
            return None
        self._retries.remove(retry)
        await self._owner.clock.sleep(max(0.0, retry.ready_at_s - now))
        return retry.candidate

    async def _ask(self, candidate: Candidate) -> AsyncGenerator[AnswerPart, None]:
        admitted = await self._owner.admission.admit(candidate)
        if isinstance(admitted, Skipped):
            await self._trail.skip((admitted,))
            return
        attempt = self._trail.add(candidate)
        asking = Asking(self._owner.model, self._call(candidate, admitted), self._owner.clock)
        problem: AttemptFailure | None = None
        state = "cancelled"
        try:
            await self._trail.begin(attempt, admitted.key_ref)
            async with aclosing(asking.parts()) as parts:
                shown: _Shown | None = None
                async for part in parts:
                    if shown is None:
                        if self._shown is not None:
                            broken = self._shown.candidate
                            yield Restarted(provider=broken.provider.name, model=broken.model)
                        shown = self._shown = _Shown(candidate)
                        self._trail.first_token(attempt, asking.first_token_ms or 0)
                        yield Answering(provider=candidate.provider.name, model=candidate.model)
                    shown.characters += len(part.text) if asking.has_text and not part.reasoning else 0
                    yield part
            state = "ok"
        except AttemptFailure as found:
            state, problem = "failed", found
        except Exception as bug:
            logger.exception("asking %s failed unexpectedly", candidate.name)
            state, problem = "failed", failure(ErrorKind.INTERNAL, f"internal error: {type(bug).__name__}")
        finally:
            if problem is not None and asking.first_token_ms is not None and problem.kind in _BREAKS:
                problem = failure(ErrorKind.BROKEN_STREAM, problem.reason)
            ended = _ended(attempt, state, asking, problem)
            await self._end(candidate, admitted, ended, problem)
        if state == "ok":
            self._whole = self._answered(candidate, asking)

    def _call(self, candidate: Candidate, admitted: Admitted) -> ModelCall:
        request = self._request
        limits = request.timeouts
        if candidate.provider.timeout_s is not None:
            limits = Timeouts(
                first_token_s=limits.first_token_s, stall_s=limits.stall_s, total_s=candidate.provider.timeout_s
            )
        return ModelCall(
            provider=candidate.provider,
            model=candidate.model,
            api_key=admitted.api_key,
            messages=request.messages,
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            timeouts=limits,
        )

    async def _end(
        self, candidate: Candidate, admitted: Admitted, ended: Attempt, problem: AttemptFailure | None
    ) -> None:
        self._owner.admission.record(candidate, admitted, ended, problem)
        await self._trail.end(ended, self._after_failure(candidate, ended, problem) if problem is not None else "")

    def _after_failure(self, candidate: Candidate, ended: Attempt, problem: AttemptFailure) -> str:
        """Decide what follows; in words for the trail."""
        lost = self._shown.characters if self._shown is not None and self._shown.candidate is candidate else 0
        if lost and not may_restart(self._request.on_broken_stream, lost):
            self._stopped = True
            return "stop: what came is kept"
        if ended.first_token_ms is None:
            self._plan_retry(candidate, problem)
        if self._trail.asked >= MAX_ATTEMPTS:
            return "stop"
        if self._queue:
            return f"{'restart with' if lost else 'next'}: {self._queue[0].name}"
        if self._retries and self._owner.budget.allows(self._owner.clock.monotonic()):
            soonest = min(self._retries, key=lambda waiting: waiting.ready_at_s)
            wait_s = max(0.0, soonest.ready_at_s - self._owner.clock.monotonic())
            return f"retry{'' if soonest.candidate is candidate else ' ' + soonest.candidate.name} in {wait_s:.1f} s"
        return "stop"

    def _plan_retry(self, candidate: Candidate, problem: AttemptFailure) -> None:
        made = self._retries_made.get(candidate.name, 0)
        wait_s = self._owner.policy.wait_s(
            kind=problem.kind,
            cause=problem.cause,
            retries_made=made,
            max_retries=candidate.provider.max_retries,
            retry_after_s=problem.retry_after_s,
            random=self._owner.random,
        )
        if wait_s is None:
            return
        ready_at_s = self._owner.clock.monotonic() + wait_s
        if ready_at_s <= self._began_s + self._request.timeouts.total_s:
            self._retries_made[candidate.name] = made + 1
            self._retries.append(_Retry(ready_at_s, candidate))

    def _answered(self, candidate: Candidate, asking: Asking) -> Answered:
        return Answered(
            complete=True,
            provider=candidate.provider.name,
            model=candidate.model,
            finish_reason=asking.finish.reason if asking.finish is not None else None,
            usage=asking.finish.usage if asking.finish is not None else Usage(),
            attempts=(),
        )

    def _conclusion(self) -> Answered:
        attempts = tuple(self._trail.attempts)
        if self._whole is not None:
            return replace(self._whole, attempts=attempts)
        asked = [attempt for attempt in attempts if attempt.state == "failed"]
        kept = self._shown.candidate if self._shown is not None and self._shown.characters else None
        return Answered(
            complete=False,
            provider=kept.provider.name if kept else None,
            model=kept.model if kept else None,
            finish_reason=None,
            usage=Usage(),
            attempts=attempts,
            reason=self._trail.summary(kept),
            unreachable=kept is None and bool(asked) and all(attempt.error_kind in _UNREACHABLE for attempt in asked),
        )


def _ended(attempt: Attempt, state: str, asking: Asking, problem: AttemptFailure | None) -> Attempt:
    usage = asking.finish.usage if asking.finish is not None else Usage()
    cancelled = state == "cancelled"
    kind = problem.kind.value if problem is not None else ErrorKind.CANCELLED.value if cancelled else None
    return replace(
        attempt,
        state=state,
        error_kind=kind,
        http_status=problem.http_status if problem is not None else None,
        reason=problem.reason if problem is not None else "",
        first_token_ms=asking.first_token_ms,
        duration_ms=asking.elapsed_ms,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_nano=usage.cost_nano,
    )
