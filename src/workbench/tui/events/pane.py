"""The events pane with the lines around it, fed by the pump; imported when it is first opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.tui.actions.values import Scope
from workbench.tui.events.model import EventsModel, Stored
from workbench.tui.screens.chat_chrome import PANES
from workbench.tui.screens.events import EventsScreen
from workbench.tui.widgets.status_bar import StatusBar
from workbench.tui.widgets.tab_bar import TabBar

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

STORED_SHOWN = 500
"""Stored events read when the pane is opened."""


def events_pane(host: WorkbenchApp) -> EventsScreen:
    """The pane, filled with what has come so far."""
    model = EventsModel()
    host.pump.send_events_to(model.extend)

    async def load_stored() -> Sequence[Stored]:
        return await host.shell.call(lambda core: core.events.page(limit=STORED_SHOWN))

    return EventsScreen(
        model,
        load_stored,
        top=[TabBar(PANES, "events", id="tabs")],
        bottom=[StatusBar((Scope.EVERYWHERE,), id="status")],
    )
