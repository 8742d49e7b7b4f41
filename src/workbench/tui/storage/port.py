"""What the Storage page needs of the core."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workbench.core.progress import Tell
    from workbench.storage.upkeep.values import (
        Backup,
        Checked,
        Compacted,
        LargestConversations,
        Pruned,
        Pruning,
        Sizes,
    )


class UpkeepPort(Protocol):
    """Sizes, pruning, compacting, backups and checks; cancelling leaves the database sound."""

    async def sizes(self, tell: Tell, /) -> Sizes:
        """Where the space goes."""
        ...

    async def largest_conversations(self, *, offset: int, limit: int, tell: Tell) -> LargestConversations:
        """Conversations, the largest first."""
        ...

    async def preview(self, pruning: Pruning, /) -> Pruned:
        """What pruning would remove."""
        ...

    async def prune(self, pruning: Pruning, tell: Tell, /) -> Pruned:
        """Remove it for good."""
        ...

    async def compact(self, tell: Tell, /) -> Compacted:
        """Give unused space back."""
        ...

    async def back_up(self, target: None, tell: Tell, /) -> Backup:
        """Copy the database into the backup folder, verified."""
        ...

    async def backups(self) -> Sequence[Backup]:
        """The automatic ones, the newest first."""
        ...

    async def check(self, tell: Tell, /) -> Checked:
        """Look at every page, reference and tree."""
        ...
