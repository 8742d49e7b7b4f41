"""What the reader shows next: the line under the cursor, a node of the tree, another branch, the next hit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.core.errors import NotFoundError, WorkbenchError
from workbench.tui.history.finding import HitWalk
from workbench.tui.history.reading import Reading
from workbench.tui.history.searching import Searching
from workbench.tui.host import Host

if TYPE_CHECKING:
    from workbench.tui.history.results import ListRow
    from workbench.tui.widgets.result_list import ResultList

PREVIEW_S = 0.05
"""How long the cursor rests on a line before it is shown at the right."""
_GROUP = "history-read"


class Showing:
    """One thing is shown at a time: whatever is asked for last."""

    def __init__(
        self,
        host: Host,
        reading: Reading,
        walk: HitWalk,
        found: tuple[Searching, ResultList],
        *,
        shown: Callable[[], None],
        gone: Callable[[], None],
    ) -> None:
        """`found` are the results and their list; `shown` is called when the reader shows something else.

        `gone` is called when a conversation of the results is not stored any more.
        """
        self._host, self._reading, self._walk, self._shown, self._gone = host, reading, walk, shown, gone
        self._searching, self._listed = found
        self._row: tuple[str, str | None] | None = None
        """The row that was shown last."""

    def preview(self) -> None:
        """Show the line under the cursor."""
        row = self._listed.row
        if row is not None:
            self._host.start_work(self._read(row, at_once=False), group=_GROUP, exclusive=True)

    def catch_up(self) -> None:
        """Show the line under the cursor, unless it was: whoever has walked on from there stays where he is."""
        self.then(lambda: None)

    def then(self, work: Callable[[], None]) -> None:
        """Do something with what the line under the cursor means: at once if that is shown, else as soon as it is."""
        row, conversation = self._listed.row, self._reading.conversation
        if row is None or (conversation is not None and (row.key, conversation.id) == (self._row, row.key[0])):
            work()
        else:
            self._host.start_work(self._read(row, at_once=True, then=work), group=_GROUP, exclusive=True)

    async def _read(self, row: ListRow, *, at_once: bool, then: Callable[[], None] = lambda: None) -> None:
        if not at_once:
            await asyncio.sleep(PREVIEW_S)
        hit = row.target
        if not await self._open(hit.conversation_id, hit.message_id):
            return
        self._row = row.key
        self._shown()
        then()
        if hit.message_id is not None:
            await self._walk.begin(hit.message_id)

    async def _open(self, conversation_id: str, message_id: str | None) -> bool:
        """Whether that is shown now; what cannot be read leaves nothing in the reader that could be taken for it."""
        try:
            return await self._reading.open(conversation_id, message_id)
        except WorkbenchError as problem:
            self._row = None
            self._reading.close()
            self._shown()
            if not isinstance(problem, NotFoundError):
                raise
        self._host.tell("This conversation is not there any more.")
        self._gone()
        return False

    def read_again(self, conversation_id: str) -> None:
        """The conversation may have grown: read it again, where the reader is."""
        self._host.start_work(self._read_again(conversation_id), group=_GROUP, exclusive=True)

    async def _read_again(self, conversation_id: str) -> None:
        if await self._open(conversation_id, self._reading.message_id or None):
            self._shown()

    def message(self, message_id: str) -> None:
        """Show a message of the conversation, on its branch."""
        self._host.start_work(self._message(message_id), group=_GROUP, exclusive=True)

    async def _message(self, message_id: str) -> None:
        if await self._reading.show(message_id):
            self._shown()

    def end(self, *, last: bool) -> None:
        """Show the last message of the branch, or the first."""
        if self._reading.path:
            self._host.start_work(self._end(last=last), group=_GROUP, exclusive=True)

    async def _end(self, *, last: bool) -> None:
        await self._message(self._reading.path[-1 if last else 0])
        self._walk.reader.show_edge(bottom=last)

    def sibling(self, step: int) -> None:
        """Show the answer or wording before or after; at a reply without others those of its prompt."""
        tree, here = self._reading.tree, self._reading.message_id
        if here not in tree:
            return
        ways = [here, tree.node(here).parent_id] if tree.node(here).role == "assistant" else [here]
        for one in ways:
            beside = tree.siblings(one) if one is not None and one in tree else ()
            if one is not None and len(beside) > 1:
                place = beside.index(one) + step
                if 0 <= place < len(beside):
                    self.message(beside[place])
                return
        self._host.tell("There is one way to go on here: no other answer and no other wording.")

    def step_hit(self, by: int) -> None:
        """Go to the next hit (1), or the one before (-1)."""
        if self._walk.needle is None:
            self._host.tell("n goes from hit to hit: / looks for words.")
        else:
            self._host.start_work(self._step_hit(by), group=_GROUP, exclusive=True)

    async def _step_hit(self, by: int) -> None:
        if await self._walk.step(by):
            return
        row = self._searching.results.beyond(self._listed.row, self._reading.path, by)
        if row is None:
            self._host.tell("That was the last hit." if by > 0 else "That was the first hit.")
            return
        self._listed.put_cursor(row.key)
        await self._read(row, at_once=True)
