"""The way of a prompt: from the composer to the core, or into the queue, or back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from workbench.core.errors import WorkbenchError
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.verbs import Verb


class Sender:
    """Sends prompts of any open conversation; nothing typed is lost on the way."""

    def __init__(self, pane: Pane, edited: Callable[[Slot], Awaitable[None]]) -> None:
        """`edited` is called when another wording of a prompt is stored."""
        self._pane, self._edited = pane, edited

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"stop_reply": self.stop_reply, "take_back_prompt": self.take_back_prompt}

    def submit(self, text: str) -> bool:
        """Send a prompt, or let it wait for the running reply; False when it was refused and stays where it is."""
        if not text.strip():
            return False
        refusal = self._pane.desk.refusal(text)
        if refusal is not None:
            self._pane.host.show_failure(refusal)
            return False
        slot = self._pane.desk.slot
        if slot.edit is not None and self._pane.desk.running(slot):
            self._pane.host.tell("A reply is being written. When it is done, or esc has stopped it, this can be sent.")
            return False
        self._pane.composing.clear()
        if self._pane.desk.running(slot):
            slot.queue.append(text)
        else:
            self._begin(slot, text)
        self._pane.redraw()
        return True

    def settle(self) -> None:
        """Turns have changed: send what has waited long enough, give back what waits in vain."""
        due, returned = self._pane.desk.after_turns()
        for slot, text in due:
            self._begin(slot, text)
        for slot in returned:
            if slot is self._pane.desk.slot:
                self._pane.composing.show_unsent(slot.draft)
                self._pane.host.tell("The waiting prompt is back in the composer.")

    def take_back(self) -> bool:
        """The prompt that waits comes back into the composer; False when none waits."""
        text = self._pane.desk.take_back(self._pane.desk.slot)
        if text:
            self._pane.composing.return_unsent(text)
            self._pane.redraw()
        return bool(text)

    def take_back_prompt(self) -> None:
        """Take a waiting prompt back, or say that none waits."""
        if not self.take_back():
            self._pane.host.tell("No prompt waits here.")

    def stop_running(self) -> bool:
        """Stop the reply of the open conversation; False when none is being written."""
        conversation_id = self._pane.desk.slot.conversation_id
        if not conversation_id or not self._pane.desk.running(self._pane.desk.slot):
            return False
        self._pane.host.start_work(self._pane.desk.stop(conversation_id), group="stop")
        return True

    def stop_reply(self) -> None:
        """Stop the reply, or say that none is being written."""
        if not self.stop_running():
            self._pane.host.tell("No reply is being written here.")

    def _begin(self, slot: Slot, text: str) -> None:
        slot.sending = text
        if slot is self._pane.desk.slot:
            self._pane.feed.sending(text)
        self._pane.host.start_work(self._send(slot, text), group="send")

    async def _send(self, slot: Slot, text: str) -> None:
        # A prompt typed before the first conversation was there belongs to that one.
        await self._pane.desk.opened.wait()
        slot = slot.moved_to or slot
        try:
            prompt = await self._pane.composing.attaching.prompt_of(text)
            turn = await self._pane.desk.send(slot, prompt)
        except BaseException as problem:
            self._give_back(slot, text)
            if not isinstance(problem, WorkbenchError):
                raise
            self._pane.host.show_failure(problem)
            return
        if slot.edit is not None:
            await self._edited(slot)
        elif slot is self._pane.desk.slot:
            self._pane.feed.stored(slot, turn, prompt)
        self._pane.redraw()
        await self._pane.desk.keep_after_sending(slot)
        self.settle()

    def _give_back(self, slot: Slot, text: str) -> None:
        slot.sending = ""
        # What waited behind it comes back too: a later prompt must not overtake it.
        text = "\n\n".join([text, *slot.queue])
        slot.queue.clear()
        if slot is self._pane.desk.slot:
            self._pane.feed.not_sent()
            self._pane.composing.return_unsent(text)
            self._pane.redraw()
        else:
            slot.draft = "\n\n".join(part for part in (text, slot.draft) if part)
