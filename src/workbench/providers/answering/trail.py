"""The trail of one turn: every attempt and every provider passed over, as a row and as an event.

Rows are written in order beside the turn, so that no request waits for the disk; `saved` waits for them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace

from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.events import AttemptEnded, AttemptStarted, FirstToken, RouteChosen
from workbench.core.provider_events import RequestWaiting
from workbench.core.text import clean_line
from workbench.providers.answering.attempt_log import AttemptRecorder
from workbench.providers.calling.hints import hint_for
from workbench.providers.routing.order import Candidate, Route, Skipped
from workbench.providers.values import AnswerRequest, Attempt, ErrorKind

_unsaved: set[asyncio.Task[None]] = set()
"""Rows on their way; held here because a loop holds its tasks weakly."""


class Trail:
    """Keeps the attempts of one turn in order and tells of each."""

    def __init__(self, request: AnswerRequest, recorder: AttemptRecorder | None, bus: EventBus, clock: Clock) -> None:
        """Rows and events carry the request's turn, message and conversation; without `recorder` no row is kept."""
        self._request = request
        self._recorder = recorder
        self._bus = bus
        self._clock = clock
        self._started_ms: dict[int, int] = {}
        self._writing: asyncio.Task[None] | None = None
        self.attempts: list[Attempt] = []

    def route(self, route: Route) -> None:
        """Tell of the order that was found."""
        self._bus.publish(
            RouteChosen(
                strategy=route.strategy,
                order=tuple(candidate.name for candidate in route.candidates),
                skipped={skipped.provider: skipped.reason for skipped in route.skipped},
                reasons=tuple(candidate.why for candidate in route.candidates),
                correlation=self._request.turn_id,
                conversation_id=self._request.conversation_id,
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
        self._write(
            lambda recorder, message_id: recorder.begin(
                run_id=self._request.turn_id,
                message_id=message_id,
                attempt=attempt,
                started_ms=self._started_ms[attempt.ord],
            )
        )
        self._bus.publish(
            AttemptStarted(
                provider=attempt.provider,
                model=attempt.model,
                ord=attempt.ord,
                correlation=self._request.turn_id,
                conversation_id=self._request.conversation_id,
            )
        )

    def first_token(self, attempt: Attempt, first_token_ms: int) -> None:
        """Its first content is there."""
        self._bus.publish(
            FirstToken(
                provider=attempt.provider,
                model=attempt.model,
                first_token_ms=first_token_ms,
                correlation=self._request.turn_id,
                conversation_id=self._request.conversation_id,
            )
        )

    def end(self, attempt: Attempt, next_step: str) -> None:
        """It has ended; `next_step` says in words what follows."""
        if attempt.state == "failed" and attempt.error_kind is not None:
            attempt = replace(attempt, hint=self._hint(attempt.error_kind, attempt.provider))
        self.attempts[attempt.ord] = attempt
        started_ms = self._started_ms[attempt.ord]
        self._publish_ended(attempt, next_step)
        self._write(
            lambda recorder, message_id: recorder.end(
                run_id=self._request.turn_id,
                message_id=message_id,
                attempt=attempt,
                started_ms=started_ms,
                ended_ms=started_ms + (attempt.duration_ms or 0),
            )
        )

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
        self._write(
            lambda recorder, message_id: recorder.skip(
                run_id=self._request.turn_id, message_id=message_id, attempts=passed_over, at_ms=at_ms
            )
        )
        for attempt in passed_over:
            self._publish_ended(attempt, "")

    async def saved(self) -> None:
        """Returns when all rows are written, or given up; cancelling the wait does not stop them."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    def waiting(self, reason: str) -> None:
        """Nobody is asked for a while."""
        self._bus.publish(
            RequestWaiting(
                reason=reason, correlation=self._request.turn_id, conversation_id=self._request.conversation_id
            )
        )

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

    def _write(self, rows: Callable[[AttemptRecorder, str], Coroutine[None, None, None]]) -> None:
        recorder, message_id = self._recorder, self._request.message_id
        if recorder is None or message_id is None:
            return
        before, writing = self._writing, rows(recorder, message_id)

        async def in_order() -> None:
            if before is not None:
                await asyncio.wait([before])
            await writing

        self._writing = asyncio.create_task(in_order(), name=f"attempt-rows-{self._request.turn_id}")
        _unsaved.add(self._writing)
        self._writing.add_done_callback(_unsaved.discard)

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
                correlation=self._request.turn_id,
                conversation_id=self._request.conversation_id,
            )
        )
