"""Bringing what can be read of a damaged database into a new one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from workbench.core.errors import StorageError
from workbench.core.progress import Progress, Tell
from workbench.core.text import folded
from workbench.storage.schema import PLACES_A_SECOND
from workbench.storage.store import Store
from workbench.storage.transaction import Transaction
from workbench.storage.upkeep.backups import backups_of
from workbench.storage.upkeep.hands import Hand, by_hand
from workbench.storage.upkeep.raw import Value
from workbench.storage.upkeep.staging import MESSAGES, TABLES, Fields, conversations_in, gather
from workbench.storage.upkeep.values import Salvaged

_AT_ONCE = 200
"""Messages in one transaction."""

_PLACED = 1_000_000 * PLACES_A_SECOND
"""Places of messages after 1970-01-12: smaller numbers are of a database from before there were places."""

_MAKE_TABLES = """
    select sql from sqlite_master where type = 'table' and name in (select value from json_each(?)) limit 500
"""
_KNOWN = "select id from messages where id in (select value from json_each(?)) limit 500"
_TAKEN = "select n from messages where n in (select value from json_each(?)) limit 500"
_SHOW = """
    update conversations set active_leaf_id = coalesce(
      (select id from messages where id = :leaf and conversation_id = :id),
      (select id from messages where conversation_id = :id and deleted_at is null order by n desc limit 1)
    ) where id = :id and active_leaf_id is null
