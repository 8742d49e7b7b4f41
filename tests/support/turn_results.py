"""Results of turns as commands get them."""

from __future__ import annotations

from workbench.chat.values import Turn, TurnResult
from workbench.conversations.values import Message, MessageState, Role, Seam
from workbench.providers.values import Attempt, Usage


def result_of(
    text: str,
    state: MessageState = MessageState.DONE,
    *,
    attempts: tuple[Attempt, ...] = (),
    reason: str = "",
    unreachable: bool = False,
    seams: tuple[Seam, ...] = (),
) -> TurnResult:
    """A reply of `beta/b1`."""
    return TurnResult(
        turn=Turn(id="t", conversation_id="c", user_message_id="u", message_id="m"),
        message=Message(
            id="m", conversation_id="c", parent_id="u", role=Role.ASSISTANT, text=text, state=state, created_at_ms=0,
            provider="beta", model="b1", attempts=attempts, reason=reason, seams=seams,
        ),
        usage=Usage(output_tokens=12, cost_nano=4_000_000),
        unreachable=unreachable,
    )  # fmt: skip


def attempt(state: str, kind: str | None = None) -> Attempt:
    """An attempt at the same."""
    return Attempt(ord=0, provider="beta", model="b1", state=state, error_kind=kind, first_token_ms=800)
