"""The database's tables, made by numbered steps that are only ever appended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from workbench.core.text import folded
from workbench.storage.transaction import Transaction

APPLICATION_ID = 0x776B6268
"""`wkbh`: marks a SQLite file as ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One migration: brings a database from `number - 1` to `number` within one transaction."""

    number: int
    title: str
    run: Callable[[Transaction], Awaitable[None]]


_SPINE = (
    # Texts come last in a row, so that reading the small columns does not walk through them.
    """
    create table conversations(
      id text primary key,
      title text not null default '',
      kind text not null default 'chat',
      active_leaf_id text references messages(id) deferrable initially deferred,
      forked_from_id text references messages(id) on delete set null deferrable initially deferred,
      settings text not null default '{}' check(json_valid(settings)),
      tags text not null default '[]' check(json_valid(tags)),
      pinned integer not null default 0 check(pinned in (0, 1)),
      archived_at integer,
      source text,
      source_id text,
      created_at integer not null,
      updated_at integer not null,
      unique(source, source_id)
    ) strict
    """,
    "create index conversations_recent on conversations(updated_at desc, id desc) where archived_at is null",
    """
    create table messages(
      n integer primary key,
      id text not null unique,
      conversation_id text not null references conversations(id) on delete cascade,
      parent_id text references messages(id) on delete cascade,
      role text not null check(role in ('system', 'user', 'assistant', 'tool')),
      state text not null default 'done'
        check(state in ('streaming', 'done', 'stopped', 'failed', 'interrupted')),
      owner text,
      provider text,
      model text,
      finish_reason text,
      reason text not null default '',
      attempt_id text,
      rating integer,
      pinned integer not null default 0 check(pinned in (0, 1)),
      hash blob,
      created_at integer not null,
      text text not null default '',
      parts text check(parts is null or json_valid(parts))
    ) strict
    """,
    "create index messages_children on messages(parent_id, created_at)",
    "create index messages_conv on messages(conversation_id, n)",
    "create index messages_models on messages(conversation_id, model) where model is not null",
    "create index messages_streaming on messages(owner) where state = 'streaming'",
    # The last line of defence: no code path, present or future, alters what is complete.
    """
    create trigger messages_done_stay before update of
      conversation_id, parent_id, role, state, text, parts, provider, model, created_at on messages
    when old.state = 'done'
    begin
      select raise(abort, 'a finished message does not change');
    end
    """,
    """
    create table attempts(
      id text primary key,
      run_id text not null,
      ord integer not null,
      task_id text,
      message_id text references messages(id) on delete cascade,
      provider text not null,
      model text not null,
      key_ref text,
      state text not null check(state in ('running', 'ok', 'failed', 'cancelled', 'skipped')),
      error_kind text,
      error_text text,
      http_status integer,
      breaker_state text,
      started_at integer not null,
      first_token_at integer,
      ended_at integer,
      in_tokens integer,
      out_tokens integer,
      cache_read_tokens integer,
      cache_write_tokens integer,
      reasoning_tokens integer,
      cost_nano integer,
      currency text not null default 'USD',
      price_source text,
      cached integer not null default 0 check(cached in (0, 1)),
      request_hash blob,
      unique(run_id, ord)
    ) strict
    """,
    "create index attempts_time on attempts(started_at)",
    "create index attempts_model on attempts(provider, model, started_at)",
    "create index attempts_message on attempts(message_id, started_at) where message_id is not null",
    """
    create table events(
      seq integer primary key autoincrement,
      at integer not null,
      level integer not null default 20,
      source text not null,
      kind text not null,
      conversation_id text,
      task_id text,
      correlation text,
      text text not null default '',
      payload text not null check(json_valid(payload))
    ) strict
    """,
    "create index events_run on events(correlation, seq) where correlation is not null",
    "create index events_kind on events(kind, at)",
    "create index events_conversation on events(conversation_id, seq) where conversation_id is not null",
    "create index events_task on events(task_id, seq) where task_id is not null",
    """
    create table drafts(
      conversation_id text primary key,
      text text not null,
      updated_at integer not null
    ) strict
    """,
    # No foreign key: the draft of a conversation that does not exist yet has the key ''.
    """
    create trigger drafts_follow after delete on conversations
    begin
      delete from drafts where conversation_id = old.id;
    end
    """,
)


_PROVIDERS = (
    # What all processes of one home must agree on. `record` holds the values of the state machine.
    """
    create table breakers(
      provider text primary key,
      state text not null check(state in ('closed', 'open', 'half_open')),
      record text not null check(json_valid(record)),
      updated_at integer not null
    ) strict
    """,
    # `fingerprint` is 32 bits of a hash: enough to notice that a key was changed, too little to find it.
    """
    create table provider_keys(
      provider text not null,
      key_ref text not null,
      state text not null check(state in ('ok', 'limited', 'bad', 'disabled')),
      until integer,
      reason text not null default '',
      fingerprint text not null default '',
      limited_at integer,
      updated_at integer not null,
      primary key(provider, key_ref)
    ) strict, without rowid
    """,
    "create table rotations(name text primary key, position integer not null) strict, without rowid",
    """
    create table probes(
      provider text primary key,
      at integer not null,
      ok integer not null check(ok in (0, 1)),
      latency_ms integer,
      error_kind text,
      reason text not null default ''
    ) strict
    """,
    "alter table attempts add column request_id text",
    "alter table attempts add column answered_model text",
    "alter table attempts add column hint text",
)


_DELETIONS = (
    # What was deleted stays, hidden, until somebody purges it: so it can come back.
    "alter table messages add column deleted_at integer",
    "alter table conversations add column deleted_at integer",
    "create index messages_deleted on messages(conversation_id, deleted_at) where deleted_at is not null",
    # `at` is the `deleted_at` of the message and of all that went with it, and unlike any other in its conversation.
    """
    create table deletions(
      conversation_id text not null references conversations(id) on delete cascade,
      at integer not null,
      message_id text not null references messages(id) on delete cascade,
      leaf_id text references messages(id) on delete set null,
      primary key(conversation_id, at)
    ) strict, without rowid
    """,
    # Purging looks the messages up in both columns.
    "create index deletions_message on deletions(message_id)",
    "create index deletions_leaf on deletions(leaf_id) where leaf_id is not null",
    "drop index conversations_recent",
    """
    create index conversations_recent on conversations(updated_at desc, id desc)
    where archived_at is null and deleted_at is null
    """,
    "create index conversations_deleted on conversations(deleted_at) where deleted_at is not null",
    "drop index messages_models",
    "create index messages_models on messages(conversation_id, model) where model is not null and deleted_at is null",
)


PLACES_A_SECOND = 64
"""How many messages of one second have places of their own, before they take those of the next."""

_HISTORY = (
    # `n` is a message's place in time, 64 of them a second: the full-text index is in its order, so the newest hits are
    # its last rows, whenever they were imported. A message stands after those above it, also when the clock did not.
    # Texts come last in a row here too.
    """
    create table messages_placed(
      n integer primary key,
      id text not null unique,
      conversation_id text not null references conversations(id) on delete cascade,
      parent_id text references messages(id) on delete cascade,
      role text not null check(role in ('system', 'user', 'assistant', 'tool')),
      state text not null default 'done'
        check(state in ('streaming', 'done', 'stopped', 'failed', 'interrupted')),
      owner text,
      provider text,
      model text,
      finish_reason text,
      reason text not null default '',
      attempt_id text,
      rating integer,
      pinned integer not null default 0 check(pinned in (0, 1)),
      hash blob,
      source_id text,
      created_at integer not null,
      deleted_at integer,
      indexed integer not null default 0 check(indexed in (0, 1)),
      text text not null default '',
      parts text check(parts is null or json_valid(parts))
    ) strict
    """,
    """
    insert into messages_placed(
      n, id, conversation_id, parent_id, role, state, owner, provider, model, finish_reason, reason, attempt_id, rating,
      pinned, hash, created_at, deleted_at, text, parts
    )
    with timed as (
      select *, max(created_at) over (partition by conversation_id order by n) / 1000 as second from messages
    ), ordered as (
      select *, row_number() over (order by second, n) as position from timed
    )
    select
      position + max(second * 64 - position) over (order by position rows unbounded preceding),
      id, conversation_id, parent_id, role, state, owner, provider, model, finish_reason, reason, attempt_id, rating,
      pinned, hash, created_at, deleted_at, text, parts
    from ordered
    """,
    "drop table messages",
    "alter table messages_placed rename to messages",
    "create index messages_children on messages(parent_id, created_at)",
    "create index messages_conv on messages(conversation_id, n)",
    "create index messages_models on messages(conversation_id, model) where model is not null and deleted_at is null",
    "create index messages_streaming on messages(owner) where state = 'streaming'",
    "create index messages_deleted on messages(conversation_id, deleted_at) where deleted_at is not null",
    "create unique index messages_source on messages(conversation_id, source_id) where source_id is not null",
    # What the index lacks yet: nothing but what is being written, except after an upgrade.
    "create index messages_unindexed on messages(n) where indexed = 0",
    # Messages whose place is over a week after their time: hardly ever one, after a clock that was set back.
    "create index messages_late on messages(n) where n > (created_at / 1000 + 604800) * 64",
    """
    create trigger messages_done_stay before update of
      conversation_id, parent_id, role, state, text, parts, provider, model, created_at on messages
    when old.state = 'done'
    begin
      select raise(abort, 'a finished message does not change');
    end
    """,
    # Without a copy of the texts: a third of their size. `facets` are words of ours for what a message is.
    """
    create virtual table messages_fts using fts5(
      text, facets, content='', tokenize='porter unicode61 remove_diacritics 2'
    )
    """,
    "alter table conversations add column folder text",
    "alter table conversations add column titled_by text not null default 'prompt'",
    # The title as searches compare it.
    "alter table conversations add column title_folded text not null default ''",
    "create index conversations_folder on conversations(folder) where folder is not null",
    # Purging looks a message up in both columns.
    "create index conversations_leaf on conversations(active_leaf_id) where active_leaf_id is not null",
    "create index conversations_fork on conversations(forked_from_id) where forked_from_id is not null",
    # A title that came from a prompt is found there: only the others are searched, without reading the rows.
    """
    create index conversations_named on conversations(updated_at desc, id desc, title_folded)
    where titled_by <> 'prompt'
    """,
)


async def _run_all(transaction: Transaction, statements: Sequence[str]) -> None:
    for statement in statements:
        await transaction.execute(statement)


def _statements(number: int, title: str, statements: Sequence[str]) -> Step:
    return Step(number=number, title=title, run=lambda transaction: _run_all(transaction, statements))


async def _history(transaction: Transaction) -> None:
    await _run_all(transaction, _HISTORY)
    titles = await transaction.fetch("select id, title from conversations where title <> ''")
    await transaction.executemany(
        "update conversations set title_folded = ? where id = ?", [(folded(row["title"]), row["id"]) for row in titles]
    )


STEPS: tuple[Step, ...] = (
    _statements(1, "conversations, messages, attempts, events, drafts", _SPINE),
    _statements(2, "breakers, keys, rotation and probes of providers", _PROVIDERS),
    _statements(3, "messages and conversations that can be deleted and brought back", _DELETIONS),
    Step(number=4, title="messages in their place in time, a full-text index, folders", run=_history),
)
"""Every step, in order; a released one never changes."""
