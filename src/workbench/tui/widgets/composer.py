"""The composer: a growing text field in which enter sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.values import Scope
from workbench.tui.state.files import Attachments, mention_before, without_signs
from workbench.tui.state.pastes import LARGE, Amount, Pastes

_LIST_KEYS = frozenset({"up", "down", "tab", "enter", "escape"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What the keys of the composer do beyond its text."""

    submit: Callable[[str], None]
    """Enter was pressed; gets all of the text, pastes included, as it is kept while it is unsent."""
    completion_key: Callable[[str], bool]
    """A key for the list of completions, while it is open; False when what was typed since has closed it."""
    recall: Callable[[int], None]
    """An earlier (1) or later (-1) prompt is wanted."""


class Composer(TextArea, inherit_bindings=True):
    """Where a message is written. Short marks stand for large pastes and for files; `whole_text` has everything."""

    HELP = "Write a message. Enter sends it; a line that begins with / is a command, @ brings a file along."
    BORDER_TITLE = "Ask"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(Scope.COMPOSER)]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"composer--mark"}

    def __init__(self, *, id: str | None = None) -> None:
        """Empty; what its keys mean is told by `listen`."""
        super().__init__(
            soft_wrap=True, tab_behavior="focus", show_line_numbers=False, id=id, highlight_cursor_line=False,
            placeholder=Content("Type a message, / commands, @ files"),
        )  # fmt: skip
        self.pastes = Pastes()
        self.files = Attachments()
        self.completing = False
        """Whether a list of completions is open, which then gets up, down, tab, enter and escape."""
        self.recalling = False
        """Whether an earlier prompt is shown, so that down leads back."""
        self.enter_is_newline = False
        """Whether enter begins a new line and ctrl+j sends."""
        self._writing: Writing | None = None
        self._dressed: TextAreaTheme | None = None
        """The theme that has the styles of now."""

    def listen(self, writing: Writing) -> None:
        """Tell `writing` of enter and of the keys of lists.

        It is called at once and not by a message: the next keys of somebody who types ahead would come first, and
        what they wrote would be sent twice or wiped out.
        """
        self._writing = writing

    @property
    def whole_text(self) -> str:
        """Everything that was typed and pasted, as it is kept while it is unsent: files by what names them."""
        return self.pastes.expand(self.files.to_unsent(self.text))

    @property
    def amount(self) -> Amount:
        """How much `whole_text` is, without building it; a file counts as its mark."""
        return self.pastes.amount_of(self.text)

    @property
    def mention(self) -> str | None:
        """What was typed after the `@` before the cursor; None when the cursor is not in such a word."""
        if not self.selection.is_empty:
            return None
        row, column = self.cursor_location
        return mention_before(self.document.get_line(row)[:column])

    def take_mention(self, mention: str, replacement: str) -> None:
        """Put `replacement` in the place of the mention before the cursor."""
        row, column = self.cursor_location
        self.replace(replacement, (row, column - len(mention) - 1), (row, column), maintain_selection_offset=False)

    def show_text(self, unsent: str) -> None:
        """Replace everything; a large text is put aside like a paste, files get their marks. The cursor goes last."""
        self.pastes.forget_all()
        self.files.forget_all()
        pieces = self.files.pieces(unsent)
        self.load_text("".join(
            self.pastes.put_aside(piece) if len(piece) >= LARGE and not is_mark else piece
            for piece, is_mark in pieces
        ))  # fmt: skip
        self.move_cursor(self.document.end)

    def clear_all(self) -> None:
        """Empty it."""
        self.pastes.forget_all()
        self.files.forget_all()
        self.load_text("")

    def unfold_paste(self, most_characters: int) -> bool | None:
        """Put the text of the mark at the cursor, else of the last one, in its place.

        False when it is longer than `most_characters`, None when there is no paste.
        """
        shown = [mark for mark in self.pastes.marks if mark in self.text]
        if not shown:
            return None
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        mark = next((mark for mark in shown if before.endswith(mark)), shown[-1])
        text = self.pastes.text_behind(mark)
        if len(text) > most_characters:
            return False
        at = next(row for row in range(self.document.line_count) if mark in self.document.get_line(row))
        begin = self.document.get_line(at).index(mark)
        self.replace(text, (at, begin), (at, begin + len(mark)), maintain_selection_offset=False)
        return True

    def render_lines(self, crop: Region) -> list[Strip]:
        """Its lines; whenever they are painted the terminal's cursor goes to the caret.

        Textual moves it when the caret moves, which is before the layout that a new line or another window brings.
        """
        if self.has_focus:
            # Textual declares its application without the type of its result.
            cast("Any", self).app.cursor_position = self.cursor_screen_offset
        theme = self._theme
        if theme is not self._dressed:
            theme.apply_css(self)
            self._dressed = theme
        # Not the text area's own: it looks all of its styles up again for every key.
        return super(TextArea, self).render_lines(crop)

    def notify_style_update(self) -> None:
        """A theme, a class or the focus has changed: the next painting looks the styles up again."""
        self._dressed = None
        super().notify_style_update()

    def get_line(self, line_index: int) -> Text:
        """A line with its marks told apart from what was typed."""
        line = super().get_line(line_index)
        marks = [mark for mark in (*self.files.marks, *self.pastes.marks) if mark in line.plain]
        if marks:
            style = self.get_component_rich_style("composer--mark")
            for mark in marks:
                begin = line.plain.index(mark)
                line.stylize(style, begin, begin + len(mark))
        return line

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
        elif key in ("enter", "ctrl+j"):
            self._keep(event)
            self._enter(writing, begins_line=(key == "enter") is self.enter_is_newline)
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

    def _enter(self, writing: Writing, *, begins_line: bool) -> None:
        row, column = self.cursor_location
        if begins_line:
            self.action_newline()
        elif not self.enter_is_newline and column and self.document.get_line(row)[column - 1] == "\\":
            self.replace("\n", (row, column - 1), (row, column))
        else:
            writing.submit(self.whole_text)

    def _delete_mark(self) -> bool:
        if not self.selection.is_empty:
            return False
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        mark = next((mark for mark in (*self.files.marks, *self.pastes.marks) if before.endswith(mark)), "")
        if not mark:
            return False
        self.delete((row, column - len(mark)), (row, column))
        return True

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        text = without_signs(event.text)
        if len(text) >= LARGE:
            event.prevent_default()
            # Terminals send pasted lines with CR between them; of small pastes the text area makes lines itself.
            mark = self.pastes.put_aside(text.replace("\r\n", "\n").replace("\r", "\n"))
            self.replace(mark, *self.selection, maintain_selection_offset=False)
