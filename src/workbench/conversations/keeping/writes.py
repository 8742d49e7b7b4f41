"""The statements that change conversations, and what they look up on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from workbench.conversations.branching.placing import place_of
from workbench.conversations.search import index
from workbench.conversations.values import MessageState, Role
from workbench.core.errors import NotFoundError, StorageError, UsageError
from workbench.core.ids import new_id
from workbench.core.text import clean_line, folded, safe_for_storage
from workbench.storage.transaction import Transaction

TITLE_LENGTH = 60
"""Characters of a title taken from a prompt."""

INSERT_CONVERSATION = """
    insert into conversations(id, title, title_folded, settings, created_at, updated_at)
    values (:id, :title, :folded, :settings, :now, :now)
"""
MAKE_PRIVATE = "update conversations set settings = json_set(settings, '$.private', json(?)) where id = ?"
INSERT_MESSAGE = """
    insert into messages(n, id, conversation_id, parent_id, role, state, owner, created_at, text)
    values (:n, :id, :conversation, :parent, :role, :state, :owner, :now, :text)
"""
# Whoever went on last gave the end of the text: that is known also when the program dies before the reply's end.
SAVE_REPLY = """
    update messages set text = :text, parts = :parts,
      provider = coalesce(:provider, provider), model = coalesce(:model, model)
    where id = :id and state in ('streaming', 'interrupted')
"""
FINISH_REPLY = """
    update messages set state = :state, text = :text, parts = :parts, provider = :provider, model = :model,
      finish_reason = :finish_reason, reason = :reason, owner = null
    where id = :id and state in ('streaming', 'interrupted')
"""
SYSTEM_ABOVE = """
    with recursive above(id, role, place) as (
      select id, role, 0 from messages where id = :id
      union all
      select p.id, p.role, a.place + 1 from above a join messages m on m.id = a.id join messages p on p.id = m.parent_id
    )
    select m.text from above a join messages m on m.id = a.id where a.role = 'system' order by a.place limit 1
"""
PROMPT_ABOVE = """
    with recursive above(id, role, parent_id, place) as (
      select id, role, parent_id, 0 from messages
      where id = :id and conversation_id = :conversation and deleted_at is null
      union all
      select m.id, m.role, m.parent_id, a.place + 1 from above a join messages m on m.id = a.parent_id
      where a.role in ('assistant', 'tool')
    )
    select id, role from above order by place desc limit 1
"""
# A message's place is after those above it: so the last one of a branch is its newest leaf.
NEWEST_LEAF = """
    with recursive below(id, n) as (
      select id, n from messages where id = :id and conversation_id = :conversation and deleted_at is null
      union all
      select m.id, m.n from below b join messages m on m.parent_id = b.id and m.deleted_at is null
    )
    select id from below order by n desc limit 1
"""
INTERRUPT_REPLY = """
    update messages set state = 'interrupted', reason = :reason,
      provider = coalesce(provider, (select a.provider from attempts a
        where a.message_id = messages.id and a.state = 'running' order by a.started_at desc limit 1)),
      model = coalesce(model, (select a.model from attempts a
        where a.message_id = messages.id and a.state = 'running' order by a.started_at desc limit 1))
    where id = :id and state = 'streaming' and owner is :owner
"""
USED_NOW = """
    update conversations set updated_at = max(updated_at, :now)
    where id = (select conversation_id from messages where id = :id)
"""
CANCEL_ATTEMPTS = """
    update attempts set state = 'cancelled', error_kind = 'cancelled', error_text = :reason, ended_at = :now
    where message_id = :id and state = 'running'
