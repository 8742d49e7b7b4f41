"""Putting a prompt in other words: a branch of its own, beside the one that stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.desk import Edit, Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.targets import SAID, stored_id
from workbench.tui.verbs import Verb

_NOTHING = "There is no prompt to edit here."


class Editing:
    """Brings a prompt into the composer; what stood there comes back afterwards."""

    def __init__(self, pane: Pane, save_soon: Callable[[], None]) -> None:
        """`save_soon` is called whenever the unsent text has changed."""
        self._pane, self._save_soon = pane, save_soon

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"edit_prompt": self.begin}

    def begin(self, _: str = "") -> None:
        """Edit the prompt at the bar, or that of the reply at the bar; without a bar the last one."""
        pane, slot = self._pane, self._pane.desk.slot
        message_id = stored_id(pane, SAID, what="a prompt can be edited", nothing=_NOTHING)
        if message_id:
            pane.host.start_work(self._begin(slot, message_id), group="edit", exclusive=True)

    async def _begin(self, slot: Slot, message_id: str) -> None:
        desk = self._pane.desk
        message = slot.messages.get(message_id) or await desk.call(
            slot, lambda core: core.conversations.message(message_id)
        )
        while message.role != "user":
            above = message.parent_id
            if above is None:
                self._pane.host.tell(_NOTHING)
                return
            message = slot.messages.get(above) or await desk.call(
                slot, lambda core, above=above: core.conversations.message(above)
            )
        if slot is self._pane.desk.slot and not self._pane.desk.running(slot):
            self._show(slot, message.id, message.text)

    def _show(self, slot: Slot, prompt_id: str, text: str) -> None:
        self._leave(slot)
        before = slot.draft
        composing = self._pane.composing
        composing.show(text)
        slot.edit = Edit(message_id=prompt_id, shown=slot.draft, before=before)
        kept = slot.kept_edits.pop(prompt_id, "")
        if kept:
            composing.show_unsent(kept)
        self._save_soon()
        self._pane.redraw()
        self._pane.composer.focus()

    def cancel(self) -> bool:
        """Bring back what stood in the composer; False when no prompt is being edited there."""
        slot = self._pane.desk.slot
        # Once it was handed over it is stored as what it was begun as; `sent` ends the edit.
        if slot.edit is None or slot.sending or not self._pane.composer.has_focus:
            return False
        if self._leave(slot):
            self._pane.host.tell("Nothing was changed. e on the prompt brings your new wording back.")
        self._save_soon()
        self._pane.redraw()
        return True

    def _leave(self, slot: Slot) -> bool:
        """End an edit; whether there were other words in it, which are kept for the next time."""
        edit = slot.edit
        if edit is None:
            return False
        changed = bool(slot.draft.strip()) and slot.draft != edit.shown
        if changed:
            slot.kept_edits[edit.message_id] = slot.draft
        slot.edit = None
        self._pane.composing.show_unsent(edit.before)
        return changed

    async def sent(self, slot: Slot) -> None:
        """The new wording is stored: show its branch, and what stood in the composer before."""
        edit = slot.edit
        if edit is None:
            return
        slot.edit = None
        current = slot is self._pane.desk.slot
        # What was typed since follows what was there before.
        slot.draft = "\n\n".join(part for part in (edit.before, slot.draft) if part)
        slot.siblings.clear()
        try:
            await self._pane.desk.read_branch(slot)
        except WorkbenchError as problem:
            # It was sent all the same.
            self._pane.host.show_failure(problem)
        if current and slot is self._pane.desk.slot:
            self._pane.show_slot()
