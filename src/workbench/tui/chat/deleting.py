"""Deleting, and taking that back: messages with what follows them, and whole conversations."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.core.errors import NotFoundError
from workbench.core.text import clean_line
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.list_feed import ListFeed
from workbench.tui.chat.opening import Opening
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.targets import ANY, must_wait, stored_id
from workbench.tui.organizing.organizing import Organizing
from workbench.tui.verbs import Verb
from workbench.tui.widgets.conversation_list import ConversationList

_TITLE = 40


class Deleting:
    """Hides at once and asks nothing, because everything can be brought back."""

    def __init__(
        self, pane: Pane, listed: tuple[ConversationList, ListFeed], opening: Opening, organizing: Organizing
    ) -> None:
        """`listed` is the list of conversations with what feeds it; what `organizing` changed last is undone first."""
        self._pane, self._opening, self._organizing = pane, opening, organizing
        self._listed, self._list_feed = listed
        self._gone: list[str] = []
        """Conversations deleted last in this run, without anything else deleted since."""

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {
            "delete_message": self.delete_message,
            "undo_delete": self.undo,
            "delete_conversation": self.delete_open,
            "delete_listed": self.delete_listed,
            "undo_listed": self.undo_listed,
        }

    # -- messages ----------------------------------------------------------------------------------------------

    def delete_message(self, _: str = "") -> None:
        """Delete the message at the bar, else the last one, with all that follows it."""
        pane, slot = self._pane, self._pane.desk.slot
        message_id = stored_id(
            pane, ANY, what="messages can be deleted", nothing="There is no message to delete here."
        )  # fmt: skip
        if message_id:
            pane.host.start_work(self._delete(slot, message_id), group="delete")

    async def _delete(self, slot: Slot, message_id: str) -> None:
        deleted = await self._pane.desk.call(
            slot, lambda core: core.trash.delete_message(slot.conversation_id, message_id)
        )
        self._gone.clear()
        self._organizing.forget()
        above = slot.order[: slot.order.index(message_id)][-1:] if message_id in slot.order else []
        await self._show(slot, above[0] if above else "")
        back = "it" if deleted.messages == 1 else "them"
        self._pane.host.tell(f"{_messages(deleted.messages)} deleted. u, or /undo, brings {back} back.")

    def undo(self, _: str = "") -> None:
        """Take the last deletion back: of this conversation, or of the conversation that was deleted just now."""
        slot = self._pane.desk.slot
        if self._organizing.can_undo:
            self._organizing.undo()
        elif self._gone or not slot.conversation_id:
            self.restore_conversation()
        elif not must_wait(self._pane, "a deletion can be taken back"):
            self._pane.host.start_work(self._undo(slot), group="delete")

    async def _undo(self, slot: Slot) -> None:
        restored = await self._pane.desk.call(slot, lambda core: core.trash.restore_message(slot.conversation_id))
        await self._show(slot, restored.message_id)
        self._pane.host.tell(f"{_messages(restored.messages)} back.")

    async def _show(self, slot: Slot, message_id: str) -> None:
        slot.siblings.clear()
        if slot.edit is not None and slot is self._pane.desk.slot:
            # The prompt that is being edited may be gone; what was written instead of it stays.
            other = "" if slot.draft == slot.edit.shown else slot.draft
            slot.draft = "\n\n".join(part for part in (slot.edit.before, other) if part)
            slot.edit = None
        await self._pane.desk.read_branch(slot, message_id)
        if slot is self._pane.desk.slot:
            self._pane.show_slot()
            self._pane.feed.put_cursor(message_id)

    # -- conversations -----------------------------------------------------------------------------------------

    def delete_open(self, _: str = "") -> None:
        """Delete the open conversation."""
        slot = self._pane.desk.slot
        if slot.conversation_id:
            self._begin_deleting(slot.conversation_id, slot.title)
        else:
            self._pane.host.tell("This conversation has not begun; there is nothing to delete.")

    def delete_listed(self) -> None:
        """Delete the conversation under the cursor of the list."""
        row = self._listed.rows[self._listed.cursor] if self._listed.rows else None
        if row is not None:
            self._begin_deleting(row.conversation_id, row.title)

    def _begin_deleting(self, conversation_id: str, title: str) -> None:
        slot = self._pane.desk.known(conversation_id)
        if slot is not None and self._pane.desk.running(slot):
            self._pane.host.tell("A reply is being written in it. Stop it first; then it can be deleted.")
        else:
            self._pane.host.start_work(self._delete_conversation(conversation_id, title), group="delete")

    async def _delete_conversation(self, conversation_id: str, title: str) -> None:
        slot = self._pane.desk.known(conversation_id) or Slot()
        await self._pane.desk.call(slot, lambda core: core.trash.delete_conversation(conversation_id))
        slot.deleted = True
        self._gone.append(conversation_id)
        self._organizing.forget()
        in_list = self._listed.has_focus
        if conversation_id == self._pane.desk.slot.conversation_id:
            self._opening.begin_new()
        if in_list:
            self._listed.focus()
        self._list_feed.read_soon()
        self._pane.host.tell(f"Deleted: {_short(title)}. u in the list, or /undo, brings it back.")

    def undo_listed(self) -> None:
        """Take back what was changed last in the list, else bring back the conversation that was deleted last."""
        if self._organizing.can_undo:
            self._organizing.undo()
        else:
            self.restore_conversation()

    def restore_conversation(self) -> None:
        """Bring back the conversation that was deleted last, and open it."""
        self._pane.host.start_work(self._restore_conversation(), group="delete")

    async def _restore_conversation(self) -> None:
        try:
            slot = (self._pane.desk.known(self._gone[-1]) if self._gone else None) or Slot()
            restored = await self._pane.desk.call(slot, lambda core: core.trash.restore_conversation())
        except NotFoundError:
            # Brought back elsewhere: the next undo is about messages again.
            self._gone.clear()
            raise
        self._gone = [one for one in self._gone if one != restored.id]
        slot.deleted = False
        self._list_feed.read_soon()
        self._opening.open(restored.id)
        self._pane.host.tell(f"Back: {_short(restored.title)}.")


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"


def _short(title: str) -> str:
    return clean_line(title, _TITLE) or "untitled"
