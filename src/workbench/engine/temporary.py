"""Temporary conversations: the services of the core once more, over a database that only memory holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from workbench.chat.service import ChatService
from workbench.conversations.branching.forking import Forking
from workbench.conversations.branching.outlines import Outlines
from workbench.conversations.exporting.service import Exporter
from workbench.conversations.keeping.copying import copy_conversation, take_away
from workbench.conversations.keeping.drafts import Drafts
from workbench.conversations.keeping.prompts import Prompts
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.ordering.organizing import Organizer
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.search.search import Search
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import NotFoundError, UsageError
from workbench.core.events import ConversationChanged, Event
from workbench.providers.answering.failover import Failover
from workbench.storage.memory import MemoryStore
from workbench.storage.store import Store

if TYPE_CHECKING:
    from workbench.engine.core import Core

E = TypeVar("E", bound=Event)

_NAMELESS = "temporary"
"""The correlation of what is told of temporary conversations without naming one."""


class TemporaryEvents:
    """Knows which events are of temporary conversations: screens hear them, nothing writes them down."""

    def __init__(self) -> None:
        """None yet."""
        self._ids = {_NAMELESS}

    def __call__(self, event: Event) -> bool:
        """Whether it belongs to one."""
        return event.correlation in self._ids or event.conversation_id in self._ids

    def mark(self, event: E) -> E:
        """Note what the event belongs to; gives the event that can be told."""
        marked = event if event.correlation or event.conversation_id else replace(event, correlation=_NAMELESS)
        self._ids.update(name for name in (marked.correlation, marked.conversation_id) if name)
        return marked

    def forget(self, conversation_id: str) -> None:
        """The conversation is not temporary any more."""
        self._ids.discard(conversation_id)


class _MarkingBus(EventBus):
    """Tells everything on another bus, marked as temporary before anybody hears of it."""

    def __init__(self, bus: EventBus, marked: TemporaryEvents, clock: Clock) -> None:
        super().__init__(clock)
        self._to, self._marked = bus, marked

    def publish(self, event: E) -> E:
        """Mark it, and tell it."""
        return self._to.publish(self._marked.mark(event))


@dataclass(slots=True, kw_only=True)
class Temporary:
    """Holds the temporary conversations of this process; nothing is made before the first one."""

    events: TemporaryEvents
    answers: Callable[[Store, EventBus], Failover]
    """Makes an attempt loop that keeps its trail in a store."""
    owner: str
    """The name of this process."""
    _stored: Core | None = None
    """The core beside which `_core` was made."""
    _core: Core | None = None
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def beside(self, core: Core) -> Core:
        """The services of `core` that concern conversations, over those in memory; the others are the same."""
        async with self._making:
            if self._core is None:
                self._stored, self._core = core, await self._make(core)
            return self._core

    async def keep(self, conversation_id: str) -> None:
        """Store a temporary conversation in the database; from then on it is like any other.

        Raises UsageError while a reply is being written in it, NotFoundError, StorageError: nothing has changed then.
        """
        stored, memory = self._both()
        if memory.chat.running_in(conversation_id) is not None:
            raise UsageError("A reply is still being written", hint="Stop it, or wait until it is done, then keep it")
        await copy_conversation(memory.store, stored.store, conversation_id)
        await take_away(memory.store, conversation_id)
        self.events.forget(conversation_id)
        stored.bus.publish(ConversationChanged(conversation_id=conversation_id))

    async def borrow(self, reference: str) -> str:
        """Copy a stored conversation into memory, to go on with it there; gives its id. Raises NotFoundError."""
        stored, memory = self._both()
        conversation = await stored.conversations.get(reference)
        if not await memory.store.read("select 1 from conversations where id = ?", (conversation.id,)):
            await copy_conversation(stored.store, memory.store, conversation.id)
        return conversation.id

    async def close(self) -> None:
        """End replies and forget everything."""
        if self._core is not None:
            await self._core.chat.close()
            await self._core.store.close()

    def _both(self) -> tuple[Core, Core]:
        if self._stored is None or self._core is None:
            raise NotFoundError("There is no temporary conversation")
        return self._stored, self._core

    async def _make(self, core: Core) -> Core:
        store = await MemoryStore.create(core.clock)
        bus = _MarkingBus(core.bus, self.events, core.clock)
        conversations = Conversations(store, core.clock, self.owner)
        chat = ChatService(
            conversations=conversations,
            failover=self.answers(store, bus),
            model=core.model,
            configuration=core.configured,
            bus=bus,
            clock=core.clock,
            offline=core.offline,
        )
        return replace(
            core,
            store=store,
            conversations=conversations,
            chat=chat,
            drafts=Drafts(store, core.clock),
            prompts=Prompts(store),
            trash=Trash(store, core.clock, bus),
            outlines=Outlines(store),
            forking=Forking(store, core.clock, bus),
            organizer=Organizer(store, core.clock, bus),
            exporter=Exporter(conversations, store, core.clock),
            search=Search(store),
        )
