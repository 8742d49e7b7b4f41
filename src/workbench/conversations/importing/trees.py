"""Nodes of foreign files made into trees: parents first, nothing in a circle, nothing hanging in the air. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workbench.conversations.importing.limits import MESSAGES
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage, MalformedError
from workbench.conversations.values import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a file's tree, in the file's order."""

    key: str
    parent: str | None
    message: ImportedMessage | None
    """None for one that is no message: its children hang under what is above it."""
    reasoning: str = ""
    """What a node that is no message gives to the first reply below it."""
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Messages that can be stored one after the other."""

    messages: tuple[ImportedMessage, ...]
    instead: dict[str, str]
    """For each node that is no message the one that stands for it, as the end of a branch."""
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Handed:
    """What a node that is no message hands down; it is given to one reply, so that it is never doubled."""

    node: Node
    above: _Handed | None
    given: bool = False


class _Planting:
    """Works through nodes once; nothing recurses, because a branch may be as long as the file."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.problems: list[str] = []
        self.same: dict[str, int] = {}
        self.nodes: dict[str, Node] = {}
        self.ranks: dict[str, int] = {}
        self.parents: dict[str, str | None] = {}
        for node in nodes:
            self._add(node)

    def _add(self, node: Node) -> None:
        key = node.key
        if key in self.nodes:
            number = self.same.get(key, 2)
            while f"{key}#{number}" in self.nodes:
                number += 1
            self.same[key] = number + 1
            key = f"{key}#{number}"
            self.problems.append(f"Two messages are called {node.key}: the second is kept as {key}")
            message = node.message and replace(node.message, key=key, source_id=key, id=None)
            node = replace(node, key=key, message=message)
        self.ranks[key] = len(self.nodes)
        self.nodes[key] = node

    def find_parents(self) -> None:
        """Give every node a parent that is there and not below itself."""
        missing = 0
        for key, node in self.nodes.items():
            known = node.parent is None or node.parent in self.nodes
            missing += not known
            self.parents[key] = node.parent if known else None
        if missing:
            self.problems.append(f"{missing} messages name one above them that is not there: they begin a branch")
        self._cut_circles()

    def _cut_circles(self) -> None:
        settled: set[str] = set()
        circles = 0
        for start in self.nodes:
            on_the_way: set[str] = set()
            key: str | None = start
            while key is not None and key not in settled:
                if key in on_the_way:
                    circles += 1
                    self.parents[key] = None
                    break
                on_the_way.add(key)
                key = self.parents[key]
            settled |= on_the_way
        if circles:
            self.problems.append(f"{circles} branches ran in a circle: they were cut")

    def downwards(self) -> list[str]:
        """All keys, each after that of its parent; else in the file's order."""
        children: dict[str | None, list[str]] = {}
        for key in self.nodes:
            children.setdefault(self.parents[key], []).append(key)
        found: list[str] = []
        waiting = children.get(None, [])[::-1]
        while waiting:
            key = waiting.pop()
            found.append(key)
            waiting.extend(reversed(children.get(key, ())))
        return found


def planted(nodes: Sequence[Node], *, begun_ms: int | None = None, by_time: bool = True) -> Tree:
    """The messages of some nodes, parents first, else by time (or, without `by_time`, in the file's order).

    A message without a time has that of the one above it, a first one `begun_ms`. Raises MalformedError for more nodes
    than a conversation has.
    """
    refuse_too_many(len(nodes))
    planting = _Planting(nodes)
    planting.find_parents()
    kept: dict[str, ImportedMessage] = {}
    above: dict[str, str | None] = {}
    carried: dict[str, _Handed] = {}
    orders: dict[str, tuple[int, int]] = {}
    instead: dict[str, str] = {}
    for key in planting.downwards():
        node, parent = planting.nodes[key], planting.parents[key]
        # What stands above, over those that are no messages, and what these hand down.
        over = parent if parent is None or parent in kept else above[parent]
        handed = carried.get(parent) if parent is not None else None
        above[key] = over
        if node.message is None:
            carried[key] = _Handed(node, handed)
            if over is not None:
                instead[key] = over
            continue
        message = node.message
        if handed is not None:
            if message.role is Role.ASSISTANT:
                message = _with_all(message, handed)
            else:
                carried[key] = handed
        at = message.at_ms
        if at is None:
            at = begun_ms if over is None else kept[over].at_ms
        kept[key] = replace(message, parent=over, at_ms=at)
        value = (at or 0) if by_time else planting.ranks[key]
        before = orders[over] if over is not None else (0, -1)
        orders[key] = (max(value, before[0]), before[1] + 1)
    in_order = sorted(kept, key=lambda key: (*orders[key], planting.ranks[key]))
    messages = tuple(kept[key] for key in in_order)
    return Tree(messages=messages, instead=instead, problems=tuple(planting.problems))


def _with_all(message: ImportedMessage, handed: _Handed | None) -> ImportedMessage:
    """A reply with what is handed down to it and has not been given to one before."""
    nodes: list[Node] = []
    while handed is not None and not handed.given:
        handed.given = True
        nodes.append(handed.node)
        handed = handed.above
    nodes.reverse()
    reasoning = "\n\n".join(text for text in (*(node.reasoning for node in nodes), message.reasoning) if text)
    return replace(
        message, reasoning=reasoning, extra=(*(part for node in nodes for part in node.extra), *message.extra)
    )


def refuse_too_many(messages: int) -> None:
    """Raise MalformedError for more messages than a conversation has; asked before work is put into them."""
    if messages > MESSAGES:
        raise MalformedError(f"it has more than {MESSAGES:,} messages")


def conversation_with(tree: Tree, conversation: ImportedConversation) -> ImportedConversation:
    """`conversation` with the messages of `tree`; an end of a branch that is no message is the one above it."""
    active = conversation.active
    if active is not None:
        active = tree.instead.get(active, active)
    problems = (*conversation.problems, *tree.problems)
    return replace(conversation, messages=tree.messages, active=active, problems=problems)


def in_a_row(messages: Iterable[ImportedMessage]) -> list[Node]:
    """Messages without branches: each hangs under the one before it."""
    nodes: list[Node] = []
    above: str | None = None
    for message in messages:
        nodes.append(Node(key=message.key, parent=above, message=message))
        above = message.key
    return nodes


def under_system(nodes: Sequence[Node], text: str) -> list[Node]:
    """The nodes, all first ones under a system message with `text`, if there is any."""
    if not text.strip():
        return list(nodes)
    known = {node.key for node in nodes}
    top = ImportedMessage(key="system", source_id="system", parent=None, role=Role.SYSTEM, text=text, at_ms=None)
    below = [replace(node, parent=node.parent if node.parent in known else top.key) for node in nodes]
    return [Node(key=top.key, parent=None, message=top), *below]
