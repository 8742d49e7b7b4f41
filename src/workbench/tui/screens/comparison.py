"""Two answers, or two branches, side by side with their differences."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.widget import Widget

from workbench.core.errors import WorkbenchError
from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.history.difference import compared
from workbench.tui.markdown.textlines import cells, clip
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.widgets.comparison_view import ComparisonView


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two."""

    who: str
    """Who said it and when."""
    facts: str
    """What it cost and how long it took."""
    text: str


Pair = tuple[Side, Side]


class SidesLine(Widget):
    """What each side is, over its column."""

    def __init__(self, column: Callable[[], int | None]) -> None:
        """`column` gives the width of a column, None when both stand one above the other."""
        super().__init__(id="comparison-sides")
        self._column = column
        self._sides: tuple[Side, ...] = ()

    def show(self, sides: Pair) -> None:
        """Show these."""
        self._sides = sides
        self.refresh(layout=True)

    def render(self) -> Content:
        """Two lines side by side, or four."""
        column, signs = self._column(), glyphs()
        room = (column or self.size.width) - 2
        told = [(("-", "$error"), self._sides[0]), (("+", "$success"), self._sides[1])] if self._sides else []
        lines = [
            [
                Content.assemble((f"{sign} ", f"bold {style}"), (clip(one.who, room, signs.ellipsis), "bold")),
                Content.assemble("  ", (clip(one.facts, room, signs.ellipsis), "$text-muted")),
            ]
            for (sign, style), one in told
        ]
        if column is None or not lines:
            return Content("\n").join(line for side in lines for line in side)
        rows: list[Content] = []
        for left, right in zip(*lines, strict=True):
            gap = " " * (column - left.cell_length)
            rows.append(Content.assemble(left, gap, (f" {signs.column} ", "$text-muted"), right))
        return Content("\n").join(rows)


class ComparisonScreen(Dialog[None]):
    """Shows what differs; `b` compares the whole branches instead of two messages."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/history.tcss"]
    HELP = """\
Two texts with their differences: a minus and a line under it for what is only in the first, a plus and bold for what is
only in the second. n and N go from one difference to the next, b compares whole branches, s swaps the sides.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "other_extent", "Messages or branches", show=False),
        Binding("s", "swap", "Swap the sides", show=False),
    ]

    view = query_one(ComparisonView)
    sides = query_one(SidesLine)

    def __init__(self, messages: Pair, branches: Callable[[], Awaitable[Pair]]) -> None:
        """`branches` reads what `b` compares."""
        super().__init__()
        self._messages, self._branches = messages, branches
        self._shown, self._whole = messages, False

    def compose(self) -> ComposeResult:
        """What each side is, and the texts."""
        with Vertical(classes="dialog", id="comparison"):
            yield SidesLine(self._column)
            yield ComparisonView(id="comparison-view")
            yield SafeStatic(id="comparison-note")

    def _column(self) -> int | None:
        return None if self.view.is_stacked else self.view.column

    def on_mount(self) -> None:
        """Compare the messages."""
        self.view.focus()
        self._compare(self._messages)

    def on_resize(self) -> None:
        """The line over the columns follows them."""
        self.call_after_refresh(self.sides.refresh, layout=True)

    def _compare(self, sides: Pair) -> None:
        self._shown = sides
        self.sides.show(sides)
        self.run_worker(self._work_out(sides), group="compare", exclusive=True, exit_on_error=False)

    async def _work_out(self, sides: Pair) -> None:
        found = await asyncio.to_thread(compared, sides[0].text, sides[1].text)
        self.view.show(found)
        count, frame = found.differences, self.query_one("#comparison")
        told = f"{count:,} difference{'' if count == 1 else 's'}" if count else "no difference"
        set_border_title(frame, f"{'Branches' if self._whole else 'Messages'} {glyphs().dot} {told}")
        other = "messages" if self._whole else "branches"
        keys = drawn(f"n/N difference · b {other} · s swap · esc back")
        set_border_subtitle(frame, keys if cells(keys) < self.size.width - 6 else drawn("n/N · b · s · esc back"))
        note = self.query_one("#comparison-note", SafeStatic)
        note.display = bool(found.note)
        note.show(clean_line(found.note))

    def action_swap(self) -> None:
        """What was only in the first is only in the second."""
        self._compare((self._shown[1], self._shown[0]))

    def action_other_extent(self) -> None:
        """Compare whole branches, or the messages again."""
        self._whole = not self._whole
        if self._whole:
            self.run_worker(self._read_branches(), group="compare", exclusive=True, exit_on_error=False)
        else:
            self._compare(self._messages)

    async def _read_branches(self) -> None:
        try:
            self._compare(await self._branches())
        except WorkbenchError as problem:
            self._whole = False
            note = self.query_one("#comparison-note", SafeStatic)
            note.display = True
            note.show(Content.styled(f"{glyphs().failed} {clean_line(str(problem))}", "$error"))
