"""Temporary conversations: they leave nothing on disk, and end with the program unless they are kept."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.tui.actions.registry import action_by_id
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.drafting import DraftKeeper
from workbench.tui.chat.list_feed import ListFeed
from workbench.tui.chat.pane import Pane
from workbench.tui.verbs import Verb


def question_of_end(count: int) -> str:
    """What to say of `count` temporary conversations before the program ends; empty for none."""
    if not count:
        return ""
    keep = action_by_id("chat.keep_temporary").way
    if count == 1:
        return f"1 temporary conversation will be gone: it is stored nowhere. {keep} in it keeps it."
    return f"{count} temporary conversations will be gone: they are stored nowhere. {keep} in one keeps it."


class Temporary:
    """Begins temporary conversations, and stores those that turn out to be worth it."""

    def __init__(self, pane: Pane, drafts: DraftKeeper, list_feed: ListFeed) -> None:
        """Works on the open conversation."""
        self._pane, self._drafts, self._list_feed = pane, drafts, list_feed

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"begin_temporary": self.begin, "keep_temporary": self.keep}

    def begin(self, _: str = "") -> None:
        """Begin an empty conversation that leaves nothing on disk."""
        pane = self._pane
        if not pane.desk.opened.is_set():
            # What is typed now may go to a conversation that is still being read.
            pane.host.tell("No conversation is open yet; try again in a moment.", warning=True)
            return
        pane.composing.changed()
        before = pane.desk.slot
        pane.desk.new(temporary=True)
        pane.show_slot()
        pane.composer.focus()
        pane.host.start_work(self._leave(before), group="open", exclusive=True)
        pane.host.tell("Temporary: nothing of it is stored, and it ends with workbench. /keep stores it after all.")

    async def _leave(self, before: Slot) -> None:
        await self._drafts.save(before)
        await self._pane.shell.remember(conversation_id="")

    def keep(self, _: str = "") -> None:
        """Store the open conversation after all."""
        slot = self._pane.desk.slot
        if not slot.temporary:
            self._pane.host.tell("This conversation is stored already.")
        elif self._pane.desk.running(slot):
            self._pane.host.tell("A reply is being written. When it is done, or esc has stopped it, it can be kept.")
        elif slot.conversation_id:
            self._pane.host.start_work(self._keep(slot), group="keep", exclusive=True)
        else:
            slot.temporary = False
            self._drafts.changed()
            self._pane.redraw()
            self._pane.host.tell("This conversation will be stored.")

    async def _keep(self, slot: Slot) -> None:
        pane = self._pane
        await pane.shell.call(lambda core: core.keep_temporary(slot.conversation_id))
        slot.temporary = False
        await self._drafts.save(slot)
        await pane.shell.remember(conversation_id=pane.desk.slot.conversation_id)
        self._list_feed.read_soon()
        pane.redraw()
        pane.host.tell("Kept: this conversation is stored like any other from now on.")
