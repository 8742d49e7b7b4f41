"""What lies on the desk: the open conversation, prompts on their way, prompts that wait, unsent texts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from workbench.core.errors import NotFoundError, UsageError, WorkbenchError
from workbench.tui.core_link import CorePort, TurnPort
from workbench.tui.shell import Shell
from workbench.tui.state.chat import Phase
from workbench.tui.state.pins import AUTO, Pin

if TYPE_CHECKING:
    from workbench.chat.values import TurnOptions
    from workbench.conversations.values import Conversation, Message

T = TypeVar("T")

PAGE = 30
"""Messages read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A prompt that is being put in other words."""

    message_id: str
    shown: str
    """Its text as it was put into the composer."""
    before: str
    """What was unsent when that began; it comes back afterwards."""


@dataclass(slots=True, kw_only=True)
class Slot:
    """One conversation as this run knows it; `conversation_id` is empty until its first prompt is stored."""

    conversation_id: str = ""
    title: str = ""
    pin: Pin = AUTO
    private: bool = False
    """Whether only private providers may read it."""
    temporary: bool = False
    """Whether it leaves nothing on disk: it and its unsent text live as long as the program."""
    deleted: bool = False
    """Whether it was deleted in this run."""
    messages: dict[str, Message] = field(default_factory=dict["str", "Message"])
    """Messages read so far, by id."""
    order: list[str] = field(default_factory=list[str])
    """Their ids, oldest first."""
    sending: str = ""
    """The prompt that was handed over and is not stored yet."""
    turn_id: str = ""
    """The turn begun last from here; its events may still be on their way to the screens."""
    reply_id: str = ""
    """The reply that this turn writes."""
    siblings: dict[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    """Ids of all answers to the same prompt, oldest first, by the id of each reply that was looked at."""
    queue: list[str] = field(default_factory=list[str])
    """Prompts that wait for the running reply."""
    prompts: list[str] = field(default_factory=list[str])
    """What was asked here before, oldest first."""
    draft: str = ""
    """What stands in the composer."""
    edit: Edit | None = None
    """Of which prompt that is another wording; None for a new one."""
    after_id: str = ""
    """The message inside of a branch that the next prompt follows; empty for the end of the one in force."""
    kept_edits: dict[str, str] = field(default_factory=dict[str, str])
    """Other wordings that were begun and left, by the id of the prompt."""
    moved_to: Slot | None = None
    """The conversation that took this one's place before anything was known."""

    @property
    def has_earlier(self) -> bool:
        """Whether there are messages before those that were read."""
        return bool(self.order) and self.messages[self.order[0]].parent_id is not None

    @property
    def beside_id(self) -> str | None:
        """The prompt of which the next one is another wording."""
        return self.edit.message_id if self.edit is not None else None

    @property
    def unsent(self) -> str:
        """Everything typed that is not stored as a message: what the draft must keep."""
        before = self.edit.before if self.edit is not None else ""
        draft = "" if self.edit is not None and self.draft == self.edit.shown else self.draft
        return "\n\n".join(part for part in (self.sending, *self.queue, before, draft) if part)

    def take_page(self, page: Sequence[Message]) -> None:
        """Put messages in front of those that were read."""
        fresh = [message for message in page if message.id not in self.messages]
        self.messages.update((message.id, message) for message in page)
        self.order[:0] = [message.id for message in fresh]
        self.prompts[:0] = [message.text for message in fresh if message.role == "user"]

    def show_page(self, page: Sequence[Message]) -> None:
        """Have these messages and no others."""
        self.messages.clear()
        self.order.clear()
        self.prompts.clear()
        self.take_page(page)


