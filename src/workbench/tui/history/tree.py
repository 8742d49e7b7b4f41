"""The tree of a conversation: branches, ways through them, and how they are drawn. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from string import ascii_lowercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.conversations.branching.outlines import Node

_LONGEST_LEAD = 256
"""Cells of the lines that lead to a message; the nearest are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """A message in the drawn tree."""

    node: Node
    number: str
    """How far from the beginning it stands, e.g. `3`; `3b` for the second one at that place."""
    lead: str
    """The lines that lead to it."""


class MessageTree:
    """Messages by what they follow.

    The branch in force is drawn straight down and the others beside it, so that a conversation of a thousand turns is
    no wider than one of two, and nothing moves while one walks through it.
    """

    def __init__(self, nodes: Sequence[Node], active_leaf_id: str | None) -> None:
        """`nodes` are oldest first."""
        self._nodes = {node.id: node for node in nodes}
        self._below: dict[str | None, list[str]] = {}
        for node in nodes:
            parent = node.parent_id if node.parent_id in self._nodes else None
            self._below.setdefault(parent, []).append(node.id)
        order = {node.id: place for place, node in enumerate(nodes)}
        self._newest: dict[str, str] = {}
        """The newest message at or below each: the end of its newest branch."""
        for node in reversed(nodes):
            below = [self._newest[child] for child in self._below.get(node.id, ())]
            self._newest[node.id] = max(below, key=order.__getitem__, default=node.id)
        self._active = set(self.path_to(active_leaf_id)) if active_leaf_id in self._nodes else set[str]()
        self._order = order
        self.rows = self._draw()
        self.places = {row.node.id: place for place, row in enumerate(self.rows)}
        """Where each message stands in `rows`."""

    def __contains__(self, message_id: object) -> bool:
        """Whether there is such a message."""
        return message_id in self._nodes

    def __len__(self) -> int:
        """Messages of all branches."""
        return len(self._nodes)

    def node(self, message_id: str) -> Node:
        """One of them."""
        return self._nodes[message_id]

    def path_to(self, message_id: str | None) -> list[str]:
        """From the beginning down to a message."""
        upwards: list[str] = []
        at = message_id
        while at is not None and at in self._nodes:
            upwards.append(at)
            at = self._nodes[at].parent_id
        return upwards[::-1]

    def end_of(self, message_id: str) -> str:
        """The end of the newest branch through a message."""
        return self._newest[message_id]

    def below(self, message_id: str) -> list[str]:
        """Everything that follows a message, on all branches."""
        found: list[str] = []
        waiting = list(self._below.get(message_id, ()))
        while waiting:
            found.append(waiting.pop())
            waiting.extend(self._below.get(found[-1], ()))
        return found

    def default_end(self, active_leaf_id: str | None) -> str | None:
        """The end of the branch that is shown first: the one in force, else the newest; None without messages."""
        if active_leaf_id in self._nodes:
            return active_leaf_id
        roots = self._below.get(None, [])
        return max((self._newest[root] for root in roots), key=self._order.__getitem__, default=None)

    def siblings(self, message_id: str) -> tuple[str, ...]:
        """It and those of its role that follow the same message, oldest first."""
        node = self._nodes[message_id]
        parent = node.parent_id if node.parent_id in self._nodes else None
        return tuple(one for one in self._below.get(parent, ()) if self._nodes[one].role == node.role)

    @staticmethod
    def in_common(one: Sequence[str], other: Sequence[str]) -> int:
        """How many messages two branches have in common from the beginning."""
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))

    def _draw(self) -> list[TreeRow]:
        rows: list[TreeRow] = []
        depth: dict[str | None, int] = {None: 0}
        letters = self._letters()
        waiting = self._ways(None, "")
        while waiting:
            message_id, lead, below = waiting.pop()
            node = self._nodes[message_id]
            parent = node.parent_id if node.parent_id in self._nodes else None
            depth[message_id] = depth[parent] + 1
            rows.append(TreeRow(node=node, number=f"{depth[message_id]}{letters.get(message_id, '')}", lead=lead))
            waiting.extend(self._ways(message_id, below))
        return rows

    def _letters(self) -> dict[str, str]:
        """What tells messages of the same role behind the same message from the first of them."""
        letters: dict[str, str] = {}
        for beside in self._below.values():
            counts = Counter[str]()
            for message_id in beside if len(beside) > 1 else ():
                role = self._nodes[message_id].role
                letters[message_id] = _letter(counts[role])
                counts[role] += 1
        return letters

    def _ways(self, parent: str | None, lead: str) -> list[tuple[str, str, str]]:
        """What follows a message, the last one to be drawn first: id, lines before it, lines before what follows it."""
        children = self._below.get(parent, [])
        if not children:
            return []
        ahead = next((one for one in children if one in self._active), None)
        ahead = ahead or max(children, key=lambda one: self._order[self._newest[one]])
        # A branch of a branch of hundreds of others: no screen is so wide, and every row would hold them all.
        near = lead[-_LONGEST_LEAD:]
        aside = [(one, f"{near}├─", f"{near}│ ") for one in children if one != ahead]
        return [(ahead, lead, lead), *reversed(aside)]


def _letter(place: int) -> str:
    if not place:
        return ""
    return ascii_lowercase[place] if place < len(ascii_lowercase) else f".{place + 1}"
