"""Searching, trees and forks of the fake core, in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workbench.conversations.branching.outlines import BEGINNING, Node, Outline
from workbench.conversations.search.snippets import marks_in, snippet_of
from workbench.conversations.search.values import SearchHit, SearchOrder, SearchPage
from workbench.conversations.values import Conversation, Message
from workbench.core.errors import NotFoundError, StorageError
from workbench.core.events import ConversationChanged
from workbench.core.text import folded

if TYPE_CHECKING:
    from tests.support.fake_engine import FakeCore


@dataclass
class FakeSearch:
    """Finds words as they stand; of the conditions it knows `role:`."""

    core: FakeCore
    asked: list[tuple[str, SearchOrder, str | None, bool]] = field(
        default_factory=list[tuple[str, SearchOrder, str | None, bool]]
    )
    hold: asyncio.Event | None = None
    """While set, every answer waits for it."""
    problem: StorageError | None = None
    notes: tuple[str, ...] = ()

    async def find(
        self,
        query: str,
        *,
        order: SearchOrder = SearchOrder.NEWEST,
        limit: int = 50,
        after: str | None = None,
        typing: bool = False,
    ) -> SearchPage:
        """As the real one: newest first, a page at a time."""
        self.asked.append((query, order, after, typing))
        if self.hold is not None:
            await self.hold.wait()
        if self.problem is not None:
            raise self.problem
        words = [folded(word) for word in query.split() if ":" not in word]
        roles = [word.partition(":")[2] for word in query.split() if word.startswith("role:")]
        hits = self._messages(words, roles) if words or roles else self._conversations()
        start = int(after or 0)
        more = start + limit < len(hits)
        return SearchPage(
            hits=tuple(hits[start : start + limit]), total=len(hits), capped=False, words=tuple(words),
            notes=self.notes, next=str(start + limit) if more else None,
        )  # fmt: skip

    def _messages(self, words: list[str], roles: list[str]) -> list[SearchHit]:
        found: list[tuple[int, SearchHit]] = []
        for conversation in self.core.stored:
            for place, message in enumerate(self.core.messages[conversation.id]):
                fits = not roles or {"user": "you", "assistant": "assistant"}.get(message.role) in roles
                if fits and all(word in folded(message.text) for word in words):
                    found.append((message.created_at_ms + place, _hit(conversation, message, words)))
        return [hit for _, hit in sorted(found, key=lambda pair: pair[0], reverse=True)]

    def _conversations(self) -> list[SearchHit]:
        listed = sorted(self.core.stored, key=lambda one: one.updated_at_ms, reverse=True)
        return [_hit(conversation, None, []) for conversation in listed if not conversation.archived]


def _hit(conversation: Conversation, message: Message | None, words: list[str]) -> SearchHit:
    snippet, marks = snippet_of(message.text if message is not None else conversation.title, words)
    return SearchHit(
        conversation_id=conversation.id,
        message_id=message.id if message is not None else None,
        title=conversation.title,
        role=message.role if message is not None else None,
        state=message.state if message is not None else None,
        provider=message.provider if message is not None else None,
        model=message.model if message is not None else None,
        snippet=snippet,
        marks=tuple(marks) if marks_in(snippet, words) else (),
        created_at_ms=message.created_at_ms if message is not None else conversation.updated_at_ms,
        private=conversation.private,
    )


class FakeOutlines:
    """Trees of what is in memory."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core

    async def of(self, conversation_id: str, /) -> Outline:
        """In the order in which messages were stored."""
        found = next((one for one in self._core.stored if one.id == conversation_id), None)
        if found is None:
            raise NotFoundError("There is no such conversation")
        nodes = [
            Node(
                id=message.id, parent_id=message.parent_id, role=message.role, state=message.state,
                provider=message.provider, model=message.model, created_at_ms=message.created_at_ms,
                beginning=message.text[:BEGINNING],
            )
            for message in self._core.messages[conversation_id]
        ]  # fmt: skip
        leaf = self._core.leaves.get(conversation_id)
        return Outline(conversation=_with_leaf(found, leaf), nodes=tuple(nodes))


def _with_leaf(conversation: Conversation, leaf: str | None) -> Conversation:
    return replace(conversation, active_leaf_id=leaf)


class FakeForking:
    """Branches in memory."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core

    async def fork(self, conversation_id: str, message_id: str, /) -> Conversation:
        """Copy the way down to a message."""
        core = self._core
        path = await core.conversations.path(conversation_id, leaf_id=message_id)
        titles = [one.title for one in core.stored if one.id == conversation_id]
        made = core.store_conversation(f"{titles[0]} (branch)")
        for message in path:
            core.store_message(made.id, message.role, message.text)
        core.bus.publish(ConversationChanged(conversation_id=made.id))
        return core.change(made.id, messages=len(path), forked_from_id=message_id)
