"""How far long work is, on a terminal."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from workbench.cli import output

if TYPE_CHECKING:
    from workbench.core.progress import Progress


class ProgressLine:
    """One line on standard error that is written over; nothing where that is no terminal."""

    def __init__(self) -> None:
        """Nothing is shown yet."""
        self.shown = output.obeys_sequences(sys.stderr)
        """Whether anything can be."""

    def __call__(self, progress: Progress) -> None:
        """Show how far it is."""
        self.write(progress.words)

    def __enter__(self) -> ProgressLine:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Clear the line."""
        self.write("")

    def write(self, text: str) -> None:
        """Write over the line."""
        if self.shown:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"\r\x1b[K{text}")
                sys.stderr.flush()
