"""The provider layer as the program builds it, over loopback doubles: chat, database, admission, LiteLLM."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.support.doubles import FaultyProvider
from workbench.chat.service import ChatService
from workbench.chat.values import TurnResult
from workbench.config.values import Configuration, OnBrokenStream, Provider, Settings
from workbench.conversations.keeping.repository import Conversations
from workbench.core.bus import EventBus, Subscription
from workbench.core.clock import Clock, SystemClock
from workbench.core.secret import Secret
from workbench.providers.answering.attempt_log import AttemptLog
from workbench.providers.answering.failover import Failover
from workbench.providers.calling.litellm_client import LiteLLMClient
from workbench.providers.resilience.shared_admission import SharedAdmission
from workbench.providers.routing.rotation import Rotation
from workbench.providers.routing.router import Router
from workbench.providers.values import Answered, AnswerPart, AnswerRequest
from workbench.storage.store import Store

QUICK = Settings(
    on_broken_stream=OnBrokenStream.RESTART,
    first_token_timeout=0.4,
    stall_timeout=0.4,
    request_timeout=10.0,
    max_concurrent_requests=64,
)
"""Limits that a double fails within; a broken answer is given again by the next provider."""


def key_of(name: str) -> str:
    """The key that a provider of this name has: it must turn up nowhere but at its double."""
    return f"canary-{name}-5f6e7d8c9b0a"


def at(name: str, double: FaultyProvider | str, priority: int = 1, *, keys: int = 1, retries: int = 0) -> Provider:
    """A provider at a double or an address, with one model and `keys` keys."""
    numbered = [name, *(f"{name}-{number}" for number in range(2, keys + 1))]
    return Provider(
        name=name,
        kind="openai-compatible",
        base_url=double if isinstance(double, str) else double.base_url,
        models=(f"{name}-model",),
        api_keys=tuple(Secret(key_of(each)) for each in numbered),
        key_refs=tuple(f"{each.upper()}_KEY" for each in numbered),
        priority=priority,
        max_retries=retries,
    )


@dataclass
class Overheard:
    """The attempt loop, and the last word of each of its answers."""

    failover: Failover
    answered: list[Answered] = field(default_factory=list[Answered])

    async def answer(self, request: AnswerRequest, /) -> AsyncGenerator[AnswerPart, None]:
        """What the loop gives."""
        async with aclosing(self.failover.answer(request)) as parts:
            async for part in parts:
                if isinstance(part, Answered):
                    self.answered.append(part)
                yield part


@dataclass
class ProviderRoom:
    """Everything of one program over one database; `configuration` may be changed between turns."""

    configuration: Configuration
    chat: ChatService
    conversations: Conversations
    admission: SharedAdmission
    overheard: Overheard
    store: Store
    clock: Clock
    bus: EventBus
    events: Subscription

    @property
    def failover(self) -> Failover:
        """The attempt loop itself."""
        return self.overheard.failover

    async def ask(self, text: str) -> TurnResult:
        """A prompt in a new conversation, to its end."""
        turn = await self.chat.send(text)
        return await self.chat.wait(turn.id)


@asynccontextmanager
async def provider_room(
    folder: Path,
    client: LiteLLMClient,
    *providers: Provider,
    settings: Settings = QUICK,
    clock: Clock | None = None,
    seed: int = 1,
) -> AsyncIterator[ProviderRoom]:
    """Open one in `folder`; the providers are tried in the order of their priorities."""
    clock = clock or SystemClock()
    store = await Store.open(folder / "workbench.db", clock=clock)
    bus, random = EventBus(clock), Random(seed)
    conversations = Conversations(store, clock, "instance-1")
    admission = SharedAdmission(
        store, bus, clock, random, owner="instance-1", limit=lambda: room.configuration.settings.max_concurrent_requests
    )
    router = Router(clock=clock, random=random, rotation=Rotation(store), store=store)
    overheard = Overheard(Failover(client, AttemptLog(store), bus, clock, random, admission=admission, router=router))

    async def configured() -> Configuration:
        return room.configuration

    chat = ChatService(
        conversations=conversations, failover=overheard, model=client, configuration=configured, bus=bus, clock=clock
    )
    room = ProviderRoom(
        configuration=Configuration(settings=settings, providers=providers),
        chat=chat,
        conversations=conversations,
        admission=admission,
        overheard=overheard,
        store=store,
        clock=clock,
        bus=bus,
        events=bus.subscribe(),
    )
    try:
        yield room
    finally:
        await chat.close()
        await admission.aclose()
        await store.close()
