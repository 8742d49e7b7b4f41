"""The outline of a conversation: every message of its tree, without the texts."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.conversations.keeping import rows, writes
from workbench.conversations.values import Conversation, MessageState, Role
from workbench.storage.store import Store

BEGINNING = 160
"""Characters of a message that its node has."""

_NODES = """
    select n, id, parent_id, role, state, provider, model, created_at, substr(text, 1, :beginning) as beginning
    from messages where conversation_id = :conversation and n > :after and deleted_at is null order by n limit :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A message as its place in the tree shows it."""

    id: str
    parent_id: str | None
    role: Role
    state: MessageState
    provider: str | None
    model: str | None
    created_at_ms: int
    beginning: str
    """Of its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A conversation, in the trash or not, and its tree."""

    conversation: Conversation
    nodes: tuple[Node, ...]
    """Oldest first, so that each stands after the one it follows."""


class Outlines:
    """Reads outlines: a thousand messages take a few milliseconds."""

    def __init__(self, store: Store) -> None:
        """From `store`."""
        self._store = store

    async def of(self, conversation_id: str) -> Outline:
        """The outline of a conversation; raises NotFoundError."""
        found = await self._store.read(rows.CONVERSATION, {"id": conversation_id})
        if not found:
            raise writes.no_conversation(conversation_id)
        nodes: list[Node] = []
        after = -1
        while True:
            values = {"conversation": conversation_id, "after": after, "limit": rows.PAGE, "beginning": BEGINNING}
            page = await self._store.read(_NODES, values)
            nodes.extend(
                Node(
                    id=row["id"],
                    parent_id=row["parent_id"],
                    role=Role(row["role"]),
                    state=MessageState(row["state"]),
                    provider=row["provider"],
                    model=row["model"],
                    created_at_ms=row["created_at"],
                    beginning=row["beginning"],
                )
                for row in page
            )
            if len(page) < rows.PAGE:
                return Outline(conversation=rows.conversation_of(found[0]), nodes=tuple(nodes))
            after = page[-1]["n"]
