"""The statements that change conversations, and what they look up on the way."""

from __future__ import annotations

from workbench.core.errors import NotFoundError, StorageError
from workbench.core.text import clean_line
from workbench.storage.transaction import Transaction

INSERT_MESSAGE = """
    insert into messages(id, conversation_id, parent_id, role, state, owner, created_at, text)
    values (:id, :conversation, :parent, :role, :state, :owner, :now, :text)
"""
SAVE_REPLY = """
    update messages set text = :text, parts = :parts where id = :id and state in ('streaming', 'interrupted')
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
INTERRUPT_REPLY = """
    update messages set state = 'interrupted', reason = :reason,
      provider = coalesce(provider, (select a.provider from attempts a
        where a.message_id = messages.id and a.state = 'running' order by a.started_at desc limit 1)),
      model = coalesce(model, (select a.model from attempts a
        where a.message_id = messages.id and a.state = 'running' order by a.started_at desc limit 1))
    where id = :id and state = 'streaming' and owner is :owner
"""
CANCEL_ATTEMPTS = """
    update attempts set state = 'cancelled', error_kind = 'cancelled', error_text = :reason, ended_at = :now
    where message_id = :id and state = 'running'
"""


async def parent_of_turn(transaction: Transaction, conversation_id: str, parent_id: str | None) -> str | None:
    """What a new turn hangs under: `parent_id`, else the active leaf; raises NotFoundError."""
    found = await transaction.fetch("select active_leaf_id from conversations where id = ?", (conversation_id,))
    if not found:
        raise no_conversation(conversation_id)
    if parent_id is None:
        return found[0]["active_leaf_id"]
    values = (parent_id, conversation_id)
    if not await transaction.fetch("select 1 from messages where id = ? and conversation_id = ?", values):
        raise NotFoundError("There is no such message in this conversation", detail=clean_line(parent_id))
    return parent_id


async def system_in_force(transaction: Transaction, message_id: str | None) -> str | None:
    """The nearest system text at or above a message, None when there is none."""
    found = await transaction.fetch(SYSTEM_ABOVE, {"id": message_id})
    return found[0]["text"] if found else None


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


def no_conversation(conversation_id: str) -> NotFoundError:
    """The error for a conversation that is not there."""
    hint = "`workbench history list` shows what there is"
    return NotFoundError("There is no such conversation", detail=clean_line(conversation_id), hint=hint)
