"""Upkeep of the fake core: told figures, and what was done with them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.core.errors import StorageError
from workbench.core.progress import Progress, Tell
from workbench.storage.upkeep.values import (
    Backup,
    Checked,
    Compacted,
    ConversationSize,
    Finding,
    LargestConversations,
    Prunable,
    Pruned,
    Pruning,
    Sizes,
    Soundness,
    TableSize,
)

DAY_MS = 86_400_000


@dataclass
class FakeUpkeep:
    """A database of 90 MB with something in the trash."""

    now_ms: int = 0
    done: list[str] = field(default_factory=list[str])
    wrong: bool = False
    trash: int = 3
    hold: asyncio.Event | None = None
    """While set, long work waits for it."""

    async def sizes(self, tell: Tell, /) -> Sizes:
        """Eight tables."""
        tell(Progress(doing="measuring tables", done=1, total=4))
        names = ("messages", "messages_fts", "events", "attempts", "conversations", "drafts", "probes", "breakers")
        tables = [TableSize(name=n, rows=90_000 // i**3, size=48_000_000 // i**3) for i, n in enumerate(names, 1)]
        return Sizes(
            database=89_600_000, free=4_100_000, log=350_000, backups=171_000_000, backup_count=2,
            tables=tuple(tables), exact=False,
        )  # fmt: skip

    async def largest_conversations(self, *, offset: int, limit: int, tell: Tell) -> LargestConversations:
        """Three of 1,204; one is in the trash, one has a hostile title."""
        rows = [
            ("conversation-1", "Retry budgets", 812, 2_400_000, False),
            ("conversation-2", "[red]Not markup[/] \x1b[31m", 40, 610_000, False),
            ("conversation-3", "Old plans", 1, 9_000, True),
        ]
        found = [ConversationSize(id=i, title=t, messages=m, size=s, deleted=d) for i, t, m, s, d in rows]
        return LargestConversations(total=1204, conversations=tuple(found))

    async def preview(self, pruning: Pruning, /) -> Pruned:
        """Only the trash has something."""
        if pruning.what is Prunable.TRASH and self.trash:
            return Pruned(what=pruning.what, conversations=self.trash, messages=40, size=810_000)
        return Pruned(what=pruning.what)

    async def prune(self, pruning: Pruning, tell: Tell, /) -> Pruned:
        """Empty the trash."""
        found = await self.preview(pruning)
        self.done.append(f"prune {pruning.what} {pruning.days}")
        self.trash = 0
        return found

    async def compact(self, tell: Tell, /) -> Compacted:
        """Told half-way, then held."""
        tell(Progress(doing="giving pages back", done=1, total=2))
        if self.hold is not None:
            await self.hold.wait()
        self.done.append("compact")
        return Compacted(before=89_600_000, after=85_500_000)

    async def back_up(self, target: None, tell: Tell, /) -> Backup:
        """One more."""
        if self.wrong:
            raise StorageError("The disk is full", hint="Make room")
        self.done.append("back up")
        return (await self.backups())[0]

    async def backups(self) -> Sequence[Backup]:
        """Two."""
        return [
            Backup(path=Path(f"/home/me/backups/workbench-{day}.db"), at_ms=self.now_ms - day * DAY_MS, size=85_500_000)
            for day in (1, 2)
        ]

    async def check(self, tell: Tell, /) -> Checked:
        """Sound unless told otherwise."""
        state = Soundness.DAMAGED if self.wrong else Soundness.OK
        return Checked(findings=(Finding(check="pages", state=state, detail="page 7" if self.wrong else ""),))
