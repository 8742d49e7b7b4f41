"""Between the database's rows and the values of a conversation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from workbench.conversations.values import BrokenPart, Conversation, Message, MessageState, Role, Seam
from workbench.core.text import safe_for_storage
from workbench.providers.values import BROKE_OFF, Attempt
from workbench.storage.transaction import Row

_OWN_PARTS = ("reasoning", "broken", "seam")
PAGE = 500
"""Rows of one read; longer answers are put together from several."""

_MESSAGES = """
    with recursive chosen(id, place) as ($chosen)
    select m.*, (
      select json_group_array(json_array(
        a.started_at, a.run_id, a.ord, a.provider, a.model, a.state, a.error_kind, a.http_status, a.error_text,
        a.first_token_at, a.ended_at, a.in_tokens, a.out_tokens, a.cost_nano, a.cache_read_tokens, a.cache_write_tokens,
        a.reasoning_tokens, a.price_source, a.key_ref, a.request_id, a.answered_model, a.hint
      )) from attempts a where a.message_id = m.id
    ) as attempts
    from chosen join messages m on m.id = chosen.id
    order by chosen.place
"""

BY_ID = _MESSAGES.replace("$chosen", "select id, 0 from messages where id = :id")
TREE_PAGE = _MESSAGES.replace(
    "$chosen",
    """
      select id, n from messages
      where conversation_id = :conversation and n > :after and deleted_at is null order by n limit :limit
    """,
)
"""The next `limit` messages of a conversation, oldest first."""
PATH_PAGE = _MESSAGES.replace(
    "$chosen",
    """
      select id, 0 from messages where id = :leaf and conversation_id = :conversation and deleted_at is null
      union all
      select m.parent_id, c.place + 1 from chosen c join messages m on m.id = c.id
      where m.parent_id is not null and c.place + 1 < :limit
    """,
)
"""A message and those above it, at most `limit`, leaf first."""
SIBLINGS = """
    select m.id, (select json_group_array(id) from (
      select s.id, s.n from messages s where s.parent_id = m.parent_id and s.role = m.role and s.deleted_at is null
      union all
      select s.id, s.n from messages s
      where m.parent_id is null and s.conversation_id = m.conversation_id and +s.parent_id is null and s.role = m.role
        and s.deleted_at is null
      order by 2
    )) as beside
    from json_each(:ids) wanted join messages m on m.id = wanted.value
    where m.deleted_at is null
"""
"""For each of some messages those of its role under the same parent, oldest first; `+` leads to the right index."""
STREAMING_OF = _MESSAGES.replace(
    "$chosen",
    "select id, n from messages where state = 'streaming' and owner is :owner and n > :after order by n limit :limit",
)
"""The next `limit` unfinished replies of one instance."""

_CONVERSATIONS = """
    select c.*,
      (select count(*) from messages m where m.conversation_id = c.id)
        - (select count(*) from messages m where m.conversation_id = c.id and m.deleted_at is not null)
        as message_count,
      (select json_group_array(model) from (
        select distinct m.model as model from messages m
        where m.conversation_id = c.id and m.model is not null and m.deleted_at is null order by m.model
      )) as models
    from conversations c $which
"""

CONVERSATION = _CONVERSATIONS.replace("$which", "where c.id = :id")
BY_IDS = _CONVERSATIONS.replace("$which", "where c.id in (select value from json_each(:ids))")
"""Some conversations, in no order."""
BY_PREFIX = _CONVERSATIONS.replace(
    "$which", "where c.id >= :low and c.id < :high and c.deleted_at is null order by c.id limit 5"
)
DELETED_BY_PREFIX = _CONVERSATIONS.replace(
    "$which", "where c.id >= :low and c.id < :high and c.deleted_at is not null order by c.id limit 5"
)
LAST_DELETED = _CONVERSATIONS.replace("$which", "where c.deleted_at is not null order by c.deleted_at desc limit 1")
LISTED = "select count(*) from conversations where archived_at is null and deleted_at is null"
"""How many conversations lists have."""
RECENT = _CONVERSATIONS.replace(
    "$which",
    """
    where c.archived_at is null and c.deleted_at is null
    order by c.updated_at desc, c.id desc limit :limit offset :offset
    """,
)
PINNED = _CONVERSATIONS.replace(
    "$which",
    """
    where c.pinned = 1 and c.archived_at is null and c.deleted_at is null
    order by c.updated_at desc, c.id desc limit :limit
    """,
)
RECENT_AFTER = _CONVERSATIONS.replace(
    "$which",
    """
    where c.archived_at is null and c.deleted_at is null and (c.updated_at, c.id) < (:updated, :id)
    order by c.updated_at desc, c.id desc limit :limit
    """,
)


def conversation_of(row: Row) -> Conversation:
    """A conversation from a row of one of the queries above."""
    settings = cast("dict[str, Any]", json.loads(row["settings"]))
    return Conversation(
        id=row["id"],
        title=row["title"],
        created_at_ms=row["created_at"],
        updated_at_ms=row["updated_at"],
        messages=row["message_count"],
        models=tuple(json.loads(row["models"])),
        tags=tuple(json.loads(row["tags"])),
        pinned=bool(row["pinned"]),
        archived=row["archived_at"] is not None,
        folder=row["folder"],
        source=row["source"],
        source_id=row["source_id"],
        deleted_at_ms=row["deleted_at"],
        forked_from_id=row["forked_from_id"] or settings.get("forked_from"),
        active_leaf_id=row["active_leaf_id"],
        provider=settings.get("provider"),
        model=settings.get("model"),
        private=settings.get("private") is True,
    )


def message_of(row: Row) -> Message:
    """A message, with its attempts in the order they were made, from a row of one of the queries above."""
    parts = decoded_parts(row["parts"])
    return Message(
        id=row["id"],
        conversation_id=row["conversation_id"],
        parent_id=row["parent_id"],
        role=Role(row["role"]),
        text=row["text"],
        state=MessageState(row["state"]),
        created_at_ms=row["created_at"],
        reasoning=parts.reasoning,
        broken=parts.broken,
        seams=parts.seams,
        extra=parts.extra,
        source_id=row["source_id"],
        provider=row["provider"],
        model=row["model"],
        finish_reason=row["finish_reason"],
        reason=row["reason"],
        rating=row["rating"],
        attempts=_attempts(row["attempts"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a message consists of beside its text."""

    reasoning: str = ""
    broken: tuple[BrokenPart, ...] = ()
    seams: tuple[Seam, ...] = ()
    extra: tuple[str, ...] = ()


