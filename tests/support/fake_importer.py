"""An importer that tells figures instead of reading files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workbench.conversations.importing.values import ImportProgress, ImportRefusedError, ImportReport, ImportStage


@dataclass
class FakeImporter:
    """Knows one file, `chats.zip`."""

    runs: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    hold: asyncio.Event | None = None
    """While set, adding waits for it."""

    async def run(
        self,
        file: Path,
        /,
        *,
        dry_run: bool = False,
        counted: ImportReport | None = None,
        tell: Callable[[ImportProgress], None] | None = None,
    ) -> ImportReport:
        """Count, or add."""
        self.runs.append((file.name, dry_run))
        if file.name not in ("chats.zip", "again.zip"):
            raise ImportRefusedError("This is none of the formats", detail=file.name, hint="Nothing was changed")
        if not dry_run:
            assert counted is not None
            if tell is not None:
                tell(
                    ImportProgress(stage=ImportStage.WRITING, done=3, total=12, conversations=3, messages=40)
                )  # fmt: skip
            if self.hold is not None:
                await self.hold.wait()
        new = 12 if file.name == "chats.zip" else 0
        return ImportReport(
            format="chatgpt", label="ChatGPT", new=new, known=2, failed=1, messages_new=new * 20, messages_known=9,
            problems=("[b]conversation 7[/b]: its date is \x1b[31mno date",) * 11, seconds=0.1, dry_run=dry_run,
        )  # fmt: skip
