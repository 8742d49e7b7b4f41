"""Slash commands: what a line that begins with `/` means, and what it could still become."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.tui.actions.registry import action_of_slash
from workbench.tui.actions.values import Action

_COMMAND = re.compile(r"/([a-z][a-z-]*)(?:\s+(.*))?\s*\Z", re.DOTALL)
_BEGUN = re.compile(r"/[a-z-]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """Enter meant a command."""

    action: Action
    argument: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCommand:
    """Enter meant a command that does not exist."""

    name: str


def command_of(text: str) -> CommandLine | UnknownCommand | None:
    """The command a text is when enter is pressed; None for a prompt, as `/etc/hosts` and ` /x` are."""
    found = _COMMAND.match(text) if "\n" not in text.strip("\n") else None
    if found is None:
        return None
    action = action_of_slash(found[1])
    if action is None:
        return UnknownCommand(name=found[1])
    return CommandLine(action=action, argument=(found[2] or "").strip())


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
