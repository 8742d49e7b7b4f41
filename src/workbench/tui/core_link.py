"""What the screens need of the core: small protocols, so that tests can stand in for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from workbench.chat.values import TurnOptions
    from workbench.config.values import Configuration
    from workbench.conversations.values import Conversation, Message
    from workbench.core.bus import EventBus
    from workbench.tui.events.model import Stored

T = TypeVar("T")


class TurnPort(Protocol):
    """A turn that has begun: its prompt is stored."""

    @property
    def id(self) -> str:
        """The correlation of its events."""
        ...

    @property
    def conversation_id(self) -> str:
        """Where it belongs."""
        ...

    @property
    def user_message_id(self) -> str:
        """The stored prompt."""
        ...

    @property
    def message_id(self) -> str:
        """The reply that is being written."""
        ...


class ChatPort(Protocol):
    """Turns of conversation."""

    async def send(
        self,
        text: str,
        *,
        conversation_id: str | None = None,
        options: TurnOptions | None = None,
    ) -> TurnPort:
        """Store the prompt and begin its reply; returns once the prompt is stored."""
        ...

    async def stop(self, conversation_id: str) -> bool:
        """End the running turn, keeping what came; False when none was running."""
        ...


class ConversationsPort(Protocol):
    """The stored conversations."""

    async def get(self, reference: str) -> Conversation:
        """By id, unique prefix, or `last`."""
        ...

    async def list(self, *, limit: int = 50, offset: int = 0) -> tuple[int, list[Conversation]]:
        """The number of all, and one page of them, newest first."""
        ...

    async def path(
        self, conversation_id: str, *, leaf_id: str | None = None, newest: int | None = None
    ) -> Sequence[Message]:
        """The branch that ends at a leaf, root first."""
        ...

    async def message(self, message_id: str, /) -> Message:
        """One message."""
        ...

    async def pin(self, conversation_id: str, *, provider: str | None, model: str | None) -> object:
        """Choose who answers a conversation; None lets the strategy decide."""
        ...


class DraftsPort(Protocol):
    """Unsent texts."""

    async def save(self, conversation_id: str | None, text: str) -> object:
        """Keep the unsent text of a conversation; None is the new one."""
        ...

    async def load(self, conversation_id: str | None) -> str:
        """The unsent text kept for a conversation."""
        ...


class ProviderStatusPort(Protocol):
    """How one provider is."""

    @property
    def name(self) -> str:
        """Its configured name."""
        ...

    @property
    def state(self) -> str:
        """`ok`, `slow`, `open`, `no_key`, `disabled` or `unknown`."""
        ...


class ProvidersPort(Protocol):
    """The configured providers."""

    async def list(self) -> Sequence[ProviderStatusPort]:
        """The state of each; contacts nobody."""
        ...


class EventsPort(Protocol):
    """The stored events."""

    async def page(self, *, limit: int = 500) -> Sequence[Stored]:
        """The newest ones, oldest first."""
        ...


class CorePort(Protocol):
    """The running core, as seen on its own thread."""

    @property
    def configured(self) -> Callable[[], Awaitable[Configuration]]:
        """Gives the snapshot in force, once it has been read."""
        ...

    @property
    def chat(self) -> ChatPort:
        """Turns."""
        ...

    @property
    def conversations(self) -> ConversationsPort:
        """Stored conversations."""
        ...

    @property
    def drafts(self) -> DraftsPort:
        """Unsent texts."""
        ...

    @property
    def events(self) -> EventsPort:
        """Stored events."""
        ...

    @property
    def providers(self) -> ProvidersPort:
        """Configured providers."""
        ...

    async def reload_configuration(self) -> object:
        """Read the files again and take what is right in them."""
        ...


class CoreLink(Protocol):
    """The engine as the screens hold it."""

    @property
    def bus(self) -> EventBus:
        """What the core tells."""
        ...

    def start(self) -> None:
        """Begin on the core's own thread; returns at once."""
        ...

    async def call(self, work: Callable[[CorePort], Awaitable[T]], /) -> T:
        """Run `work` on the core's loop and wait for it here; raises what it raised."""
        ...

    def stop(self, timeout_s: float = 2.0) -> object:
        """End the core in order, within a bound."""
        ...


async def configuration_of(core: CorePort) -> Configuration:
    """The current configuration, as a call for `CoreLink.call`."""
    return await core.configured()
