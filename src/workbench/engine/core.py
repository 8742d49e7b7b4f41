"""The built core: every service a front end may call, all on one loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.chat.service import ChatService
from workbench.config.paths import Paths
from workbench.config.values import Configuration
from workbench.conversations.branching.forking import Forking
from workbench.conversations.branching.outlines import Outlines
from workbench.conversations.exporting.service import Exporter
from workbench.conversations.importing.importer import Importer
from workbench.conversations.keeping.drafts import Drafts
from workbench.conversations.keeping.prompts import Prompts
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.ordering.organizing import Organizer
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.search.search import Search
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.engine.configuring import CurrentConfiguration
from workbench.engine.provider_control import ProviderControl
from workbench.engine.temporary import Temporary
from workbench.providers.health.directory import ProviderDirectory
from workbench.providers.scripted.drill_values import DrillStep
from workbench.providers.values import ChatModel
from workbench.storage.event_log import EventLog
from workbench.storage.store import Store
from workbench.storage.upkeep.recovery import Recovery
from workbench.storage.upkeep.service import Upkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Services by name. Call them only on the core's loop, through `Engine.call` or `Engine.run`."""

    paths: Paths
    clock: Clock
    bus: EventBus
    configured: CurrentConfiguration
    """`await core.configured()` gives the snapshot in force."""
    store: Store
    conversations: Conversations
    drafts: Drafts
    prompts: Prompts
    trash: Trash
    search: Search
    upkeep: Upkeep
    recovery: Recovery
    outlines: Outlines
    forking: Forking
    organizer: Organizer
    importer: Importer
    exporter: Exporter
    events: EventLog
    chat: ChatService
    providers: ProviderDirectory
    provider_control: ProviderControl
    model: ChatModel
    temporary: Temporary
    """The conversations that leave nothing on disk."""
    demo: bool
    offline: bool

    async def in_memory(self) -> Core:
        """The same core over the temporary conversations instead of the stored ones."""
        return await self.temporary.beside(self)

    async def keep_temporary(self, conversation_id: str) -> None:
        """Store a temporary conversation. Raises UsageError while a reply is written in it."""
        await self.temporary.keep(conversation_id)

    async def drill(self, tell: Callable[[DrillStep], None]) -> None:
        """Play every fault on stand-ins for the configured chain; `tell` hears each step, on the core's loop.

        Nothing of the core is touched but the loaded model library. Raises WorkbenchError when that cannot be loaded.
        """
        from workbench.engine.drill import play

        await play(await self.configured(), tell, model=self.model)

    async def reload_configuration(self) -> Configuration:
        """Read the configuration again and put it in force; running turns keep the old one."""
        return await self.configured.reload()
