"""Reads what the providers pane shows, when something may have changed; never more than one reading at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from workbench.core.errors import NotFoundError, WorkbenchError
from workbench.core.events import AttemptEnded, AttemptStarted, ConfigurationLoaded, TurnFinished
from workbench.core.provider_events import BreakerChanged, KeyChanged, ProviderChecked, RequestWaiting
from workbench.tui.core_link import CorePort
from workbench.tui.providers.board import Board
from workbench.tui.shell import Shell

if TYPE_CHECKING:
    from workbench.core.bus import Subscription
    from workbench.providers.health.values import ProviderDetail, RouteNow
    from workbench.tui.chat.desk import Slot

REREAD_S = 10.0
"""Figures are read again after that time even if nothing was heard: other processes change them too."""

_NEWS = (
    AttemptStarted, AttemptEnded, TurnFinished, ConfigurationLoaded, BreakerChanged, KeyChanged, ProviderChecked,
    RequestWaiting,
)  # fmt: skip


class ProviderFeed:
    """Keeps a board up to date while somebody looks at it."""

    def __init__(self, shell: Shell, board: Board, open_slot: Callable[[], Slot]) -> None:
        """`open_slot` gives the open conversation: the route is the one its next prompt would take."""
        self._shell = shell
        self._board = board
        self._open_slot = open_slot
        self._subscription: Subscription | None = None
        self._reading = asyncio.Lock()
        self._due = True
        self._read_at = 0.0
        self._read_at_ms = 0

    def listen(self) -> None:
        """Hear what happens from now on; the next look finds a reading due."""
        self._due = True
        self._subscribe()

    def _subscribe(self) -> None:
        if self._subscription is None and self._shell.link is not None:
            self._subscription = self._shell.link.bus.subscribe(kinds=_NEWS)

    def close(self) -> None:
        """Hear nothing any more."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def is_due(self) -> bool:
        """Whether something may have changed since the last reading, and none is under way."""
        # The pane may be opened before there is an engine to hear.
        self._subscribe()
        if self._subscription is not None and self._subscription.drain():
            self._due = True
        now_ms = self._shell.clock.now_ms()
        if any(self._read_at_ms < moment <= now_ms for moment in self._awaited()):
            self._due = True
        if self._shell.clock.monotonic() - self._read_at >= REREAD_S:
            self._due = True
        return self._due and not self._reading.locked()

    def _awaited(self) -> Iterator[int]:
        for status in self._board.rows:
            if status.breaker.probe_at_ms is not None:
                yield status.breaker.probe_at_ms
            yield from (key.until_ms for key in status.keys if key.until_ms is not None)

    async def read(self) -> None:
        """Read the list, then the details of the row under the cursor; trouble with it becomes the board's."""
        async with self._reading:
            self._due = False
            self._read_at, self._read_at_ms = self._shell.clock.monotonic(), self._shell.clock.now_ms()
            try:
                self._board.take(await self._shell.call(lambda core: core.providers.list()))
            except WorkbenchError as problem:
                self._board.problem = str(problem)
                return
        await self.read_detail()

    async def read_detail(self) -> None:
        """Read the details of the row under the cursor, and the way a request would take."""
        current = self._board.current
        if current is None:
            self._board.take_detail(None)
            return
        slot = self._open_slot()

        async def both(core: CorePort) -> tuple[ProviderDetail, RouteNow]:
            route = await core.providers.route_now(
                pinned_provider=slot.pin.provider, pinned_model=slot.pin.model, private=slot.private
            )
            return await core.providers.detail(current.name), route

        try:
            detail, self._board.route = await self._shell.call(both)
        except NotFoundError:
            # Gone since the list was read: the next list tells.
            return
        except WorkbenchError as problem:
            self._board.problem = str(problem)
            return
        self._board.take_detail(detail)
