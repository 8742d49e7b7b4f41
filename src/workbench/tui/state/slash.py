"""Slash commands: what a line that begins with `/` means, and what it could still become."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.tui.actions.values import Action

_COMMAND = re.compile(r"/([a-z][a-z-]*)(?:\s+(.*))?\s*\Z", re.DOTALL)
_BEGUN = re.compile(r"/[a-z-]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlashCommand:
    """A complete command line."""

    name: str
    argument: str


def parse_slash(text: str) -> SlashCommand | None:
    """The command a text is, or None when it is a prompt; `/etc/hosts` and ` /x` are prompts."""
    if "\n" in text.strip("\n"):
        return None
    found = _COMMAND.match(text)
    return SlashCommand(name=found[1], argument=(found[2] or "").strip()) if found else None


def completions(text: str, actions: Iterable[Action]) -> list[Action]:
    """The commands that a begun first word can become, the closest first; empty when it is no such word."""
    if not _BEGUN.match(text):
        return []
    begun = text[1:]
    starting = [action for action in actions if action.slash and _starts(action, begun)]
    inside = [action for action in actions if action.slash and action not in starting and _holds(action, begun)]
    return starting + inside


def _starts(action: Action, begun: str) -> bool:
    return any(name.startswith(begun) for name in action.slash)


def _holds(action: Action, begun: str) -> bool:
    return any(begun in name for name in action.slash)
