"""The stored conversations of the fake core, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.conversations.ordering.trash import Deleted
from workbench.conversations.values import Conversation, Message
from workbench.core.errors import NotFoundError

if TYPE_CHECKING:
    from tests.support.fake_engine import FakeCore


class FakeConversations:
    """Stored values in memory."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core

    async def get(self, reference: str) -> Conversation:
        """By id or prefix, or `last`."""
        found = [c for c in self._core.stored if c.id.startswith(reference)]
        if reference == "last":
            found = sorted(self._core.stored, key=lambda c: c.updated_at_ms)[-1:]
        if len(found) != 1:
            raise NotFoundError(f"There is no conversation {reference}")
        return found[0]

    async def list(self, *, limit: int = 50, offset: int = 0) -> tuple[int, list[Conversation]]:
        """Newest first."""
        everything = sorted(self._core.stored, key=lambda c: c.updated_at_ms, reverse=True)
        everything = [one for one in everything if not one.archived]
        return len(everything), everything[offset : offset + limit]

    async def pinned(self) -> list[Conversation]:
        """Newest first."""
        everything = sorted(self._core.stored, key=lambda c: c.updated_at_ms, reverse=True)
        return [one for one in everything if one.pinned and not one.archived]

    async def path(
        self, conversation_id: str, *, leaf_id: str | None = None, newest: int | None = None
    ) -> Sequence[Message]:
        """Root first."""
        by_id = {message.id: message for message in self._core.messages[conversation_id]}
        upwards: list[Message] = []
        at = leaf_id or self._core.leaves.get(conversation_id)
        while at is not None:
            upwards.append(by_id[at])
            at = by_id[at].parent_id
        messages = upwards[::-1]
        return messages[-newest:] if newest else messages

    async def tree(self, conversation_id: str) -> Sequence[Message]:
        """All messages."""
        return self._core.messages[conversation_id]

    async def siblings(self, message_ids: Sequence[str], /) -> dict[str, tuple[str, ...]]:
        """Those with the same parent and role, oldest first."""
        found: dict[str, tuple[str, ...]] = {}
        for message_id in message_ids:
            one = await self.message(message_id)
            beside = [m for m in self._core.messages[one.conversation_id] if m.parent_id == one.parent_id]
            found[message_id] = tuple(m.id for m in beside if m.role is one.role)
        return found

    async def choose(self, conversation_id: str, message_id: str, /) -> None:
        """The newest leaf below a message becomes the active one."""
        leaf = message_id
        for message in self._core.messages[conversation_id]:
            if message.parent_id == leaf:
                leaf = message.id
        self._core.leaves[conversation_id] = leaf

    async def make_private(self, conversation_id: str, /) -> None:
        """For good."""
        self._core.change(conversation_id, private=True)

    async def message(self, message_id: str, /) -> Message:
        """By id."""
        for messages in self._core.messages.values():
            for message in messages:
                if message.id == message_id:
                    return message
        raise NotFoundError(f"There is no message {message_id}")

    async def pin(self, conversation_id: str, *, provider: str | None, model: str | None) -> None:
        """Keep who answers."""
        self._core.change(conversation_id, provider=provider, model=model)

    async def rate(self, message_id: str, rating: int | None, /) -> None:
        """Keep it."""
        self._core.rewrite(message_id, rating=rating)


class FakeTrash:
    """What was deleted, put aside."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core
        self._messages: list[tuple[str, list[Message], str]] = []
        self._conversations: list[Conversation] = []

    async def delete_message(self, conversation_id: str, message_id: str, /) -> Deleted:
        """With everything below it."""
        core = self._core
        gone = {message_id}
        for message in core.messages[conversation_id]:
            if message.parent_id in gone:
                gone.add(message.id)
        aside = [message for message in core.messages[conversation_id] if message.id in gone]
        core.messages[conversation_id] = [m for m in core.messages[conversation_id] if m.id not in gone]
        self._messages.append((conversation_id, aside, core.leaves[conversation_id]))
        above = aside[0].parent_id
        core.leaves.pop(conversation_id)
        if above is not None:
            core.leaves[conversation_id] = above
        return Deleted(message_id=message_id, messages=len(aside), active_leaf_id=above)

    async def restore_message(self, conversation_id: str, /) -> Deleted:
        """The last deletion."""
        if not self._messages:
            raise NotFoundError("Nothing was deleted here")
        _, aside, leaf = self._messages.pop()
        self._core.messages[conversation_id] += aside
        self._core.leaves[conversation_id] = leaf
        return Deleted(message_id=aside[0].id, messages=len(aside), active_leaf_id=leaf)

    async def delete_conversation(self, conversation_id: str, /) -> None:
        """Put it aside."""
        found = await self._core.conversations.get(conversation_id)
        self._core.stored.remove(found)
        self._conversations.append(found)

    async def restore_conversation(self) -> Conversation:
        """The last one."""
        if not self._conversations:
            raise NotFoundError("No conversation was deleted")
        self._core.stored.append(self._conversations.pop())
        return self._core.stored[-1]

    async def delete_conversations(self, conversation_ids: Sequence[str], /) -> int:
        """Put several aside."""
        for conversation_id in conversation_ids:
            await self.delete_conversation(conversation_id)
        return len(conversation_ids)

    async def restore_conversations(self, conversation_ids: Sequence[str], /) -> None:
        """Bring several back."""
        back = [one for one in self._conversations if one.id in conversation_ids]
        self._conversations = [one for one in self._conversations if one not in back]
        self._core.stored += back
