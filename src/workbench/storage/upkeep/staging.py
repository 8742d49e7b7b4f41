"""Reading the rows of ours out of a damaged database, into a plain file from which they can be asked for in order."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from workbench.storage.files import PRIVATE_FILE, wal_of
from workbench.storage.schema import PLACES_A_SECOND
from workbench.storage.upkeep.hands import Hand
from workbench.storage.upkeep.raw import RawDatabase, RawRow, Value

MESSAGES = (
    "n", "id", "conversation_id", "parent_id", "role", "state", "owner", "provider", "model", "finish_reason", "reason",
    "attempt_id", "rating", "pinned", "hash", "source_id", "created_at", "deleted_at", "indexed", "text", "parts",
)  # fmt: skip
"""The columns of a message, as they stand in its row."""

_OLD_MESSAGES = (*(c for c in MESSAGES if c not in {"source_id", "deleted_at", "indexed"}), "deleted_at")
_CONVERSATIONS = (
    "id", "title", "kind", "active_leaf_id", "forked_from_id", "settings", "tags", "pinned", "archived_at", "source",
    "source_id", "created_at", "updated_at", "deleted_at", "folder", "titled_by", "title_folded",
)  # fmt: skip
_ATTEMPTS = (
    "id", "run_id", "ord", "task_id", "message_id", "provider", "model", "key_ref", "state", "error_kind", "error_text",
    "http_status", "breaker_state", "started_at", "first_token_at", "ended_at", "in_tokens", "out_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost_nano", "currency", "price_source", "cached",
    "request_hash", "request_id", "answered_model", "hint",
)  # fmt: skip
_DRAFTS = ("conversation_id", "text", "updated_at")

_ROLES = frozenset({"system", "user", "assistant", "tool"})
_STATES = frozenset({"streaming", "done", "stopped", "failed", "interrupted"})
_ATTEMPT_STATES = frozenset({"running", "ok", "failed", "cancelled", "skipped"})
_FIRST_INDEX_BLOCK = 2**37
"""Numbers of blocks of a full-text index begin here; places of messages reach it in 2038."""

_LONGEST_LENGTHS = 20
TABLES = ("conversations", "messages", "attempts", "drafts")
"""What is brought over."""

_KNOWN = "select 1 from messages where id = :id"
_LENGTHEN = """
    update messages set text = :text, state = :state, parts = :parts where id = :id and length(text) < length(:text)
"""

Fields = dict[str, Value]


def recognised(row: RawRow) -> tuple[str, Fields] | None:
    """The table of ours that a row is of, with its columns by name; None for any other."""
    values = row.values
    match len(values):
        case 18 | 19 | 21:
            names = MESSAGES if len(values) == len(MESSAGES) else _OLD_MESSAGES
            fields = _named(names, values)
            fields["n"] = row.number
            known = fields["role"] in _ROLES and fields["state"] in _STATES and isinstance(fields["text"], str)
            return ("messages", fields) if known and _are(fields, ("id", "conversation_id"), ("created_at",)) else None
        case 13 | 14 | 17:
            fields = _named(_CONVERSATIONS, values)
            known = _are(fields, ("id", "title", "kind", "settings", "tags"), ("created_at", "updated_at"))
            return ("conversations", fields) if known else None
        case 26 | 29:
            fields = _named(_ATTEMPTS, values)
            known = fields["state"] in _ATTEMPT_STATES
            return ("attempts", fields) if known and _are(fields, ("id", "run_id"), ("ord", "started_at")) else None
        case 3:
            fields = _named(_DRAFTS, values)
            return ("drafts", fields) if _are(fields, ("conversation_id", "text"), ("updated_at",)) else None
        case _:
            return None


def _named(names: Sequence[str], values: Sequence[Value]) -> Fields:
    """Columns by name; a row from before some columns were added lacks the last ones."""
    return dict(zip(names, values, strict=False))


def _are(fields: Fields, texts: Sequence[str], numbers: Sequence[str]) -> bool:
    return all(isinstance(fields[name], str) for name in texts) and all(isinstance(fields[n], int) for n in numbers)


def indexed_place(row: RawRow) -> int | None:
    """The place of a message that the full-text index has, if this is such a row: so lost messages are counted."""
    match row.values:
        case (None, bytes() as lengths) if len(lengths) <= _LONGEST_LENGTHS:
            return row.number if PLACES_A_SECOND < row.number < _FIRST_INDEX_BLOCK else None
        case _:
            return None


def gather(damaged: Path, stage: Path, hand: Hand, *, tables: Sequence[str]) -> int:
    """Write every row that can be read into the new file `stage`; about how many messages there were.

    `tables` are the statements that make the tables of the new database: a row that these refuse is left out here, so
    that it cannot stop all that comes after it.
    """
    places: set[int] = set()
    stage.unlink(missing_ok=True)
    stage.touch(PRIVATE_FILE)
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(contextlib.closing(sqlite3.connect(stage, isolation_level=None)))
        connection.execute("pragma journal_mode=off")
        connection.execute("pragma synchronous=off")
        for table in tables:
            connection.execute(table)
        file = stack.enter_context(damaged.open("rb"))
        log_path = wal_of(damaged)
        log = stack.enter_context(log_path.open("rb")) if log_path.exists() else None
        raw = RawDatabase(file, log)
        connection.execute("begin")
        for page in range(1, raw.pages + 1):
            hand.tell("reading the damaged file", page, raw.pages)
            for row in raw.rows(page):
                found = recognised(row)
                if found is not None:
                    _keep(connection, *found)
                    if found[0] == "messages":
                        places.add(row.number)
                elif (place := indexed_place(row)) is not None:
                    places.add(place)
        connection.execute("create index messages_conv on messages(conversation_id, n)")
        connection.execute("create index attempts_message on attempts(message_id)")
        connection.execute("commit")
    return len(places)


def _keep(connection: sqlite3.Connection, table: str, fields: Fields) -> None:
    # What an old row lacks gets its default.
    given = {name: value for name, value in fields.items() if value is not None}
    while True:
        try:
            if table == "messages" and connection.execute(_KNOWN, given).fetchone():
                # Of two versions of a reply that was being written the longer one is the later.
                connection.execute(_LENGTHEN, {"parts": None, **given})
            else:
                places = ", ".join(f":{name}" for name in given)
                sql = ["insert into", table, "(", ", ".join(given), ") values (", places, ")"]
                connection.execute(" ".join(sql), given)
        except sqlite3.IntegrityError as refused:
            if table == "messages" and refused.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_ROWID:
                # Two messages in one place: one of the places is garbage, neither of the messages need be.
                given["n"] = cast("int", given["n"]) + 1
                continue
        return


def conversations_in(stage: Path) -> list[str]:
    """The ids of all conversations of which anything was found; those whose own row is lost among them."""
    with contextlib.closing(sqlite3.connect(f"{stage.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        sql = "select conversation_id from messages union select id from conversations order by 1"
        return [str(row[0]) for row in connection.execute(sql)]
