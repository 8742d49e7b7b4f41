"""Putting a backup in the place of the database: between two runs of the application, when nobody has it open."""

from __future__ import annotations

import sys
from pathlib import Path

from workbench.core.errors import WorkbenchError
from workbench.core.progress import Progress
from workbench.core.text import clean_line

START_RESTORED = 1_001
"""Result of the application when it is to be started again over a backup."""


def put_back(database: Path, backup: Path) -> str:
    """Restore `backup`, telling on the terminal how far it is; what became of it, in a sentence. Blocks."""
    from workbench.core.clock import SystemClock
    from workbench.storage.upkeep.hands import Hand
    from workbench.storage.upkeep.restoring import contents_of, restore

    try:
        found = contents_of(backup, Hand(_tell))
        restored = restore(database, backup, now_ms=SystemClock().now_ms(), hand=Hand(_tell))
    except WorkbenchError as problem:
        return clean_line(f"Nothing was restored: {problem}")
    finally:
        sys.stdout.write("\r\x1b[K")
        sys.stdout.flush()
    kept = restored.backup or restored.damaged
    before = f" What was there before is {kept.name}." if kept is not None else ""
    return clean_line(f"Restored {found.conversations:,} conversations with {found.messages:,} messages.{before}")


def _tell(progress: Progress) -> None:
    share = f"  {100 * progress.done // progress.total} %" if progress.total else ""
    sys.stdout.write(f"\r\x1b[KRestoring a backup: {clean_line(progress.doing)}{share}")
    sys.stdout.flush()
