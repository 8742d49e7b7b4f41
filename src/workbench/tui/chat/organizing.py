"""Putting the open conversation in order, or the one under the cursor of the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from workbench.tui.chat.desk import Slot
from workbench.tui.chat.list_feed import ListFeed
from workbench.tui.chat.pane import Pane
from workbench.tui.core_link import CorePort
from workbench.tui.organizing.organizing import Meant, Organizing
from workbench.tui.widgets.conversation_list import ConversationList

T = TypeVar("T")


def organizing_of(pane: Pane, listed: ConversationList, list_feed: ListFeed) -> Organizing:
    """For the chat pane: `listed` is the list of conversations."""

    def ids() -> Sequence[str]:
        if listed.has_focus and listed.rows:
            return [listed.rows[listed.cursor].conversation_id]
        open_id = pane.desk.slot.conversation_id
        return [open_id] if open_id else []

    async def call(ids: Sequence[str], work: Callable[[CorePort], Awaitable[T]], /) -> T:
        return await pane.desk.call(pane.desk.known(ids[0]) or Slot(), work)

    def changed() -> None:
        list_feed.read_soon()
        pane.redraw()

    return Organizing(Meant(host=pane.host, call=call, ids=ids, open_dialog=pane.open_dialog, changed=changed))
