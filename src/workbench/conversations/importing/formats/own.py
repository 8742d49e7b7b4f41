"""Workbench's own documents: all that `conversations/telling/documents.py` tells of a conversation, with its ids."""

from __future__ import annotations

from dataclasses import replace

from workbench.conversations.importing.format import Format, each
from workbench.conversations.importing.shaping import (
    Document,
    count_of,
    documents_in,
    items_of,
    key_of,
    part,
    role_of,
    same_part,
    text_of,
    time_of,
)
from workbench.conversations.importing.trees import Node, conversation_with, planted, refuse_too_many
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import BrokenPart, MessageState, Role, Seam
from workbench.core.ids import ALPHABET
from workbench.core.text import safe_for_storage
from workbench.providers.values import BROKE_OFF, Attempt

NAME = "workbench"
_NANO = 1_000_000_000
_LARGEST = 2**53
_ID_LENGTH = 26
_STATES = frozenset({"running", "ok", "failed", "cancelled", "skipped"})
_UNFINISHED = "it was still being written when it was exported"
_NAMES = ("error_kind", "price_source", "key_ref", "request_id", "answered_model")
_COUNTS = (
    "http_status",
    "first_token_ms",
    "duration_ms",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


def knows(document: Document) -> bool:
    """Whether this is a conversation that workbench wrote."""
    return "active_leaf_id" in document and isinstance(document.get("messages"), list)


def conversation_of(document: Document) -> ImportedConversation:
    """A conversation as it was; raises MalformedError."""
    id_ = _id(document.get("id"))
    named = key_of(document.get("id"))
    if named is None:
        raise MalformedError("the conversation has no id")
    refuse_too_many(len(items_of(document.get("messages"))))
    nodes = [_node(one) for one in documents_in(document.get("messages"))]
    source = _words(document.get("source"))
    tags = [_words(tag) for tag in items_of(document.get("tags"))]
    return conversation_with(
        planted(nodes, by_time=False),
        ImportedConversation(
            source=source if id_ is not None else NAME,
            source_id=key_of(document.get("source_id")) if id_ is not None else named,
            title=text_of(document.get("title")),
            messages=(),
            created_ms=time_of(document.get("created_at")),
            updated_ms=time_of(document.get("updated_at")),
            active=key_of(document.get("active_leaf_id")),
            tags=tuple(tag for tag in tags if tag),
            pinned=document.get("pinned") is True,
            archived=document.get("archived") is True,
            private=document.get("private") is True,
            folder=_words(document.get("folder")),
            provider=_words(document.get("provider")),
            model=_words(document.get("model")),
            id=id_,
            forked_from_id=_id(document.get("forked_from_id")),
        ),
    )


def _id(value: object) -> str | None:
    """An id that could be ours; None for anything else."""
    text = text_of(value)
    return text if len(text) == _ID_LENGTH and not set(text) - set(ALPHABET) else None


def _node(told: Document) -> Node:
    key = key_of(told.get("id"))
    role = role_of(told.get("role"))
    if key is None or role is None:
        raise MalformedError("a message has no id, or nobody said it")
    states = {state.value: state for state in MessageState}
    state = states.get(text_of(told.get("state")), MessageState.DONE)
    reason = text_of(told.get("reason"))
    if state is MessageState.STREAMING:
        state, reason = MessageState.INTERRUPTED, _UNFINISHED
    text = _text(told.get("text"))
    rating = count_of(told.get("rating"))
    id_ = _id(told.get("id"))
    return Node(
        key=key,
        parent=key_of(told.get("parent_id")),
        message=ImportedMessage(
            key=key,
            id=id_,
            source_id=key_of(told.get("source_id")) if id_ is not None else key,
            parent=None,
            role=role,
            text=text,
            at_ms=time_of(told.get("created_at")),
            reasoning=text_of(told.get("reasoning")),
            provider=_words(told.get("provider")),
            model=_words(told.get("model")),
            extra=tuple(_part(one) for one in documents_in(told.get("extra"))),
            state=state,
            reason=reason,
            finish_reason=_words(told.get("finish_reason")),
            rating=rating if rating in (-1, 1) and role is Role.ASSISTANT else None,
            broken=tuple(_broken(one) for one in documents_in(told.get("broken"))),
            seams=_seams(documents_in(told.get("seams")), len(text)),
            attempts=tuple(_attempt(number, one) for number, one in enumerate(documents_in(told.get("attempts")))),
        ),
    )


def _part(told: Document) -> str:
    kind = text_of(told.get("type"))
    # Those that a message has as values of its own are never told as parts.
    if kind in ("", "reasoning", "broken", "seam"):
        return part("unknown", format=NAME, value=told)
    return same_part(told)


def _broken(told: Document) -> BrokenPart:
    names = {name: text_of(told.get(name)) for name in ("provider", "model", "text")}
    return BrokenPart(**names)


def _seams(told: list[Document], length: int) -> tuple[Seam, ...]:
    """In the order of the text: whoever shows it cuts it there, piece after piece."""
    return tuple(sorted((_seam(one, length) for one in told), key=lambda seam: seam.at))


def _seam(told: Document, length: int) -> Seam:
    at = count_of(told.get("at")) or 0
    names = {name: text_of(told.get(name)) for name in ("after", "provider", "model")}
    return Seam(at=min(max(at, 0), length), ended=text_of(told.get("ended")) or BROKE_OFF, **names)


def _text(value: object) -> str:
    """Text that goes into a column as it is."""
    return safe_for_storage(text_of(value))


def _attempt(number: int, told: Document) -> Attempt:
    state = text_of(told.get("state"))
    cost = told.get("cost_usd")
    cost = cost if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < _NANO else None
    texts = {name: _words(told.get(name)) for name in _NAMES}
    counts = {name: _count(told.get(name)) for name in _COUNTS}
    attempt = Attempt(
        ord=number,
        provider=_text(told.get("provider")),
        model=_text(told.get("model")),
        # What ran when it was exported has ended since.
        state="cancelled" if state not in _STATES or state == "running" else state,
        reason=_text(told.get("reason")),
        hint=_text(told.get("hint")),
        cost_nano=None if cost is None else round(cost * _NANO),
        run_id=_text(told.get("run_id")),
        started_at_ms=time_of(told.get("started_at")),
    )
    return replace(attempt, **texts, **counts)


def _count(value: object) -> int | None:
    """A number of tokens or milliseconds that can be added to a time."""
    count = count_of(value)
    return count if count is not None and 0 <= count < _LARGEST else None


def _words(value: object) -> str | None:
    """A string as a column can hold it, None for anything else."""
    return safe_for_storage(value) if isinstance(value, str) else None


FORMAT = Format(name=NAME, label="workbench", knows=knows, read=each(knows, conversation_of))
