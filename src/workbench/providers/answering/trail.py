"""The trail of one turn: every attempt and every provider passed over, as a row and as an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.events import AttemptEnded, AttemptStarted, FirstToken, RouteChosen
from workbench.core.provider_events import RequestWaiting
from workbench.core.text import clean_line
from workbench.providers.answering.attempt_log import AttemptRecorder, AttemptRow
from workbench.providers.answering.write_behind import WriteBehind
from workbench.providers.calling.hints import hint_for
from workbench.providers.routing.order import Candidate, Route, Skipped
from workbench.providers.values import AnswerRequest, Attempt, ErrorKind


class _About(TypedDict):
    """What all events of a turn say alike."""

    correlation: str
    conversation_id: str | None


class Trail:
    """Keeps the attempts of one turn in order and tells of each."""

    def __init__(self, request: AnswerRequest, recorder: AttemptRecorder | None, bus: EventBus, clock: Clock) -> None:
        """Rows and events carry the request's turn, message and conversation; without `recorder` no row is kept."""
        self._request = request
        self._about = _About(correlation=request.turn_id, conversation_id=request.conversation_id)
        self._rows: WriteBehind | None = None
        if recorder is not None and request.message_id is not None:
            self._rows = WriteBehind(recorder, request.turn_id, request.message_id)
        self._bus = bus
        self._clock = clock
        self._started_ms: dict[int, int] = {}
        self.attempts: list[Attempt] = []

    def route(self, route: Route) -> None:
        """Tell of the order that was found."""
        self._bus.publish(
            RouteChosen(
                strategy=route.strategy,
                order=tuple(candidate.name for candidate in route.candidates),
                skipped={skipped.provider: skipped.reason for skipped in route.skipped},
                reasons=tuple(candidate.why for candidate in route.candidates),
                **self._about,
            )
        )

    def add(self, candidate: Candidate, key_ref: str | None) -> Attempt:
        """A new attempt, running."""
        attempt = Attempt(
            ord=len(self.attempts),
            provider=candidate.provider.name,
            model=candidate.model,
            state="running",
            key_ref=key_ref or None,
        )
        self.attempts.append(attempt)
        self._started_ms[attempt.ord] = self._clock.now_ms()
        return attempt

    def begin(self, attempt: Attempt) -> None:
        """The attempt's request is about to go out."""
        self._save(attempt, self._started_ms[attempt.ord])
        self._bus.publish(
            AttemptStarted(
                provider=attempt.provider,
                model=attempt.model,
                ord=attempt.ord,
                **self._about,
            )
        )

    def first_token(self, attempt: Attempt, first_token_ms: int) -> None:
        """Its first content is there."""
        self._bus.publish(
            FirstToken(
                provider=attempt.provider,
                model=attempt.model,
                first_token_ms=first_token_ms,
                **self._about,
            )
        )

    def end(self, attempt: Attempt, next_step: str) -> None:
        """It has ended; `next_step` says in words what follows."""
        if attempt.state == "failed" and attempt.error_kind is not None:
            attempt = replace(attempt, hint=self._hint(attempt.error_kind, attempt.provider))
        self.attempts[attempt.ord] = attempt
        started_ms = self._started_ms[attempt.ord]
        self._publish_ended(attempt, next_step)
        self._save(attempt, started_ms, started_ms + (attempt.duration_ms or 0))

    def skip(self, skipped: Sequence[Skipped]) -> None:
        """These were passed over."""
        first = len(self.attempts)
        passed_over = [
            Attempt(
                ord=first + place,
                provider=each.provider,
                model=each.model,
                state="skipped",
                error_kind=each.kind.value,
                reason=each.reason,
                hint=self._hint(each.kind.value, each.provider),
            )
            for place, each in enumerate(skipped)
        ]
        if not passed_over:
            return
        self.attempts.extend(passed_over)
        at_ms = self._clock.now_ms()
        for attempt in passed_over:
            self._save(attempt, at_ms, at_ms)
            self._publish_ended(attempt, "")

    async def saved(self) -> None:
        """Returns when all rows are written, or given up; cancelling the wait does not stop them."""
        if self._rows is not None:
            await self._rows.saved()

    def waiting(self, reason: str) -> None:
        """Nobody is asked for a while."""
        self._bus.publish(RequestWaiting(reason=reason, **self._about))

    def summary(self, kept: Candidate | None) -> str:
        """Why there is no whole answer: each cause, in one line. `kept` gave the text that stands."""
        told = Counter(
            f"{attempt.provider}: {attempt.http_status or attempt.error_kind}"
            + (f", {attempt.reason}" if attempt.reason else "")
            for attempt in self.attempts
            if attempt.state in ("failed", "skipped")
        )
        causes = "; ".join(cause if times == 1 else f"{cause} ({times} times)" for cause, times in told.items())
        begun = any(attempt.state == "failed" and attempt.first_token_ms is not None for attempt in self.attempts)
        if kept is not None and not begun:
            opening = "nobody went on with it"
        elif kept is not None:
            opening = f"{kept.provider.name} broke off in mid-answer"
        elif any(attempt.state == "failed" for attempt in self.attempts):
            opening = "no provider answered"
        else:
            opening = "no provider can be asked"
        return clean_line(f"{opening}: {causes}" if causes else f"{opening}: none is configured")

    def _save(self, attempt: Attempt, started_ms: int, ended_ms: int | None = None) -> None:
        if self._rows is not None:
            self._rows.put(AttemptRow(attempt=attempt, started_ms=started_ms, ended_ms=ended_ms))

    def _hint(self, kind: str, name: str) -> str:
        provider = next((each for each in self._request.providers if each.name == name), None)
        return hint_for(ErrorKind(kind), provider) if provider is not None else ""

    def _publish_ended(self, attempt: Attempt, next_step: str) -> None:
        self._bus.publish(
            AttemptEnded(
                provider=attempt.provider,
                model=attempt.model,
                ord=attempt.ord,
                state=attempt.state,
                error_kind=attempt.error_kind,
                http_status=attempt.http_status,
                reason=attempt.reason,
                first_token_ms=attempt.first_token_ms,
                duration_ms=attempt.duration_ms,
                next_step=next_step,
                hint=attempt.hint,
                **self._about,
            )
        )
