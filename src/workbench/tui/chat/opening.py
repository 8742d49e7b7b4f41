"""Laying conversations open: the first one, another one, an empty one."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.tui.chat.desk import PAGE, Slot
from workbench.tui.chat.drafting import DraftKeeper
from workbench.tui.chat.pane import Pane
from workbench.tui.verbs import Verb


class Opening:
    """Moves from one conversation to another; what is unsent is kept on the way."""

    def __init__(self, pane: Pane, drafts: DraftKeeper) -> None:
        """Nothing is opened yet."""
        self._pane, self._drafts = pane, drafts

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"new_conversation": self.begin_new}

    async def open_first(self, reference: str) -> None:
        """Open the conversation that the application begins with; tells why it cannot when it was asked for."""
        pane = self._pane
        problem = await pane.desk.open_first(reference)
        if problem is not None and reference != pane.shell.remembered.conversation_id:
            pane.host.show_failure(problem)
        pane.show_slot()
        self._drafts.changed()

    def open(self, reference: str, message_id: str = "") -> None:
        """Lay another conversation open, with the cursor on a message."""
        self._pane.host.start_work(self.lay_open(reference, message_id), group="open", exclusive=True)

    async def lay_open(self, reference: str, message_id: str = "") -> None:
        """The same, awaited. Raises `NotFoundError`."""
        await self._drafts.save_now()
        desk = self._pane.desk
        slot = await desk.open(reference)
        if message_id and message_id not in slot.messages:
            await desk.read_branch(slot, message_id)
        if message_id and message_id not in slot.messages:
            # It stands on another branch.
            conversation_id = slot.conversation_id
            await desk.call(slot, lambda core: core.conversations.choose(conversation_id, message_id))
            await desk.read_branch(slot, message_id)
        self._pane.show_slot()
        if message_id in slot.messages:
            self._pane.feed.put_cursor(message_id)
            self._pane.transcript.focus()
        else:
            self._pane.composer.focus()

    async def lay_after(self, reference: str, message_id: str) -> None:
        """Lay another conversation open down to a message, for a prompt that follows it. Raises `NotFoundError`."""
        await self._drafts.save_now()
        desk = self._pane.desk
        slot = await desk.open(reference)
        if not slot.order or slot.order[-1] != message_id:
            # Nothing is stored before the prompt is.
            id_ = slot.conversation_id
            slot.show_page(
                await desk.call(slot, lambda core: core.conversations.path(id_, leaf_id=message_id, newest=PAGE))
            )
            slot.after_id = message_id
        self._pane.show_slot()
        self._pane.composer.focus()

    def show_whole(self) -> bool:
        """Let the next prompt follow the end of the branch in force; False when it does."""
        slot = self._pane.desk.slot
        if not slot.after_id or slot.sending or not self._pane.composer.has_focus:
            return False
        slot.after_id = ""
        self._pane.host.start_work(self._show_whole(slot), group="open", exclusive=True)
        return True

    async def _show_whole(self, slot: Slot) -> None:
        await self._pane.desk.read_branch(slot)
        if slot is self._pane.desk.slot:
            self._pane.show_slot()

    def begin_new(self, _: str = "") -> None:
        """Begin an empty conversation."""
        before = self._pane.desk.slot
        if self._pane.desk.opened.is_set():
            self._show_new()
        self._pane.host.start_work(self._new(before), group="open", exclusive=True)

    def _show_new(self) -> None:
        self._pane.composing.changed()
        self._pane.desk.new()
        self._pane.show_slot()
        self._pane.composer.focus()

    async def _new(self, before: Slot) -> None:
        desk = self._pane.desk
        if not desk.opened.is_set():
            await desk.opened.wait()
            before = desk.slot
            self._show_new()
        await self._drafts.save(before)
        slot = desk.slot
        if await desk.read_new(slot) and slot is desk.slot:
            self._pane.composing.show_slot()
        await self._pane.shell.remember(conversation_id="")