"""
_MAKE_UNDO = """
    with gone as (
      select deleted_at as at, min(n) as first, max(n) as last from messages
      where conversation_id = :id and deleted_at is not null group by deleted_at
    )
    insert or ignore into deletions(conversation_id, at, message_id, leaf_id)
    select :id, at, (select id from messages where n = first), (select id from messages where n = last) from gone
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Messages of one conversation, with what belongs to them."""

    conversation_id: str
    conversation: Fields | None
    """Its row, unless that is lost."""
    messages: Sequence[Fields]
    attempts: Sequence[Fields]
    first: bool
    last: bool


async def salvage(store: Store, damaged: Path, tell: Tell) -> Salvaged:
    """Bring everything that can be read of `damaged` into `store`, in short transactions; what that was.

    What is in the store already stays as it is: so it can be run again after a kill.
    """
    stage = store.path.with_name(f"{store.path.name}.staged.partial")
    try:
        tables = [row["sql"] for row in await store.read(_MAKE_TABLES, (json.dumps(TABLES),))]
        expected = await by_hand(lambda hand: gather(damaged, stage, hand, tables=tables), tell)
        with contextlib.closing(sqlite3.connect(f"{stage.absolute().as_uri()}?mode=ro", uri=True)) as staged:
            staged.row_factory = sqlite3.Row
            ids = await asyncio.to_thread(conversations_in, stage)
            waiting: list[_Piece] = []
            for done, conversation_id in enumerate(ids, 1):
                for piece in _pieces(staged, conversation_id):
                    waiting.append(piece)
                    if sum(len(one.messages) + 1 for one in waiting) >= _AT_ONCE:
                        await store.write(partial(_add_all, pieces=tuple(waiting)))
                        waiting.clear()
                        tell(Progress(doing="bringing conversations over", done=done, total=len(ids)))
            await store.write(partial(_add_all, pieces=waiting))
            drafts = staged.execute("select * from drafts").fetchall()
            sql = "select (select count(*) from messages), (select count(*) from attempts)"
            messages, attempts = staged.execute(sql).fetchone()
        await store.write(
            lambda t: t.executemany("insert or ignore into drafts values (?, ?, ?)", [tuple(row) for row in drafts])
        )
    finally:
        stage.unlink(missing_ok=True)
    newest = next(iter(backups_of(store.path)), None)
    in_backup: int | None = None
    if newest is not None:
        with contextlib.suppress(StorageError):
            in_backup = await by_hand(lambda hand: _messages_in(newest.path, hand))
    return Salvaged(
        kept=damaged,
        conversations=len(ids),
        messages=messages,
        expected_messages=expected or None,
        attempts=attempts,
        newest_backup=newest,
        backup_messages=in_backup,
    )


def _messages_in(backup: Path, hand: Hand) -> int:
    with hand.reading(backup) as connection:
        return int(connection.execute("select count(*) from messages").fetchone()[0])


def _pieces(staged: sqlite3.Connection, conversation_id: str) -> Iterator[_Piece]:
    found = staged.execute("select * from conversations where id = ?", (conversation_id,)).fetchone()
    conversation = None if found is None else _fields(found)
    after, above = -1, cast("Value", None)
    last = False
    while not last:
        first = after == -1
        sql = "select * from messages where conversation_id = ? and n > ? order by n limit ?"
        messages = [_fields(row) for row in staged.execute(sql, (conversation_id, after, _AT_ONCE))]
        known = "select 1 from messages where id = ? and conversation_id = ? and n < ?"
        attempts: list[Fields] = []
        for message in messages:
            parent, after = message["parent_id"], cast("int", message["n"])
            if parent is not None and not staged.execute(known, (parent, conversation_id, after)).fetchone():
                # What it hung under is lost: it goes below what stands before it, so that it can be read in order.
                message["parent_id"] = above
            above = message["id"]
            rows = staged.execute("select * from attempts where message_id = ?", (message["id"],))
            attempts += [_fields(row) for row in rows]
        last = len(messages) < _AT_ONCE
        yield _Piece(
            conversation_id=conversation_id,
            conversation=conversation,
            messages=messages,
            attempts=attempts,
            first=first,
            last=last,
        )


def _fields(row: sqlite3.Row) -> Fields:
    return dict(zip(row.keys(), tuple(row), strict=True))


async def _add_all(transaction: Transaction, *, pieces: Sequence[_Piece]) -> None:
    for piece in pieces:
        if piece.first:
            await _begin(transaction, piece)
    await _add(transaction, [message for piece in pieces for message in piece.messages])
    for piece in pieces:
        for attempt in piece.attempts:
            await _insert(transaction, "attempts", attempt)
        if piece.last:
            leaf = None if piece.conversation is None else piece.conversation["active_leaf_id"]
            values = {"id": piece.conversation_id, "leaf": leaf}
            # Which branch is in force, and what undo can bring back.
            await transaction.execute(_SHOW, values)
            await transaction.execute(_MAKE_UNDO, values)


async def _begin(transaction: Transaction, piece: _Piece) -> None:
    """Make the conversation; one whose row is lost gets a name and the time of its first message."""
    if piece.conversation is not None:
        fields = dict(piece.conversation)
    else:
        at = piece.messages[0]["created_at"]
        fields = {"title": "Recovered conversation", "created_at": at, "updated_at": at}
    fields |= {"id": piece.conversation_id, "active_leaf_id": None, "forked_from_id": None}
    fields["title_folded"] = folded(str(fields["title"]))
    taken = await transaction.fetch(
        "select 1 from conversations where source = ? and source_id = ? and id <> ?",
        (fields.get("source"), fields.get("source_id"), piece.conversation_id),
    )
    await _insert(transaction, "conversations", fields | ({"source_id": None} if taken else {}))


async def _add(transaction: Transaction, messages: Sequence[Fields]) -> None:
    ids = json.dumps([message["id"] for message in messages])
    known = {row["id"] for row in await transaction.fetch(_KNOWN, (ids,))}
    new = [message for message in messages if message["id"] not in known]
    for message in new:
        message["indexed"] = 0
        if message["state"] == "streaming":
            message["state"], message["owner"] = "interrupted", None
        if cast("int", message["n"]) < _PLACED:
            message["n"] = max(0, cast("int", message["created_at"])) // 1000 * PLACES_A_SECOND
    taken = {row["n"] for row in await transaction.fetch(_TAKEN, (json.dumps([message["n"] for message in new]),))}
    for message in new:
        while message["n"] in taken:
            message["n"] = cast("int", message["n"]) + 1
            taken |= {row["n"] for row in await transaction.fetch(_TAKEN, (json.dumps([message["n"]]),))}
        taken.add(message["n"])
    sql = ["insert or ignore into messages(", ", ".join(MESSAGES), ") values (", ", ".join("?" for _ in MESSAGES), ")"]
    await transaction.executemany(" ".join(sql), [[message[name] for name in MESSAGES] for message in new])


async def _insert(transaction: Transaction, table: str, fields: Mapping[str, Value]) -> None:
    places = ", ".join("?" for _ in fields)
    sql = ["insert or ignore into", table, "(", ", ".join(fields), ") values (", places, ")"]
    await transaction.execute(" ".join(sql), tuple(fields.values()))
