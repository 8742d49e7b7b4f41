"""Putting messages into the full-text index and taking them out again, in the transaction of whoever changes them.

The index keeps no copy of the texts: to take a message out, it must be given the very words it was given before. So a
message that may be in it is taken out before its row changes, and put in after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.conversations.search.terms import MessageRow, facets_of, spaced
from workbench.storage.transaction import Row, Transaction

COLUMNS = "n, role, state, reason, provider, model, indexed, text, parts"
"""What the index needs of a message's row."""

_ONE = "select $columns from messages where id = ?".replace("$columns", COLUMNS)
_ONE_INDEXED = _ONE + " and indexed = 1"
PUT = "insert into messages_fts(rowid, text, facets) values (?, ?, ?)"
"""Gives the index a message's place, its text as `spaced` and its `facets_of`."""
_TAKE_OUT = "insert into messages_fts(messages_fts, rowid, text, facets) values ('delete', ?, ?, ?)"
_MARK = "update messages set indexed = ? where n = ?"


async def put(transaction: Transaction, rows: Iterable[MessageRow]) -> int:
    """Index messages, from rows with `COLUMNS`; how many. Those that stream, or are in the index, are left out."""
    new = [row for row in rows if not row["indexed"] and row["state"] != "streaming"]
    if new:
        await transaction.executemany(PUT, _entries(new))
        await transaction.executemany(_MARK, [(1, row["n"]) for row in new])
    return len(new)


async def take_out(transaction: Transaction, rows: Iterable[MessageRow]) -> int:
    """Forget messages, from rows with `COLUMNS` as they are before they change; how many. Others are left out."""
    known = [row for row in rows if row["indexed"]]
    if known:
        await transaction.executemany(_TAKE_OUT, _entries(known))
        await transaction.executemany(_MARK, [(0, row["n"]) for row in known])
    return len(known)


async def put_message(transaction: Transaction, message_id: str) -> None:
    """Index one message as its row is now, unless it streams or is in the index."""
    await put(transaction, await transaction.fetch(_ONE, (message_id,)))


async def take_out_message(transaction: Transaction, message_id: str) -> None:
    """Forget one message that may be in the index, before its row changes."""
    found: Sequence[Row] = await transaction.fetch(_ONE_INDEXED, (message_id,))
    await take_out(transaction, found)


def _entries(rows: Iterable[MessageRow]) -> list[tuple[int, str, str]]:
    return [(row["n"], spaced(row["text"]), facets_of(row)) for row in rows]
