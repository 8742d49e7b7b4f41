"""The way of a query: asked a moment after the last key, and never answered by an older one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.core.errors import WorkbenchError
from workbench.tui.history.query import Asked
from workbench.tui.history.results import Results

if TYPE_CHECKING:
    from workbench.conversations.search.values import SearchOrder, SearchPage
    from workbench.core.clock import Clock
    from workbench.tui.history.port import CoreHistory
    from workbench.tui.host import Host

DEBOUNCE_S = 0.08
"""How long after the last key a search begins."""
SLOW_S = 1.0
"""How long a search may take before that is told."""


class Searching:
    """Asks, keeps the results, and tells the pane by `changed` (whether these are other results than before)."""

    def __init__(self, host: Host, history: CoreHistory, clock: Clock, changed: Callable[[bool], None]) -> None:
        """Nothing is asked yet."""
        self._host, self._history, self._clock, self._changed = host, history, clock, changed
        self.asked = Asked()
        self.best_first = False
        """Whether the best match comes first, not the newest."""
        self.results = Results()
        self.milliseconds = 0
        self.running = False
        self.slow = False
        """Whether the search that runs takes long."""
        self.problem: WorkbenchError | None = None
        self.is_answered = False
        """Whether anything was found out since the pane was opened."""
        self.stopped = False
        """Whether the search for what is asked was given up: what is listed answers what was asked before."""
        self._question: tuple[str, SearchOrder, bool] | None = None
        """What the results answer."""
        self._generation = 0
        self._reading_on = False
        self.has_read_on = False
        """Whether more than the first page was read."""

    @property
    def order(self) -> SearchOrder:
        """Which hits come first."""
        from workbench.conversations.search.values import SearchOrder

        return SearchOrder.BEST if self.best_first else SearchOrder.NEWEST

    def ask(self, asked: Asked, *, at_once: bool = False) -> None:
        """Look for something else; what was looked for before is given up."""
        same = asked.text == self.asked.text and asked.is_typing == self.asked.is_typing
        if same and not at_once and not self.stopped:
            self.asked = asked
            return
        self.asked = asked
        self._generation += 1
        self.running, self.slow, self.stopped = True, False, False
        self._host.start_work(self._ask(at_once=at_once), group="history-search", exclusive=True)

    def cancel(self) -> bool:
        """Give a running search up; False when none runs."""
        if not self.running:
            return False
        self._generation += 1
        self.running = self.slow = False
        self.stopped = True
        self._host.start_work(asyncio.sleep(0), group="history-search", exclusive=True)
        self._changed(False)
        return True

    async def _ask(self, *, at_once: bool) -> None:
        generation = self._generation
        if not at_once:
            await asyncio.sleep(DEBOUNCE_S)
        began = self._clock.monotonic()
        waiting = asyncio.get_running_loop().call_later(SLOW_S, self._tell_slow, generation)
        question = self.asked.text, self.order, self.asked.is_typing
        try:
            page = await self._find(question, None)
        except WorkbenchError as problem:
            if generation == self._generation:
                self.running, self.problem, self.is_answered = False, problem, True
                self._changed(False)
            return
        finally:
            waiting.cancel()
        if generation == self._generation:
            self.milliseconds = round((self._clock.monotonic() - began) * 1000)
            found = Results(page)
            if question == self._question:
                found.unfold_like(self.results)
            self.results, self._question = found, question
            self.running, self.problem, self.is_answered = False, None, True
            self.has_read_on = False
            self._changed(True)

    async def _find(self, question: tuple[str, SearchOrder, bool], after: str | None) -> SearchPage:
        text, order, typing = question
        return await self._history.find(text, order=order, after=after, typing=typing)

    def _tell_slow(self, generation: int) -> None:
        if generation == self._generation and self.running:
            self.slow = True
            self._changed(False)

    def read_on(self) -> None:
        """Read the next page, unless it is being read."""
        question = self._question
        if question is not None and self.results.next is not None and not self._reading_on and not self.running:
            self._reading_on = True
            self._host.start_work(self._read_on(question, self._generation), group="history-more")

    async def _read_on(self, question: tuple[str, SearchOrder, bool], generation: int) -> None:
        results = self.results
        try:
            page = await self._find(question, results.next)
        finally:
            self._reading_on = False
        if generation == self._generation and results is self.results:
            results.add(page)
            self.has_read_on = True
            self._changed(False)
