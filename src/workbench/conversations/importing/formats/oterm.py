"""oterm's database: chats and messages without times, in the order of their numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator

from workbench.conversations.importing.format import Outcome
from workbench.conversations.importing.formats.sqlite_rows import cell, chats_of
from workbench.conversations.importing.shaping import (
    attachment,
    digest,
    items_of,
    kept_object,
    role_of,
    text_of,
    words_of,
)
from workbench.conversations.importing.trees import conversation_with, in_a_row, planted, under_system
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage
from workbench.conversations.values import Role
from workbench.storage.foreign import ForeignDatabase
from workbench.storage.transaction import Row

NAME = "oterm"
LABEL = "oterm"


def knows(database: ForeignDatabase) -> bool:
    """Whether this is oterm's database."""
    return database.has("chat", "id", "name", "model") and database.has("message", "chat_id", "author", "text")


def read(database: ForeignDatabase) -> Iterator[Outcome]:
    """Its chats."""
    return chats_of(database, _conversation)


def _conversation(chat: Row, rows: list[Row]) -> ImportedConversation:
    model = words_of(cell(chat, "model"))
    provider = words_of(cell(chat, "provider")) or NAME
    nodes = under_system(in_a_row(_message(row, provider, model) for row in rows), text_of(cell(chat, "system")))
    settings = {name: text_of(cell(chat, name)) for name in ("format", "parameters", "keep_alive", "tools", "thinking")}
    return conversation_with(
        planted(nodes, by_time=False),
        ImportedConversation(
            source=NAME,
            # Every database counts from 1: with its first words the number is of one of them.
            source_id=f"{text_of(chat['id'])}@{digest(text_of(rows[0]['text']))}",
            title=text_of(cell(chat, "name")),
            messages=(),
            created_ms=None,
            updated_ms=None,
            settings=kept_object(settings),
        ),
    )


def _message(row: Row, provider: str, model: str | None) -> ImportedMessage:
    key = text_of(row["id"])
    role = role_of(row["author"]) or Role.TOOL
    ours = role is Role.ASSISTANT and model is not None
    return ImportedMessage(
        key=key,
        source_id=key,
        parent=None,
        role=role,
        text=text_of(row["text"]),
        at_ms=None,
        provider=provider if ours else None,
        model=model if ours else None,
        extra=tuple(_images(text_of(cell(row, "images")))),
    )


def _images(text: str) -> list[str]:
    try:
        images = items_of(json.loads(text)) if text else []
    except (ValueError, RecursionError):
        return [attachment("images", text=text)]
    return [attachment(f"image {number}", media_type="image", data=one) for number, one in enumerate(images, 1)]
