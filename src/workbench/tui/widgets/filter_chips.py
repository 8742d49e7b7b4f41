"""The line under the search field: the conditions of the search, each of which can be taken away, and its order."""

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
from workbench.tui.glyphs import drawn
from workbench.tui.history.query import Condition

_LONGEST = 24


class FilterChips(Widget, can_focus=True):
    """One line. Left and right mark a condition, delete takes it away; so does a click on it."""

    HELP = "The conditions of the search: left and right mark one, delete takes it away, f adds others."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "mark(-1)", "Condition before", show=False),
        Binding("right", "mark(1)", "Next condition", show=False),
        Binding("delete,backspace,enter", "remove", "Take it away", show=False),
    ]

    @dataclass
    class Removed(Message):
        """A condition was taken away."""

        place: int

    def __init__(self, *, id: str | None = None) -> None:
        """No condition."""
        super().__init__(id=id)
        self._conditions: Sequence[Condition] = ()
        self._order = ""
        self._hint = ""
        self._marked = 0
        self._edges: list[tuple[int, int]] = []

    def show(self, conditions: Sequence[Condition], order: str, hint: str) -> None:
        """Show these conditions, the `order` at the right end, and a `hint` where there are none."""
        if (tuple(conditions), order, hint) != (tuple(self._conditions), self._order, self._hint):
            self._conditions, self._order, self._hint = tuple(conditions), order, hint
            self._marked = min(self._marked, max(len(conditions) - 1, 0))
            # An empty line is no stop on the way through the regions.
            self.can_focus = bool(conditions)
            self.refresh()

    def action_mark(self, step: int) -> None:
        """Mark the condition beside."""
        if self._conditions:
            self._marked = (self._marked + step) % len(self._conditions)
            self.refresh()

    def action_remove(self) -> None:
        """Take the marked condition away."""
        if self._conditions:
            self.post_message(self.Removed(self._marked))

    def on_click(self, event: events.Click) -> None:
        """A click takes a condition away."""
        offset = event.get_content_offset(self)
        at = offset.x if offset is not None else -1
        place = next((place for place, (start, end) in enumerate(self._edges) if start <= at < end), None)
        if place is not None:
            self.post_message(self.Removed(place))

    def on_focus(self) -> None:
        """The mark shows."""
        self.refresh()

    def on_blur(self) -> None:
        """The mark goes."""
        self.refresh()

    def render(self) -> Content:
        """Conditions at the left, the order at the right where there is room for it."""
        width = self.content_size.width
        parts: list[Content] = []
        self._edges = []
        used = 0
        for place, condition in enumerate(self._conditions):
            piece = self._chip(condition, marked=self.has_focus and place == self._marked)
            if used + piece.cell_length > width - 4 and place:
                more = Content.styled(f"+{len(self._conditions) - place}", "$text-muted")
                parts.append(more)
                used += more.cell_length
                break
            self._edges.append((used, used + piece.cell_length))
            used += piece.cell_length + 2
            parts.append(piece)
        if not parts:
            parts = [Content.styled(self._hint, "$text-muted")]
            used = len(self._hint)
        left = Content("  ").join(parts)
        gap = width - left.cell_length - len(self._order)
        if gap < 1:
            return left
        return Content.assemble(left, " " * gap, (self._order, "$text-muted"))

    def _chip(self, condition: Condition, *, marked: bool) -> Content:
        name = f"{'not ' if condition.negated else ''}{condition.name} "
        value = clean_line(condition.value, _LONGEST)
        style = "bold reverse" if marked else "bold $accent"
        return Content.assemble((name, "$text-muted"), (value, style), (f" {drawn('×')}", "$text-muted"))
