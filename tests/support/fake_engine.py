"""A core without threads, disk or network: a real bus, stored values in memory, answers told by the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from tests.support.fake_conversations import FakeConversations, FakeTrash
from tests.support.fake_events import FakeEventLog
from tests.support.fake_history import FakeForking, FakeOutlines, FakeSearch
from tests.support.fake_importer import FakeImporter
from tests.support.fake_organizer import FakeOrganizer
from tests.support.fake_prompts import FakePrompts
from tests.support.fake_providers import FakeControl, FakeProviders
from tests.support.fake_upkeep import FakeUpkeep
from workbench.chat.values import Turn, TurnOptions
from workbench.config.values import Configuration, Provider
from workbench.conversations.exporting.service import Exporter
from workbench.conversations.values import BrokenPart, Conversation, Message, MessageState, Role
from workbench.core import events as ev
from workbench.core.bus import EventBus
from workbench.core.clock import Clock, ManualClock
from workbench.core.errors import StorageError, UsageError
from workbench.providers.values import Attempt
from workbench.storage.store import Store
from workbench.tui.core_link import CorePort

T = TypeVar("T")


def provider(name: str, *, priority: int = 1, scripted: bool = False, **more: Any) -> Provider:
    """A usable provider with two models."""
    made = Provider(
        name=name, kind="openai-compatible", models=(f"{name}-large", f"{name}-small"), needs_key=False,
        base_url="http://127.0.0.1:1", priority=priority, scripted=scripted,
    )  # fmt: skip
    return replace(made, **more)


THREE = Configuration(
    providers=(provider("alpha"), provider("beta", priority=2), provider("gamma", priority=3)),
)


class FakeChat:
    """Stores prompts; the test tells the answers with `FakeEngine.answer` and its parts."""

    def __init__(self, core: FakeCore) -> None:
        self._core = core
        self.sent: list[tuple[str, str | None, TurnOptions | None]] = []
        self.stopped: list[str] = []
        self.turns: dict[str, Turn] = {}
        self.beside: list[str | None] = []
        """Of each prompt sent the one that it is another wording of."""
        self.again: list[tuple[str, str, TurnOptions | None]] = []
        self.decided: list[tuple[str, str]] = []
        self.refuse: Exception | None = None
        self.hold: asyncio.Event | None = None
        """While set, `send` waits for it."""

    async def send(
        self,
        text: str,
        *,
        conversation_id: str | None = None,
        beside_id: str | None = None,
        after_id: str | None = None,
        options: TurnOptions | None = None,
    ) -> Turn:
        """As the real one: store, tell, return."""
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse is not None:
            raise self.refuse
        core = self._core
        if conversation_id in self.turns:
            raise UsageError("A reply of this conversation is still being written")
        self.sent.append((text, conversation_id, options))
        conversation = core.store_conversation(text.splitlines()[0][:60], conversation_id)
        self.beside.append(beside_id)
        at_end = after_id or core.leaves.get(conversation.id)
        parent = at_end if beside_id is None else (await core.conversations.message(beside_id)).parent_id
        prompt = core.store_message(conversation.id, Role.USER, text, parent_id=parent)
        if options is not None and options.private:
            core.change(conversation.id, private=True)
        return self._reply_to(prompt)

    async def ask_again(
        self, conversation_id: str, message_id: str, *, options: TurnOptions | None = None
    ) -> Turn:  # fmt: skip
        """As the real one: another reply beside those that are there."""
        if conversation_id in self.turns:
            raise UsageError("A reply of this conversation is still being written")
        self.again.append((conversation_id, message_id, options))
        message = await self._core.conversations.message(message_id)
        if message.role is not Role.USER:
            message = await self._core.conversations.message(message.parent_id or "")
        return self._reply_to(message)

    async def go_on(
        self, conversation_id: str, message_id: str, *, options: TurnOptions | None = None
    ) -> Turn:  # fmt: skip
        """As the real one: a reply that begins with the text of another one."""
        before = await self._core.conversations.message(message_id)
        self.again.append((conversation_id, message_id, options))
        turn = self._reply_to(await self._core.conversations.message(before.parent_id or ""), before.text)
        self._core.said[turn.message_id] = before.text
        self._core.tell(turn, ev.TextDelta(message_id=turn.message_id, delta=before.text))
        return turn

    def _reply_to(self, prompt: Message, text: str = "") -> Turn:
        core = self._core
        reply = core.store_message(
            prompt.conversation_id, Role.ASSISTANT, text, state=MessageState.STREAMING, parent_id=prompt.id
        )
        turn = Turn(
            id=core.fresh("turn"), conversation_id=prompt.conversation_id, user_message_id=prompt.id,
            message_id=reply.id,
        )  # fmt: skip
        self.turns[prompt.conversation_id] = turn
        core.tell(turn, ev.TurnStarted(user_message_id=prompt.id, message_id=reply.id))
        core.tell(turn, ev.ConversationChanged())
        return turn

    async def decide(self, turn_id: str, resume: str) -> bool:
        """True while the turn runs."""
        self.decided.append((turn_id, str(resume)))
        return any(turn.id == turn_id for turn in self.turns.values())

    async def stop(self, conversation_id: str) -> bool:
        """End the running turn."""
        self.stopped.append(conversation_id)
        turn = self.turns.get(conversation_id)
        if turn is None:
            return False
        self._core.finish(turn, state="stopped", reason="stopped by the user")
        return True


class FakeDrafts:
    """Unsent texts in memory."""

    def __init__(self) -> None:
        self.kept: dict[str | None, str] = {}
        self.saves = 0
        self.broken = False

    async def save(self, conversation_id: str | None, text: str) -> None:
        """Keep or, while broken, refuse."""
        if self.broken:
            raise StorageError("The disk is full")
        self.saves += 1
        self.kept[conversation_id] = text

    async def load(self, conversation_id: str | None) -> str:
        """What was kept."""
        return self.kept.get(conversation_id, "")


@dataclass(slots=True)
class FakeCore:
    """What the screens reach through the link."""

    bus: EventBus
    clock: Clock
    configuration: Configuration = THREE
    next_configuration: Configuration | None = None
    stored: list[Conversation] = field(default_factory=list[Conversation])
    messages: dict[str, list[Message]] = field(default_factory=dict[str, list[Message]])
    leaves: dict[str, str] = field(default_factory=dict[str, str])
    """The active leaf of each conversation that has messages."""
    said: dict[str, str] = field(default_factory=dict[str, str])
    """Text of the replies that are being written."""
    counts: dict[str, int] = field(default_factory=dict[str, int])
    chat: FakeChat = field(init=False)
    conversations: FakeConversations = field(init=False)
    trash: FakeTrash = field(init=False)
    drafts: FakeDrafts = field(default_factory=FakeDrafts)
    events: FakeEventLog = field(default_factory=FakeEventLog)
    prompts: FakePrompts = field(init=False)
    search: FakeSearch = field(init=False)
    outlines: FakeOutlines = field(init=False)
    forking: FakeForking = field(init=False)
    organizer: FakeOrganizer = field(init=False)
    upkeep: FakeUpkeep = field(default_factory=FakeUpkeep)
    importer: FakeImporter = field(default_factory=FakeImporter)
    exporter: Exporter = field(init=False)
    providers: FakeProviders = field(default_factory=FakeProviders)
    provider_control: FakeControl = field(init=False)

    def __post_init__(self) -> None:
        self.chat = FakeChat(self)
        self.conversations = FakeConversations(self)
        self.trash = FakeTrash(self)
        self.prompts = FakePrompts(self)
        self.organizer = FakeOrganizer(self)
        self.search, self.outlines, self.forking = FakeSearch(self), FakeOutlines(self), FakeForking(self)
        # The real one: the store only knows which conversations there are.
        self.exporter = Exporter(self.conversations, cast("Store", None), self.clock)
        self.provider_control = FakeControl(self.providers)

    async def configured(self) -> Configuration:
        """The snapshot in force."""
        return self.configuration

    async def reload_configuration(self) -> Configuration:
        """Take `next_configuration`."""
        if self.next_configuration is not None:
            self.configuration = self.next_configuration
        return self.configuration

    def fresh(self, kind: str) -> str:
        """`kind-1`, `kind-2` and so on."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"{kind}-{self.counts[kind]}"

    def store_conversation(self, title: str, conversation_id: str | None = None) -> Conversation:
        """A new one, or the known one moved to the top."""
        now = self.clock.now_ms()
        if conversation_id is not None:
            return self.change(conversation_id, updated_at_ms=now)
        made = Conversation(
            id=self.fresh("conversation"), title=title, created_at_ms=now, updated_at_ms=now + len(self.stored)
        )
        self.stored.append(made)
        self.messages[made.id] = []
        return made

    def change(self, conversation_id: str, **fields: Any) -> Conversation:
        """Replace fields of a stored conversation."""
        place = next(i for i, c in enumerate(self.stored) if c.id == conversation_id)
        self.stored[place] = replace(self.stored[place], **fields)
        return self.stored[place]

    def store_message(
        self,
        conversation_id: str,
        role: Role,
        text: str,
        *,
        state: MessageState = MessageState.DONE,
        attempts: tuple[Attempt, ...] = (),
        broken: tuple[BrokenPart, ...] = (),
        reason: str = "",
        parent_id: str | None = "",
        **more: Any,
    ) -> Message:
        """Put a message at the end of the active branch, or under `parent_id`; it becomes the active leaf."""
        messages = self.messages[conversation_id]
        answer = next((a for a in attempts if a.state == "ok"), None)
        made = Message(
            id=self.fresh("message"), conversation_id=conversation_id,
            parent_id=self.leaves.get(conversation_id) if parent_id == "" else parent_id,
            role=role, text=text, state=state, created_at_ms=self.clock.now_ms(), attempts=attempts, broken=broken,
            provider=answer.provider if answer else None, model=answer.model if answer else None, reason=reason,
            **more,
        )  # fmt: skip
        messages.append(made)
        self.leaves[conversation_id] = made.id
        return made

    def rewrite(self, message_id: str, **fields: Any) -> None:
        """Replace fields of a stored message."""
        for messages in self.messages.values():
            messages[:] = [replace(m, **fields) if m.id == message_id else m for m in messages]

    def tell(self, turn: Turn, event: ev.Event) -> None:
        """Publish an event of a turn."""
        self.bus.publish(replace(event, correlation=turn.id, conversation_id=turn.conversation_id))

    def finish(self, turn: Turn, *, state: str = "done", reason: str = "", **more: Any) -> None:
        """End a turn."""
        self.chat.turns.pop(turn.conversation_id, None)
        said = self.said.pop(turn.message_id, "")
        who = {"provider": more.get("provider"), "model": more.get("model")}
        self.rewrite(turn.message_id, state=MessageState(state), text=said, reason=reason, **who)
        self.tell(turn, ev.TurnFinished(message_id=turn.message_id, state=state, reason=reason, **more))
        self.tell(turn, ev.ConversationChanged())


