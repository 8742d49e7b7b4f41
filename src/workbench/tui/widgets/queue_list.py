"""The prompts that wait for the running reply, above the composer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from workbench.core.text import clean_line
from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.values import Scope
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic
from workbench.tui.state.files import readable

_SHOWN = 60
"""Characters of a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One line."""

    text: str
    removed: bool = False
    """Whether it was taken out and can be brought back."""


class QueueList(SafeStatic, can_focus=True):
    """A line for each prompt; with the focus, a cursor and what its keys do."""

    HELP = "Prompts that wait for the running reply; the uppermost is sent first."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down, or to the composer", show=False),
        Binding("escape", "leave", "To the composer", show=False),
        *bindings_of(Scope.QUEUE),
    ]

    @dataclass
    class Left(Message):
        """The focus is to go, or has gone, to the composer or elsewhere."""

        to_composer: bool

    def __init__(self, *, id: str | None = None) -> None:
        """Empty."""
        super().__init__(id=id)
        self._rows: list[Waiting] = []
        self.cursor = 0
        """Index of the current line."""

    def show_rows(self, rows: Sequence[Waiting]) -> None:
        """List these; without any it is not there."""
        if list(rows) == self._rows and self.display == bool(rows):
            return
        self._rows = list(rows)
        self.cursor = max(min(self.cursor, len(self._rows) - 1), 0)
        self.display = bool(rows)
        self._draw()

    def put_cursor(self, index: int) -> None:
        """Make a line the current one."""
        self.cursor = max(min(index, len(self._rows) - 1), 0)
        self._draw()

    def action_move(self, step: int) -> None:
        """Another line; below the last one is the composer."""
        if self.cursor + step >= len(self._rows):
            self.post_message(self.Left(to_composer=True))
        else:
            self.put_cursor(self.cursor + step)

    def action_leave(self) -> None:
        """Back to writing."""
        self.post_message(self.Left(to_composer=True))

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor, or take it away; what was removed is gone for good once the list is left."""
        super().watch_has_focus(has_focus)
        if not has_focus:
            self.post_message(self.Left(to_composer=False))
        self._draw()

    def on_resize(self) -> None:
        """Another height has room for more or fewer lines."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """A click makes a line the current one."""
        self.put_cursor(self._first + event.get_content_offset_capture(self).y)

    @property
    def _lines(self) -> int:
        height = self.screen.size.height
        return 5 if height >= 30 else 3 if height >= 20 else 1

    @property
    def _first(self) -> int:
        # Without the focus the next one to be sent is what matters.
        return max(self.cursor - self._lines + 1, 0) if self.has_focus else 0

    def _draw(self) -> None:
        first, most = self._first, self._lines
        shown = self._rows[first : first + most]
        lines = [self._line(first + place, row) for place, row in enumerate(shown)]
        if not lines:
            return
        if len(self._rows) > most:
            lines[-1] = Content.assemble(lines[-1], (f"  ({first + len(shown)} of {len(self._rows)})", "$text-muted"))
        keys = "  enter edit · del remove · ctrl+↑ ctrl+↓ order" if self.has_focus else "  esc takes it back · ↑ edits"
        if any(row.removed for row in self._rows):
            keys = "  u brings it back"
        lines[0] = Content.assemble(lines[0], (drawn(keys), "$text-muted"))
        self.show(Content("\n").join(lines))

    def _line(self, place: int, row: Waiting) -> Content:
        signs = glyphs()
        current = self.has_focus and place == self.cursor
        text = clean_line(readable(row.text).strip(), _SHOWN)
        if row.removed:
            return Content.assemble((f" {signs.failed} removed ", "$text-muted"), (text, "strike $text-muted"))
        sign = signs.current if current else signs.paused
        style = "bold $accent" if current else "$warning"
        return Content.assemble((f" {sign} waiting ", style), (text, "bold" if current else ""))
