"""Homes with conversations, a trash and events, for the tests of the store's upkeep."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.storage import opened
from workbench.conversations.keeping.repository import BegunTurn, Conversations
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.search.index import take_out
from workbench.conversations.values import MessageState
from workbench.core.bus import EventBus, Subscription
from workbench.core.clock import ManualClock
from workbench.core.events import Event
from workbench.storage.event_log import EventLog
from workbench.storage.store import Store
from workbench.storage.upkeep.service import Upkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An open store with everything that writes to it."""

    store: Store
    clock: ManualClock
    bus: EventBus
    heard: Subscription
    conversations: Conversations
    trash: Trash
    events: EventLog
    upkeep: Upkeep

    async def talk(self, prompt: str, answer: str, *, conversation_id: str | None = None) -> BegunTurn:
        """A prompt with its reply."""
        begun = await self.conversations.begin_turn(prompt=prompt, conversation_id=conversation_id)
        await self.conversations.finish_reply(begun.reply.id, state=MessageState.DONE, text=answer)
        self.clock.advance(1)
        return begun

    async def texts(self) -> set[str]:
        """All texts that are in the database."""
        rows = await self.store.read("select json_group_array(text) from messages")
        return set(json.loads(rows[0][0]))

    async def found(self, word: str) -> int:
        """How many messages the full-text index has for a word."""
        rows = await self.store.read("select count(*) from messages_fts where messages_fts match ?", (word,))
        return int(rows[0][0])

    def told(self) -> list[Event]:
        """What was published since the last look."""
        return list(self.heard.drain())


@contextlib.asynccontextmanager
async def kept(path: Path, clock: ManualClock | None = None) -> AsyncIterator[Kept]:
    """A home's store and the services around it, closed at the end."""
    clock = clock or ManualClock()
    bus = EventBus(clock)
    async with opened(path, clock=clock) as store:
        yield Kept(
            store=store,
            clock=clock,
            bus=bus,
            heard=bus.subscribe(),
            conversations=Conversations(store, clock, "0dead"),
            trash=Trash(store, clock, bus),
            events=EventLog(store),
            upkeep=Upkeep(store, clock, bus, take_out=take_out),
        )
