"""The composer: a growing text field in which enter sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import TextArea

from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.values import Scope
from workbench.tui.state.pastes import LARGE, Pastes

_LIST_KEYS = frozenset({"up", "down", "tab", "enter", "escape"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What the keys of the composer do beyond its text."""

    submit: Callable[[str], None]
    """Enter was pressed; gets all of the text, pastes included."""
    completion_key: Callable[[str], bool]
    """A key for the list of completions, while it is open; False when what was typed since has closed it."""
    recall: Callable[[int], None]
    """An earlier (1) or later (-1) prompt is wanted."""


class Composer(TextArea, inherit_bindings=True):
    """Where a message is written. Large pastes are put aside behind a short mark; `whole_text` has everything."""

    HELP = "Write a message. Enter sends it; a line that begins with / is a command."
    BORDER_TITLE = "Ask"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(Scope.COMPOSER)]

    def __init__(self, *, id: str | None = None) -> None:
        """Empty; what its keys mean is told by `listen`."""
        super().__init__(
            soft_wrap=True, tab_behavior="focus", show_line_numbers=False, id=id, highlight_cursor_line=False,
            placeholder=Content("Type a message, or / for commands"),
        )  # fmt: skip
        self.pastes = Pastes()
        self.completing = False
        """Whether a list of completions is open, which then gets up, down, tab, enter and escape."""
        self.recalling = False
        """Whether an earlier prompt is shown, so that down leads back."""
        self._writing: Writing | None = None

    def listen(self, writing: Writing) -> None:
        """Tell `writing` of enter and of the keys of lists.

        It is called at once and not by a message: the next keys of somebody who types ahead would come first, and
        what they wrote would be sent twice or wiped out.
        """
        self._writing = writing

    @property
    def whole_text(self) -> str:
        """Everything that was typed and pasted."""
        return self.pastes.expand(self.text)

    @property
    def character_count(self) -> int:
        """Length of `whole_text`, without building it."""
        return len(self.text) if not self.pastes.hidden_characters else len(self.whole_text)

    def show_text(self, text: str) -> None:
        """Replace everything; a large text is put aside like a paste. The cursor goes to the end."""
        self.pastes.forget_all()
        self.load_text(self.pastes.put_aside(text) if len(text) >= LARGE else text)
        self.move_cursor(self.document.end)

    def clear_all(self) -> None:
        """Empty it."""
        self.pastes.forget_all()
        self.load_text("")

    def action_newline(self) -> None:
        """Begin a new line at the cursor."""
        self.insert("\n")

    async def _on_key(self, event: events.Key) -> None:
        # Textual calls the handlers of the classes below after this one, unless it says otherwise.
        key, writing = event.key, self._writing
        if writing is None:
            return
        if self.completing and key in _LIST_KEYS and writing.completion_key(key):
            self._keep(event)
        elif key == "enter":
            self._keep(event)
            self._enter(writing)
        elif key == "up" and self.cursor_at_first_line and self.selection.is_empty and not self._wrapped_above():
            self._keep(event)
            writing.recall(1)
        elif key == "down" and self.recalling and self.cursor_at_last_line:
            self._keep(event)
            writing.recall(-1)
        elif key == "backspace" and self._delete_mark():
            self._keep(event)

    def _keep(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()

    def _wrapped_above(self) -> bool:
        return self.wrapped_document.location_to_offset(self.cursor_location).y > 0

    def _enter(self, writing: Writing) -> None:
        row, column = self.cursor_location
        if column and self.document.get_line(row)[column - 1] == "\\":
            self.replace("\n", (row, column - 1), (row, column))
            return
        writing.submit(self.whole_text)

    def _delete_mark(self) -> bool:
        if not self.selection.is_empty:
            return False
        row, column = self.cursor_location
        mark = self.pastes.mark_before(self.document.get_line(row)[:column])
        if not mark:
            return False
        self.delete((row, column - len(mark)), (row, column))
        return True

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        if len(event.text) >= LARGE:
            event.prevent_default()
            # Terminals send pasted lines with CR between them; of small pastes the text area makes lines itself.
            self.insert(self.pastes.put_aside(event.text.replace("\r\n", "\n").replace("\r", "\n")))
