"""The `logs.db` of the llm command: its responses of old, and its threads of messages of today; one file may have both.

Keys are made from what was said, so that a conversation that moved from the old tables to the new ones stays the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.conversations.importing.format import Outcome
from workbench.conversations.importing.formats.sqlite_rows import cell, grouped
from workbench.conversations.importing.limits import MESSAGES
from workbench.conversations.importing.shaping import (
    Document,
    attachment,
    digest,
    document_of,
    documents_in,
    joined,
    key_of,
    part,
    role_of,
    text_of,
    time_of,
    unknown_part,
    words_of,
)
from workbench.conversations.importing.trees import Node, conversation_with, in_a_row, planted
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError, Trouble
from workbench.conversations.values import Role
from workbench.storage.foreign import ForeignDatabase
from workbench.storage.transaction import Row

NAME = "llm"
LABEL = "llm"
_RESPONSES = "select * from responses order by conversation_id, id"
_FRAGMENTS = """
    select f.content as content from {table} p join fragments f on f.id = p.fragment_id
    where p.response_id = ? order by p."order" limit 1000
"""
_ATTACHED = """
    select a.id as id, a.type as type, a.path as path, a.url as url, length(a.content) as size
    from {table} p join attachments a on a.id = p.attachment_id where p.{column} = ? order by p."order" limit 1000
"""

_TOOLS = "select * from {table} where response_id = ? order by id limit 1000"


def knows(database: ForeignDatabase) -> bool:
    """Whether this is llm's database."""
    return _has_old(database) or _has_new(database)


def read(database: ForeignDatabase) -> Iterator[Outcome]:
    """Conversations of both generations; one that is in both is read from the newer."""
    if _has_new(database):
        yield from _threads(database)
    if _has_old(database):
        yield from _conversations(database)


def _has_old(database: ForeignDatabase) -> bool:
    return database.has("responses", "id", "model", "prompt", "response", "conversation_id")


def _has_new(database: ForeignDatabase) -> bool:
    return (
        database.has("threads", "id", "tip_message_hash")
        and database.has("turns", "thread_id", "tip_message_hash")
        and database.has("messages", "hash", "parent_hash", "role")
        and database.has("parts", "message_hash", "position", "type")
    )


def _conversations(database: ForeignDatabase) -> Iterator[Outcome]:
    for id_, rows in grouped(database, _RESPONSES, "conversation_id"):
        together = [rows] if id_ is not None else [[row] for row in rows]
        for responses in together:
            name = key_of(id_) or key_of(responses[0]["id"]) or ""
            if _has_new(database) and next(database.rows("select 1 from threads where id = ?", (id_,)), None):
                continue
            try:
                yield _old(database, name, responses)
            except MalformedError as error:
                yield Trouble(text=f"conversation {name}: {error}")


def _old(database: ForeignDatabase, id_: str, responses: list[Row]) -> ImportedConversation:
    title = ""
    if database.has("conversations", "id", "name"):
        for row in database.rows("select name from conversations where id = ?", (id_,)):
            title = text_of(row["name"])
    messages: list[ImportedMessage] = []
    system = ""
    for row in responses:
        at, model = time_of(cell(row, "datetime_utc")), words_of(cell(row, "model"))
        said = joined([*_fragments(database, "system_fragments", row["id"]), text_of(cell(row, "system"))])
        if said and said != system:
            system = said
            messages.append(_message(messages, Role.SYSTEM, said, at))
        prompt = joined([*_fragments(database, "prompt_fragments", row["id"]), text_of(row["prompt"])])
        extra = [*_attached(database, "prompt_attachments", "response_id", row["id"])]
        extra += _tools(database, "tool_results", row["id"])
        if prompt or extra:
            messages.append(_message(messages, Role.USER, prompt, at, extra=extra))
        calls = _tools(database, "tool_calls", row["id"])
        reply = text_of(row["response"])
        thoughts = text_of(cell(row, "reasoning"))
        messages.append(_message(messages, Role.ASSISTANT, reply, at, extra=calls, model=model, reasoning=thoughts))
    times = [message.at_ms for message in messages if message.at_ms is not None]
    return conversation_with(
        planted(in_a_row(messages), by_time=False),
        ImportedConversation(
            source=NAME,
            source_id=id_,
            title=title,
            messages=(),
            created_ms=min(times, default=None),
            updated_ms=max(times, default=None),
        ),
    )


