"""Who was chosen to answer a conversation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A chosen provider and model; both None lets the strategy decide."""

    provider: str | None = None
    model: str | None = None

    @property
    def name(self) -> str:
        """`provider/model`, or `auto`."""
        if self.provider is None:
            return "auto"
        return f"{self.provider}/{self.model}" if self.model else self.provider


AUTO = Pin()
"""Nobody was: the strategy decides."""
