"""Several answers to one question: asking again, asking somebody else, and walking through what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.switching import Switching
from workbench.tui.chat.targets import must_wait
from workbench.tui.state.pins import Pin
from workbench.tui.state.switching import Choice, choices_for_another, next_to_ask
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from collections.abc import Iterable


class Answers:
    """Works on the question under the message cursor, else on the last one."""

    def __init__(self, pane: Pane, switching: Switching) -> None:
        """`switching` knows who may answer."""
        self._pane, self._switching = pane, switching

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {
            "answer_again": self.again,
            "pick_another": self.pick_another,
            "ask_named": self.ask_named,
            "walk_answers": self.walk,
            "go_on": self.go_on,
        }

    def again(self) -> None:
        """Ask the same question; who answers is decided as for any prompt."""
        message_id = self._question()
        if message_id:
            self._begin(message_id, self._pane.desk.slot.pin)

    def pick_another(self) -> None:
        """Let a person choose who else is asked."""
        message_id = self._question()
        choices = self._switching.choices() if message_id else []
        if not choices:
            return
        from workbench.tui.screens.switcher import SwitcherScreen

        answered = self._who_answered()
        arranged, best = choices_for_another(choices, answered)
        if best is None:
            self._pane.host.tell("There is nobody to ask.", warning=True)
            return

        def chosen(pin: Pin | None) -> None:
            if pin is not None:
                self._begin(message_id, pin)

        def arrange(newer: list[Choice]) -> list[Choice]:
            return choices_for_another(newer, answered)[0]

        switch = SwitcherScreen(arranged, Pin(), title="Ask another the same", marked=best)
        self._pane.open_dialog(switch, chosen)
        self._switching.keep_current(switch, arrange)

    def ask_named(self, name: str) -> None:
        """Ask the one that a typed name means; without a name the next one in the chain."""
        message_id = self._question()
        configuration = self._pane.shell.configuration
        if not message_id or configuration is None:
            return
        if name and name != "next":
            choice = self._switching.find(name)
            pin = choice.pin if choice is not None else None
        else:
            pin = next_to_ask(configuration, self._who_answered(), private=self._pane.desk.slot.private)
        if pin is not None:
            self._begin(message_id, pin)

    def go_on(self, _: str = "") -> None:
        """Go on with the reply at the bar, else the last one, where it ended early; both are kept."""
        message_id = self._pane.feed.message_id_for_trace()
        if self._question() and message_id:
            self._pane.host.start_work(self._go_on(self._pane.desk.slot, message_id), group="ask-again")

    async def _go_on(self, slot: Slot, message_id: str) -> None:
        await self._pane.desk.go_on(slot, message_id)
        self._show_branch(slot)

    def _question(self) -> str:
        """The prompt or reply that is meant; empty, and told, when nothing can be asked now."""
        refusal = self._pane.desk.refusal_to_ask()
        message_id = self._pane.feed.asked_message_id if self._pane.desk.slot.conversation_id else ""
        if must_wait(self._pane, "the question can be asked again"):
            return ""
        if refusal is not None:
            self._pane.host.show_failure(refusal)
        elif not message_id:
            self._pane.host.tell("Nothing was asked here yet.")
        else:
            return message_id
        return ""

    def _who_answered(self) -> str | None:
        message_id = self._pane.feed.message_id_for_trace()
        turn = self._pane.shell.state.turn_of_message(message_id)
        message = self._pane.desk.slot.messages.get(message_id)
        return (turn.provider if turn is not None else message.provider if message is not None else None) or None

    def _begin(self, message_id: str, pin: Pin) -> None:
        self._pane.host.start_work(self._ask(self._pane.desk.slot, message_id, pin), group="ask-again")

    async def _ask(self, slot: Slot, message_id: str, pin: Pin) -> None:
        await self._pane.desk.ask_again(slot, message_id, pin)
        self._show_branch(slot)

    def _show_branch(self, slot: Slot) -> None:
        slot.siblings.clear()
        if slot is self._pane.desk.slot:
            self._pane.feed.show_slot(slot)
            self._pane.redraw()
        self.learn(slot, slot.order)

    # -- walking -----------------------------------------------------------------------------------------------

    def walk(self, step: int) -> None:
        """Show the answer or wording before (-1) or after (1) the one at the bar, with all that followed it.

        At a reply without others beside it, its prompt's other wordings are meant.
        """
        slot = self._pane.desk.slot
        reply_id = self._pane.feed.message_id_for_trace()
        walked = [self._pane.transcript.cursor_message_id or reply_id, reply_id]
        reply = slot.messages.get(walked[0])
        if reply is not None and reply.role == "assistant" and reply.parent_id is not None:
            walked.append(reply.parent_id)
        chosen = next((one for one in walked if len(slot.siblings.get(one, ())) > 1), "")
        siblings = slot.siblings.get(chosen, ())
        place = siblings.index(chosen) + step if chosen in siblings else 0
        if not chosen:
            told = "There is one answer to this question. R asks another provider, e asks in other words."
            self._pane.host.tell(told)
        elif not must_wait(self._pane, "other answers can be shown") and 0 <= place < len(siblings):
            self._pane.host.start_work(self._choose(slot, siblings[place]), group="choose", exclusive=True)

    async def _choose(self, slot: Slot, message_id: str) -> None:
        await self._pane.desk.call(slot, lambda core: core.conversations.choose(slot.conversation_id, message_id))
        await self._pane.desk.read_branch(slot, message_id)
        if slot is self._pane.desk.slot:
            self._pane.feed.show_slot(slot)
            self._pane.feed.put_cursor(message_id)
        self.learn(slot, slot.order)

    def learn(self, slot: Slot, message_ids: Iterable[str]) -> None:
        """Find out, beside the screen, which of these prompts and replies have others beside them."""
        unknown = [
            message_id
            for message_id in message_ids
            if message_id not in slot.siblings and slot.messages[message_id].role in ("user", "assistant")
        ]
        if unknown:
            self._pane.host.start_work(self._learn(slot, unknown), group="siblings")

    async def _learn(self, slot: Slot, message_ids: list[str]) -> None:
        found = await self._pane.desk.call(slot, lambda core: core.conversations.siblings(message_ids))
        slot.siblings |= found
        if slot is self._pane.desk.slot:
            self._pane.feed.draw_again(slot, [message_id for message_id, ids in found.items() if len(ids) > 1])
