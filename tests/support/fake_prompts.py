"""Prompts across the conversations of a fake core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.conversations.keeping.prompts import BranchSize, EarlierPrompt
from workbench.conversations.values import Role

if TYPE_CHECKING:
    from tests.support.fake_engine import FakeCore


class FakePrompts:
    """Reads what the fake core has in memory."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core
        self.asked: list[str] = []

    async def newest(self, *, limit: int = 100, containing: str = "") -> list[EarlierPrompt]:
        """The newest first, each text once."""
        self.asked.append(containing)
        found: dict[str, EarlierPrompt] = {}
        every = [message for messages in self._core.messages.values() for message in messages]
        for message in sorted(every, key=lambda m: int(m.id.rpartition("-")[2]), reverse=True):
            if message.role is Role.USER and containing.lower() in message.text.lower():
                conversation = next(c for c in self._core.stored if c.id == message.conversation_id)
                found.setdefault(message.text, EarlierPrompt(
                    message_id=message.id, beginning=message.text[:400], characters=len(message.text),
                    at_ms=message.created_at_ms, conversation=conversation.title, private=conversation.private,
                ))  # fmt: skip
        return list(found.values())[:limit]

    async def branch_size(
        self, conversation_id: str, /, *, beside_id: str | None = None, after_id: str | None = None
    ) -> BranchSize:
        """Of the active branch, or of what is above a prompt."""
        branch = [m for m in await self._core.conversations.path(conversation_id, leaf_id=after_id) if m.text]
        ids = [m.id for m in branch]
        texts = [m.text for m in branch[: ids.index(beside_id) if beside_id else None]]
        size = sum(len(text.encode()) for text in texts)
        return BranchSize(messages=len(texts), characters=sum(map(len, texts)), bytes=size)
