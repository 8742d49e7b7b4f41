"""What the import dialog needs of the core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workbench.conversations.importing.values import ImportProgress, ImportReport


class ImporterPort(Protocol):
    """Adds the conversations of files."""

    async def run(
        self,
        file: Path,
        /,
        *,
        dry_run: bool = False,
        counted: ImportReport | None = None,
        tell: Callable[[ImportProgress], None] | None = None,
    ) -> ImportReport:
        """Count with `dry_run`, else add; cancelled, what was added stays."""
        ...
