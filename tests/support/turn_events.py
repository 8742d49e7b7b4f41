"""Events of one turn and a stored reply, for tests of what is folded from them and shown."""

from __future__ import annotations

from typing import Any

from workbench.conversations.values import Message, MessageState, Role
from workbench.core import events as ev
from workbench.tui.state.chat import ChatState
from workbench.tui.state.folding import fold

STAMP: dict[str, Any] = {"correlation": "turn-1", "conversation_id": "c-1"}


def started(at_ms: int = 1_000) -> ChatState:
    event = ev.TurnStarted(user_message_id="m-1", message_id="m-2", at_ms=at_ms, **STAMP)
    return fold(ChatState(), event)


def asked(name: str, *, ord: int, at_ms: int = 1_000) -> ev.AttemptStarted:
    return ev.AttemptStarted(provider=name, model="m", ord=ord, at_ms=at_ms, **STAMP)


def failed(name: str, kind: str, *, ord: int, next_step: str, at_ms: int = 2_000) -> ev.AttemptEnded:
    return ev.AttemptEnded(
        provider=name, model="m", ord=ord, state="failed", error_kind=kind, duration_ms=400, next_step=next_step,
        at_ms=at_ms, **STAMP,
    )  # fmt: skip


def delta(text: str, *, at_ms: int = 3_000, reasoning: bool = False) -> ev.TextDelta:
    return ev.TextDelta(message_id="m-2", delta=text, reasoning=reasoning, at_ms=at_ms, **STAMP)


def message(state: MessageState = MessageState.DONE, **fields: Any) -> Message:
    base: dict[str, Any] = {
        "id": "m", "conversation_id": "c", "parent_id": None, "role": Role.ASSISTANT, "text": "x", "state": state,
        "created_at_ms": 0, "provider": "beta", "model": "m",
    }  # fmt: skip
    return Message(**(base | fields))
