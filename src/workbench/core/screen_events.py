"""What the screens tell of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workbench.core.events import Event, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureShown(Event):
    """A piece of work behind the screens failed, and a person was told."""

    kind: ClassVar[str] = "screen.failure"
    level: ClassVar[Level] = Level.ERROR
    source: ClassVar[str] = "screen"
    title: str
    detail: str = ""

    def text(self) -> str:
        """One line."""
        return f"{self.title}: {self.detail}" if self.detail else self.title
