"""What an action is, and how its keys are read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workbench.tui.glyphs import drawn


class Scope(StrEnum):
    """Where an action's keys work."""

    EVERYWHERE = "everywhere"
    CHAT = "chat"
    COMPOSER = "composer"
    TRANSCRIPT = "transcript"
    CONVERSATIONS = "conversations"
    PROVIDERS = "providers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a person can do."""

    id: str
    """Stable: key maps refer to it."""
    title: str
    help: str
    scope: Scope
    handler: str
    """Name of the Textual action it runs, e.g. `app.quit_workbench`; empty when the widget itself sees to it."""
    command: str = ""
    """Verb (`tui/verbs.py`) that its slash command runs, with the argument; without one the handler is run."""
    keys: tuple[str, ...] = ()
    slash: tuple[str, ...] = ()
    """Names it has as a slash command, without the slash; the first is shown."""
    argument: str = ""
    """What the slash command takes, for people; empty for nothing."""
    priority: bool = False
    """Whether its keys work whatever has the focus."""
    palette: bool = True
    """Whether the command palette lists it."""
    word: str = ""
    """Its one word in the status line; empty leaves it out there."""

    @property
    def key_text(self) -> str:
        """Its keys as people read them."""
        return " ".join(map(readable_key, self.keys))


_READABLE = {
    "escape": "esc", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]", "slash": "/",
    "up": "↑", "down": "↓", "pageup": "pgup", "pagedown": "pgdn", "colon": ":",
}  # fmt: skip


def readable_key(key: str) -> str:
    """`ctrl+c` stays, `escape` is `esc`, `question_mark` is `?`."""
    *modifiers, last = key.split("+")
    return drawn("+".join([*modifiers, _READABLE.get(last, last)]))
