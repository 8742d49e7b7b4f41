"""Keeps the list of conversations up to date."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.tui.chat.desk import Desk
from workbench.tui.host import Host
from workbench.tui.shell import Shell
from workbench.tui.widgets.conversation_list import ConversationList

if TYPE_CHECKING:
    from workbench.conversations.values import Conversation

PAGE = 200
"""Conversations read at first, and each time the cursor comes near the end."""


class ListFeed:
    """Reads conversations and gives the list its rows."""

    def __init__(
        self, host: Host, shell: Shell, desk: Desk, widget: ConversationList, retitled: Callable[[], None]
    ) -> None:  # fmt: skip
        """Nothing is read yet; `retitled` is told when the open conversation has got another title."""
        self._retitled = retitled
        self._host, self._shell, self._desk, self._widget = host, shell, desk, widget
        self._limit = PAGE
        self._total = 0
        self.conversations: list[Conversation] = []
        """Those read so far: temporary ones, then the pinned, then the others, each newest first."""

    def read_soon(self) -> None:
        """Read again beside the screen."""
        self._host.start_work(self._read(), group="list", exclusive=True)

    def more_wanted(self, loaded: int) -> None:
        """The cursor is near the end of `loaded` rows."""
        self._limit = loaded + PAGE
        self.read_soon()

    async def _read(self) -> None:
        found: list[Conversation] = []
        while len(found) < self._limit:
            offset = len(found)
            self._total, page = await self._shell.call(
                lambda core, offset=offset: core.conversations.list(limit=PAGE, offset=offset)
            )
            found += page
            if len(page) < PAGE:
                break
        pinned = await self._shell.call(lambda core: core.conversations.pinned())
        first = {one.id for one in pinned}
        self.conversations = [*await self._temporary(), *pinned, *(one for one in found if one.id not in first)]
        slot = self._desk.slot
        current = next((one for one in self.conversations if one.id == slot.conversation_id), None)
        if current is not None and slot.title != current.title:
            slot.title = current.title
            self._retitled()
        self.draw()

    async def _temporary(self) -> list[Conversation]:
        """Those that are stored nowhere, newest first."""
        begun = self._desk.temporary()
        if not begun:
            return []
        _, page = await self._desk.call(begun[0], lambda core: core.conversations.list(limit=PAGE))
        return page

    def draw(self) -> None:
        """Give the list its rows; ages and marks are those of now."""
        if not self.conversations:
            # As before the first paint, which does without what makes rows.
            self._widget.show_rows([], self._total, self._desk.slot.conversation_id)
            return
        from workbench.tui.state.rows import rows_of

        turns = self._shell.state.running_turns()
        running = {turn.conversation_id for turn in turns}
        undecided = {turn.conversation_id for turn in turns if turn.broken is not None}
        temporary = {slot.conversation_id for slot in self._desk.temporary()}
        rows = rows_of(
            self.conversations, running, self._shell.clock.now_ms(), undecided=undecided, temporary=temporary
        )
        self._widget.show_rows(rows, self._total, self._desk.slot.conversation_id)
