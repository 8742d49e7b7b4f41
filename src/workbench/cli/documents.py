"""The JSON documents of answers and events, and the words in which their parts are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.cli.output import dollars
from workbench.core.clock import iso_utc
from workbench.core.events import Event, Level

if TYPE_CHECKING:
    from workbench.chat.values import TurnResult
    from workbench.storage.event_log import StoredEvent

_FENCE_LINES = 2
"""The opening and the closing line of a fenced block."""


def level_name(level: int) -> str:
    """`debug`, `info`, `warning` or `error`."""
    return Level(level).name.lower()


def event_document(event: Event) -> dict[str, object]:
    """An event that has just happened, in the shape of `events --json`."""
    return {
        "seq": event.seq,
        "at": iso_utc(event.at_ms),
        "level": level_name(event.severity),
        "source": event.source,
        "kind": event.kind,
        "text": event.text(),
        "conversation_id": event.conversation_id,
        "task_id": event.task_id,
        "correlation": event.correlation or None,
        "data": event.data(),
    }


def stored_event_document(event: StoredEvent) -> dict[str, object]:
    """An event of the log."""
    return {
        "seq": event.seq,
        "at": iso_utc(event.at_ms),
        "level": level_name(event.level),
        "source": event.source,
        "kind": event.kind,
        "text": event.text,
        "conversation_id": event.conversation_id,
        "task_id": event.task_id,
        "correlation": event.correlation or None,
        "data": event.data,
    }


def answer_document(result: TurnResult, *, text: str, stored: bool) -> dict[str, object]:
    """What `ask --json` prints. The ids are null when nothing was stored."""
    from workbench.conversations.telling.documents import attempt_document, seam_documents

    message = result.message
    return {
        "conversation_id": message.conversation_id if stored else None,
        "message_id": message.id if stored else None,
        "text": text,
        "provider": message.provider,
        "model": message.model,
        "finish_reason": message.finish_reason,
        "complete": result.complete,
        "cached": False,
        "usage": {
            "input_tokens": result.usage.input_tokens,
            "output_tokens": result.usage.output_tokens,
            "cost_usd": dollars(result.usage.cost_nano),
        },
        "seams": seam_documents(message),
        "attempts": [attempt_document(attempt) for attempt in message.attempts],
    }


def first_code_block(text: str, *, complete: bool) -> str | None:
    """The content of the first fenced block, as CommonMark reads it; None when there is none.

    A block that is never closed reaches to the end, unless the text is not `complete`: then it may be cut.
    """
    from markdown_it import MarkdownIt

    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence" and token.map is not None:
            first, end = token.map
            lines = len(token.content.removesuffix("\n").split("\n")) if token.content else 0
            closed = end - first == lines + _FENCE_LINES
            return token.content.rstrip("\n") if closed or complete else None
    return None
