"""Elia's database: chats, and messages that name the one they answer. Its times are UTC without saying so."""

from __future__ import annotations

import json
from collections.abc import Iterator

from workbench.conversations.importing.format import Outcome
from workbench.conversations.importing.formats.sqlite_rows import cell, chats_of
from workbench.conversations.importing.shaping import key_of, role_of, text_of, time_of, unknown_part, words_of
from workbench.conversations.importing.trees import Node, conversation_with, in_a_row, planted
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage
from workbench.conversations.values import Role
from workbench.storage.foreign import ForeignDatabase
from workbench.storage.transaction import Row

NAME = "elia"
LABEL = "Elia"


def knows(database: ForeignDatabase) -> bool:
    """Whether this is Elia's database."""
    return database.has("chat", "id", "model", "title") and database.has("message", "chat_id", "role", "content")


def read(database: ForeignDatabase) -> Iterator[Outcome]:
    """Its chats."""
    return chats_of(database, _conversation)


def _conversation(chat: Row, rows: list[Row]) -> ImportedConversation:
    begun = time_of(cell(chat, "started_at"))
    messages = [_message(row) for row in rows]
    parents = [key_of(cell(row, "parent_id")) for row in rows]
    if any(parents):
        pairs = zip(messages, parents, strict=True)
        nodes = [Node(key=message.key, parent=parent, message=message) for message, parent in pairs]
    else:
        nodes = in_a_row(messages)
    times = [message.at_ms for message in messages if message.at_ms is not None]
    return conversation_with(
        planted(nodes, begun_ms=begun),
        ImportedConversation(
            source=NAME,
            # Every database counts from 1: with its time the number is of one of them.
            source_id=f"{text_of(chat['id'])}@{text_of(cell(chat, 'started_at'))}",
            title=text_of(cell(chat, "title")),
            messages=(),
            created_ms=begun,
            updated_ms=max(times, default=begun),
            archived=bool(cell(chat, "archived")),
        ),
    )


def _message(row: Row) -> ImportedMessage:
    key = text_of(row["id"])
    role = role_of(row["role"]) or Role.TOOL
    model = words_of(cell(row, "model")) if role is Role.ASSISTANT else None
    meta = text_of(cell(row, "meta"))
    known = meta not in ("", "{}", "null")
    return ImportedMessage(
        key=key,
        source_id=key,
        parent=None,
        role=role,
        text=text_of(row["content"]),
        at_ms=time_of(cell(row, "timestamp")),
        provider=NAME if model else None,
        model=model,
        extra=(unknown_part(NAME, _parsed(meta)),) if known else (),
    )


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
