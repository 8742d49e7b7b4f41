"""Comparing two messages, or the branches they stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.tui.chat.views import moment
from workbench.tui.glyphs import glyphs
from workbench.tui.history.reading import Reading
from workbench.tui.history.tree import MessageTree
from workbench.tui.state.badges import badge_of_message

if TYPE_CHECKING:
    from workbench.conversations.values import Message
    from workbench.tui.app import WorkbenchApp
    from workbench.tui.history.port import CoreHistory
    from workbench.tui.screens.comparison import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A message that is to be compared, with the branch it stands on."""

    conversation_id: str
    title: str
    message_id: str
    path: tuple[str, ...]
    """Ids of the branch from its beginning to its end."""


class Comparing:
    """Keeps the mark; the second one, or the answer beside, opens the comparison."""

    def __init__(self, app: WorkbenchApp, history: CoreHistory, reading: Reading, changed: Callable[[], None]) -> None:
        """`changed` is called when the mark is set or taken away."""
        self._app, self._history, self._reading, self._changed = app, history, reading, changed
        self.mark: Marked | None = None
        self.ways: Mapping[str, Callable[[], None]] = {"mark": self.mark_or_compare, "siblings": self.siblings}
        """By the name that the action registry has for each."""

    @property
    def marked_id(self) -> str:
        """The message with the mark; empty without one."""
        return self.mark.message_id if self.mark is not None else ""

    def _marked(self, message_id: str, path: Sequence[str]) -> Marked | None:
        conversation = self._reading.conversation
        if conversation is None or message_id not in path:
            return None
        return Marked(
            conversation_id=conversation.id, title=conversation.title, message_id=message_id, path=tuple(path)
        )

    def mark_or_compare(self) -> None:
        """Mark the message at the bar; compare it when another one is marked."""
        here = self._marked(self._reading.message_id, self._reading.path)
        if here is None:
            self._app.tell("There is no message to mark here.")
        elif self.mark is None or self.mark.message_id == here.message_id:
            self.mark = here if self.mark is None else None
            self._app.tell("Marked. m on another message compares both." if self.mark else "No longer marked.")
        else:
            first, self.mark = self.mark, None
            self._compare(first, here)
        self._changed()

    def siblings(self) -> None:
        """Compare the message at the bar with the one beside it; else the other half of its turn with that one's."""
        reading = self._reading
        place = reading.path.index(reading.message_id) if reading.message_id in reading.path else -1
        if place >= 0:
            partner = place + (1 if reading.tree.node(reading.message_id).role == "user" else -1)
            for one in (place, partner):
                if 0 <= one < len(reading.path) and self._compare_beside(reading.path[one]):
                    return
        self._app.tell("There is nothing beside this message. m marks it, to compare it with any other one.")

    def _compare_beside(self, message_id: str) -> bool:
        reading = self._reading
        beside = reading.tree.siblings(message_id)
        other = beside[(beside.index(message_id) + 1) % len(beside)]
        first = self._marked(message_id, reading.path)
        second = self._marked(other, reading.tree.path_to(reading.tree.end_of(other)))
        if other == message_id or first is None or second is None:
            return False
        self._compare(first, second)
        return True

    def _compare(self, first: Marked, second: Marked) -> None:
        self._app.start_work(self._open(first, second), group="history-compare", exclusive=True)

    async def _open(self, first: Marked, second: Marked) -> None:
        from workbench.tui.screens.comparison import ComparisonScreen

        left, right = await self._read(first, 1), await self._read(second, 1)

        async def branches() -> tuple[Side, Side]:
            begin = _begins(first, second)
            return (
                self._side(await self._read_on(first, begin[0])),
                self._side(await self._read_on(second, begin[1])),
            )

        await self._app.push_screen(ComparisonScreen((self._side(left), self._side(right)), branches))

    async def _read(self, marked: Marked, count: int) -> Sequence[Message]:
        return await self._history.messages(marked.conversation_id, marked.message_id, count)

    async def _read_on(self, marked: Marked, first: int) -> Sequence[Message]:
        return await self._history.messages(marked.conversation_id, marked.path[-1], len(marked.path) - first)

    def _side(self, messages: Sequence[Message]) -> Side:
        from workbench.conversations.telling.wording import speaker
        from workbench.tui.screens.comparison import Side

        shell, dot = self._app.shell, f" {glyphs().dot} "
        first = messages[0]
        when = moment(first.created_at_ms, shell.clock.now_ms())
        if len(messages) == 1:
            facts = badge_of_message(first, shell.scripted).text if first.role == "assistant" else ""
            # Who it is stands above.
            facts = facts.replace(f"{dot}{speaker(first)}", "", 1)
            return Side(who=f"{speaker(first)}{dot}{when}", facts=facts, text=first.text)
        costs = [attempt.cost_nano for message in messages for attempt in message.attempts]
        told = _money([cost for cost in costs if cost is not None])
        who = list(dict.fromkeys(speaker(message) for message in messages if message.role == "assistant"))
        facts = dot.join(part for part in (f"{len(messages):,} messages", told) if part)
        text = "\n\n".join(f"{speaker(message)}:\n{message.text}" for message in messages)
        return Side(who=f"{', '.join(who[:3])}{dot}{when}", facts=facts, text=text)


def _money(costs: Sequence[int]) -> str:
    from workbench.tui.state.badges import money

    return money(sum(costs)) if costs else ""


def _begins(first: Marked, second: Marked) -> tuple[int, int]:
    """Where two branches part; of two conversations where the messages stand."""
    if first.conversation_id != second.conversation_id:
        return first.path.index(first.message_id), second.path.index(second.message_id)
    common = MessageTree.in_common(first.path, second.path)
    # One branch with two marks: from each of them on.
    if common in (len(first.path), len(second.path)):
        return first.path.index(first.message_id), second.path.index(second.message_id)
    return common, common
