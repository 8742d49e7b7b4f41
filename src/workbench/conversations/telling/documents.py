"""Conversations as the plain documents that scripts read (`history list --json`, `history show --json`)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from workbench.conversations.values import Conversation, Message
from workbench.core.clock import iso_utc
from workbench.providers.values import Attempt

Document = dict[str, object]

_NANO = 1_000_000_000


def conversation_document(conversation: Conversation) -> Document:
    """A conversation as lists show it; `messages` is how many it has."""
    return {
        "id": conversation.id,
        "title": conversation.title,
        "created_at": iso_utc(conversation.created_at_ms),
        "updated_at": iso_utc(conversation.updated_at_ms),
        "messages": conversation.messages,
        "models": list(conversation.models),
        "tags": list(conversation.tags),
        "pinned": conversation.pinned,
        "archived": conversation.archived,
        "private": conversation.private,
        "folder": conversation.folder,
    }


def tree_document(conversation: Conversation, messages: Sequence[Message]) -> Document:
    """A conversation with all of `messages` in the place of their number."""
    return {
        **conversation_document(conversation),
        "active_leaf_id": conversation.active_leaf_id,
        "forked_from_id": conversation.forked_from_id,
        "source": conversation.source,
        "source_id": conversation.source_id,
        "provider": conversation.provider,
        "model": conversation.model,
        "messages": [message_document(message) for message in messages],
    }


def message_document(message: Message) -> Document:
    """A message with its attempts."""
    return {
        "id": message.id,
        "parent_id": message.parent_id,
        "role": message.role.value,
        "text": message.text,
        "state": message.state.value,
        "reason": message.reason,
        "provider": message.provider,
        "model": message.model,
        "finish_reason": message.finish_reason,
        "created_at": iso_utc(message.created_at_ms),
        "rating": message.rating,
        "reasoning": message.reasoning,
        "broken": [{"provider": p.provider, "model": p.model, "text": p.text} for p in message.broken],
        "seams": seam_documents(message),
        "extra": [json.loads(part) for part in message.extra],
        "source_id": message.source_id,
        "attempts": [attempt_document(attempt) for attempt in message.attempts],
    }


def seam_documents(message: Message) -> list[Document]:
    """Where another answer went on; `at` counts characters of the text before it, `ended` says what became of it."""
    return [
        {"at": s.at, "after": s.after, "provider": s.provider, "model": s.model, "ended": s.ended}
        for s in message.seams
    ]


def attempt_document(attempt: Attempt) -> Document:
    """One attempt; times in milliseconds, money in dollars, null when unknown. Of its key only the name."""
    return {
        "provider": attempt.provider,
        "model": attempt.model,
        "state": attempt.state,
        "error_kind": attempt.error_kind,
        "http_status": attempt.http_status,
        "reason": attempt.reason,
        "hint": attempt.hint,
        "first_token_ms": attempt.first_token_ms,
        "duration_ms": attempt.duration_ms,
        "input_tokens": attempt.input_tokens,
        "output_tokens": attempt.output_tokens,
        "cache_read_tokens": attempt.cache_read_tokens,
        "cache_write_tokens": attempt.cache_write_tokens,
        "reasoning_tokens": attempt.reasoning_tokens,
        "cost_usd": None if attempt.cost_nano is None else attempt.cost_nano / _NANO,
        "price_source": attempt.price_source,
        "key_ref": attempt.key_ref,
        "request_id": attempt.request_id,
        "answered_model": attempt.answered_model,
        "run_id": attempt.run_id,
        "started_at": None if attempt.started_at_ms is None else iso_utc(attempt.started_at_ms),
    }
