"""The built core: every service a front end may call, all on one loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from workbench.chat.service import ChatService
from workbench.config.paths import Paths
from workbench.config.values import Configuration
from workbench.conversations.drafts import Drafts
from workbench.conversations.repository import Conversations
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.providers.directory import ProviderDirectory
from workbench.providers.values import ChatModel
from workbench.storage.event_log import EventLog
from workbench.storage.store import Store


class CurrentConfiguration:
    """The snapshot in force, swapped whole."""

    def __init__(self, snapshot: Configuration) -> None:
        """Begin with `snapshot`."""
        self.snapshot = snapshot

    def __call__(self) -> Configuration:
        """The snapshot in force now."""
        return self.snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Services by name. Call them only on the core's loop, through `Engine.call` or `Engine.run`."""

    paths: Paths
    clock: Clock
    bus: EventBus
    current: CurrentConfiguration
    load: Callable[[], Awaitable[Configuration]]
    """Reads the configuration anew, discovery included."""
    store: Store
    conversations: Conversations
    drafts: Drafts
    events: EventLog
    chat: ChatService
    providers: ProviderDirectory
    model: ChatModel
    demo: bool
    offline: bool

    @property
    def configuration(self) -> Configuration:
        """The snapshot in force."""
        return self.current.snapshot

    async def reload_configuration(self) -> Configuration:
        """Read the configuration again and put it in force; running turns keep the old one."""
        self.current.snapshot = await self.load()
        return self.current.snapshot