class FakeEngine:
    """Runs calls on the screens' own loop."""

    def __init__(self, *, clock: Clock | None = None, configuration: Configuration = THREE) -> None:
        self.clock = clock or ManualClock()
        self.bus = EventBus(self.clock)
        self.core = FakeCore(bus=self.bus, clock=self.clock, configuration=configuration)
        self.begun = False
        self.ended = False
        self.broken: Exception | None = None

    def start(self) -> None:
        """Tell that it runs."""
        self.begun = True
        if self.broken is None:
            configuration = self.core.configuration
            self.bus.publish(ev.EngineStarted(version="1.0"))
            self.bus.publish(
                ev.ConfigurationLoaded(
                    providers=tuple(p.name for p in configuration.providers),
                    problems=tuple(map(str, configuration.problems)),
                )
            )
            self.bus.publish(ev.ClientLoading(seconds=1.0))

    async def call(self, work: Callable[[CorePort], Awaitable[T]], /) -> T:
        """Run `work` here."""
        assert self.begun, "called before it was started"
        await asyncio.sleep(0)
        if self.broken is not None:
            raise self.broken
        return await work(cast("CorePort", self.core))

    def stop(self, timeout_s: float = 2.0) -> None:
        """Remember it."""
        self.ended = True

    # -- telling an answer -------------------------------------------------------------------------------------

    def turn_in(self, conversation_id: str) -> Turn:
        """The running turn."""
        return self.core.chat.turns[conversation_id]

    def ask(self, turn: Turn, name: str, *, ord: int = 0) -> None:
        """A provider is asked."""
        self.core.tell(turn, ev.AttemptStarted(provider=name, model=f"{name}-large", ord=ord))

    def fail(self, turn: Turn, name: str, kind: str, *, ord: int = 0, **more: Any) -> None:
        """A provider failed."""
        event = ev.AttemptEnded(
            provider=name, model=f"{name}-large", ord=ord, state="failed", error_kind=kind, duration_ms=400,
            **more,
        )  # fmt: skip
        self.core.tell(turn, event)

    def text(self, turn: Turn, name: str, text: str, *, first_token_ms: int | None = 800) -> None:
        """A provider says something; its first words when `first_token_ms` is given."""
        if first_token_ms is not None:
            self.core.tell(turn, ev.FirstToken(provider=name, model=f"{name}-large", first_token_ms=first_token_ms))
        self.core.said[turn.message_id] = self.core.said.get(turn.message_id, "") + text
        self.core.tell(turn, ev.TextDelta(message_id=turn.message_id, delta=text))

    def done(self, turn: Turn, name: str, *, ord: int = 0, tokens: int | None = 412, cost: int | None = None) -> None:
        """A provider finished, and the turn with it."""
        event = ev.AttemptEnded(
            provider=name, model=f"{name}-large", ord=ord, state="ok", first_token_ms=800, duration_ms=1800
        )
        self.core.tell(turn, event)
        self.core.finish(
            turn, provider=name, model=f"{name}-large", duration_ms=2200, output_tokens=tokens, cost_nano=cost
        )
