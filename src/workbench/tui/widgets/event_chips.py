"""The line above the events: the conditions of the filter, each of which can be taken away, and how the list stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from workbench.core.text import clean_line
from workbench.tui.events.filters import Chip
from workbench.tui.glyphs import drawn

_LONGEST_VALUE = 24
_WIDE = 100


class EventChips(Widget, can_focus=True):
    """One line. Left and right mark a condition, delete takes it away; so does a click on it."""

    HELP = "The conditions of the filter: left and right mark one, delete takes it away, / types others."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "mark(-1)", "Condition before", show=False, id="events.chip_left"),
        Binding("right", "mark(1)", "Next condition", show=False, id="events.chip_right"),
        Binding("delete,backspace,enter", "remove", "Take it away", show=False, id="events.chip_remove"),
    ]

    @dataclass
    class Removed(Message):
        """A condition was taken away."""

        name: str

    def __init__(self, *, id: str | None = None) -> None:
        """No condition."""
        super().__init__(id=id)
        self._chips: Sequence[Chip] = ()
        self._state = Content("")
        self._marked = 0
        self._edges: list[tuple[int, int, str]] = []

    def show(self, shown: Sequence[Chip], state: Content) -> None:
        """Show these conditions, and `state` at the right end."""
        if list(shown) != list(self._chips) or state != self._state:
            self._chips, self._state = tuple(shown), state
            self._marked = min(self._marked, max(len(shown) - 1, 0))
            self.refresh()

    def action_mark(self, step: int) -> None:
        """Mark the condition beside."""
        if self._chips:
            self._marked = (self._marked + step) % len(self._chips)
            self.refresh()

    def action_remove(self) -> None:
        """Take the marked condition away."""
        if self._chips:
            self.post_message(self.Removed(self._chips[self._marked].name))

    def on_click(self, event: events.Click) -> None:
        """A click takes a condition away."""
        for start, end, name in self._edges:
            if start <= event.x - self.styles.padding.left < end:
                self.post_message(self.Removed(name))

    def on_focus(self) -> None:
        """The mark shows."""
        self.refresh()

    def on_blur(self) -> None:
        """The mark goes."""
        self.refresh()

    def render(self) -> Content:
        """Conditions at the left, state at the right."""
        width = self.content_size.width
        room = width - self._state.cell_length - 2
        parts: list[Content] = []
        self._edges = []
        used = 0
        for index, chip in enumerate(self._chips):
            piece = self._chip(chip, marked=self.has_focus and index == self._marked)
            if used + piece.cell_length > room:
                more = Content.styled(f"+{len(self._chips) - index}", "$text-muted")
                parts.append(more)
                used += more.cell_length
                break
            self._edges.append((used, used + piece.cell_length, chip.name))
            used += piece.cell_length + 2
            parts.append(piece)
        if not self._chips and room > len(_NO_FILTER):
            parts.append(Content.styled(_NO_FILTER, "$text-muted"))
        left = Content("  ").join(parts)
        gap = width - left.cell_length - self._state.cell_length
        return Content.assemble(left, " " * max(gap, 1), self._state)

    def _chip(self, chip: Chip, *, marked: bool) -> Content:
        name = f"{chip.name} " if self.size.width >= _WIDE and chip.name not in ("text", "pattern") else ""
        value = clean_line(chip.value, _LONGEST_VALUE)
        if chip.name == "level":
            value = drawn(f"≥ {value}")
        elif chip.name == "text":
            value = f"{drawn('‹')}{value}{drawn('›')}"
        style = "bold reverse" if marked else "bold $accent"
        return Content.assemble((name, "$text-muted"), (value, style), (f" {drawn('×')}", "$text-muted"))


_NO_FILTER = "everything"
