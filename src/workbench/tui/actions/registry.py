"""The one registry of actions: it feeds key bindings, status line, palette, slash commands and help."""

from __future__ import annotations

from textual.binding import Binding

from workbench.tui.actions.application import APPLICATION
from workbench.tui.actions.chat import CHAT
from workbench.tui.actions.composer import COMPOSER
from workbench.tui.actions.conversations import CONVERSATIONS
from workbench.tui.actions.providers import PROVIDERS
from workbench.tui.actions.transcript import TRANSCRIPT
from workbench.tui.actions.values import Action, Scope

ACTIONS: tuple[Action, ...] = (*APPLICATION, *CHAT, *TRANSCRIPT, *COMPOSER, *CONVERSATIONS, *PROVIDERS)
"""Every action, in the order in which help and palette list them."""


def action_by_id(action_id: str) -> Action:
    """The action of that id. Raises `KeyError`."""
    return _BY_ID[action_id]


def actions_of(scope: Scope) -> list[Action]:
    """All actions whose keys work in `scope`."""
    return [action for action in ACTIONS if action.scope is scope]


def bindings_of(*scopes: Scope) -> list[Binding]:
    """The key bindings of all actions of these scopes that a Textual action handles."""
    return [
        Binding(
            ",".join(action.keys), action.handler, action.title, show=False, priority=action.priority,
            id=action.id, tooltip=action.help,
        )
        for action in ACTIONS
        if action.scope in scopes and action.keys and action.handler
    ]  # fmt: skip


def action_of_slash(name: str) -> Action | None:
    """The action that a slash command names."""
    return next((action for action in ACTIONS if name in action.slash), None)


_BY_ID = {action.id: action for action in ACTIONS}
