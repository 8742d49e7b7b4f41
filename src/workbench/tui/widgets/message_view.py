"""What a transcript shows of one message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message as it is to be shown; texts are foreign and plain, the transcript cleans them."""

    id: str
    role: Literal["user", "assistant", "note"]
    text: str
    reasoning: str = ""
    streaming: bool = False
    """Whether more text is to come."""
    header: str = ""
    """Line above the text, e.g. `you · 09:38`; what follows a TAB in it is right-aligned."""
    seams: tuple[tuple[int, str], ...] = ()
    """Places where another provider went on: characters of text before, and what is said there."""
    notes: tuple[str, ...] = ()
    """Lines between text and badge, for what a badge has no room for."""
    badge: str = ""
    """Line under the text; what follows a TAB in it is right-aligned."""
    badge_severity: Literal["", "success", "warning", "error"] = ""
    fold: str = ""
    """What the text is when it is folded away until asked for, e.g. `tool output`; empty to show it."""
