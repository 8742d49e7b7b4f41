"""From hit to hit in what is read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from workbench.tui.markdown.matching import Mark
from workbench.tui.state.finding import Needle, pieces_of
from workbench.tui.widgets.history_reader import HistoryReader
from workbench.tui.widgets.message_body import MessageBody
from workbench.tui.widgets.message_view import MessageView

_ROWS = 400
"""Rows that are looked through at once."""

MarksIn = Callable[[str, Sequence[str]], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Needle):
    """The words of a search, found in any text as the search finds them."""

    words: tuple[str, ...]
    marks_in: MarksIn

    def count(self, text: str, *, formatted: bool = False) -> int:
        """How many of them are in `text`."""
        return len(self.places(text))

    def places(self, text: str) -> list[tuple[int, int]]:
        """First character and end of each."""
        return self.marks_in(text, self.words)


def needle_of(words: tuple[str, ...]) -> Words | None:
    """What is highlighted for a search; None for one without words."""
    if not words:
        return None
    from workbench.conversations.search.snippets import marks_in

    return Words(text="\n".join(words), exact=False, words=words, marks_in=marks_in)


class HitWalk:
    """Knows at which hit the reader is, and goes to the next one as it is drawn."""

    def __init__(self, reader: HistoryReader, more: Callable[[int], Awaitable[bool]]) -> None:
        """`more` reads on after (1) or before (-1) what is loaded; False at the end of the branch."""
        self.reader, self._more = reader, more
        self.needle: Words | None = None
        self._at = ""
        self._ordinal = -1

    def look_for(self, words: tuple[str, ...]) -> None:
        """Highlight other words."""
        self.needle = needle_of(words)
        self._at, self._ordinal = "", -1
        self.reader.show_matches(self.needle)

    async def begin(self, view_id: str) -> None:
        """Go to the first hit of a message, if it has any."""
        view = next((view for view in self.reader.messages if view.id == view_id), None)
        if view is not None and self.needle is not None and await self._holds(view):
            await self._go(view, 0)

    async def step(self, by: int) -> bool:
        """Go to the next (1) or previous (-1) hit of the branch; False when there is none."""
        if self.needle is None:
            return False
        cursor = self.reader.cursor_message_id or ""
        view = self._view(cursor)
        if view is not None and cursor == self._at:
            inside = self._ordinal + by
            if inside >= 0 and await self._go(view, inside):
                return True
        elif view is not None and by > 0 and await self._holds(view) and await self._go(view, 0):
            return True
        while True:
            view = await self._beside(cursor, by)
            if view is None:
                return False
            cursor = view.id
            if await self._holds(view) and await self._go(view, 0 if by > 0 else -1):
                return True

    def _view(self, view_id: str) -> MessageView | None:
        return next((view for view in self.reader.messages if view.id == view_id), None)

    async def _beside(self, view_id: str, by: int) -> MessageView | None:
        while True:
            views = self.reader.messages
            place = next((place for place, view in enumerate(views) if view.id == view_id), -1) + by
            if 0 <= place < len(views):
                return views[place]
            if not await self._more(by):
                return None

    async def _holds(self, view: MessageView) -> bool:
        """Whether there is a hit; a long text is looked through piece by piece."""
        for text in (view.reasoning, view.text):
            for piece in pieces_of(text):
                if self.needle is not None and self.needle.places(piece):
                    return True
                await asyncio.sleep(0)
        return False

    async def _go(self, view: MessageView, ordinal: int) -> bool:
        """Show a hit of a message, -1 the last one; False when it has not so many."""
        reader, needle = self.reader, self.needle
        if needle is None:
            return False
        drawn = reader.mounted(view.id)
        if drawn is None or not (found := await self._drawn(drawn, needle)) or view.fold:
            drawn = reader.mark_message(view.id)
            if drawn is None:
                return False
            found = await self._drawn(drawn, needle)
            if not found and (view.fold or view.reasoning):
                reader.unfold(view.id)
                found = await self._drawn(drawn, needle)
        if not found or ordinal >= len(found):
            return False
        reader.mark_message(view.id)
        self._at, self._ordinal = view.id, ordinal if ordinal >= 0 else len(found) - 1
        marks = found[self._ordinal]
        reader.show_matches(needle, view.id, tuple(marks))
        reader.show_line(view.id, marks[0].y)
        return True

    async def _drawn(self, body: MessageBody, needle: Words) -> list[list[Mark]]:
        await body.laid_out()
        found: list[list[Mark]] = []
        for row, marks in enumerate(body.matches(needle)):
            if marks:
                found.append(marks)
            if row % _ROWS == _ROWS - 1:
                await asyncio.sleep(0)
        return found
