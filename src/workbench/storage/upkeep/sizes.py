"""Where the space goes: by table and by conversation."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import cast

from workbench.core.progress import Progress, Tell
from workbench.storage.files import wal_of
from workbench.storage.store import Store
from workbench.storage.upkeep.backups import backups_of
from workbench.storage.upkeep.hands import Hand
from workbench.storage.upkeep.values import ConversationSize, LargestConversations, Sizes, TableSize

_SAMPLE = 500
_ROW_COST = 12
"""About what a row costs beyond its values: its header, and its place in the page."""

_SLICE = 5_000
_MESSAGE_COST = 220
"""About what a message takes beside its texts: ids, columns, indexes."""

# One row of JSON instead of thousands: rows would have to be paged.
_SLICE_OF_MESSAGES = """
    select max(last) as last, json_group_array(json_array(conversation_id, messages, size)) as found from (
      select max(n) as last, conversation_id, count(*) as messages,
        sum(length(cast(text as blob)) + coalesce(length(cast(parts as blob)), 0)) as size
      from (select n, conversation_id, text, parts from messages where n > ? order by n limit ?)
      group by conversation_id
    )
"""
_TITLES = """
    select id, title, deleted_at is not null as deleted from conversations
    where id in (select value from json_each(?)) limit 500
"""
_BESIDE = """
    select
      coalesce((select sum(length(cast(text as blob)) + length(cast(payload as blob)) + 80)
                from events where conversation_id = :id), 0)
      + coalesce((select sum(300 + coalesce(length(cast(a.error_text as blob)), 0))
                  from messages m join attempts a on a.message_id = m.id where m.conversation_id = :id), 0) as size
