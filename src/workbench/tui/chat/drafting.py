"""Keeps the unsent text on disk, at most a third of a second behind the keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.desk import Desk, Slot
from workbench.tui.host import Host

DELAY_S = 0.3
"""How far behind the stored draft may be."""


class DraftKeeper:
    """Saves the open conversation's unsent text soon after it changed."""

    def __init__(self, host: Host, desk: Desk, redraw: Callable[[], None]) -> None:
        """`redraw` is called when saving begins to fail or works again."""
        self._host, self._desk, self._redraw = host, desk, redraw
        self._armed: asyncio.TimerHandle | None = None
        self.problem = ""
        """Why the last save failed; empty when it did not."""

    def changed(self) -> None:
        """The text has changed; typing on does not put the save off."""
        if self._armed is None:
            slot = self._desk.slot
            self._armed = asyncio.get_running_loop().call_later(DELAY_S, self._due, slot)

    def _due(self, slot: Slot) -> None:
        self._armed = None
        self._host.start_work(self.save(slot), group="draft")

    async def save(self, slot: Slot) -> None:
        """Save now; a failure is kept in `problem` and does not raise."""
        if not self._desk.opened.is_set():
            # What is on disk has not been read yet, and must not be written over.
            return
        problem = ""
        try:
            await self._desk.save_draft(slot)
        except WorkbenchError as failure:
            problem = failure.title
        if problem != self.problem:
            self.problem = problem
            self._redraw()

    async def save_now(self) -> None:
        """Save the open conversation's text without waiting for the timer, but not before there is one."""
        await self._desk.opened.wait()
        if self._armed is not None:
            self._armed.cancel()
            self._armed = None
        await self.save(self._desk.slot)
