"""Conversations that only private providers may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workbench.tui.chat.desk import Desk, Slot
from workbench.tui.chat.dialogs import OpenDialog
from workbench.tui.host import Host
from workbench.tui.shell import Shell
from workbench.tui.state.switching import AUTO
from workbench.tui.verbs import Verb

_QUESTION = (
    "Only private providers will read it from now on. This cannot be undone, and what was asked before has been read"
    " by whoever answered."
)


class Privacy:
    """Draws the boundary of the open conversation."""

    def __init__(
        self, host: Host, shell: Shell, desk: Desk, open_dialog: OpenDialog, redraw: Callable[[], None]
    ) -> None:  # fmt: skip
        """`redraw` is called when a boundary was drawn or taken away."""
        self._host, self._shell, self._desk = host, shell, desk
        self._open_dialog, self._redraw = open_dialog, redraw

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"toggle_private": self.toggle}

    def toggle(self, _: str = "") -> None:
        """Make the open conversation private, or an empty one public again; asks when there is no way back."""
        slot = self._desk.slot
        if not self._desk.opened.is_set():
            # What is typed now may go to a conversation that is still being read.
            self._host.tell("No conversation is open yet; try again in a moment.", warning=True)
        elif slot.private and (slot.conversation_id or slot.sending):
            self._host.tell("This conversation is private, and stays so: it has messages.")
        elif slot.private:
            slot.private = False
            self._remember(slot)
            self._redraw()
            self._host.tell("This conversation is not private.")
        elif self._desk.running(slot):
            self._host.tell("A reply is being written. esc stops it; then the conversation can be made private.")
        elif slot.conversation_id:
            from workbench.tui.screens.confirm import ConfirmScreen

            def answered(sure: bool | None) -> None:
                if sure:
                    self._host.start_work(self._make(slot), group="private")

            self._open_dialog(ConfirmScreen("Make this conversation private?", _QUESTION, yes="Make it so"), answered)
        else:
            self._draw_boundary(slot)
            self._remember(slot)

    def _remember(self, slot: Slot) -> None:
        # Its unsent text is kept, so the boundary around it is kept too.
        self._host.start_work(self._shell.remember(new_is_private=slot.private), group="remember")

    async def _make(self, slot: Slot) -> None:
        await self._shell.call(lambda core: core.conversations.make_private(slot.conversation_id))
        self._draw_boundary(slot)
        await self._desk.keep_pin(slot)

    def _draw_boundary(self, slot: Slot) -> None:
        slot.private = True
        names = self._shell.private_providers
        if slot.pin.provider is not None and slot.pin.provider not in names:
            slot.pin = AUTO
        self._redraw()
        if names:
            self._host.tell(f"Private: only {', '.join(names)} may answer.")
        else:
            self._host.tell("Private, but no private provider can be asked.", warning=True)