def encoded_parts(
    reasoning: str, broken: Sequence[BrokenPart], seams: Sequence[Seam] = (), extra: Sequence[str] = ()
) -> str | None:
    """What a message consists of beside its text, as JSON; None when there is nothing."""
    parts: list[dict[str, object]] = []
    if reasoning:
        parts.append({"type": "reasoning", "text": safe_for_storage(reasoning)})
    parts.extend(
        {
            "type": "broken",
            "provider": safe_for_storage(part.provider),
            "model": safe_for_storage(part.model),
            "text": safe_for_storage(part.text),
        }
        for part in broken
    )
    for seam in seams:
        joined: dict[str, object] = {
            "type": "seam",
            "at": seam.at,
            "after": safe_for_storage(seam.after),
            "provider": safe_for_storage(seam.provider),
            "model": safe_for_storage(seam.model),
        }
        if seam.ended != BROKE_OFF:
            joined["ended"] = safe_for_storage(seam.ended)
        parts.append(joined)
    parts.extend(json.loads(part) for part in extra)
    return json.dumps(parts, ensure_ascii=False) if parts else None


def decoded_parts(parts: str | None) -> Parts:
    """What `encoded_parts` made; kinds of parts that are not known here are `extra`."""
    if not parts:
        return Parts()
    found = cast("list[dict[str, Any]]", json.loads(parts))
    broken = tuple(
        BrokenPart(provider=part["provider"], model=part["model"], text=part["text"])
        for part in found
        if part["type"] == "broken"
    )
    seams = tuple(
        Seam(
            at=part["at"],
            after=part["after"],
            provider=part["provider"],
            model=part["model"],
            ended=part.get("ended", BROKE_OFF),
        )
        for part in found
        if part["type"] == "seam"
    )
    return Parts(
        reasoning="".join(part["text"] for part in found if part["type"] == "reasoning"),
        broken=broken,
        seams=seams,
        extra=tuple(json.dumps(part, ensure_ascii=False) for part in found if part["type"] not in _OWN_PARTS),
    )


def _attempts(encoded: str) -> tuple[Attempt, ...]:
    rows = cast("list[list[object]]", json.loads(encoded))
    # A reply that was continued has several runs, each counted from 0.
    first_starts: dict[object, int] = {}
    for row in rows:
        started = cast("int", row[0])
        first_starts[row[1]] = min(started, first_starts.get(row[1], started))
    rows.sort(key=lambda row: (first_starts[row[1]], str(row[1]), cast("int", row[2])))
    return tuple(_attempt(row) for row in rows)


def _attempt(row: list[object]) -> Attempt:
    started, run_id, ord_, provider, model, state, error_kind, status, reason, first, ended, *rest = row
    tokens_in, tokens_out, cost, cache_read, cache_write, reasoning, *names = rest
    price_source, key_ref, request_id, answered_model, hint = cast("list[str | None]", names)
    started_ms = cast("int", started)

    def since_start(at_ms: object) -> int | None:
        return None if at_ms is None else max(0, cast("int", at_ms) - started_ms)

    return Attempt(
        ord=cast("int", ord_),
        provider=cast("str", provider),
        model=cast("str", model),
        state=cast("str", state),
        error_kind=cast("str | None", error_kind),
        http_status=cast("int | None", status),
        reason=cast("str | None", reason) or "",
        first_token_ms=since_start(first),
        duration_ms=since_start(ended),
        input_tokens=cast("int | None", tokens_in),
        output_tokens=cast("int | None", tokens_out),
        cost_nano=cast("int | None", cost),
        cache_read_tokens=cast("int | None", cache_read),
        cache_write_tokens=cast("int | None", cache_write),
        reasoning_tokens=cast("int | None", reasoning),
        price_source=price_source,
        key_ref=key_ref,
        request_id=request_id,
        answered_model=answered_model,
        hint=hint or "",
        run_id=cast("str", run_id),
        started_at_ms=started_ms,
    )