"""


def measure(database: Path, hand: Hand) -> Sizes:
    """How large the database and its tables are. Page by page, which on 2 GB takes seconds; else by samples."""
    backups = backups_of(database)
    with hand.reading(database) as connection:
        page_size, pages, free = (
            int(connection.execute(f"pragma {name}").fetchone()[0])
            for name in ("page_size", "page_count", "freelist_count")
        )
        owners = _owners(connection)
        try:
            found = _by_page(connection, pages, hand)
            exact = True
        except sqlite3.OperationalError:
            # Not every SQLite is built with the table `dbstat`.
            if hand.stopped:
                raise
            found = _by_sample(connection, owners, (pages - free) * page_size, hand)
            exact = False
        sizes: defaultdict[str, int] = defaultdict(int)
        for name, size in found.items():
            sizes[owners.get(name, name)] += size
        tables = [
            TableSize(name=name, rows=_rows(connection, name, hand), size=size)
            for name, size in sorted(sizes.items(), key=lambda item: -item[1])
        ]
    log = wal_of(database)
    return Sizes(
        database=pages * page_size,
        free=free * page_size,
        log=log.stat().st_size if log.exists() else 0,
        backups=sum(backup.size for backup in backups),
        backup_count=len(backups),
        tables=tuple(tables),
        exact=exact,
    )


def _owners(connection: sqlite3.Connection) -> dict[str, str]:
    """The table that each table or index of the schema belongs to; the parts of a virtual one belong to it."""
    rows = [tuple(map(str, row)) for row in connection.execute("select name, tbl_name, type, sql from sqlite_master")]
    virtual = [name for name, _, kind, sql in rows if kind == "table" and sql.lower().startswith("create virtual")]
    owners = {name: table for name, table, kind, _ in rows if kind in {"table", "index"}}
    for name, table in owners.items():
        owners[name] = next((v for v in virtual if table.startswith(f"{v}_")), table)
    return owners | {"sqlite_schema": "sqlite_schema"}


def _by_page(connection: sqlite3.Connection, pages: int, hand: Hand) -> dict[str, int]:
    sizes: defaultdict[str, int] = defaultdict(int)
    cursor = connection.execute("select name, pgsize from dbstat")
    done = 0
    while rows := cursor.fetchmany(2_000):
        for name, size in rows:
            sizes[name] += size
        done += len(rows)
        hand.tell("measuring tables", done, pages)
    return sizes


def _by_sample(
    connection: sqlite3.Connection, owners: dict[str, str], used: int, hand: Hand
) -> dict[str, int]:  # fmt: skip
    """Rows times the mean of some of them, scaled so that all together fill the pages that are in use."""
    guesses: dict[str, float] = {}
    sql = "select name from sqlite_master where type = 'table' and rootpage > 0"
    names = [str(row[0]) for row in connection.execute(sql)]
    for done, name in enumerate(names):
        hand.tell("estimating tables", done, len(names))
        columns = [quoted(row[1]) for row in connection.execute(f"pragma table_info({quoted(name)})")]
        lengths = " + ".join(f"coalesce(length(cast({column} as blob)), 1)" for column in columns)
        sql = " ".join(["select avg(size), count(*) from (select", lengths, "as size from", quoted(name), "limit ?)"])
        mean, count = connection.execute(sql, (_SAMPLE,)).fetchone()
        rows = count if count < _SAMPLE else _rows(connection, name, hand)
        indexes = sum(1 for index, owner in owners.items() if owner == name and index != name)
        guesses[name] = rows * ((mean or 0) + _ROW_COST * (1 + 2 * indexes))
    whole = sum(guesses.values()) or 1.0
    return {name: round(used * guess / whole) for name, guess in guesses.items() if guess}


def _rows(connection: sqlite3.Connection, name: str, hand: Hand) -> int:
    hand.tell(f"counting {name}")
    # A full-text table without its content cannot be counted; each message has a row of lengths in it.
    lengths = f"{name}_docsize"
    if connection.execute("select 1 from sqlite_master where name = ?", (lengths,)).fetchone():
        name = lengths
    return int(connection.execute(" ".join(["select count(*) from", quoted(name)])).fetchone()[0])


def quoted(name: object) -> str:
    """A name of a table or column, as it may stand in a statement."""
    return '"' + str(name).replace('"', '""') + '"'


class ConversationSizes:
    """Measures all conversations once, and pages through them from the largest on."""

    def __init__(self, store: Store) -> None:
        """Nothing is measured yet."""
        self._store = store
        self._measured: list[tuple[str, int, int]] = []

    async def page(self, *, offset: int, limit: int, tell: Tell) -> LargestConversations:
        """Conversations from place `offset` on, at most 500; from place 0 they are measured anew.

        The order is that of their texts; what is kept of requests and events about them is added to those shown.
        """
        if offset == 0 or not self._measured:
            self._measured = await self._measure(tell)
        shown = self._measured[offset : offset + min(limit, 500)]
        rows = await self._store.read(_TITLES, (json.dumps([found[0] for found in shown]),))
        titles = {row["id"]: (row["title"], bool(row["deleted"])) for row in rows}
        conversations: list[ConversationSize] = []
        for conversation_id, messages, size in shown:
            if conversation_id not in titles:
                continue
            beside = (await self._store.read(_BESIDE, {"id": conversation_id}))[0]["size"]
            title, deleted = titles[conversation_id]
            conversations.append(
                ConversationSize(
                    id=conversation_id, title=title, messages=messages, size=size + int(beside), deleted=deleted
                )
            )
        return LargestConversations(total=len(self._measured), conversations=tuple(conversations))

    async def _measure(self, tell: Tell) -> list[tuple[str, int, int]]:
        total = (await self._store.read("select count(*) from messages"))[0][0]
        sums: dict[str, tuple[int, int]] = {}
        after, done = -1, 0
        while True:
            row = (await self._store.read(_SLICE_OF_MESSAGES, (after, _SLICE)))[0]
            if row["last"] is None:
                break
            after = row["last"]
            for conversation_id, messages, size in cast("list[tuple[str, int, int]]", json.loads(row["found"])):
                before = sums.get(conversation_id, (0, 0))
                sums[conversation_id] = (before[0] + messages, before[1] + size + messages * _MESSAGE_COST)
                done += messages
            tell(Progress(doing="measuring conversations", done=done, total=total))
        found = [(conversation_id, messages, size) for conversation_id, (messages, size) in sums.items()]
        return sorted(found, key=lambda one: -one[2])
