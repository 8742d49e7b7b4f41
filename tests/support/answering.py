"""Requests to the attempt loop, and what came of them in one value."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from workbench.config.values import Provider
from workbench.core.bus import EventBus
from workbench.core.clock import Clock, ManualClock
from workbench.core.events import Event
from workbench.providers.answering.attempt_log import AttemptRecorder, AttemptRow
from workbench.providers.answering.failover import Failover
from workbench.providers.resilience.admission import Admission
from workbench.providers.routing.router import Router
from workbench.providers.values import (
    Answered,
    Answering,
    AnswerRequest,
    Attempt,
    ChatModel,
    Continued,
    PromptMessage,
    Restarted,
    TextPart,
    Timeouts,
)

QUICK = Timeouts(first_token_s=0.4, stall_s=0.4, total_s=5.0)


def request(*providers: Provider, **more: object) -> AnswerRequest:
    """A turn over these providers; `more` sets fields of the request."""
    base = AnswerRequest(
        turn_id="turn-1",
        conversation_id="conversation-1",
        message_id="message-1",
        messages=(PromptMessage(role="user", text="hi"),),
        providers=providers,
        timeouts=QUICK,
    )
    fields: dict[str, Any] = more
    return replace(base, **fields)


@dataclass
class Recorded:
    """An `AttemptRecorder` that remembers."""

    rows: dict[int, Attempt] = field(default_factory=dict[int, Attempt])
    keys: dict[int, str | None] = field(default_factory=dict[int, "str | None"])
    saved: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    """Which attempts were saved together, time after time."""

    async def save(self, *, run_id: str, message_id: str, rows: Sequence[AttemptRow]) -> None:
        """Remember."""
        del run_id, message_id
        self.saved.append(tuple(row.attempt.ord for row in rows))
        for row in rows:
            self.rows[row.attempt.ord] = row.attempt
            if row.attempt.state != "skipped":
                self.keys[row.attempt.ord] = row.attempt.key_ref


@dataclass
class Outcome:
    """Everything one turn gave."""

    text: str = ""
    """What stands at the end."""
    voided: list[str] = field(default_factory=list[str])
    """What was taken back."""
    order: list[str] = field(default_factory=list[str])
    """Kinds of parts in order; runs of text count once."""
    last: Answered | None = None

    @property
    def answered(self) -> Answered:
        """The result."""
        assert self.last is not None, "the answer ended without a result"
        return self.last

    @property
    def trail(self) -> list[tuple[str, str, str | None]]:
        """Provider, state and error kind of each attempt."""
        return [(each.provider, each.state, each.error_kind) for each in self.answered.attempts]


class Desk:
    """An attempt loop with everything around it within reach."""

    def __init__(
        self,
        model: ChatModel,
        *,
        clock: Clock | None = None,
        recorder: AttemptRecorder | None = None,
        admission: Admission | None = None,
        router: Router | None = None,
        seed: int = 1,
    ) -> None:
        """A manual clock unless another is given: waits between retries cost no time."""
        self.clock = clock or ManualClock()
        self.bus = EventBus(self.clock)
        self.subscription = self.bus.subscribe()
        self.recorded = Recorded()
        self.failover = Failover(
            model, recorder or self.recorded, self.bus, self.clock, Random(seed), admission=admission, router=router
        )

    async def answer(self, asked: AnswerRequest) -> Outcome:
        """The whole turn."""
        outcome = Outcome()
        async with aclosing(self.failover.answer(asked)) as parts:
            async for part in parts:
                assert outcome.last is None, "something came after the result"
                name = type(part).__name__
                if name != "TextPart" or outcome.order[-1:] != [name]:
                    outcome.order.append(name)
                match part:
                    case TextPart():
                        outcome.text += "" if part.reasoning else part.text
                    case Restarted():
                        outcome.voided.append(outcome.text)
                        outcome.text = ""
                    case Answered():
                        outcome.last = part
                    case Answering() | Continued():
                        pass
        return outcome

    def events(self, kind: type[Event]) -> list[Event]:
        """Those published since the last look."""
        return [event for event in self.subscription.drain() if isinstance(event, kind)]
