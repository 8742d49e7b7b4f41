"""What the history pane asks of the core, and how it reaches it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from workbench.tui.shell import Shell

if TYPE_CHECKING:
    from workbench.conversations.branching.outlines import Outline
    from workbench.conversations.search.values import SearchOrder, SearchPage
    from workbench.conversations.values import Conversation, Message

PAGE = 100
"""Hits of one question."""


class SearchPort(Protocol):
    """Finding; see `Search`."""

    async def find(
        self, query: str, *, order: SearchOrder = ..., limit: int = 50, after: str | None = None, typing: bool = False
    ) -> SearchPage:
        """One page of hits; a query is never an error."""
        ...


class OutlinesPort(Protocol):
    """Trees without texts; see `Outlines`."""

    async def of(self, conversation_id: str, /) -> Outline:
        """A conversation, in the trash or not, and its tree. Raises `NotFoundError`."""
        ...


class ForkingPort(Protocol):
    """Copying branches; see `Forking`."""

    async def fork(self, conversation_id: str, message_id: str, /) -> Conversation:
        """Make the branch down to a message a conversation of its own."""
        ...


class CoreHistory:
    """The stored conversations, from the screens' loop; contacts nobody."""

    def __init__(self, shell: Shell) -> None:
        """Through the link of `shell`."""
        self._shell = shell

    async def find(self, query: str, *, order: SearchOrder, after: str | None, typing: bool) -> SearchPage:
        """One page of hits."""
        return await self._shell.call(
            lambda core: core.search.find(query, order=order, limit=PAGE, after=after, typing=typing)
        )

    async def outline(self, conversation_id: str) -> Outline:
        """A conversation and its tree."""
        return await self._shell.call(lambda core: core.outlines.of(conversation_id))

    async def messages(self, conversation_id: str, leaf_id: str, count: int) -> Sequence[Message]:
        """The last `count` messages of the branch that ends at `leaf_id`, root first."""
        return await self._shell.call(
            lambda core: core.conversations.path(conversation_id, leaf_id=leaf_id, newest=count)
        )

    async def labels(self) -> dict[str, list[str]]:
        """The tags and folders in use, by the name of the condition that they are values of."""
        tags = await self._shell.call(lambda core: core.organizer.tags())
        folders = await self._shell.call(lambda core: core.organizer.folders())
        return {"tag": list(tags), "folder": list(folders)}

    async def fork(self, conversation_id: str, message_id: str) -> Conversation:
        """Make the branch down to a message a conversation of its own."""
        return await self._shell.call(lambda core: core.forking.fork(conversation_id, message_id))
