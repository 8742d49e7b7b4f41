"""What lies on the desk: the open conversation, prompts on their way, prompts that wait, unsent texts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.core.errors import NotFoundError, UsageError, WorkbenchError
from workbench.tui.core_link import CorePort, TurnPort
from workbench.tui.shell import Shell
from workbench.tui.state.chat import Phase
from workbench.tui.state.switching import AUTO, Pin

if TYPE_CHECKING:
    from workbench.conversations.values import Message

PAGE = 30
"""Messages read at once."""


@dataclass(slots=True, kw_only=True)
class Slot:
    """One conversation as this run knows it; `conversation_id` is empty until its first prompt is stored."""

    conversation_id: str = ""
    title: str = ""
    pin: Pin = AUTO
    messages: dict[str, Message] = field(default_factory=dict["str", "Message"])
    """Messages read so far, by id."""
    order: list[str] = field(default_factory=list[str])
    """Their ids, oldest first."""
    sending: str = ""
    """The prompt that was handed over and is not stored yet."""
    turn_id: str = ""
    """The turn begun last from here; its events may still be on their way to the screens."""
    queue: list[str] = field(default_factory=list[str])
    """Prompts that wait for the running reply."""
    prompts: list[str] = field(default_factory=list[str])
    """What was asked here before, oldest first."""
    draft: str = ""
    """What stands in the composer."""
    moved_to: Slot | None = None
    """The conversation that took this one's place before anything was known."""

    @property
    def has_earlier(self) -> bool:
        """Whether there are messages before those that were read."""
        return bool(self.order) and self.messages[self.order[0]].parent_id is not None

    @property
    def unsent(self) -> str:
        """Everything typed that is not stored as a message: what the draft must keep."""
        return "\n\n".join(part for part in (self.sending, *self.queue, self.draft) if part)

    def take_page(self, page: Sequence[Message]) -> None:
        """Put messages in front of those that were read."""
        fresh = [message for message in page if message.id not in self.messages]
        self.messages.update((message.id, message) for message in page)
        self.order[:0] = [message.id for message in fresh]
        self.prompts[:0] = [message.text for message in fresh if message.role == "user"]


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

    def new(self) -> Slot:
        """Open an empty conversation; the one begun but never sent, if there is one."""
        if self._fresh is None or self._fresh.conversation_id:
            self._fresh = Slot()
        self.slot = self._fresh
        return self.slot

    async def open(self, reference: str) -> Slot:
        """Read a conversation and lay it open. Raises `NotFoundError`."""

        async def read(core: CorePort) -> tuple[str, str, Pin, Sequence[Message]]:
            found = await core.conversations.get(reference)
            path = await core.conversations.path(found.id, newest=PAGE)
            return found.id, found.title, Pin(provider=found.provider, model=found.model), path

        conversation_id, title, pin, path = await self._shell.call(read)
        slot = self._slots.get(conversation_id)
        if slot is None:
            slot = self._slots[conversation_id] = Slot(conversation_id=conversation_id)
            slot.draft = await self.load_draft(slot)
        slot.title, slot.pin = title, pin
        slot.messages.clear()
        slot.order.clear()
        slot.prompts.clear()
        slot.take_page(path)
        self.slot = slot
        return slot

    async def read_earlier(self, slot: Slot) -> list[Message]:
        """Read the page before the oldest message; empty at the beginning."""
        if not slot.has_earlier:
            return []
        leaf = slot.messages[slot.order[0]].parent_id
        page = await self._shell.call(
            lambda core: core.conversations.path(slot.conversation_id, leaf_id=leaf, newest=PAGE)
        )
        slot.take_page(page)
        return list(page)

    async def read_again(self, slot: Slot, message_id: str) -> Message | None:
        """Read one message as it is stored now; None when it is not."""
        try:
            message = await self._shell.call(lambda core: core.conversations.message(message_id))
        except NotFoundError:
            return None
        if message_id not in slot.messages:
            slot.order.append(message_id)
        slot.messages[message_id] = message
        return message

    def refusal(self, text: str) -> WorkbenchError | None:
        """Why this text cannot be sent now; None when it can."""
        if not text.strip():
            return UsageError("There is nothing to send")
        if self._shell.offline:
            return UsageError(
                "Offline: nothing is sent", hint="The text stays here. Start workbench without --offline to send it."
            )
        if self._shell.nobody_can_answer:
            return UsageError(
                "No provider can be asked yet",
                hint="The text stays here. /setup opens the configuration, /demo starts the demonstration.",
            )
        return None

    async def send(self, slot: Slot, text: str) -> TurnPort:
        """Hand a prompt to the core; returns once it is stored. Raises `WorkbenchError`, and then it is not."""
        from workbench.chat.values import TurnOptions

        slot.sending = text
        options = TurnOptions(provider=slot.pin.provider, model=slot.pin.model)
        try:
            turn = await self._shell.call(
                lambda core: core.chat.send(text, conversation_id=slot.conversation_id or None, options=options)
            )
        finally:
            slot.sending = ""
        slot.turn_id = turn.id
        slot.prompts.append(text)
        if not slot.conversation_id:
            slot.conversation_id = turn.conversation_id
            slot.title = text.strip().splitlines()[0][:60]
            self._slots[turn.conversation_id] = slot
        return turn

    async def keep_after_sending(self, slot: Slot) -> None:
        """Bring drafts and memory in line with a prompt that was stored. Raises `WorkbenchError`."""
        if self._fresh is slot:
            self._fresh = None
            await self._save("", "")
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
            kept = await self.load_draft(slot)
            slot.draft = "\n".join(part for part in (kept, slot.draft) if part)
        if slot is not early:
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
            await self._shell.call(
                lambda core: core.conversations.pin(slot.conversation_id, provider=pin.provider, model=pin.model)
            )

    async def load_draft(self, slot: Slot) -> str:
        """The unsent text kept for a conversation."""
        text = await self._shell.call(lambda core: core.drafts.load(slot.conversation_id or None))
        self._saved[slot.conversation_id] = text
        return text

    async def save_draft(self, slot: Slot) -> None:
        """Keep what is unsent, if it is not what is kept already. Raises `WorkbenchError`."""
        await self._save(slot.conversation_id, slot.unsent)

    async def _save(self, conversation_id: str, text: str) -> None:
        async with self._saving:
            if self._saved.get(conversation_id, "") == text:
                return
            await self._shell.call(lambda core: core.drafts.save(conversation_id or None, text))
            self._saved[conversation_id] = text
