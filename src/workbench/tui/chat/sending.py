"""The way of a prompt: from the composer to the core, or into the queue, or back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.composing import Composing
from workbench.tui.chat.desk import Desk, Slot
from workbench.tui.chat.transcript_feed import TranscriptFeed
from workbench.tui.host import Host
from workbench.tui.verbs import Verb


class Sender:
    """Sends prompts of any open conversation; nothing typed is lost on the way."""

    def __init__(
        self,
        host: Host,
        desk: Desk,
        feed: TranscriptFeed,
        composing: Composing,
        redraw: Callable[[], None],
        *,
        edited: Callable[[Slot], Awaitable[None]],
    ) -> None:
        """`redraw` is called after each step, `edited` when another wording of a prompt is stored."""
        self._edited = edited
        self._host, self._desk, self._feed, self._composing, self._redraw = host, desk, feed, composing, redraw

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"stop_reply": self.stop_reply, "take_back_prompt": self.take_back_prompt}

    def submit(self, text: str) -> bool:
        """Send a prompt, or let it wait for the running reply; False when it was refused and stays where it is."""
        if not text.strip():
            return False
        refusal = self._desk.refusal(text)
        if refusal is not None:
            self._host.show_failure(refusal)
            return False
        slot = self._desk.slot
        if slot.edit is not None and self._desk.running(slot):
            self._host.tell("A reply is being written. When it is done, or esc has stopped it, this can be sent.")
            return False
        self._composing.clear()
        if self._desk.running(slot):
            slot.queue.append(text)
        else:
            self._begin(slot, text)
        self._redraw()
        return True

    def settle(self) -> None:
        """Turns have changed: send what has waited long enough, give back what waits in vain."""
        due, returned = self._desk.after_turns()
        for slot, text in due:
            self._begin(slot, text)
        for slot in returned:
            if slot is self._desk.slot:
                self._composing.show_unsent(slot.draft)
                self._host.tell("The waiting prompt is back in the composer.")

    def take_back(self) -> bool:
        """The prompt that waits comes back into the composer; False when none waits."""
        text = self._desk.take_back(self._desk.slot)
        if text:
            self._composing.return_unsent(text)
            self._redraw()
        return bool(text)

    def take_back_prompt(self) -> None:
        """Take a waiting prompt back, or say that none waits."""
        if not self.take_back():
            self._host.tell("No prompt waits here.")

    def stop_running(self) -> bool:
        """Stop the reply of the open conversation; False when none is being written."""
        conversation_id = self._desk.slot.conversation_id
        if not conversation_id or not self._desk.running(self._desk.slot):
            return False
        self._host.start_work(self._desk.stop(conversation_id), group="stop")
        return True

    def stop_reply(self) -> None:
        """Stop the reply, or say that none is being written."""
        if not self.stop_running():
            self._host.tell("No reply is being written here.")

    def _begin(self, slot: Slot, text: str) -> None:
        slot.sending = text
        if slot is self._desk.slot:
            self._feed.sending(text)
        self._host.start_work(self._send(slot, text), group="send")

    async def _send(self, slot: Slot, text: str) -> None:
        # A prompt typed before the first conversation was there belongs to that one.
        await self._desk.opened.wait()
        slot = slot.moved_to or slot
        try:
            prompt = await self._composing.attaching.prompt_of(text)
            turn = await self._desk.send(slot, prompt)
        except BaseException as problem:
            self._give_back(slot, text)
            if not isinstance(problem, WorkbenchError):
                raise
            self._host.show_failure(problem)
            return
        if slot.edit is not None:
            await self._edited(slot)
        elif slot is self._desk.slot:
            self._feed.stored(slot, turn, prompt)
        self._redraw()
        await self._desk.keep_after_sending(slot)
        self.settle()

    def _give_back(self, slot: Slot, text: str) -> None:
        slot.sending = ""
        # What waited behind it comes back too: a later prompt must not overtake it.
        text = "\n\n".join([text, *slot.queue])
        slot.queue.clear()
        if slot is self._desk.slot:
            self._feed.not_sent()
            self._composing.return_unsent(text)
            self._redraw()
        else:
            slot.draft = "\n\n".join(part for part in (text, slot.draft) if part)
