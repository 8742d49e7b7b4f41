"""Bringing a conversation from one store to another one, as it is: branches, attempts and what lies in its trash."""

from __future__ import annotations

from workbench.conversations.branching.placing import first_place_of, free_place
from workbench.conversations.keeping.writes import no_conversation
from workbench.conversations.search import index
from workbench.storage.store import Store
from workbench.storage.transaction import Row, Transaction

_BATCH = 200
"""Rows of one read."""

_CONVERSATION = "select * from conversations where id = ? and deleted_at is null"
_MESSAGES = "select * from messages where conversation_id = :id and n > :after order by n limit :limit"
_ATTEMPTS = """
    select a.* from attempts a join messages m on m.id = a.message_id
    where m.conversation_id = :id and a.id > :after order by a.id limit :limit
"""
_DELETIONS = "select * from deletions where conversation_id = :id and at > :after order by at limit :limit"
_TAKE_AWAY = "delete from conversations where id = ?"
_INDEXED = "select $columns from messages where n = ?".replace("$columns", index.COLUMNS)
_INSERT = "insert into $table($columns) values ($values)"


async def copy_conversation(source: Store, target: Store, conversation_id: str) -> None:
    """Copy all of it from `source` to `target`, which does not have it. Raises NotFoundError, StorageError."""
    found = await source.read(_CONVERSATION, (conversation_id,))
    if not found:
        raise no_conversation(conversation_id)
    messages = await _all(source, _MESSAGES, conversation_id, "n", 0)
    attempts = await _all(source, _ATTEMPTS, conversation_id, "id", "")
    deletions = await _all(source, _DELETIONS, conversation_id, "at", 0)

    async def work(transaction: Transaction) -> None:
        await _insert(transaction, "conversations", [dict(found[0])])
        placed: list[dict[str, object]] = []
        place = -1
        for message in messages:
            # Another message may stand there: places are those of all conversations.
            place = await free_place(transaction, max(first_place_of(message["created_at"]), place + 1))
            placed.append({**dict(message), "n": place, "indexed": 0})
        await _insert(transaction, "messages", placed)
        for start in range(0, len(placed), _BATCH):
            places = [(row["n"],) for row in placed[start : start + _BATCH]]
            rows = [row for one in places for row in await transaction.fetch(_INDEXED, one)]
            await index.put(transaction, rows)
        await _insert(transaction, "attempts", [dict(row) for row in attempts])
        await _insert(transaction, "deletions", [dict(row) for row in deletions])

    await target.write(work)


async def take_away(store: Store, conversation_id: str) -> None:
    """Remove a conversation for good, of a store that nobody searches. Raises StorageError."""

    async def work(transaction: Transaction) -> None:
        await transaction.execute(_TAKE_AWAY, (conversation_id,))

    await store.write(work)


async def _all(store: Store, sql: str, conversation_id: str, key: str, first: object) -> list[Row]:
    rows: list[Row] = []
    values: dict[str, object] = {"id": conversation_id, "after": first, "limit": _BATCH}
    while page := await store.read(sql, values):
        rows += page
        values["after"] = page[-1][key]
    return rows


async def _insert(transaction: Transaction, table: str, rows: list[dict[str, object]]) -> None:
    if rows:
        values = ", ".join(f":{column}" for column in rows[0])
        sql = _INSERT.replace("$table", table).replace("$columns", ", ".join(rows[0])).replace("$values", values)
        await transaction.executemany(sql, rows)
