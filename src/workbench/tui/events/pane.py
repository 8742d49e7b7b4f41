"""The events pane with the lines around it, fed by the pump; imported when it is first opened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.tui.actions.values import Scope
from workbench.tui.events.model import EventsModel
from workbench.tui.events.surroundings import Surroundings
from workbench.tui.events.values import Stored
from workbench.tui.screens.chat_chrome import PANES
from workbench.tui.screens.events import EventsScreen
from workbench.tui.shell import Shell
from workbench.tui.widgets.status_bar import StatusBar
from workbench.tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from workbench.storage.event_log import EventQuery, Extent
    from workbench.tui.app import WorkbenchApp


class CoreEvents:
    """The event log of the core, called from the screens' loop."""

    def __init__(self, shell: Shell) -> None:
        """Through the link of `shell`."""
        self._shell = shell

    async def page(
        self, query: EventQuery, *, after_seq: int | None = None, before_seq: int | None = None, limit: int = 500
    ) -> Sequence[Stored]:
        """See `EventLog`."""
        return await self._shell.call(
            lambda core: core.events.page(query, after_seq=after_seq, before_seq=before_seq, limit=limit)
        )

    async def seqs(self, query: EventQuery, *, after_seq: int, before_seq: int) -> Sequence[int]:
        """See `EventLog`."""
        return await self._shell.call(lambda core: core.events.seqs(query, after_seq=after_seq, before_seq=before_seq))

    async def extent(self) -> Extent:
        """See `EventLog`."""
        return await self._shell.call(lambda core: core.events.extent())

    async def seq_at(self, at_ms: int) -> int:
        """See `EventLog`."""
        return await self._shell.call(lambda core: core.events.seq_at(at_ms))


def events_pane(host: WorkbenchApp) -> EventsScreen:
    """The pane, filled with what has come so far."""
    model = EventsModel()
    host.pump.send_events_to(model.extend)

    def names() -> dict[str, Iterable[str]]:
        configuration = host.shell.configuration
        return {"provider": [provider.name for provider in configuration.providers] if configuration else []}

    around = Surroundings(
        log=CoreEvents(host.shell),
        start_work=host.start_work,
        tell=host.tell,
        copy=host.copy,
        now_ms=host.shell.clock.now_ms,
        open_message=lambda conversation_id, message_id: host.open_from_anywhere(
            conversation_id, message_id, back_to="events"
        ),
        open_provider=lambda name: host.start_work(_show_provider(host, name), group="pane", exclusive=True),
        open_dialog=host.push_screen,
        names=names,
        export_folder=Path,
    )
    return EventsScreen(
        model,
        around,
        top=[TabBar(PANES, "events", id="tabs")],
        bottom=[StatusBar((Scope.EVERYWHERE,), id="status")],
    )


async def _show_provider(host: WorkbenchApp, name: str) -> None:
    from workbench.tui.screens.providers import ProvidersScreen

    await host.show_pane("providers")
    if isinstance(host.screen, ProvidersScreen):
        host.screen.board.choose(name)
        host.screen.draw()
