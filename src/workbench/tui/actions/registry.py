"""The one registry of actions: it feeds key bindings, status line, palette, slash commands and help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.tui.actions.application import APPLICATION
from workbench.tui.actions.chat import CHAT
from workbench.tui.actions.composer import COMPOSER
from workbench.tui.actions.conversations import CONVERSATIONS, ORGANIZING
from workbench.tui.actions.events import EVENTS
from workbench.tui.actions.finding import FINDING
from workbench.tui.actions.history import HISTORY
from workbench.tui.actions.providers import PROVIDERS
from workbench.tui.actions.storage import STORAGE
from workbench.tui.actions.transcript import TRANSCRIPT
from workbench.tui.actions.values import Action, Scope
from workbench.tui.keys.names import printable

if TYPE_CHECKING:
    from textual.binding import Binding

ACTIONS: tuple[Action, ...] = (
    *APPLICATION, *CHAT, *TRANSCRIPT, *FINDING, *COMPOSER, *CONVERSATIONS, *ORGANIZING, *PROVIDERS, *EVENTS,
    *HISTORY, *STORAGE,
)  # fmt: skip
"""Every action, in the order in which help and palette list them."""


def action_by_id(action_id: str) -> Action:
    """The action of that id. Raises `KeyError`."""
    return _BY_ID[action_id]


def actions_of(scope: Scope) -> list[Action]:
    """All actions whose keys work in `scope`."""
    return [action for action in ACTIONS if action.scope is scope]


def bindings_of(*scopes: Scope) -> list[Binding]:
    """The key bindings of all actions of these scopes that a Textual action handles."""
    # The command line reads the registry too, and has no use for Textual.
    from textual.binding import Binding

    return [
        Binding(
            keys, action.handler, action.title, show=False, priority=action.priority and binding_id == action.id,
            id=binding_id, tooltip=action.help,
        )
        for action in ACTIONS
        if action.scope in scopes and action.handler
        for binding_id, keys in _by_binding(action, action.keys)
    ]  # fmt: skip


def keymap_of(chosen: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Textual's key map for what a user chose; every id is an action's."""
    return {
        binding_id: keys
        for action_id, chosen_keys in chosen.items()
        for binding_id, keys in _by_binding(action_by_id(action_id), chosen_keys)
    }


def _by_binding(action: Action, keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Ids and keys of an action's bindings.

    Signs and letters of an action with priority stand in a binding of their own without it: Textual keeps them from
    its text fields only as long as no key map names them.
    """
    if not action.priority:
        return [(action.id, ",".join(keys) or _NO_KEY)]
    signs = [key for key in keys if printable(key)]
    others = [key for key in keys if key not in signs]
    return [(action.id, ",".join(others) or _NO_KEY), (f"{action.id}{_OF_SIGNS}", ",".join(signs) or _NO_KEY)]


_NO_KEY = "no-key"
"""Binds nothing: no key has this name. Textual takes an empty string for no change."""
_OF_SIGNS = ".signs"


def action_of_slash(name: str) -> Action | None:
    """The action that a slash command names."""
    return next((action for action in ACTIONS if name in action.slash), None)


_BY_ID = {action.id: action for action in ACTIONS}
