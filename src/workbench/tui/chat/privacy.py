"""Conversations that only private providers may read."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.targets import must_wait
from workbench.tui.state.pins import AUTO
from workbench.tui.verbs import Verb

_QUESTION = (
    "Only private providers will read it from now on. This cannot be undone, and what was asked before has been read"
    " by whoever answered."
)


class Privacy:
    """Draws the boundary of the open conversation."""

    def __init__(self, pane: Pane) -> None:
        """Works on the open conversation."""
        self._pane = pane

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"toggle_private": self.toggle}

    def toggle(self, _: str = "") -> None:
        """Make the open conversation private, or an empty one public again; asks when there is no way back."""
        slot = self._pane.desk.slot
        if not self._pane.desk.opened.is_set():
            # What is typed now may go to a conversation that is still being read.
            self._pane.host.tell("No conversation is open yet; try again in a moment.", warning=True)
        elif slot.private and (slot.conversation_id or slot.sending):
            self._pane.host.tell("This conversation is private, and stays so: it has messages.")
        elif slot.private:
            slot.private = False
            self._remember(slot)
            self._pane.redraw()
            self._pane.host.tell("This conversation is not private.")
        elif must_wait(self._pane, "the conversation can be made private"):
            return
        elif slot.conversation_id:
            from workbench.tui.screens.confirm import ConfirmScreen

            def answered(sure: bool | None) -> None:
                if sure:
                    self._pane.host.start_work(self._make(slot), group="private")

            question = ConfirmScreen("Make this conversation private?", _QUESTION, yes="Make it so")
            self._pane.open_dialog(question, answered)
        else:
            self._draw_boundary(slot)
            self._remember(slot)

    def _remember(self, slot: Slot) -> None:
        # Its unsent text is kept, so the boundary around it is kept too.
        if slot.temporary:
            return
        self._pane.host.start_work(self._pane.shell.remember(new_is_private=slot.private), group="remember")

    async def _make(self, slot: Slot) -> None:
        await self._pane.desk.call(slot, lambda core: core.conversations.make_private(slot.conversation_id))
        self._draw_boundary(slot)
        await self._pane.desk.keep_pin(slot)

    def _draw_boundary(self, slot: Slot) -> None:
        slot.private = True
        names = self._pane.shell.private_providers
        if slot.pin.provider is not None and slot.pin.provider not in names:
            slot.pin = AUTO
        self._pane.redraw()
        if names:
            self._pane.host.tell(f"Private: only {', '.join(names)} may answer.")
        else:
            self._pane.host.tell("Private, but no private provider can be asked.", warning=True)
