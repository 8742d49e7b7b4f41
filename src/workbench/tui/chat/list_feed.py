"""Keeps the list of conversations up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.tui.chat.desk import Desk
from workbench.tui.host import Host
from workbench.tui.shell import Shell
from workbench.tui.state.rows import rows_of
from workbench.tui.widgets.conversation_list import ConversationList

if TYPE_CHECKING:
    from workbench.conversations.values import Conversation

PAGE = 200
"""Conversations read at first, and each time the cursor comes near the end."""


class ListFeed:
    """Reads conversations and gives the list its rows."""

    def __init__(self, host: Host, shell: Shell, desk: Desk, widget: ConversationList) -> None:
        """Nothing is read yet."""
        self._host, self._shell, self._desk, self._widget = host, shell, desk, widget
        self._limit = PAGE
        self._total = 0
        self.conversations: list[Conversation] = []
        """Those read so far, newest first."""

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
        self.conversations = found
        slot = self._desk.slot
        current = next((one for one in self.conversations if one.id == slot.conversation_id), None)
        if current is not None:
            slot.title = current.title
        self.draw()

    def draw(self) -> None:
        """Give the list its rows; ages and marks are those of now."""
        turns = self._shell.state.running_turns()
        running = {turn.conversation_id for turn in turns}
        undecided = {turn.conversation_id for turn in turns if turn.broken is not None}
        rows = rows_of(self.conversations, running, self._shell.clock.now_ms(), undecided)
        self._widget.show_rows(rows, self._total, self._desk.slot.conversation_id)
