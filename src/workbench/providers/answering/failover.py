"""The attempt loop: ask one provider after another until one gives a whole answer.

Decisions are taken elsewhere (`routing`, `admission`, `plan`, `classification`, `broken`); this file carries them out
and tells of each.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from random import Random

from workbench.config.values import Provider
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.providers.answering.asking import Asking, ended_attempt
from workbench.providers.answering.attempt_log import AttemptRecorder
from workbench.providers.answering.broken import resume_by_itself
from workbench.providers.answering.plan import Next, Plan
from workbench.providers.answering.seam import Joint, continued_messages
from workbench.providers.answering.trail import Trail
from workbench.providers.calling.classification import failure
from workbench.providers.resilience.admission import Admission, Admitted, Ask, Full, OpenAdmission
from workbench.providers.resilience.retry import RetryBudget, RetryPolicy
from workbench.providers.routing.order import Candidate, Skipped
from workbench.providers.routing.router import Measured, Router
from workbench.providers.values import (
    BROKE_OFF,
    Answered,
    Answering,
    AnswerPart,
    AnswerRequest,
    Attempt,
    AttemptFailure,
    BrokenStream,
    ChatModel,
    Continued,
    ErrorKind,
    Finish,
    ModelCall,
    Restarted,
    Resume,
    TextPart,
    Timeouts,
    Usage,
)

logger = logging.getLogger(__name__)

_UNREACHABLE = frozenset({ErrorKind.CONNECTION, ErrorKind.TIMEOUT, ErrorKind.FIRST_TOKEN_TIMEOUT})
_BREAKS = frozenset({ErrorKind.CONNECTION, ErrorKind.SERVER_ERROR, ErrorKind.INTERNAL})


class Failover:
    """Answers requests with whichever provider can."""

    def __init__(
        self,
        model: ChatModel,
        attempts: AttemptRecorder | None,
        bus: EventBus,
        clock: Clock,
        random: Random,
        *,
        admission: Admission | None = None,
        router: Router | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        """`attempts` keeps the trail, None keeps none.

        `admission` is where breakers, limits and keys decide; without one everybody may be asked.
        """
        self.model = model
        self.recorder = attempts
        self.bus = bus
        self.clock = clock
        self.random = random
        self.admission: Admission = admission or OpenAdmission()
        self.router = router or Router(clock=clock, random=random)
        self.policy = policy or RetryPolicy()
        self.budget = RetryBudget()

    def answer(self, request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
        """`Answering` and text, perhaps `Restarted` or `Continued` and others, and exactly one `Answered` at the end.
        When the generator has ended, or is closed, the trail is stored.

        Closing the generator, or cancelling who reads it, closes the connection and ends the running attempt as
        cancelled. Raises what `ChatModel.prepare` raises, and nothing else.
        """
        return _Turn(self, request).parts()


@dataclass(slots=True)
class _Shown:
    """Text that the reader has been given and that still stands."""

    candidate: Candidate
    """Who gave the last of it."""
    characters: int = 0
    """Of answer text; reasoning and white space alone are nothing worth keeping."""
    pieces: list[str] = field(default_factory=list[str])
    ended: str = BROKE_OFF
    """What became of its answer, in words."""

    def add(self, part: TextPart, *, counts: bool) -> None:
        if not part.reasoning:
            self.pieces.append(part.text)
            self.characters += len(part.text) if counts else 0


def _shown_before(request: AnswerRequest) -> _Shown | None:
    """The text that the request asks to go on with."""
    begun = request.begun
    if begun is None:
        return None
    # Who gave it need not be configured any more; only its name is used, nobody is asked by it.
    speaker = Candidate(provider=Provider(name=begun.provider, kind=""), model=begun.model)
    return _Shown(speaker, characters=len(begun.text), pieces=[begun.text], ended=begun.ended)


class _Turn:
    """One request on its way along its route."""

    def __init__(self, owner: Failover, request: AnswerRequest) -> None:
        self._owner = owner
        self._request = request
        self._trail = Trail(request, owner.recorder, owner.bus, owner.clock)
        self._shown = _shown_before(request)
        self._continuing = self._shown is not None
        self._whole: Answered | None = None
        self._stopped = False

    async def parts(self) -> AsyncGenerator[AnswerPart, None]:
        await self._owner.model.prepare()
        request = self._request
        await self._owner.admission.refresh(request.providers)
        route, self._measured = await self._owner.router.route(request)
        self._plan = self._planned(self._measured)
        self._trail.route(route)
        self._trail.skip(route.skipped)
        self._plan.go_on_with(route.candidates)
        try:
            while self._whole is None and not self._stopped and (following := await self._plan.next()) is not None:
                async with aclosing(self._ask(following)) as parts:
                    async for part in parts:
                        yield part
            # Told before the disk has the trail: whoever asked need not wait for it.
            yield self._conclusion()
        finally:
            await self._trail.saved()

    def _planned(self, measured: Measured) -> Plan:
        owner, request = self._owner, self._request
        self._leave = Ask(
            turn_id=request.turn_id,
            conversation_id=request.conversation_id,
            urgency=request.urgency,
            tokens=measured.most // 4 + (request.max_tokens or 0) // 4,
        )
        return Plan(
            request,
            self._leave,
            admission=owner.admission,
            budget=owner.budget,
            policy=owner.policy,
            clock=owner.clock,
            random=owner.random,
            waiting=self._trail.waiting,
        )

    async def _ask(self, following: Next) -> AsyncGenerator[AnswerPart, None]:
        candidate = following.candidate
        # Made before a place is taken: what goes wrong here must not keep one.
        call = self._call(candidate)
        admitted = await self._owner.admission.admit(candidate, self._leave, early_probe=following.early_probe)
        if not isinstance(admitted, Admitted):
            self._pass_over(candidate, admitted)
            return
        attempt = self._trail.add(candidate, admitted.key_ref)
        asking = Asking(self._owner.model, replace(call, api_key=admitted.api_key), self._owner.clock)
        problem: AttemptFailure | None = None
        resume: Resume | None = None
        state = "cancelled"
        try:
            self._plan.began(following)
            self._trail.begin(attempt)
            async with aclosing(self._given(candidate, attempt, asking)) as parts:
                async for part in parts:
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
            ended = ended_attempt(attempt, state, asking, problem)
            self._owner.admission.record(candidate, admitted, ended, problem)
            left_out = self._reroute(candidate, problem) if problem else ()
            next_step, resume = self._after_failure(candidate, ended, problem) if problem else ("", None)
            self._trail.end(ended, next_step)
            self._trail.skip(left_out)
        if state == "ok":
            self._whole = self._answered(candidate, asking)
        elif problem is not None and self._lost(candidate):
            self._go_on(resume or await self._decided(candidate, problem))

    async def _given(self, candidate: Candidate, attempt: Attempt, asking: Asking) -> AsyncGenerator[AnswerPart, None]:
        """The parts of one attempt: from the start, or going on after the text that stands."""
        before = "".join(self._shown.pieces) if self._shown is not None and self._continuing else None
        joint = None if before is None else Joint(before, prefill=self._prefills(candidate))
        heard = speaks = False
        thoughts: list[TextPart] = []
        problem: AttemptFailure | None = None
        try:
            async with aclosing(asking.parts()) as parts:
                async for part in parts:
                    if not heard:
                        heard = True
                        self._trail.first_token(attempt, asking.first_token_ms or 0)
                    if joint is not None and part.reasoning and not speaks:
                        thoughts.append(part)
                        continue
                    text = part.text if joint is None or part.reasoning else joint.feed(part.text)
                    if not text:
                        continue
                    if not speaks:
                        for opening in self._opening(candidate, joint, thoughts):
                            yield opening
                        speaks = True
                    yield self._noted(part if text is part.text else replace(part, text=text), asking)
        except AttemptFailure as found:
            problem = found
        rest = joint.finish() if joint is not None else ""
        # A beginning that broke off at once does not replace what stands; what goes on with it is kept.
        if rest and joint is not None and not (problem and joint.began_anew):
            if not speaks:
                for opening in self._opening(candidate, joint, thoughts):
                    yield opening
            yield self._noted(TextPart(text=rest), asking)
        if problem is not None:
            raise problem

    def _opening(self, candidate: Candidate, joint: Joint | None, thoughts: Sequence[TextPart]) -> list[AnswerPart]:
        """What is told before the first text of a provider: whether earlier text stands, and who speaks."""
        provider, model = candidate.provider.name, candidate.model
        told: list[AnswerPart] = []
        broken = self._shown
        if broken is not None and joint is not None and not joint.began_anew:
            after = broken.candidate.provider.name
            told.append(Continued(provider=provider, model=model, after=after, ended=broken.ended))
            broken.candidate, broken.ended = candidate, BROKE_OFF
        else:
            if broken is not None:
                told.append(Restarted(provider=broken.candidate.provider.name, model=broken.candidate.model))
            self._shown = _Shown(candidate)
        return [*told, Answering(provider=provider, model=model), *thoughts]

    def _noted(self, part: TextPart, asking: Asking) -> TextPart:
        if self._shown is not None:
            self._shown.add(part, counts=asking.has_text)
        return part

    def _pass_over(self, candidate: Candidate, why: Skipped | Full) -> None:
        if isinstance(why, Full):
            if not self._plan.is_full(candidate, why):
                return
            skipped = Skipped(
                provider=candidate.provider.name,
                model=candidate.model,
                kind=ErrorKind.RATE_LIMITED,
                reason=why.reason,
            )
        else:
            if not self._plan.passed_over(candidate, why):
                return
            skipped = why
        self._trail.skip((skipped,))

    def _call(self, candidate: Candidate) -> ModelCall:
        """The request to it, without a key as yet."""
        request = self._request
        if request.private and not candidate.provider.private:
            raise RuntimeError("a private conversation must not leave private providers")
        limits = request.timeouts
        if candidate.provider.timeout_s is not None:
            limits = Timeouts(
                first_token_s=limits.first_token_s, stall_s=limits.stall_s, total_s=candidate.provider.timeout_s
            )
        messages, prefill = request.messages, False
        if self._continuing and self._shown is not None:
            prefill = self._prefills(candidate)
            messages = continued_messages(messages, "".join(self._shown.pieces), prefill=prefill)
        return ModelCall(
            provider=candidate.provider,
            model=candidate.model,
            api_key=None,
            messages=messages,
            max_tokens=self._owner.router.longest_answer(candidate, request, self._measured),
            temperature=request.temperature,
            timeouts=limits,
            tools=request.tools,
            prefill=prefill,
        )

    def _prefills(self, candidate: Candidate) -> bool:
        return self._owner.router.facts(candidate).prefill

    def _lost(self, candidate: Candidate) -> int:
        """Characters of an answer that this candidate broke off; 0 when none of its text stands."""
        shown = self._shown
        return shown.characters if shown is not None and shown.candidate is candidate else 0

    def _after_failure(
        self, candidate: Candidate, ended: Attempt, problem: AttemptFailure
    ) -> tuple[str, Resume | None]:
        """What follows a failure, in words; and what becomes of a broken answer, None when a person decides."""
        lost = self._lost(candidate)
        # Starting again is what another provider would do too: then it does not matter how much had come.
        anew = resume_by_itself(self._request, lost) is Resume.RESTART
        if not lost or anew:
            self._plan.failed(candidate, problem, before_first_token=ended.first_token_ms is None or bool(lost))
        if not lost:
            return self._plan.told(candidate), None
        following = self._plan.following
        resume = resume_by_itself(self._request, lost) if following is not None else Resume.KEEP
        match resume:
            case Resume.KEEP:
                return "stop: what came is kept", resume
            case Resume.CONTINUE if following is not None:
                return f"continue with: {following.name}", resume
            case Resume.RESTART if following is not None:
                return f"restart with: {following.name}", resume
            case _:
                return "you are asked what to do", None

    def _reroute(self, candidate: Candidate, problem: AttemptFailure) -> Sequence[Skipped]:
        """Another way for what was too long or was refused; who is left out on it."""
        plan, reroute = self._plan, self._owner.router.reroute
        rerouted = reroute(problem.kind, candidate, plan.remaining, self._request, asked=plan.requests)
        if rerouted is None:
            return ()
        plan.go_on_with(rerouted.candidates)
        return rerouted.skipped

    async def _decided(self, candidate: Candidate, problem: AttemptFailure) -> Resume:
        decide, following = self._request.decide, self._plan.following
        if decide is None:
            return Resume.KEEP
        return await decide(
            BrokenStream(
                provider=candidate.provider.name,
                model=candidate.model,
                reason=problem.reason,
                characters=self._lost(candidate),
                next_provider=following.provider.name if following is not None else None,
                next_model=following.model if following is not None else None,
            )
        )

    def _go_on(self, resume: Resume) -> None:
        self._stopped = resume is Resume.KEEP
        self._continuing = resume is Resume.CONTINUE

    def _answered(self, candidate: Candidate, asking: Asking) -> Answered:
        finish = asking.finish or Finish(reason=None)
        return Answered(
            complete=True,
            provider=candidate.provider.name,
            model=candidate.model,
            finish_reason=finish.reason,
            usage=finish.usage,
            attempts=(),
            tool_calls=finish.tool_calls,
            answered_model=finish.model,
            request_id=finish.request_id,
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
