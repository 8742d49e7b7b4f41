"""What a search has found: conversations, each with its newest hits."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from workbench.tui.glyphs import glyphs
from workbench.tui.history.results import ListRow, Results, snippet_runs, title_runs
from workbench.tui.history.telling import day
from workbench.tui.markdown.textlines import Run
from workbench.tui.widgets.row_list import RowList

_NEAR_THE_END = 30


class ResultList(RowList):
    """Lines of `Results`; wants the next page when the cursor or the view comes near the end."""

    HELP = """\
What was found, or all conversations while nothing is looked for. Up and down show each at the right, enter goes there
to read, space lists all hits of a conversation, s selects it to put several in order at once.
"""

    class MoreWanted(Message):
        """There are more hits, and the reader comes near the last one that is here."""

    def __init__(self, now_ms: Callable[[], int], *, id: str | None = None) -> None:
        """`now_ms` tells the time."""
        super().__init__(id=id)
        self._now_ms = now_ms
        self._results = Results()
        self._selected: dict[str, None] = {}

    @property
    def row_count(self) -> int:
        """Lines."""
        return len(self._results.rows)

    @property
    def row(self) -> ListRow | None:
        """The line under the cursor."""
        return self._results.rows[self.cursor] if self._results.rows else None

    @property
    def beside(self) -> tuple[str, str | None] | None:
        """The line of the next conversation, else of the one before."""
        groups, row = self._results.groups, self.row
        place = groups.index(row.group) if row is not None else 0
        others = groups[place + 1 : place + 2] or groups[max(place - 1, 0) : place]
        return (others[0].conversation_id, None) if others else None

    @property
    def selected_ids(self) -> list[str]:
        """The conversations of the results that are selected."""
        return [group.conversation_id for group in self._results.groups if group.conversation_id in self._selected]

    @property
    def selected_words(self) -> str:
        """How many are selected, for the border before what else it says; empty for none."""
        count = len(self.selected_ids)
        return f"{count} selected {glyphs().dot} " if count else ""

    def select(self) -> None:
        """Select the conversation under the cursor, or let it go, and go on to the next one."""
        row = self.row
        if row is None:
            return
        if row.group.conversation_id in self._selected:
            del self._selected[row.group.conversation_id]
        else:
            self._selected[row.group.conversation_id] = None
        self.refresh()
        rows = self._results.rows[self.cursor :]
        step = next((at for at, one in enumerate(rows) if one.group is not row.group), 0)
        self.action_move(step)

    def select_none(self) -> bool:
        """Let all go; False when none was selected."""
        had, self._selected = bool(self._selected), {}
        self.refresh()
        return had

    def show(self, results: Results) -> None:
        """Show other results, from their beginning."""
        self._results = results
        self.scroll_to(y=0, animate=False, immediate=True)
        self.rows_changed(0)

    def rows_came(self) -> None:
        """There are more lines, or some are folded: the cursor stays on its own."""
        self.rows_changed(self.cursor)

    def show_again(self, results: Results, key: tuple[str, str | None]) -> bool:
        """Show what the same search has found now, with the cursor on its line; False when that is gone."""
        place = results.place(key)
        if place is None:
            return False
        self._results = results
        self.rows_changed(place)
        return True

    def put_cursor(self, key: tuple[str, str | None]) -> None:
        """Put the cursor on a line, or on that of its conversation, without telling."""
        place = self._results.place(key)
        if place is not None:
            self.rows_changed(place)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whoever scrolls without the cursor wants more, too."""
        super().watch_scroll_y(old_value, new_value)
        seen = round(new_value) + self.scrollable_content_region.height
        if self._results.next is not None and max(seen, self.cursor) >= self.row_count - _NEAR_THE_END:
            self.post_message(self.MoreWanted())

    def move_to(self, place: int) -> None:
        """Put the cursor on a line."""
        super().move_to(place)
        if self._results.next is not None and self.cursor >= self.row_count - _NEAR_THE_END:
            self.post_message(self.MoreWanted())

    def runs(self, place: int, width: int) -> list[Run]:
        """A conversation, or one of its messages."""
        row = self._results.rows[place]
        if row.hit is not None:
            return snippet_runs(row.hit, width)
        chosen = row.group.conversation_id in self._selected
        return title_runs(row.group, day(row.group.first.created_at_ms, self._now_ms()), width, chosen=chosen)
