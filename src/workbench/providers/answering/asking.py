"""One provider asked once: its stream read under three time limits and judged at its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, closing
from dataclasses import replace

from workbench.core.clock import Clock
from workbench.providers.answering.patience import Patience
from workbench.providers.calling.classification import failure
from workbench.providers.values import (
    Attempt,
    AttemptFailure,
    ChatModel,
    ErrorKind,
    Finish,
    ModelCall,
    TextPart,
)

FINISHED_BADLY = frozenset({"error", "unknown", "malformed_response"})
"""Finish reasons by which a provider reports a failure inside a stream."""


def judge(finish: Finish, *, has_text: bool) -> AttemptFailure | None:
    """Why a stream that ended in order is no whole answer; None when it is one.

    Whole means: the provider's own finish reason, and text or a tool call. `length` is a whole answer whose reason
    says that it was cut to size.
    """
    has_content = has_text or finish.tool_call
    if finish.reason is None:
        if has_content:
            return failure(ErrorKind.BROKEN_STREAM, "the stream ended without a finish reason: the answer is cut")
        return failure(ErrorKind.EMPTY, "the response holds no answer: not an API event in it")
    if finish.reason in FINISHED_BADLY:
        return failure(ErrorKind.BROKEN_STREAM, f"the provider ended the stream with '{finish.reason}'")
    if has_content:
        return None
    if finish.reason == "content_filter":
        return failure(ErrorKind.CONTENT_POLICY, "the provider's content filter withheld the answer")
    return failure(ErrorKind.EMPTY, f"the answer is empty (finish reason '{finish.reason}')")


class Asking:
    """Reads one answer. Limits count only while we wait, keep-alives and empty pieces are no content."""

    def __init__(self, model: ChatModel, call: ModelCall, clock: Clock) -> None:
        """Nothing is sent before `parts()` is read."""
        self._model = model
        self._call = call
        self._clock = clock
        self._began = clock.monotonic()
        self.first_token_ms: int | None = None
        """Milliseconds to the first content."""
        self.has_text = False
        """Whether any answer text that is not white space has come."""
        self.finish: Finish | None = None
        """How the stream ended, whole or not; None when it broke."""

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the request."""
        return round((self._clock.monotonic() - self._began) * 1000)

    async def parts(self) -> AsyncGenerator[TextPart, None]:
        """Text as it comes; ends after a whole answer, raises AttemptFailure for anything else."""
        self._began = self._clock.monotonic()
        finish = Finish(reason=None)
        async with aclosing(self._model.stream(self._call)) as stream:
            with closing(Patience(self._call.timeouts)) as patience:
                while True:
                    try:
                        part = await patience.wait(anext(stream))
                    except StopAsyncIteration:
                        break
                    if isinstance(part, Finish):
                        finish = part
                        break
                    if isinstance(part, TextPart):
                        if not part.text:
                            continue
                        self.has_text = self.has_text or (not part.reasoning and not part.text.isspace())
                    if self.first_token_ms is None:
                        self.first_token_ms = self.elapsed_ms
                    if isinstance(part, TextPart):
                        yield part
                    patience.heard()
        self.finish = finish
        problem = judge(finish, has_text=self.has_text)
        if problem is not None:
            raise problem


def ended_attempt(attempt: Attempt, state: str, asking: Asking, problem: AttemptFailure | None) -> Attempt:
    """The attempt as it ended: `ok`, `failed` with its problem, or `cancelled`."""
    finish = asking.finish or Finish(reason=None)
    usage = finish.usage
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
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        price_source=usage.price_source,
        request_id=finish.request_id,
        answered_model=finish.model,
    )
