"""What the command palette lists: actions, those used last first, then conversations and themes."""

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
_MOST_RECENT = 5
_RECENT_BONUS = 0.15
"""What an action used last is better than its equal: it comes first, and never before one that fits better."""
_NOTHING = "Nothing is called that. Enter lists every key and command."
_WHAT_HELPS = "Fewer letters find more: actions, titles of conversations, themes."


class WorkbenchCommands(Provider):
    """Feeds the palette from the registry and from what is on the desk."""

    @property
    def _host(self) -> WorkbenchApp:
        return cast("WorkbenchApp", self.app)

    def _recent(self) -> list[str]:
        return self._host.shell.remembered.recent_actions.split()

    async def discover(self) -> Hits:
        """Every action, before anything is typed; what was chosen here last stands first."""
        recent = self._recent()
        for action in in_order(recent):
            choosing = partial(self._choose, action)
            yield DiscoveryHit(_as_listed(action, recent=action.id in recent), choosing, action.title, action.help)

    async def search(self, query: str) -> Hits:
        """Actions, then conversations and themes, that fit what is typed; if nothing does, what helps."""
        matcher = self.matcher(query)
        recent = self._recent()
        found = False
        for action in in_order(recent):
            names = " ".join(f"/{name}" for name in action.slash)
            score = max(matcher.match(action.title), matcher.match(names) * 0.9 if names else 0)
            if score > 0:
                found = True
                score *= 1 + _RECENT_BONUS * (action.id in recent)
                yield Hit(score, _as_listed(action), partial(self._choose, action), action.title, action.help)
        for conversation in self._host.chat.list_feed.conversations[:_MOST_CONVERSATIONS]:
            title = clean_line(conversation.title, 80)
            score = matcher.match(title)
            if score > 0:
                found = True
                opening = partial(self._host.open_from_anywhere, conversation.id)
                yield Hit(score, Content.assemble(title, ("  conversation", "$text-muted")), opening, title)
        for name in self._host.looks.names:
            score = matcher.match(f"theme {name}")
            if score > 0:
                found = True
                choosing = partial(self._host.perform, action_by_id("app.theme"), name)
                yield Hit(score, Content(f"Theme {name}"), choosing, name)
        if not found:
            helping = partial(self._host.perform, action_by_id("app.help"))
            yield Hit(1, Content(_NOTHING), helping, "help", _WHAT_HELPS)

    def _choose(self, action: Action) -> None:
        recent = [action.id, *(one for one in self._recent() if one != action.id)][:_MOST_RECENT]
        self._host.start_work(self._host.shell.remember(recent_actions=" ".join(recent)), group="remember")
        self._host.perform(action)


def in_order(recent: list[str]) -> list[Action]:
    """Every action that the palette lists, those of `recent` first and in its order."""
    listed = {action.id: action for action in ACTIONS if action.palette and action.handler}
    first = [listed.pop(name) for name in recent if name in listed]
    return [*first, *listed.values()]


def _as_listed(action: Action, *, recent: bool = False) -> Content:
    names = " ".join(f"/{name}" for name in action.slash)
    keys = "  ".join(part for part in (action.key_text, names, "recent" if recent else "") if part)
    return Content.assemble(action.title, (f"  {keys}" if keys else "", "$text-muted"))
