"""Finding words in the open conversation, back to its beginning."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from textual.widget import Widget

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.matching import Mark
from workbench.tui.state.finding import Hits, Needle, pieces_of
from workbench.tui.verbs import Verb
from workbench.tui.widgets.message_body import MessageBody
from workbench.tui.widgets.message_view import MessageView

if TYPE_CHECKING:
    from workbench.tui.widgets.find_bar import FindBar

ROWS = 400
"""Rows that are looked through before others get their turn."""


class Finding:
    """Counts what matches in the stored texts, highlights it, and walks from one hit to the next."""

    def __init__(
        self, pane: Pane, read_earlier: Callable[[Slot], Awaitable[object]], begin_new: Callable[[], None]
    ) -> None:
        """`read_earlier` puts the page before the first message on top of the transcript."""
        self._pane, self._begin_new = pane, begin_new
        self._bar: FindBar | None = None
        self._read_earlier = read_earlier
        self._needle: Needle | None = None
        self._hits = Hits()
        self._counted: dict[str, MessageView] = {}
        self._begin_at = ""

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"find": self.open, "find_next": self._next, "find_previous": lambda: self.step(-1)}

    def prepare(self) -> FindBar:
        """Put the bar over the transcript, hidden; soon after the first paint, so that it is there in time."""
        if self._bar is None:
            from workbench.tui.widgets.find_bar import FindBar, FindKeys

            self._bar = FindBar(
                FindKeys(changed=self._changed, step=self.step, close=self.close, look_again=self._look_again),
                id="find",
            )
            centre = self._pane.transcript.parent
            if isinstance(centre, Widget):
                centre.mount(self._bar, before=self._pane.transcript)
        return self._bar

    def open(self, text: str = "") -> None:
        """Show the bar; what was looked for last is still in it."""
        bar = self.prepare()
        if not bar.display:
            transcript = self._pane.transcript
            views = transcript.messages
            self._begin_at = transcript.cursor_message_id or (views[transcript.first_in_sight()].id if views else "")
        if bar.open(text.strip()) and self._needle is None:
            self._changed(bar.typed)

    @property
    def is_open(self) -> bool:
        """Whether the bar is shown."""
        return self._bar is not None and self._bar.display

    def close(self) -> bool:
        """Hide the bar and stay at the hit; whether it was open."""
        if not self.is_open:
            return False
        self.forget()
        self._pane.transcript.focus()
        return True

    def forget(self) -> None:
        """Hide the bar and highlight nothing any more."""
        if self._bar is not None and self._bar.display:
            self._bar.hide()
            self._begin_again(None)
            self._pane.transcript.show_matches(None)

    def _begin_again(self, needle: Needle | None) -> None:
        self._needle = needle
        self._hits = Hits()
        self._counted.clear()
        self._tell("")

    def _changed(self, typed: str) -> None:
        needle = Needle.of(typed) if typed.strip() else None
        if needle == self._needle:
            return
        self._begin_again(needle)
        self._pane.transcript.show_matches(needle)
        if needle is not None:
            self._pane.host.start_work(self._search(needle), group="find", exclusive=True)

    def _look_again(self) -> None:
        needle = self._needle
        if needle is not None and any(
            self._counted.get(view.id) is not view for view in self._pane.transcript.messages
        ):
            self._pane.host.start_work(self._count_again(needle), group="find-count", exclusive=True)

    async def _count_again(self, needle: Needle) -> None:
        # Nobody is taken away from where they read.
        await self._count(needle)
        if needle is self._needle:
            self._say()

    def _next(self) -> None:
        # In lists `n` begins a new conversation; in the transcript it can mean that too as long as nothing is found.
        if self._needle is None:
            self._begin_new()
        else:
            self.step(1)

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) hit."""
        if self._needle is None:
            self._pane.host.tell("ctrl+f finds words in this conversation.")
        else:
            self._pane.host.start_work(self._step(self._needle, by), group="find-step", exclusive=True)

    async def _step(self, needle: Needle, by: int) -> None:
        await self._count(needle)
        if needle is self._needle and self._hits.step(self._order, by):
            await self._show(needle)

    @property
    def _order(self) -> list[str]:
        return [view.id for view in self._pane.transcript.messages]

    async def _search(self, needle: Needle) -> None:
        slot = self._pane.desk.slot
        await self._count(needle)
        order = self._order
        start = order.index(self._begin_at) if self._begin_at in order else max(len(order) - 1, 0)
        if needle is self._needle and self._hits.begin(order, start):
            await self._show(needle)
        while needle is self._needle and slot is self._pane.desk.slot and slot.has_earlier:
            self._say(f"reading message {len(order):,} and before")
            try:
                await self._read_earlier(slot)
            except WorkbenchError:
                if needle is self._needle:
                    self._say("earlier ones cannot be read")
                raise
            if len(self._order) == len(order):
                # Somebody else reads that page just now.
                await asyncio.sleep(0.02)
            await self._count(needle)
            order = self._order
            if needle is self._needle and not self._hits.message_id and self._hits.begin(order, len(order)):
                await self._show(needle)
        if needle is self._needle:
            self._say()

    def _say(self, doing: str = "") -> None:
        total = self._hits.total
        figure = f"{self._hits.number(self._order):,}/{total:,}" if total else "" if doing else "not found"
        self._tell(f" {glyphs().dot} ".join(part for part in (figure, doing) if part))

    def _tell(self, text: str) -> None:
        if self._bar is not None:
            self._bar.say(text)

    async def _count(self, needle: Needle) -> None:
        """Look through messages that are new or have changed; a long time is given back piece by piece."""
        looked_at = 0
        for view in self._pane.transcript.messages:
            if needle is not self._needle:
                return
            if self._counted.get(view.id) is view:
                continue
            count = 0
            for text, formatted in ((view.reasoning, False), (view.text, view.role == "assistant")):
                for piece in pieces_of(text):
                    count += needle.count(piece, formatted=formatted)
                    looked_at += len(piece)
                    if looked_at > 200_000:
                        looked_at = 0
                        await asyncio.sleep(0)
            if needle is self._needle:
                self._counted[view.id] = view
                self._hits.counts[view.id] = count

    async def _show(self, needle: Needle) -> None:
        """Go to the current hit."""
        transcript, message_id, ordinal = self._pane.transcript, self._hits.message_id, self._hits.ordinal
        body = transcript.mark_message(message_id)
        if body is None:
            return
        inside = sum(needle.count(piece) for piece in pieces_of(body.view.reasoning))
        if body.view.fold or ordinal < inside:
            transcript.unfold(message_id)
        if not body.unfolded:
            ordinal -= inside
        self._say()
        await body.laid_out()
        found = await self._locate(body, needle, ordinal)
        if needle is self._needle and message_id == self._hits.message_id:
            transcript.show_matches(needle, message_id, found)
            transcript.show_line(message_id, found[0].y if found else 0)

    async def _locate(self, body: MessageBody, needle: Needle, ordinal: int) -> tuple[Mark, ...]:
        """Where that match is drawn; the nearest one when fewer are drawn than stored, none when none is."""
        found: list[Mark] = []
        for row, marks in enumerate(body.matches(needle)):
            if marks:
                found = marks
                ordinal -= 1
                if ordinal < 0:
                    break
            if row % ROWS == ROWS - 1:
                await asyncio.sleep(0)
        return tuple(found)
