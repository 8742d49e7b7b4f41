"""The field of the history's search."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class HistoryQuery(Input):
    """An input that gives way: down goes to what was found, backspace at its beginning to the conditions."""

    HELP = """\
Type words, "a phrase", -without. role:assistant, provider:, model:, after:2026-10, before:, tag:, folder:, has:code,
in:title, is:archived and is:trash are conditions: with a blank behind them they stand under the field. Enter or down
goes to what was found.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "leave", "To what was found", show=False),
    ]

    class NothingToDelete(Message):
        """Backspace was pressed at the beginning."""

    def __init__(self, leave: Callable[[], None], *, id: str | None = None) -> None:
        """`leave` goes on to the results: at once, because the next key may be on its way."""
        super().__init__(placeholder="search everything ever said", id=id)
        self._leave = leave

    def action_leave(self) -> None:
        """Go on to the results."""
        self._leave()

    async def action_submit(self) -> None:
        """Go on to the results."""
        self._leave()

    def action_delete_left(self) -> None:
        """Delete, or tell that there is nothing before the cursor."""
        if self.cursor_position == 0 and self.selection.is_empty:
            self.post_message(self.NothingToDelete())
        else:
            super().action_delete_left()
