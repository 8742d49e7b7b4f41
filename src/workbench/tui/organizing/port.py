"""What putting conversations in order needs of the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workbench.conversations.ordering.organizing import Before
    from workbench.conversations.ordering.trash import Deleted
    from workbench.conversations.values import Conversation


class OrganizerPort(Protocol):
    """Titles, pins, tags, folders and the archive; every change gives what undoes it."""

    async def rename(self, conversation_id: str, title: str, /) -> Before:
        """Give another title."""
        ...

    async def pin(self, conversation_ids: Sequence[str], /, *, pinned: bool = True) -> Before:
        """Let conversations stand first, or no longer."""
        ...

    async def tag(
        self, conversation_ids: Sequence[str], /, *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Before:  # fmt: skip
        """Give tags and take some away."""
        ...

    async def move(self, conversation_ids: Sequence[str], folder: str | None, /) -> Before:
        """Lay into a folder, or into none."""
        ...

    async def archive(self, conversation_ids: Sequence[str], /, *, archived: bool = True) -> Before:
        """Leave out of lists, or take back in."""
        ...

    async def put_back(self, before: Before, /) -> Before:
        """Undo a change."""
        ...

    async def tags(self) -> Mapping[str, int]:
        """Those in use, with how many conversations have each."""
        ...

    async def folders(self) -> Mapping[str, int]:
        """Those in use, with how many conversations lie in each."""
        ...


class TrashPort(Protocol):
    """What was deleted and can come back."""

    async def delete_message(self, conversation_id: str, message_id: str, /) -> Deleted:
        """Hide a message and everything below it."""
        ...

    async def restore_message(self, conversation_id: str, /) -> Deleted:
        """Undo the last deletion in a conversation. Raises `NotFoundError`."""
        ...

    async def delete_conversation(self, conversation_id: str, /) -> object:
        """Hide a conversation."""
        ...

    async def restore_conversation(self) -> Conversation:
        """Bring back the conversation that was deleted last. Raises `NotFoundError`."""
        ...

    async def delete_conversations(self, conversation_ids: Sequence[str], /) -> int:
        """Hide several, all or none."""
        ...

    async def restore_conversations(self, conversation_ids: Sequence[str], /) -> object:
        """Bring several back, all or none. Raises `NotFoundError`."""
        ...
