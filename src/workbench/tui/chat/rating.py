"""Judging replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.targets import REPLIES, chosen_id
from workbench.tui.verbs import Verb

_WORDS = {"good": 1, "bad": -1, "none": None}


class Rating:
    """Marks the reply at the bar as good or bad; the same again takes it back."""

    def __init__(self, pane: Pane) -> None:
        """Works on the open conversation."""
        self._pane = pane

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"rate": self.rate, "rate_named": self.rate_named}

    def rate(self, rating: int) -> None:
        """Judge by 1 or -1; the same judgement again takes it back."""
        message_id = self._reply()
        if message_id:
            self._pane.host.start_work(self._toggle(self._pane.desk.slot, message_id, rating), group="rate")

    def rate_named(self, word: str) -> None:
        """Judge by a typed word."""
        wanted = word.strip().lower()
        if wanted not in _WORDS:
            self._pane.host.tell("A reply is rated good, bad or none: /rate good", warning=True)
            return
        message_id = self._reply()
        if message_id:
            self._pane.host.start_work(self._keep(self._pane.desk.slot, message_id, _WORDS[wanted]), group="rate")

    def _reply(self) -> str:
        message_id = chosen_id(self._pane, REPLIES)
        turn = self._pane.shell.state.turn_of_message(message_id)
        if not message_id:
            self._pane.host.tell("There is no reply to rate here.")
        elif turn is not None and turn.phase.running:
            self._pane.host.tell("The reply is still being written; it can be rated when it is done.")
        else:
            return message_id
        return ""

    async def _toggle(self, slot: Slot, message_id: str, rating: int) -> None:
        stored = await self._pane.desk.call(slot, lambda core: core.conversations.message(message_id))
        await self._keep(slot, message_id, None if stored.rating == rating else rating)

    async def _keep(self, slot: Slot, message_id: str, rating: int | None) -> None:
        await self._pane.desk.call(slot, lambda core: core.conversations.rate(message_id, rating))
        message = slot.messages.get(message_id) or await self._pane.desk.read_again(slot, message_id)
        if message is not None:
            slot.messages[message_id] = replace(message, rating=rating)
        if slot is self._pane.desk.slot:
            self._pane.feed.draw_again(slot, [message_id])
