"""The order of the fake core's conversations, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.conversations.ordering.organizing import Before, Placement
from workbench.core.history_events import ConversationsOrganized

if TYPE_CHECKING:
    from tests.support.fake_engine import FakeCore


class FakeOrganizer:
    """Changes stored values, and gives them as they were."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core

    async def rename(self, conversation_id: str, title: str, /) -> Before:
        """Another title."""
        return self._change([conversation_id], lambda was: replace(was, title=title))

    async def pin(self, conversation_ids: Sequence[str], /, *, pinned: bool = True) -> Before:
        """Stand first, or not."""
        return self._change(conversation_ids, lambda was: replace(was, pinned=pinned))

    async def tag(
        self, conversation_ids: Sequence[str], /, *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Before:  # fmt: skip
        """Other tags."""
        return self._change(
            conversation_ids,
            lambda was: replace(was, tags=(*(tag for tag in was.tags if tag not in remove), *add)),
        )

    async def move(self, conversation_ids: Sequence[str], folder: str | None, /) -> Before:
        """Another folder."""
        return self._change(conversation_ids, lambda was: replace(was, folder=folder))

    async def archive(self, conversation_ids: Sequence[str], /, *, archived: bool = True) -> Before:
        """In or out."""
        at = self._core.clock.now_ms() if archived else None
        return self._change(conversation_ids, lambda was: replace(was, archived_at_ms=at))

    async def put_back(self, before: Before, /) -> Before:
        """As it was."""
        were = {placement.conversation_id: placement for placement in before}
        return self._change(list(were), lambda now: were[now.conversation_id])

    async def tags(self) -> dict[str, int]:
        """Those in use."""
        return {tag: 1 for one in self._core.stored for tag in one.tags}

    async def folders(self) -> dict[str, int]:
        """Those in use."""
        return {one.folder: 1 for one in self._core.stored if one.folder is not None}

    def _change(self, ids: Sequence[str], change: Callable[[Placement], Placement]) -> Before:
        before: list[Placement] = []
        for conversation_id in ids:
            one = next(one for one in self._core.stored if one.id == conversation_id)
            was = Placement(
                conversation_id=one.id, title=one.title, titled_by="prompt", pinned=one.pinned, tags=one.tags,
                folder=one.folder, archived_at_ms=1 if one.archived else None,
            )  # fmt: skip
            now = change(was)
            if now != was:
                before.append(was)
                self._core.change(
                    one.id, title=now.title, pinned=now.pinned, tags=now.tags, folder=now.folder,
                    archived=now.archived_at_ms is not None,
                )  # fmt: skip
        if before:
            ids = tuple(was.conversation_id for was in before)
            self._core.bus.publish(ConversationsOrganized(what="changed", conversations=ids, count=len(ids)))
        return tuple(before)
