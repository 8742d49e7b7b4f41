"""A real chat service under the screens: the same loop, a real database, providers that follow a script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from tests.support.chat_room import Room
from tests.support.fake_providers import FakeControl, FakeProviders
from workbench.chat.service import ChatService
from workbench.config.values import Configuration
from workbench.conversations.branching.forking import Forking
from workbench.conversations.branching.outlines import Outlines
from workbench.conversations.exporting.service import Exporter
from workbench.conversations.keeping.drafts import Drafts
from workbench.conversations.keeping.prompts import Prompts
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.search.search import Search
from workbench.core import events as ev
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.storage.event_log import EventLog
from workbench.tui.core_link import CorePort

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class RoomCore:
    """What the screens reach; only figures of providers are told by the test."""

    chat: ChatService
    conversations: Conversations
    drafts: Drafts
    trash: Trash
    exporter: Exporter
    search: Search
    outlines: Outlines
    forking: Forking
    prompts: Prompts
    events: EventLog
    providers: FakeProviders
    provider_control: FakeControl
    configuration: Configuration

    async def configured(self) -> Configuration:
        """The one of the room."""
        return self.configuration

    async def reload_configuration(self) -> Configuration:
        """The same again."""
        return self.configuration


class RoomLink:
    """Runs calls on the screens' own loop."""

    def __init__(self, room: Room, configuration: Configuration, clock: Clock) -> None:
        providers = FakeProviders()
        self.bus: EventBus = room.bus
        self.core = RoomCore(
            chat=room.chat, conversations=room.conversations, drafts=Drafts(room.store, clock),
            trash=Trash(room.store, clock, room.bus),
            exporter=Exporter(room.conversations, room.store, clock),
            search=Search(room.store), outlines=Outlines(room.store), forking=Forking(room.store, clock, room.bus),
            prompts=Prompts(room.store),
            events=EventLog(room.store), providers=providers, provider_control=FakeControl(providers),
            configuration=configuration,
        )  # fmt: skip

    def start(self) -> None:
        """Tell that it runs."""
        self.bus.publish(ev.EngineStarted(version="1.0"))

    async def call(self, work: Callable[[CorePort], Awaitable[T]], /) -> T:
        """Run `work` here."""
        return await work(cast("CorePort", self.core))

    def stop(self, timeout_s: float = 2.0) -> None:
        """Nothing of its own to end."""
