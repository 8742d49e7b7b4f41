"""Completing a path as it is typed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.suggester import Suggester

MOST_LOOKED_AT = 5_000
"""Names of a folder that are looked at."""


class PathSuggester(Suggester):
    """Suggests the first name of the folder that goes on with what is typed; looks on a thread."""

    def __init__(self) -> None:
        """Nothing is kept: folders change."""
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path, or None."""
        return await asyncio.to_thread(completed, value) if value.strip() else None


def completed(value: str) -> str | None:
    """`value` with the rest of the first name that begins so; a folder has a slash behind it."""
    head, _, beginning = value.rpartition("/")
    best = ""
    try:
        folder = Path(f"{head}/" if "/" in value else "").expanduser()
        with os.scandir(folder) as found:
            for _, entry in zip(range(MOST_LOOKED_AT), found, strict=False):
                name = entry.name
                hidden = name.startswith(".") and not beginning.startswith(".")
                if name.startswith(beginning) and name.isprintable() and not hidden and (not best or name < best):
                    best = f"{name}/" if entry.is_dir() else name
    except (OSError, ValueError, RuntimeError):
        return None
    return f"{value}{best[len(beginning) :]}" if best and best != beginning else None