def _message(
    before: list[ImportedMessage],
    role: Role,
    text: str,
    at_ms: int | None,
    *,
    extra: list[str] | None = None,
    model: str | None = None,
    reasoning: str = "",
) -> ImportedMessage:
    key = digest(before[-1].key if before else "", role.value, text)
    return ImportedMessage(
        key=key,
        source_id=key,
        parent=None,
        role=role,
        text=text,
        at_ms=at_ms,
        reasoning=reasoning,
        provider=NAME if model else None,
        model=model,
        extra=tuple(extra or ()),
    )


def _fragments(database: ForeignDatabase, table: str, response_id: object) -> list[str]:
    if not (database.has(table, "response_id", "fragment_id") and database.has("fragments", "id", "content")):
        return []
    sql = _FRAGMENTS.replace("{table}", table)
    return [text_of(row["content"]) for row in database.rows(sql, (response_id,))]


def _attached(database: ForeignDatabase, table: str, column: str, id_: object) -> list[str]:
    if not (database.has(table, column, "attachment_id") and database.has("attachments", "id", "type", "content")):
        return []
    sql = _ATTACHED.replace("{table}", table).replace("{column}", column)
    return [
        attachment(row["path"] or row["url"] or row["id"], media_type=words_of(row["type"]), size=row["size"])
        for row in database.rows(sql, (id_,))
    ]


def _tools(database: ForeignDatabase, table: str, response_id: object) -> list[str]:
    if not database.has(table, "response_id", "name"):
        return []
    found: list[str] = []
    for row in database.rows(_TOOLS.replace("{table}", table), (response_id,)):
        call = text_of(cell(row, "tool_call_id"))
        if table == "tool_calls":
            found.append(part("tool_call", id=call, name=text_of(row["name"]), input=cell(row, "arguments")))
        else:
            found.append(part("tool_result", id=call, name=text_of(row["name"]), output=cell(row, "output")))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """When a message was made, and by whom."""

    at_ms: int | None
    model: str | None


def _threads(database: ForeignDatabase) -> Iterator[Outcome]:
    for thread in database.rows("select * from threads order by id"):
        try:
            yield _thread(database, thread)
        except MalformedError as error:
            yield Trouble(text=f"thread {text_of(thread['id'])}: {error}")


def _thread(database: ForeignDatabase, thread: Row) -> ImportedConversation:
    turns = list(database.rows("select * from turns where thread_id = ? order by id limit 100000", (thread["id"],)))
    made: dict[str, _Turn] = {}
    for row in turns:
        turn = _Turn(at_ms=time_of(cell(row, "datetime_utc")), model=words_of(cell(row, "model")))
        for name in ("tip_message_hash", "parent_message_hash"):
            made.setdefault(text_of(cell(row, name)), turn)
    above: dict[str, str | None] = {}
    roles: dict[str, Role] = {}
    for tip in [text_of(thread["tip_message_hash"]), *(text_of(row["tip_message_hash"]) for row in turns)]:
        _walk_up(database, tip, above, roles)
    keys: dict[str, str] = {}
    nodes: list[Node] = []
    for hash_ in _downwards(above):
        parent = above[hash_]
        nodes.append(_node(database, hash_, roles[hash_], keys.get(parent or ""), made.get(hash_)))
        keys[hash_] = nodes[-1].key
    begun = time_of(cell(thread, "datetime_utc"))
    times = [turn.at_ms for turn in made.values() if turn.at_ms is not None]
    return conversation_with(
        planted(nodes, begun_ms=min(times, default=begun)),
        ImportedConversation(
            source=NAME,
            source_id=key_of(thread["id"]),
            title=text_of(cell(thread, "name")),
            messages=(),
            created_ms=min(times, default=begun),
            updated_ms=max(times, default=begun),
            active=keys.get(text_of(thread["tip_message_hash"])),
        ),
    )


