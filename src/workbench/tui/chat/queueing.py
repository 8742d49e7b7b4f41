"""What a person does with the prompts that wait for the running reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workbench.tui.chat.composing import Composing
from workbench.tui.chat.desk import Desk, Slot
from workbench.tui.verbs import Verb
from workbench.tui.widgets.composer import Composer
from workbench.tui.widgets.queue_list import QueueList, Waiting


class Queueing:
    """Edits, removes and moves waiting prompts; what was removed can be brought back until the list is left."""

    def __init__(
        self, desk: Desk, listed: QueueList, composer: Composer, composing: Composing, redraw: Callable[[], None]
    ) -> None:
        """`redraw` is called after each step."""
        self._desk, self._listed, self._composer = desk, listed, composer
        self._composing, self._redraw = composing, redraw
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
        slot = self._desk.slot
        if slot is not self._removed_from:
            self._removed.clear()
        rows = [Waiting(text=text) for text in slot.queue]
        if self._removed:
            place, text = self._removed[-1]
            rows.insert(min(place, len(rows)), Waiting(text=text, removed=True))
        had_focus = self._listed.has_focus
        self._listed.show_rows(rows)
        if had_focus and not rows:
            self._composer.focus()

    def enter(self) -> bool:
        """Go to the list, to the prompt that has waited shortest; False when none waits."""
        if not self._desk.slot.queue:
            return False
        self._listed.put_cursor(len(self._desk.slot.queue) - 1)
        self._listed.focus()
        return True

    def left(self, *, to_composer: bool) -> None:
        """The list was left: what was removed is gone."""
        self._removed.clear()
        if to_composer:
            self._composer.focus()
        self.draw()

    def edit(self) -> None:
        """Take the current prompt out of the queue and into the composer."""
        place = self._place()
        if place is not None:
            self._removed.clear()
            self._composing.return_unsent(self._desk.slot.queue.pop(place))
            self._composer.focus()
            self._redraw()

    def remove(self) -> None:
        """Take the current prompt out; `restore` brings it back."""
        place = self._place()
        if place is not None:
            self._removed_from = self._desk.slot
            self._removed.append((place, self._desk.slot.queue.pop(place)))
            self._changed()

    def restore(self) -> None:
        """Bring back what was removed last; into the composer when the reply has ended that it waited for."""
        if not self._removed:
            return
        place, text = self._removed.pop()
        if not self._desk.running(self._desk.slot):
            self._composing.return_unsent(text)
            self._composer.focus()
            self._redraw()
        else:
            queue = self._desk.slot.queue
            queue.insert(min(place, len(queue)), text)
            self._changed()
            self._listed.put_cursor(place)

    def move(self, step: int) -> None:
        """Let the current prompt be sent earlier (-1) or later (1)."""
        place, queue = self._place(), self._desk.slot.queue
        if place is not None and 0 <= place + step < len(queue):
            self._removed.clear()
            queue[place], queue[place + step] = queue[place + step], queue[place]
            self._changed()
            self._listed.put_cursor(place + step)

    def _changed(self) -> None:
        # The draft keeps what waits.
        self._composing.save_soon()
        self._redraw()

    def _place(self) -> int | None:
        """Where the current line is in the queue; None on one that was removed."""
        place = self._listed.cursor
        if self._removed:
            gone = min(self._removed[-1][0], len(self._desk.slot.queue))
            if place == gone:
                return None
            place -= place > gone
        return place if place < len(self._desk.slot.queue) else None
