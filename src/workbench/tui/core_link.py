"""What the screens need of the core: small protocols, so that tests can stand in for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.chat.values import TurnOptions
    from workbench.config.values import Configuration
    from workbench.conversations.exporting.formats import ExportFormat
    from workbench.conversations.exporting.service import Exported
    from workbench.conversations.keeping.prompts import BranchSize, EarlierPrompt
    from workbench.conversations.values import Conversation, Message
    from workbench.core.bus import EventBus
    from workbench.core.secret import Secret
    from workbench.providers.health.choices import ModelChoice
    from workbench.providers.health.probing import ProbeResult
    from workbench.providers.health.values import ProviderDetail, ProviderStatus, RouteNow
    from workbench.providers.scripted.drill_values import DrillStep
    from workbench.providers.values import Resume
    from workbench.tui.events.reading import EventsPort
    from workbench.tui.history.port import ForkingPort, OutlinesPort, SearchPort
    from workbench.tui.importing.port import ImporterPort
    from workbench.tui.organizing.port import OrganizerPort, TrashPort
    from workbench.tui.storage.port import UpkeepPort

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
        beside_id: str | None = None,
        after_id: str | None = None,
        options: TurnOptions | None = None,
    ) -> TurnPort:
        """Store the prompt, beside another one, after a message or at the end, and begin its reply."""
        ...

    async def go_on(
        self, conversation_id: str, message_id: str, *, options: TurnOptions | None = None
    ) -> TurnPort:  # fmt: skip
        """Begin a reply, beside one that ended early, that begins with its text and goes on from there."""
        ...

    async def ask_again(
        self, conversation_id: str, message_id: str, *, options: TurnOptions | None = None
    ) -> TurnPort:  # fmt: skip
        """Begin another reply to a prompt, beside those it has; `message_id` is the prompt or any reply to it."""
        ...

    async def decide(self, turn_id: str, resume: Resume | str, /) -> bool:
        """Say what to do with a broken answer; False when the turn does not ask any more."""
        ...

    async def stop(self, conversation_id: str) -> bool:
        """End the running turn, keeping what came; False when none was running."""
        ...


class ConversationsPort(Protocol):
    """The stored conversations."""

    async def get(self, reference: str) -> Conversation:
        """By id, unique prefix, or `last`."""
        ...

    async def pinned(self) -> Sequence[Conversation]:
        """Those that stand first in lists, newest first."""
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

    async def siblings(self, message_ids: Sequence[str], /) -> Mapping[str, tuple[str, ...]]:
        """For each of these replies the ids of all replies to the same prompt, oldest first."""
        ...

    async def choose(self, conversation_id: str, message_id: str, /) -> object:
        """Make the branch through a message the active one, down to its newest leaf."""
        ...

    async def rate(self, message_id: str, rating: int | None, /) -> object:
        """Judge a reply: 1 good, -1 bad, None takes a judgement back."""
        ...

    async def make_private(self, conversation_id: str, /) -> object:
        """Let only private providers read a conversation from now on, for good."""
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


class PromptsPort(Protocol):
    """What was asked before."""

    async def newest(self, *, limit: int = 100, containing: str = "") -> Sequence[EarlierPrompt]:
        """Different prompts of all conversations, the newest first."""
        ...

    async def branch_size(
        self, conversation_id: str, /, *, beside_id: str | None = None, after_id: str | None = None
    ) -> BranchSize:
        """How much the active branch is, what stands above the prompt `beside_id`, or the branch down to `after_id`."""
        ...


class ExporterPort(Protocol):
    """Conversations as files."""

    async def write(
        self,
        ids: Sequence[str] | None,
        format_: ExportFormat,
        path: Path,
        *,
        overwrite: bool = False,
        leaf_id: str | None = None,
    ) -> Exported:
        """Write conversations to a file, whole or not at all."""
        ...


class ProvidersPort(Protocol):
    """The configured providers."""

    async def list(self) -> Sequence[ProviderStatus]:
        """The state of each, in order of priority; contacts nobody."""
        ...

    async def choices(self) -> Sequence[ModelChoice]:
        """Every model of every provider, with what is known of it; contacts nobody."""
        ...

    async def detail(self, name: str, /) -> ProviderDetail:
        """Everything known of one; contacts nobody. Raises `NotFoundError`."""
        ...

    async def test(self, names: Sequence[str] = (), /) -> Sequence[ProbeResult]:
        """Ask these, or all that are on, whether they are there: free requests, in parallel, within five seconds."""
        ...

    async def route_now(
        self, *, pinned_provider: str | None = None, pinned_model: str | None = None, private: bool = False
    ) -> RouteNow:
        """Who would be asked at this moment, and why."""
        ...


class KeyPlacePort(Protocol):
    """A place where keys can be kept."""

    @property
    def name(self) -> str:
        """`keyring` or `env-file`."""
        ...

    @property
    def available(self) -> bool:
        """Whether keys can be kept there."""
        ...

    @property
    def why(self) -> str:
        """Why not, or where exactly."""
        ...


class ProviderControlPort(Protocol):
    """What a person may change; each verb raises `WorkbenchError` and has changed nothing then."""

    async def enable(self, name: str, on: bool, /) -> object:
        """Switch a provider on or off."""
        ...

    async def reorder(self, names: Sequence[str], /) -> object:
        """Give the providers this order of priority."""
        ...

    async def reset(self, name: str, /) -> object:
        """Close a breaker and let its provider's keys be used again."""
        ...

    async def set_key_enabled(self, name: str, ref: str, on: bool, /) -> object:
        """Use one of a provider's keys, or do not."""
        ...

    async def add_key(self, name: str, key: Secret, /, *, place: str) -> object:
        """Keep a key for a provider at a place, and use it."""
        ...

    async def add_provider(self, kind: str, key: Secret, /, *, place: str) -> object:
        """Configure a provider that needs no more than a key, with its first one."""
        ...

    async def key_places(self) -> Sequence[KeyPlacePort]:
        """Where keys can be kept on this machine."""
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
    def trash(self) -> TrashPort:
        """What was deleted."""
        ...

    @property
    def organizer(self) -> OrganizerPort:
        """How conversations are ordered."""
        ...

    @property
    def prompts(self) -> PromptsPort:
        """Prompts of all conversations."""
        ...

    @property
    def search(self) -> SearchPort:
        """What was said, found."""
        ...

    @property
    def outlines(self) -> OutlinesPort:
        """Trees of conversations."""
        ...

    @property
    def forking(self) -> ForkingPort:
        """Branches made from a message."""
        ...

    @property
    def upkeep(self) -> UpkeepPort:
        """Sizes, pruning, backups."""
        ...

    @property
    def importer(self) -> ImporterPort:
        """Files as conversations."""
        ...

    @property
    def exporter(self) -> ExporterPort:
        """Conversations as files."""
        ...

    @property
    def events(self) -> EventsPort:
        """Stored events."""
        ...

    @property
    def providers(self) -> ProvidersPort:
        """Configured providers."""
        ...

    @property
    def provider_control(self) -> ProviderControlPort:
        """Changing of providers."""
        ...

    async def in_memory(self) -> CorePort:
        """The same over the temporary conversations, which leave nothing on disk, instead of the stored ones."""
        ...

    async def keep_temporary(self, conversation_id: str, /) -> object:
        """Store a temporary conversation; it is like any other then."""
        ...

    async def drill(self, tell: Callable[[DrillStep], None], /) -> None:
        """Play every fault on stand-ins for the configured chain; `tell` is called on the core's loop."""
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
