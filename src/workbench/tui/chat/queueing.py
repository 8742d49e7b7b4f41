"""What a person does with the prompts that wait for the running reply."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.verbs import Verb
from workbench.tui.widgets.queue_list import QueueList, Waiting


class Queueing:
    """Edits, removes and moves waiting prompts; what was removed can be brought back until the list is left."""

    def __init__(self, pane: Pane, listed: QueueList) -> None:
        """`listed` shows them."""
        self._pane, self._listed = pane, listed
        self._removed: list[tuple[int, str]] = []
        self._removed_from: Slot | None = None

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {
            "edit_waiting": self.edit,
            "remove_waiting": self.remove,
            "restore_waiting": self.restore,
            "move_waiting": self.move,
            "show_waiting": self.enter,
        }

    def draw(self) -> None:
        """Show what waits in the open conversation."""
        slot = self._pane.desk.slot
        if slot is not self._removed_from:
            self._removed.clear()
        rows = [Waiting(text=text) for text in slot.queue]
        if self._removed:
            place, text = self._removed[-1]
            rows.insert(min(place, len(rows)), Waiting(text=text, removed=True))
        had_focus = self._listed.has_focus
        self._listed.show_rows(rows)
        if had_focus and not rows:
            self._pane.composer.focus()

    def enter(self) -> bool:
        """Go to the list, to the prompt that has waited shortest; False when none waits."""
        if not self._pane.desk.slot.queue:
            return False
        self._listed.put_cursor(len(self._pane.desk.slot.queue) - 1)
        self._listed.focus()
        return True

    def left(self, *, to_composer: bool) -> None:
        """The list was left: what was removed is gone."""
        self._removed.clear()
        if to_composer:
            self._pane.composer.focus()
        self.draw()

    def edit(self) -> None:
        """Take the current prompt out of the queue and into the composer."""
        place = self._place()
        if place is not None:
            self._removed.clear()
            self._pane.composing.return_unsent(self._pane.desk.slot.queue.pop(place))
            self._pane.composer.focus()
            self._pane.redraw()

    def remove(self) -> None:
        """Take the current prompt out; `restore` brings it back."""
        place = self._place()
        if place is not None:
            self._removed_from = self._pane.desk.slot
            self._removed.append((place, self._pane.desk.slot.queue.pop(place)))
            self._changed()

    def restore(self) -> None:
        """Bring back what was removed last; into the composer when the reply has ended that it waited for."""
        if not self._removed:
            return
        place, text = self._removed.pop()
        if not self._pane.desk.running(self._pane.desk.slot):
            self._pane.composing.return_unsent(text)
            self._pane.composer.focus()
            self._pane.redraw()
        else:
            queue = self._pane.desk.slot.queue
            queue.insert(min(place, len(queue)), text)
            self._changed()
            self._listed.put_cursor(place)

    def move(self, step: int) -> None:
        """Let the current prompt be sent earlier (-1) or later (1)."""
        place, queue = self._place(), self._pane.desk.slot.queue
        if place is not None and 0 <= place + step < len(queue):
            self._removed.clear()
            queue[place], queue[place + step] = queue[place + step], queue[place]
            self._changed()
            self._listed.put_cursor(place + step)

    def _changed(self) -> None:
        # The draft keeps what waits.
        self._pane.composing.save_soon()
        self._pane.redraw()

    def _place(self) -> int | None:
        """Where the current line is in the queue; None on one that was removed."""
        place = self._listed.cursor
        if self._removed:
            gone = min(self._removed[-1][0], len(self._pane.desk.slot.queue))
            if place == gone:
                return None
            place -= place > gone
        return place if place < len(self._pane.desk.slot.queue) else None
