"""The list of conversations, drawn line by line, so that ten thousand cost no more than ten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.values import Scope
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.markdown.textlines import cells, clip
from workbench.tui.safe import set_border_subtitle

if TYPE_CHECKING:
    from workbench.tui.state.rows import Row

_AGE_WIDTH = 5
_NEAR_THE_END = 10


def _lines_of(rows: list[Row]) -> list[int | str]:
    from workbench.tui.state.rows import lines_of

    return lines_of(rows)


class ConversationList(ScrollView, can_focus=True):
    """Pinned ones, then newest first; enter or a click opens. The open one is marked, a running one has a glyph."""

    HELP = """\
Your conversations: pinned ones, then the newest first. Enter opens the one under the cursor. A diamond marks a private
one, a ring a temporary one, which is stored nowhere, a triangle one whose reply broke off
and waits for your decision.
"""
    BORDER_TITLE = "Conversations"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "conversations--text", "conversations--muted", "conversations--accent", "conversations--cursor",
        "conversations--warning",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of(Scope.CONVERSATIONS),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Page up", show=False),
        Binding("pagedown", "move(10)", "Page down", show=False),
        Binding("home", "move(-1000000)", "First", show=False),
        Binding("end", "move(1000000)", "Last", show=False),
    ]

    @dataclass
    class Opened(Message):
        """A conversation was chosen."""

        conversation_id: str

    @dataclass
    class MoreWanted(Message):
        """The cursor comes near the end of what is loaded."""

        loaded: int

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Empty."""
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._lines: list[int | str] = []
        self._total = 0
        self._current_id = ""
        self.cursor = 0
        """Index of the row under the cursor."""

    @property
    def row_count(self) -> int:
        """Rows loaded so far."""
        return len(self._rows)

    @property
    def rows(self) -> list[Row]:
        """The rows that are shown."""
        return list(self._rows)

    def show_rows(self, rows: list[Row], total: int, current_id: str) -> None:
        """Show these rows of `total` conversations; `current_id` is the open one. The cursor stays on its row."""
        if (rows, total, current_id) == (self._rows, self._total, self._current_id):
            return
        under_cursor = self._rows[self.cursor].conversation_id if self._rows else ""
        if current_id != self._current_id:
            under_cursor = current_id
        self._rows, self._total, self._current_id = rows, total, current_id
        ids = [row.conversation_id for row in rows]
        self.cursor = ids.index(under_cursor) if under_cursor in ids else min(self.cursor, max(len(rows) - 1, 0))
        # As before the first paint, which does without what makes rows.
        self._lines = _lines_of(rows) if rows else []
        self.virtual_size = Size(0, len(self._lines))
        set_border_subtitle(self, drawn(f"{total} · f9 hide") if total else "f9 hide")
        self.refresh()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        if not self._rows:
            return
        self.cursor = min(max(self.cursor + step, 0), len(self._rows) - 1)
        self.scroll_to(y=self._scroll_for_cursor(), animate=False)
        self.refresh()
        if self.cursor >= len(self._rows) - _NEAR_THE_END and len(self._rows) < self._total:
            self.post_message(self.MoreWanted(len(self._rows)))

    def _scroll_for_cursor(self) -> int:
        height = max(self.scrollable_content_region.height, 1)
        line = self._lines.index(self.cursor)
        # The name of the section comes into sight with its first row.
        first = line - 1 if line and isinstance(self._lines[line - 1], str) else line
        return min(max(self.scroll_offset.y, line - height + 1), first)

    def action_open(self) -> None:
        """Open the conversation under the cursor."""
        if self._rows:
            self.post_message(self.Opened(self._rows[self.cursor].conversation_id))

    def on_click(self, event: events.Click) -> None:
        """Open the conversation under the pointer."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        y = offset.y + self.scroll_offset.y
        line = self._lines[y] if y < len(self._lines) else ""
        if isinstance(line, int):
            self.cursor = line
            self.refresh()
            self.action_open()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Colours changed: draw again."""
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.scrollable_content_region.width
        text = self.get_component_rich_style("conversations--text")
        muted = self.get_component_rich_style("conversations--muted")
        at = y + self.scroll_offset.y
        if at >= len(self._lines):
            empty = not self._rows and y == 0
            note = clip("No conversations yet", width, glyphs().ellipsis) if empty else ""
            return Strip([Segment(note, muted)]).adjust_cell_length(width, text)
        line = self._lines[at]
        if isinstance(line, str):
            rule = glyphs().rule
            name = clip(f"  {rule}{rule} {line} {rule}{rule}", width, glyphs().ellipsis)
            return Strip([Segment(name, muted)]).adjust_cell_length(width, text)
        return self._row_strip(self._rows[line], line == self.cursor and self.has_focus, width, text, muted)

    def _row_strip(self, row: Row, under_cursor: bool, width: int, text: Style, muted: Style) -> Strip:
        signs = glyphs()
        accent = self.get_component_rich_style("conversations--accent")
        ground = self.get_component_rich_style("conversations--cursor") if under_cursor else Style()
        is_open = row.conversation_id == self._current_id
        title_width = max(width - 2 - _AGE_WIDTH - 2, 4)
        mark = f"{row.mark} {signs.private}" if row.private else row.mark
        mark = f"{mark} {signs.unknown}" if row.temporary else mark
        title = clip(row.title, max(title_width - len(mark), 1), signs.ellipsis) + mark
        padding = " " * max(title_width - cells(title), 0)
        state = Segment(f" {signs.running}" if row.running else "  ", accent + ground)
        if row.undecided:
            state = Segment(f" {signs.slow}", self.get_component_rich_style("conversations--warning") + ground)
        return Strip([
            Segment(f"{signs.current} " if is_open else "  ", accent + ground),
            Segment(title + padding, (accent if is_open else text) + ground),
            Segment(row.age.rjust(_AGE_WIDTH), muted + ground),
            state,
        ]).adjust_cell_length(width, text + ground)  # fmt: skip