class Desk:
    """Keeps one slot per conversation and moves prompts from the composer to the core."""

    def __init__(self, shell: Shell) -> None:
        """A new, empty conversation lies open."""
        self._shell = shell
        self.slot = Slot()
        """The open conversation."""
        self._slots: dict[str, Slot] = {}
        self._fresh: Slot | None = self.slot
        self._saved: dict[str, str] = {}
        self._saving = asyncio.Lock()
        self.opened = asyncio.Event()
        """Set once the first conversation lies open; a prompt typed before waits for it."""

    def running(self, slot: Slot) -> bool:
        """Whether a reply of this conversation is being written, or a prompt is on its way."""
        turn = self._shell.state.turns.get(slot.conversation_id) if slot.conversation_id else None
        if slot.sending or (turn is not None and turn.phase.running):
            return True
        return bool(slot.turn_id) and (turn is None or turn.turn_id != slot.turn_id)

    def anything_running(self) -> bool:
        """Whether any reply is being written or any prompt is on its way or waits."""
        slots = [*self._slots.values(), self.slot]
        return bool(self._shell.state.running_turns()) or any(slot.sending or slot.queue for slot in slots)

    def known(self, conversation_id: str) -> Slot | None:
        """A conversation that was opened or begun in this run."""
        return self._slots.get(conversation_id)

    def new(self, *, temporary: bool = False) -> Slot:
        """Open an empty conversation; the one begun but never sent, if there is one and it is to be stored."""
        if temporary:
            self.slot = Slot(temporary=True)
            return self.slot
        if self._fresh is None or self._fresh.conversation_id:
            self._fresh = Slot(private=self._shell.remembered.new_is_private)
        self.slot = self._fresh
        return self.slot

    def temporary(self) -> list[Slot]:
        """The temporary conversations that have begun and were not deleted."""
        return [slot for slot in self._slots.values() if slot.temporary and not slot.deleted]

    async def call(self, slot: Slot, asked: Callable[[CorePort], Awaitable[T]]) -> T:
        """Do what is `asked` in the core, over the conversations among which this one is."""
        if not slot.temporary:
            return await self._shell.call(asked)

        async def in_memory(core: CorePort) -> T:
            return await asked(await core.in_memory())

        return await self._shell.call(in_memory)

    async def read_new(self, slot: Slot) -> bool:
        """Bring back what an earlier run left unsent in a new conversation; whether there was anything."""
        if slot is not self._fresh or "" in self._saved:
            return False
        kept = await self.load_draft(slot)
        if slot is self._fresh and kept:
            slot.draft = "\n".join(part for part in (kept, slot.draft) if part)
        return slot is self._fresh and bool(kept)

    async def open(self, reference: str) -> Slot:
        """Read a conversation and lay it open. Raises `NotFoundError`."""

        async def read(core: CorePort) -> tuple[Conversation, Sequence[Message]]:
            found = await core.conversations.get(reference)
            return found, await core.conversations.path(found.id, newest=PAGE)

        found, path = await self.call(self._slots.get(reference) or Slot(), read)
        slot = self._slots.get(found.id)
        if slot is None:
            slot = self._slots[found.id] = Slot(conversation_id=found.id)
            slot.draft = await self.load_draft(slot)
        slot.title, slot.pin, slot.private = found.title, Pin(provider=found.provider, model=found.model), found.private
        slot.show_page(path)
        slot.after_id = ""
        self.slot = slot
        return slot

    async def read_branch(self, slot: Slot, message_id: str = "") -> None:
        """Read the active branch again, back to `message_id` when it is given."""
        page = await self.call(slot, lambda core: core.conversations.path(slot.conversation_id, newest=PAGE))
        slot.show_page(page)
        slot.after_id = ""
        while message_id and message_id not in slot.messages and await self.read_earlier(slot):
            pass

    async def read_earlier(self, slot: Slot) -> list[Message]:
        """Read the page before the oldest message; empty at the beginning."""
        if not slot.has_earlier:
            return []
        leaf = slot.messages[slot.order[0]].parent_id
        page = await self.call(
            slot, lambda core: core.conversations.path(slot.conversation_id, leaf_id=leaf, newest=PAGE)
        )
        slot.take_page(page)
        return list(page)

    async def read_again(self, slot: Slot, message_id: str) -> Message | None:
        """Read one message as it is stored now; None when it is not."""
        try:
            message = await self.call(slot, lambda core: core.conversations.message(message_id))
        except NotFoundError:
            return None
        if message_id in slot.messages:
            slot.messages[message_id] = message
        elif message_id == slot.reply_id:
            # One that was begun here and is not on a branch chosen since.
            await self._take_ended(slot, message)
        return message

    async def _take_ended(self, slot: Slot, reply: Message) -> None:
        ended, prompt_id = [reply], reply.parent_id
        if prompt_id is not None and prompt_id not in slot.messages:
            ended.insert(0, await self.call(slot, lambda core: core.conversations.message(prompt_id)))
        # Another read may have taken them meanwhile.
        for message in ended:
            if message.id not in slot.messages:
                slot.order.append(message.id)
            slot.messages[message.id] = message

    def refusal(self, text: str) -> WorkbenchError | None:
        """Why this text cannot be sent now; None when it can."""
        return UsageError("There is nothing to send") if not text.strip() else self.refusal_to_ask()

    def refusal_to_ask(self) -> WorkbenchError | None:
        """Why nobody can be asked in the open conversation; None when somebody can."""
        if self._shell.offline:
            return UsageError(
                "Offline: nothing is sent", hint="The text stays here. Start workbench without --offline to send it."
            )
        if self._shell.nobody_can_answer:
            return UsageError(
                "No provider can be asked yet",
                hint="The text stays here. /setup opens the configuration, /demo starts the demonstration.",
            )
        if self.slot.private and self._shell.configuration is not None and not self._shell.private_providers:
            return UsageError(
                "No private provider can be asked, and this conversation is private",
                hint="The text stays here. `private: true` in the configuration marks a provider; /setup opens it.",
            )
        return None

    def _options(self, slot: Slot, pin: Pin) -> TurnOptions:
        from workbench.chat.values import TurnOptions

        return TurnOptions(
            provider=pin.provider, model=pin.model, private=slot.private or None, ask_person=True
        )  # fmt: skip

    async def send(self, slot: Slot, text: str) -> TurnPort:
        """Hand a prompt to the core; returns once it is stored. Raises `WorkbenchError`, and then it is not."""
        slot.sending = slot.sending or text
        options = self._options(slot, slot.pin)
        id_, beside, after = slot.conversation_id or None, slot.beside_id, slot.after_id or None
        try:
            turn = await self.call(
                slot,
                lambda core: core.chat.send(
                    text, conversation_id=id_, beside_id=beside, after_id=after, options=options
                ),
            )
        finally:
            slot.sending = ""
        slot.turn_id, slot.reply_id, slot.after_id = turn.id, turn.message_id, ""
        slot.prompts.append(text)
        if not slot.conversation_id:
            slot.conversation_id = turn.conversation_id
            slot.title = text.strip().splitlines()[0][:60]
            self._slots[turn.conversation_id] = slot
        return turn

    async def go_on(self, slot: Slot, message_id: str) -> TurnPort:
        """Begin a reply that goes on where another one ended early. Raises `WorkbenchError`."""
        options = self._options(slot, slot.pin)
        turn = await self.call(slot, lambda core: core.chat.go_on(slot.conversation_id, message_id, options=options))
        slot.turn_id, slot.reply_id = turn.id, turn.message_id
        await self.read_branch(slot)
        return turn

    async def ask_again(self, slot: Slot, message_id: str, pin: Pin) -> TurnPort:
        """Begin another reply to a prompt, by `pin`, beside those it has. Raises `WorkbenchError`."""
        options = self._options(slot, pin)
        turn = await self.call(
            slot, lambda core: core.chat.ask_again(slot.conversation_id, message_id, options=options)
        )
        slot.turn_id, slot.reply_id = turn.id, turn.message_id
        await self.read_branch(slot)
        return turn

    async def stop(self, conversation_id: str) -> None:
        """End a conversation's reply; what came is kept."""
        slot = self._slots.get(conversation_id) or Slot()
        await self.call(slot, lambda core: core.chat.stop(conversation_id))

    async def keep_after_sending(self, slot: Slot) -> None:
        """Bring drafts and memory in line with a prompt that was stored. Raises `WorkbenchError`."""
        if slot.temporary:
            return
        if self._fresh is slot:
            self._fresh = None
            await self._save("", "")
            await self._shell.remember(new_is_private=False)
        await self.save_draft(slot)
        await self._shell.remember(conversation_id=slot.conversation_id)

    async def open_first(self, reference: str) -> WorkbenchError | None:
        """Lay the first conversation open, a new one when there is none; what was typed meanwhile goes along.

        When the core cannot start or read, that is raised, and whoever waits for `opened` meets the same error.
        """
        try:
            return await self._open_first(reference)
        finally:
            self.opened.set()

    async def _open_first(self, reference: str) -> WorkbenchError | None:
        early, problem = self.slot, None
        try:
            if not reference:
                raise NotFoundError("Nothing was open")
            slot = await self.open(reference)
        except NotFoundError as missing:
            problem = missing if reference else None
            self._fresh = early
            slot = self.slot = early
            slot.private = self._shell.remembered.new_is_private
            kept = await self.load_draft(slot)
            slot.draft = "\n".join(part for part in (kept, slot.draft) if part)
        if slot is not early:
            # What is typed into a new one from now on does not move any more.
            self._fresh = None
            slot.draft = "\n".join(part for part in (slot.draft, early.draft) if part)
            slot.sending, slot.queue, early.moved_to = early.sending, early.queue, slot
        return problem

    def after_turns(self) -> tuple[list[tuple[Slot, str]], list[Slot]]:
        """Prompts whose turn has come, with their conversation; and conversations whose waiting prompts came back.

        After a reply that was stopped or failed, what waited returns to the draft instead of being sent.
        """
        due: list[tuple[Slot, str]] = []
        returned: list[Slot] = []
        for slot in self._slots.values():
            turn = self._shell.state.turns.get(slot.conversation_id)
            if not slot.queue or turn is None or self.running(slot):
                continue
            if turn.phase is Phase.DONE:
                due.append((slot, slot.queue.pop(0)))
            else:
                slot.draft = "\n\n".join(part for part in (*slot.queue, slot.draft) if part)
                slot.queue.clear()
                returned.append(slot)
        return due, returned

    def take_back(self, slot: Slot) -> str:
        """The prompt that has waited shortest, no longer waiting; empty when none waits."""
        return slot.queue.pop() if slot.queue else ""

    async def keep_pin(self, slot: Slot) -> None:
        """Store who answers a conversation; for a new one it goes along with the first prompt."""
        if slot.conversation_id:
            pin = slot.pin
            await self.call(
                slot,
                lambda core: core.conversations.pin(slot.conversation_id, provider=pin.provider, model=pin.model),
            )

    async def load_draft(self, slot: Slot) -> str:
        """The unsent text kept for a conversation."""
        if slot.temporary:
            return slot.draft
        text = await self._shell.call(lambda core: core.drafts.load(slot.conversation_id or None))
        self._saved[slot.conversation_id] = text
        return text

    async def save_draft(self, slot: Slot) -> None:
        """Keep what is unsent, if it is not what is kept already. Raises `WorkbenchError`."""
        if not slot.temporary:
            await self._save(slot.conversation_id, slot.unsent)

    async def _save(self, conversation_id: str, text: str) -> None:
        async with self._saving:
            if self._saved.get(conversation_id, "") == text:
                return
            await self._shell.call(lambda core: core.drafts.save(conversation_id or None, text))
            self._saved[conversation_id] = text