def _walk_up(database: ForeignDatabase, tip: str, above: dict[str, str | None], roles: dict[str, Role]) -> None:
    """Note a message and all those above it that are not noted yet."""
    hash_: str | None = tip
    while hash_ and hash_ not in above:
        if len(above) > MESSAGES:
            raise MalformedError(f"it has more than {MESSAGES:,} messages")
        row = next(database.rows("select * from messages where hash = ?", (hash_,)), None)
        if row is None:
            return
        roles[hash_] = role_of(row["role"]) or Role.TOOL
        above[hash_] = key_of(row["parent_hash"])
        hash_ = above[hash_]


def _downwards(above: dict[str, str | None]) -> list[str]:
    """Hashes, each after that of its parent."""
    found: dict[str, None] = {}
    for start in above:
        way: list[str] = []
        hash_: str | None = start
        while hash_ is not None and hash_ in above and hash_ not in found and len(way) <= len(above):
            way.append(hash_)
            hash_ = above[hash_]
        found |= dict.fromkeys(reversed(way))
    return list(found)


def _node(database: ForeignDatabase, hash_: str, role: Role, parent: str | None, turn: _Turn | None) -> Node:
    texts: list[str] = []
    thoughts: list[str] = []
    extra: list[str] = []
    sql = "select * from parts where message_hash = ? order by position limit 10000"
    for row in database.rows(sql, (hash_,)):
        payload = _parsed(text_of(cell(row, "payload")))
        match text_of(row["type"]):
            case "text":
                texts.append(_text(database, row, payload))
            case "reasoning":
                thoughts.append(_text(database, row, payload))
            case "tool_call":
                name = text_of(cell(row, "tool_name")) or text_of(payload.get("name"))
                given = payload.get("arguments")
                extra.append(part("tool_call", id=text_of(payload.get("tool_call_id")), name=name, input=given))
            case "tool_result":
                name = text_of(cell(row, "tool_name")) or text_of(payload.get("name"))
                output = payload.get("output") or text_of(cell(row, "text"))
                extra.append(part("tool_result", id=text_of(payload.get("tool_call_id")), name=name, output=output))
            case "attachment":
                found = _attached(database, "part_attachments", "part_id", cell(row, "id"))
                extra += found or [attachment(payload.get("attachment_id"))]
            case _:
                extra.append(unknown_part(NAME, {"type": text_of(row["type"]), "payload": payload}))
    text = joined(texts)
    key = digest(parent or "", role.value, text)
    model = turn.model if turn is not None and role is Role.ASSISTANT else None
    return Node(
        key=key,
        parent=parent,
        message=ImportedMessage(
            key=key,
            source_id=key,
            parent=parent,
            role=role,
            text=text,
            at_ms=turn.at_ms if turn is not None else None,
            reasoning=joined(thoughts),
            provider=NAME if model else None,
            model=model,
            extra=tuple(extra),
        ),
    )


def _text(database: ForeignDatabase, row: Row, payload: Document) -> str:
    """The text of a part: its own, or pieces of fragments and of its own."""
    pieces = documents_in(payload.get("text_ref"))
    if not pieces or not database.has("fragments", "id", "content"):
        return text_of(cell(row, "text"))
    texts: list[str] = []
    for piece in pieces:
        if "literal" in piece:
            texts.append(text_of(piece["literal"]))
            continue
        number = text_of(piece.get("fragment"))
        texts += [
            text_of(one["content"]) for one in database.rows("select content from fragments where id = ?", (number,))
        ]
    return "".join(texts)


def _parsed(text: str) -> Document:
    try:
        return document_of(json.loads(text)) if text else {}
    except (ValueError, RecursionError):
        return {"text": text}
