"""Builds what keeps, finds, orders, moves and cares for conversations, and what goes on with them in the background."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.chat.titling import Titler
from workbench.conversations.branching.forking import Forking
from workbench.conversations.branching.outlines import Outlines
from workbench.conversations.exporting.service import Exporter
from workbench.conversations.importing.importer import Importer
from workbench.conversations.keeping.drafts import Drafts
from workbench.conversations.keeping.prompts import Prompts
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.ordering.organizing import Organizer
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.search.catching_up import CatchingUp
from workbench.conversations.search.index import take_out
from workbench.conversations.search.search import Search
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.engine.daily import DailyUpkeep
from workbench.engine.options import EngineOptions
from workbench.providers.answering.failover import Failover
from workbench.storage.store import Store
from workbench.storage.upkeep.service import Upkeep

if TYPE_CHECKING:
    from workbench.engine.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLayer:
    """The services of the history, over one store."""

    conversations: Conversations
    drafts: Drafts
    prompts: Prompts
    trash: Trash
    search: Search
    outlines: Outlines
    forking: Forking
    organizer: Organizer
    importer: Importer
    exporter: Exporter
    upkeep: Upkeep


def build_history_layer(store: Store, bus: EventBus, clock: Clock, *, owner: str) -> HistoryLayer:
    """`owner` names this process to the others of the home."""
    conversations = Conversations(store, clock, owner)
    return HistoryLayer(
        conversations=conversations,
        drafts=Drafts(store, clock),
        prompts=Prompts(store),
        trash=Trash(store, clock, bus),
        search=Search(store),
        outlines=Outlines(store),
        forking=Forking(store, clock, bus),
        organizer=Organizer(store, clock, bus),
        importer=Importer(store, clock, bus),
        exporter=Exporter(conversations, store, clock),
        upkeep=Upkeep(store, clock, bus, take_out=take_out),
    )


def begin_background_work(core: Core, options: EngineOptions, *, titles_by: Failover, teardown: AsyncExitStack) -> None:
    """What goes on beside everything else, and writes: the index of what is new, daily upkeep, titles."""
    catching_up = CatchingUp(core.store)
    # What a recovery brings over has to be indexed too.
    core.recovery.when_done(catching_up.start)
    teardown.push_async_callback(catching_up.close)
    if options.upkeep:
        daily = DailyUpkeep(core.upkeep, core.clock, core.bus, configured=core.configured, busy=core.chat.running)
        # Not before: a backup of what has been half brought over would take the place of a good one.
        core.recovery.when_done(daily.start)
        teardown.push_async_callback(daily.close)
    if options.titles and not options.offline:
        titler = Titler(
            answers=titles_by,
            conversations=core.conversations,
            organizer=core.organizer,
            configuration=core.configured,
            bus=core.bus,
            busy=core.chat.running,
        )
        titler.start()
        teardown.push_async_callback(titler.close)
