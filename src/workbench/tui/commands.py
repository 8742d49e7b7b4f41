"""What the command palette lists: actions, conversations, themes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.actions.registry import ACTIONS, action_by_id
from workbench.tui.actions.values import Action

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

_MOST_CONVERSATIONS = 500
"""Conversations that are searched; more are found in the history."""


class WorkbenchCommands(Provider):
    """Feeds the palette from the registry and from what is on the desk."""

    @property
    def _host(self) -> WorkbenchApp:
        return cast("WorkbenchApp", self.app)

    async def discover(self) -> Hits:
        """Every action, before anything is typed."""
        for action in _listed():
            yield DiscoveryHit(_display(action), partial(self._host.perform, action), action.title, action.help)

    async def search(self, query: str) -> Hits:
        """Actions, then conversations and themes, that fit what is typed."""
        matcher = self.matcher(query)
        for action in _listed():
            names = " ".join(f"/{name}" for name in action.slash)
            score = max(matcher.match(action.title), matcher.match(names) * 0.9 if names else 0)
            if score > 0:
                yield Hit(score, _display(action), partial(self._host.perform, action), action.title, action.help)
        for conversation in self._host.chat.list_feed.conversations[:_MOST_CONVERSATIONS]:
            title = clean_line(conversation.title, 80)
            score = matcher.match(title)
            if score > 0:
                opening = partial(self._host.open_from_anywhere, conversation.id)
                yield Hit(score, Content.assemble(title, ("  conversation", "$text-muted")), opening, title)
        for name in self._host.looks.names:
            score = matcher.match(f"theme {name}")
            if score > 0:
                choosing = partial(self._host.perform, action_by_id("app.theme"), name)
                yield Hit(score, Content(f"Theme {name}"), choosing, name)


def _listed() -> list[Action]:
    return [action for action in ACTIONS if action.palette and action.handler]


def _display(action: Action) -> Content:
    names = " ".join(f"/{name}" for name in action.slash)
    keys = "  ".join(part for part in (action.key_text, names) if part)
    return Content.assemble(action.title, (f"  {keys}" if keys else "", "$text-muted"))
