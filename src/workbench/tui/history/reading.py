"""What is read: a conversation, one of its branches, and the part of it that is loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workbench.tui.chat.views import Around
from workbench.tui.history.tree import MessageTree
from workbench.tui.history.views import message_of, views_of
from workbench.tui.widgets.history_reader import HistoryReader

if TYPE_CHECKING:
    from workbench.conversations.branching.outlines import Outline
    from workbench.conversations.values import Conversation, Message
    from workbench.tui.history.port import CoreHistory
    from workbench.tui.widgets.message_view import MessageView

_BEFORE = 10
"""Messages read at first before the one that is looked at."""
_AFTER = 20
_MANY = 2_000
"""Messages from which their tree is built beside the screen."""
_PAGE = 100
"""Messages read each time the reader comes near an end of them."""


class Reading:
    """Feeds the reader wholly from the database; a long branch in parts."""

    def __init__(self, history: CoreHistory, reader: HistoryReader, around: Callable[[], Around]) -> None:
        """`around` is what messages are shown with, beside themselves."""
        self._history, self._reader, self._around = history, reader, around
        self._outline: Outline | None = None
        self._opened = 0
        self._stale = False
        self.tree = MessageTree((), None)
        self.path: list[str] = []
        """The ids of the branch that is shown, from the beginning."""
        self._first = self._end = 0
        self._messages: dict[str, Message] = {}

    @property
    def conversation(self) -> Conversation | None:
        """What is read; None before anything is."""
        return self._outline.conversation if self._outline is not None else None

    @property
    def message_id(self) -> str:
        """The message at the bar; empty for none."""
        return message_of(self._reader.cursor_message_id or "")

    def message(self, message_id: str) -> Message | None:
        """A message of the branch, once it was read."""
        return self._messages.get(message_id)

    def forget(self) -> None:
        """The store may hold more than was read: read the tree again next time."""
        self._stale = True

    def close(self) -> None:
        """Show nothing."""
        self._opened += 1
        self._outline = None
        self.tree, self.path, self._first, self._end = MessageTree((), None), [], 0, 0
        self._reader.show_at((), "", has_earlier=False, has_later=False)

    async def open(self, conversation_id: str, message_id: str | None) -> bool:
        """Read a conversation at a message, else where its branch in force ends; False when another was opened since.

        Raises `WorkbenchError`.
        """
        self._opened += 1
        opened = self._opened
        known = self._outline
        if known is None or self._stale or known.conversation.id != conversation_id:
            outline = await self._history.outline(conversation_id)
            tree = await _tree_of(outline)
            if opened != self._opened:
                return False
            again = known is not None and known.conversation.id == conversation_id
            unchanged = known is not None and again and known.nodes == outline.nodes
            self._outline, self._stale, self.tree = outline, False, tree
            if unchanged and message_id == self.message_id and message_id in self.path:
                loaded = {message.id: message for message in await self._read(self._first, self._end)}
                if opened != self._opened:
                    return False
                if loaded == self._messages:
                    # Whoever reads is not moved from his place.
                    return True
            self.path = self._way_through(self.path[-1]) if again and self.path and self.path[-1] in tree else []
            self._first = self._end = 0
        wanted = message_id if message_id in self.tree else self.tree.default_end(self._active_leaf_id)
        if wanted is None:
            self.path, self._first, self._end = [], 0, 0
            self._reader.show_at((), "", has_earlier=False, has_later=False)
            return True
        return await self._show(wanted, opened)

    async def show(self, message_id: str) -> bool:
        """Show the branch through a message, there; the one that is shown if it stands on it."""
        self._opened += 1
        return await self._show(message_id, self._opened)

    @property
    def _active_leaf_id(self) -> str | None:
        return self.conversation.active_leaf_id if self.conversation is not None else None

    def _way_through(self, message_id: str) -> list[str]:
        """The branch in force if it goes through a message, else the newest that does."""
        in_force = self.tree.path_to(self._active_leaf_id)
        return in_force if message_id in in_force else self.tree.path_to(self.tree.end_of(message_id))

    async def _show(self, message_id: str, opened: int) -> bool:
        if message_id not in self.path:
            self.path = self._way_through(message_id)
            self._first = self._end = 0
        place = self.path.index(message_id)
        if self._first <= place < self._end:
            self._reader.put_cursor(message_id)
            return True
        first, end = max(place - _BEFORE, 0), min(place + _AFTER, len(self.path))
        messages = await self._read(first, end)
        if opened != self._opened:
            return False
        self._first, self._end = first, end
        self._messages = {message.id: message for message in messages}
        self._reader.show_at(
            self._views(messages), message_id, has_earlier=first > 0, has_later=end < len(self.path)
        )  # fmt: skip
        return True

    async def more(self, by: int) -> bool:
        """Read on after (1) or before (-1) what is loaded; False when there is nothing more there."""
        opened = self._opened
        if by > 0:
            first, end = self._end, min(self._end + _PAGE, len(self.path))
        else:
            first, end = max(self._first - _PAGE, 0), self._first
        if first >= end:
            return False
        messages = await self._read(first, end)
        if opened != self._opened:
            return False
        fresh = [message for message in messages if message.id not in self._messages]
        self._messages.update((message.id, message) for message in messages)
        if by > 0:
            self._end = max(self._end, end)
            self._reader.extend(self._views(fresh), has_later=self._end < len(self.path))
        else:
            self._first = min(self._first, first)
            self._reader.prepend(self._views(fresh), has_earlier=self._first > 0)
        return True

    async def _read(self, first: int, end: int) -> Sequence[Message]:
        if self.conversation is None:
            return ()
        return await self._history.messages(self.conversation.id, self.path[end - 1], end - first)

    def _views(self, messages: Sequence[Message]) -> list[MessageView]:
        base = self._around()
        siblings = {message.id: self.tree.siblings(message.id) for message in messages if message.id in self.tree}
        around = Around(now_ms=base.now_ms, scripted=base.scripted, siblings=siblings)
        return views_of(messages, around)


async def _tree_of(outline: Outline) -> MessageTree:
    nodes, active = outline.nodes, outline.conversation.active_leaf_id
    if len(nodes) < _MANY:
        return MessageTree(nodes, active)
    return await asyncio.to_thread(MessageTree, nodes, active)
