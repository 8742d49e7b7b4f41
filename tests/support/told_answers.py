"""An attempt loop whose parts the test tells, for what stands above it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from workbench.providers.values import Answered, Answering, AnswerPart, AnswerRequest, BrokenStream, Usage

Script = Callable[[AnswerRequest], AsyncGenerator[AnswerPart, None]]

ALPHA = Answering(provider="alpha", model="a-1")
BETA = Answering(provider="beta", model="b-1")
BROKEN = BrokenStream(
    provider="alpha", model="a-1", reason="cut", characters=8, next_provider="beta", next_model="b-1"
)  # fmt: skip


def whole(by: Answering) -> Answered:
    """The end of a whole answer."""
    return Answered(
        complete=True, provider=by.provider, model=by.model, finish_reason="stop", usage=Usage(), attempts=()
    )  # fmt: skip


def kept(by: Answering) -> Answered:
    """The end of a cut answer."""
    return Answered(
        complete=False, provider=by.provider, model=by.model, finish_reason=None, usage=Usage(), attempts=(),
        reason=f"{by.provider} broke off",
    )  # fmt: skip


@dataclass
class ToldAnswers:
    """Answers every request by one script and remembers the requests."""

    script: Script
    requests: list[AnswerRequest] = field(default_factory=list[AnswerRequest])

    def answer(self, request: AnswerRequest, /) -> AsyncGenerator[AnswerPart, None]:
        """What the script yields."""
        self.requests.append(request)
        return self.script(request)