"""


async def new_conversation(transaction: Transaction, *, title: str, settings: str, now_ms: int) -> str:
    """Insert an empty conversation; its id."""
    id_ = new_id()
    values = {"id": id_, "title": title, "folded": folded(title), "settings": settings, "now": now_ms}
    await transaction.execute(INSERT_CONVERSATION, values)
    return id_


async def new_message(
    transaction: Transaction,
    conversation_id: str,
    parent_id: str | None,
    role: Role,
    text: str,
    *,
    now_ms: int,
    owner: str | None = None,
) -> str:
    """Insert a message, one that `owner` is going to write if there is one; its id."""
    id_ = new_id()
    values = {
        "n": await place_of(transaction, conversation_id, now_ms),
        "id": id_,
        "conversation": conversation_id,
        "parent": parent_id,
        "role": role.value,
        "state": (MessageState.DONE if owner is None else MessageState.STREAMING).value,
        "owner": owner,
        "now": now_ms,
        "text": safe_for_storage(text),
    }
    await transaction.execute(INSERT_MESSAGE, values)
    if owner is None:
        await index.put_message(transaction, id_)
    return id_


async def prompt_above(transaction: Transaction, conversation_id: str, message_id: str) -> str:
    """The prompt that a message answers, or is; raises NotFoundError, UsageError when there is none."""
    await active_leaf(transaction, conversation_id)
    values = {"id": safe_for_storage(message_id), "conversation": conversation_id}
    found = await transaction.fetch(PROMPT_ABOVE, values)
    if not found:
        raise no_message(message_id)
    if found[0]["role"] != Role.USER:
        raise UsageError("There is no prompt to answer here", hint="Choose a prompt, or a reply to one")
    return found[0]["id"]


async def active_leaf(transaction: Transaction, conversation_id: str) -> str | None:
    """The end of the branch in force, None without messages; raises NotFoundError, also for what was deleted."""
    found = await transaction.fetch(
        "select active_leaf_id from conversations where id = ? and deleted_at is null", (conversation_id,)
    )
    if not found:
        raise no_conversation(conversation_id)
    return found[0]["active_leaf_id"]


async def parent_of_turn(transaction: Transaction, conversation_id: str, parent_id: str | None) -> str | None:
    """What a new turn hangs under: `parent_id`, else the active leaf; raises NotFoundError."""
    leaf = await active_leaf(transaction, conversation_id)
    if parent_id is None:
        return leaf
    values = (parent_id, conversation_id)
    sql = "select 1 from messages where id = ? and conversation_id = ? and deleted_at is null"
    if not await transaction.fetch(sql, values):
        raise no_message(parent_id)
    return parent_id


async def parent_of_prompt(transaction: Transaction, conversation_id: str, message_id: str) -> str | None:
    """What a prompt hangs under, None for nothing; raises NotFoundError, UsageError for a message that is no prompt."""
    await active_leaf(transaction, conversation_id)
    sql = "select parent_id, role from messages where id = ? and conversation_id = ? and deleted_at is null"
    found = await transaction.fetch(sql, (safe_for_storage(message_id), conversation_id))
    if not found:
        raise no_message(message_id)
    if found[0]["role"] != Role.USER:
        raise UsageError("This is no prompt", hint="Only what you asked can be asked in other words")
    return found[0]["parent_id"]


async def system_in_force(transaction: Transaction, message_id: str | None) -> str | None:
    """The nearest system text at or above a message, None when there is none."""
    found = await transaction.fetch(SYSTEM_ABOVE, {"id": message_id})
    return found[0]["text"] if found else None


async def save_reply(transaction: Transaction, values: Mapping[str, object]) -> None:
    """Store what has arrived of a reply (`SAVE_REPLY`); raises NotFoundError, FinishedMessageError."""
    id_ = str(values["id"])
    # One that was marked as interrupted, and goes on all the same, is in the index already.
    await index.take_out_message(transaction, id_)
    if not await transaction.execute(SAVE_REPLY, values):
        await refuse_change(transaction, id_)


async def finish_reply(transaction: Transaction, values: Mapping[str, object]) -> None:
    """Store a reply's end (`FINISH_REPLY`, `USED_NOW`) and index it; raises NotFoundError, FinishedMessageError."""
    id_ = str(values["id"])
    await index.take_out_message(transaction, id_)
    if not await transaction.execute(FINISH_REPLY, values):
        await refuse_change(transaction, id_)
    await index.put_message(transaction, id_)
    await transaction.execute(USED_NOW, values)


class FinishedMessageError(StorageError):
    """A finished message does not change."""


async def refuse_change(transaction: Transaction, message_id: str) -> None:
    """Raise what fits a reply that did not let itself be written: NotFoundError or FinishedMessageError."""
    found = await transaction.fetch("select state from messages where id = ?", (message_id,))
    if not found:
        raise NotFoundError("There is no such message", detail=clean_line(message_id))
    raise FinishedMessageError(
        "A finished message does not change", detail=f"it is {found[0]['state']}", where="conversations"
    )


async def update_conversation(transaction: Transaction, sql: str, value: str, conversation_id: str) -> None:
    """Set one value of a conversation; raises NotFoundError."""
    if not await transaction.execute(sql, (value, conversation_id)):
        raise no_conversation(conversation_id)


def settings_with(settings: str, *, provider: str | None, model: str | None) -> str:
    """A conversation's settings, as JSON, pinned to these two; the others stay."""
    known = cast("dict[str, Any]", json.loads(settings))
    others = {key: value for key, value in known.items() if key not in ("provider", "model")}
    chosen = {"provider": safe_or_none(provider), "model": safe_or_none(model)}
    return json.dumps(others | {key: value for key, value in chosen.items() if value}, ensure_ascii=False)


def title_of(prompt: str) -> str:
    """The title that a prompt gives to its conversation: its first line that is not blank."""
    first_line = next((line for line in prompt.splitlines() if line.strip()), "")
    return one_line(first_line, TITLE_LENGTH)


def one_line(text: str, limit: int) -> str:
    """`text` as a title: cleaned, without runs of white space, at most `limit` characters."""
    return clean_line(" ".join(safe_for_storage(text).split()), limit)


def safe_or_none(text: str | None) -> str | None:
    """`text` as the database can hold it; None stays."""
    return None if text is None else safe_for_storage(text)


def no_message(message_id: str) -> NotFoundError:
    """The error for a message that is not in its conversation."""
    return NotFoundError("There is no such message in this conversation", detail=clean_line(message_id))


def no_conversation(conversation_id: str) -> NotFoundError:
    """The error for a conversation that is not there."""
    hint = "`workbench history list` shows what there is"
    return NotFoundError("There is no such conversation", detail=clean_line(conversation_id), hint=hint)
