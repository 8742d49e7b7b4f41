"""Keeps the transcript showing the open conversation and the reply that is being written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workbench.tui.chat.desk import Slot
from workbench.tui.chat.views import SENDING_ID, Around, prompt_view, view_of_message, view_of_turn
from workbench.tui.core_link import TurnPort
from workbench.tui.shell import Shell
from workbench.tui.state.files import readable
from workbench.tui.state.trail import Step, trail_of
from workbench.tui.widgets.message_view import MessageView
from workbench.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from workbench.conversations.values import Message
    from workbench.tui.state.turns import TurnView


def _is_stored(slot: Slot, turn: TurnView) -> bool:
    """Whether the end of a turn's reply has been read from where it is stored."""
    message = slot.messages.get(turn.message_id)
    return message is not None and message.state != "streaming" and not turn.phase.running


class TranscriptFeed:
    """Gives the transcript its messages; knows nothing of keys or other widgets."""

    def __init__(self, shell: Shell, transcript: Transcript) -> None:
        """Nothing is shown yet."""
        self._shell = shell
        self._transcript = transcript
        self._ids: set[str] = set()
        self._drawn: TurnView | None = None

    def show_slot(self, slot: Slot) -> None:
        """Replace everything by a conversation's messages as far as they were read."""
        turn = self._turn(slot)
        around = self._around(slot)
        views = [
            view_of_turn(turn, around)
            if turn is not None and turn.message_id == message_id and turn.phase.running
            else view_of_message(slot.messages[message_id], around)
            for message_id in slot.order
        ]
        if slot.sending:
            views.append(self._sending_view(slot.sending))
        self._ids = {view.id for view in views}
        self._drawn = None
        self._transcript.show(views, has_earlier=slot.has_earlier)

    def put_cursor(self, message_id: str) -> None:
        """Put the message cursor on a message."""
        self._transcript.put_cursor(message_id)

    def sending(self, text: str) -> None:
        """Show a prompt that is on its way."""
        if SENDING_ID not in self._ids:
            self._ids.add(SENDING_ID)
            self._transcript.append(self._sending_view(text))

    def not_sent(self) -> None:
        """The prompt came back: it is no message."""
        self._ids.discard(SENDING_ID)
        self._transcript.remove_message(SENDING_ID)

    def stored(self, slot: Slot, turn: TurnPort, text: str) -> None:
        """The prompt is stored: it and its reply are messages now."""
        self.not_sent()
        now = self._shell.clock.now_ms()
        self._put(prompt_view(turn.user_message_id, text, now, now))
        known = self._turn(slot)
        if known is not None and known.message_id == turn.message_id:
            self._put(view_of_turn(known, self._around(slot)))
        else:
            self._put(MessageView(id=turn.message_id, role="assistant", text="", streaming=True))

    def turn_changed(self, slot: Slot) -> None:
        """Draw what is new of the running reply."""
        turn = self._turn(slot)
        if turn is None or turn is self._drawn or turn.message_id not in self._ids:
            return
        self._drawn = turn
        self._transcript.update_message(view_of_turn(turn, self._around(slot)))

    def draw_again(self, slot: Slot, message_ids: Iterable[str]) -> None:
        """More has become known of these messages than their text."""
        turn, around = self._turn(slot), self._around(slot)
        for message_id in message_ids:
            if message_id not in self._ids:
                continue
            if turn is not None and turn.message_id == message_id and not _is_stored(slot, turn):
                self._transcript.update_message(view_of_turn(turn, around))
            elif message_id in slot.messages:
                self._transcript.update_message(view_of_message(slot.messages[message_id], around))

    def earlier(self, slot: Slot, messages: Sequence[Message]) -> None:
        """Put a page of earlier messages on top."""
        around = self._around(slot)
        views = [view_of_message(message, around) for message in messages if message.id not in self._ids]
        self._ids.update(view.id for view in views)
        self._transcript.prepend(views, has_earlier=slot.has_earlier)

    def message_id_for_trace(self) -> str:
        """The reply whose trace is wanted: under the cursor, else answering it, else the last; empty without one."""
        views = self._transcript.messages
        cursor = self._transcript.cursor_message_id
        start = next((i for i, view in enumerate(views) if view.id == cursor), None)
        candidates = views[start:] if start is not None else views[::-1]
        return next((view.id for view in candidates if view.role == "assistant"), "")

    @property
    def asked_message_id(self) -> str:
        """The prompt or reply that a question for another answer means: under the cursor, else the last one."""
        views = self._transcript.messages
        cursor = self._transcript.cursor_message_id
        found = [view for view in reversed(views) if view.role != "note" and view.id != SENDING_ID]
        return next((view.id for view in found if view.id == cursor), found[0].id if found else "")

    def trail_for(self, slot: Slot, message_id: str) -> tuple[tuple[Step, ...], dict[str, str]]:
        """The attempts of a reply, and providers its route left out with the reason."""
        turn = self._shell.state.turn_of_message(message_id)
        if turn is not None:
            return turn.trail, dict(turn.skipped)
        message = slot.messages.get(message_id)
        return (trail_of(message), {}) if message is not None else ((), {})

    @property
    def is_empty(self) -> bool:
        """Whether no message is shown."""
        return not self._ids

    def _turn(self, slot: Slot) -> TurnView | None:
        return self._shell.state.turns.get(slot.conversation_id) if slot.conversation_id else None

    def _around(self, slot: Slot) -> Around:
        return Around(
            now_ms=self._shell.clock.now_ms(),
            scripted=self._shell.scripted,
            siblings=slot.siblings,
            next_tries=self._shell.state.next_tries,
            awaited=slot.reply_id,
        )

    def _sending_view(self, text: str) -> MessageView:
        now = self._shell.clock.now_ms()
        return prompt_view(SENDING_ID, readable(text), now, now)

    def _put(self, view: MessageView) -> None:
        self._ids.add(view.id)
        self._transcript.update_message(view)
