"""What an action is, and how its keys are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from workbench.tui.glyphs import drawn


class Scope(StrEnum):
    """Where an action's keys work."""

    EVERYWHERE = "everywhere"
    CHAT = "chat"
    COMPOSER = "composer"
    QUEUE = "queue"
    TRANSCRIPT = "transcript"
    CONVERSATIONS = "conversations"
    PROVIDERS = "providers"
    EVENTS = "events"
    HISTORY = "history"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a person can do."""

    id: str
    """Stable: key maps refer to it."""
    title: str
    help: str
    scope: Scope
    handler: str
    """Name of the Textual action it runs, e.g. `app.do('quit')`; empty when the widget itself sees to it."""
    command: str = ""
    """Verb (`tui/verbs.py`) that its slash command runs, with the argument; without one the handler is run."""
    keys: tuple[str, ...] = ()
    """Its keys unless the user chose others; `keys_in_force` knows which."""
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
    def keys_in_force(self) -> tuple[str, ...]:
        """Its keys as the user has them."""
        return _CHOSEN.get(self.id, self.keys)

    @property
    def key_text(self) -> str:
        """Its keys in force as people read them."""
        return " ".join(map(readable_key, self.keys_in_force))

    @property
    def way(self) -> str:
        """The shortest way to it, for sentences: its first key, else its slash command, else its title."""
        if self.keys_in_force:
            return readable_key(self.keys_in_force[0])
        return f"/{self.slash[0]}" if self.slash else self.title


_CHOSEN: dict[str, tuple[str, ...]] = {}
"""What the user's key map says: the keys of each action that it changes. One per process, as there is one keyboard."""


def put_in_force(chosen: Mapping[str, tuple[str, ...]]) -> None:
    """Take the keys of a key map instead of those that were in force; without any the own keys hold."""
    _CHOSEN.clear()
    _CHOSEN.update(chosen)


_READABLE = {
    "escape": "esc", "question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]", "slash": "/",
    "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "pgup", "pagedown": "pgdn", "delete": "del",
    "colon": ":", "plus": "+", "minus": "-",
    "exclamation_mark": "!", "number_sign": "#", "dollar_sign": "$", "percent_sign": "%", "ampersand": "&",
    "asterisk": "*", "comma": ",", "full_stop": ".", "semicolon": ";", "less_than_sign": "<", "equals_sign": "=",
    "greater_than_sign": ">", "at": "@", "backslash": "\\", "circumflex_accent": "^", "underscore": "_",
    "grave_accent": "`", "vertical_line": "|", "tilde": "~", "quotation_mark": '"', "apostrophe": "'",
    "left_parenthesis": "(", "right_parenthesis": ")", "left_curly_bracket": "{", "right_curly_bracket": "}",
}  # fmt: skip


def readable_key(key: str) -> str:
    """`ctrl+c` stays, `escape` is `esc`, `question_mark` is `?`."""
    *modifiers, last = key.split("+")
    return drawn("+".join([*modifiers, _READABLE.get(last, last)]))
