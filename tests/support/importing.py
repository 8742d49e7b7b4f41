"""Importing into a store of one's own, and looking at what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench.conversations.importing.importer import Importer
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.telling.documents import tree_document
from workbench.core.bus import EventBus
from workbench.core.clock import ManualClock
from workbench.core.events import Event
from workbench.storage.store import Store


class Room:
    """A store with what an import needs around it."""

    def __init__(self, store: Store, clock: ManualClock | None = None) -> None:
        self.store = store
        self.clock = clock or ManualClock()
        self.bus = EventBus(self.clock)
        self.events: list[Event] = []
        self.importer = Importer(store, self.clock, self.bus)
        self.conversations = Conversations(store, self.clock, "0instance")

    async def documents(self) -> list[dict[str, Any]]:
        """All conversations as documents, by title."""
        rows = await self.store.read("select id from conversations where deleted_at is null order by title, id")
        found: list[dict[str, Any]] = []
        for row in rows:
            conversation = await self.conversations.get(row["id"])
            found.append(dict(tree_document(conversation, await self.conversations.tree(row["id"]))))
        return found

    async def texts(self) -> dict[str, list[str]]:
        """Of each conversation, by its title, the texts of the branch in force."""
        return {
            one["title"]: [message.text for message in await self.conversations.path(one["id"])]
            for one in await self.documents()
        }

    async def counts(self) -> tuple[int, int, int]:
        """How many conversations, messages, and entries of the full-text index there are."""
        names = ("conversations", "messages", "messages_fts")
        counted = [await self.store.read(f"select count(*) from {name}") for name in names]
        conversations, messages, entries = (rows[0][0] for rows in counted)
        return conversations, messages, entries


def written(file: Path, document: object) -> Path:
    """A file of JSON."""
    file.write_text(json.dumps(document))
    return file
