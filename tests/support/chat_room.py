"""A chat service over a real database and a scripted model, for tests of turns."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from tests.support.scripted_model import ScriptedModel, Step, provider
from workbench.chat.service import ChatService
from workbench.chat.turn import Answers
from workbench.config.values import Configuration, OnBrokenStream, Settings
from workbench.conversations.keeping.repository import Conversations
from workbench.core.bus import EventBus, Subscription
from workbench.core.clock import SystemClock
from workbench.providers.answering.attempt_log import AttemptLog
from workbench.providers.answering.failover import Failover
from workbench.storage.store import Store


@dataclass
class Room:
    """A chat service over a real database and a scripted model."""

    chat: ChatService
    conversations: Conversations
    model: ScriptedModel
    bus: EventBus
    events: Subscription
    store: Store
    database: Path

    def on_disk(self, message_id: str) -> tuple[str, str]:
        """State and text of a message as another process would read them."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            row = connection.execute("select state, text from messages where id = ?", (message_id,)).fetchone()
        return (row[0], row[1])


@asynccontextmanager
async def room(
    tmp_path: Path,
    scripts: dict[str, list[Sequence[Step]]],
    *,
    settings: Settings | None = None,
    offline: bool = False,
    answers: Answers | None = None,
) -> AsyncIterator[Room]:
    """Open a room whose providers are tried in the order of `scripts`; `answers` stands in for the attempt loop."""
    clock = SystemClock()
    database = tmp_path / "workbench.db"
    store = await Store.open(database, clock=clock)
    bus = EventBus(clock)
    model = ScriptedModel(scripts)
    conversations = Conversations(store, clock, "instance-1")
    configuration = Configuration(
        settings=settings or Settings(on_broken_stream=OnBrokenStream.RESTART),
        providers=tuple(provider(name, priority=place) for place, name in enumerate(scripts, 1)),
    )

    async def configured() -> Configuration:
        return configuration

    chat = ChatService(
        conversations=conversations,
        failover=answers or Failover(model, AttemptLog(store), bus, clock, random.Random(1)),
        model=model,
        configuration=configured,
        bus=bus,
        clock=clock,
        offline=offline,
    )
    try:
        yield Room(chat, conversations, model, bus, bus.subscribe(), store, database)
    finally:
        await chat.close()
        await store.close()


async def until(condition: Callable[[], bool], *, within_s: float = 5.0) -> None:
    """Wait until `condition()` holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)
