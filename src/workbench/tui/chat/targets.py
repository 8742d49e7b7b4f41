"""Which message an action means, and whether it can be done now: the one at the bar, else the last that it fits."""

from __future__ import annotations

from collections.abc import Collection

from workbench.tui.chat.pane import Pane
from workbench.tui.chat.views import SENDING_ID

ANY = frozenset({"user", "assistant", "note"})
REPLIES = frozenset({"assistant"})
SAID = frozenset({"user", "assistant"})


def chosen_id(pane: Pane, roles: Collection[str], *, else_last: Collection[str] | None = None) -> str:
    """The id of the message at the bar if it has one of `roles`; without a bar the last one; empty for none.

    `else_last` are the roles that the last one may have, where that is another question.
    """
    views = [view for view in pane.transcript.messages if view.id != SENDING_ID]
    cursor = pane.transcript.cursor_message_id
    at_bar = next((view for view in views if view.id == cursor), None)
    if at_bar is not None:
        return at_bar.id if at_bar.role in roles else ""
    wanted = roles if else_last is None else else_last
    return next((view.id for view in reversed(views) if view.role in wanted), "")


def must_wait(pane: Pane, what: str) -> bool:
    """Whether a reply is being written in the open conversation; then it is told that `what` can be done after it."""
    running = pane.desk.running(pane.desk.slot)
    if running:
        pane.host.tell(f"A reply is being written. esc stops it; then {what}.")
    return running


def stored_id(pane: Pane, roles: Collection[str], *, what: str, nothing: str) -> str:
    """The id of the stored message that is meant; empty, and told, while `what` must wait or when there is none."""
    message_id = chosen_id(pane, roles)
    if must_wait(pane, what):
        return ""
    if not message_id or not pane.desk.slot.conversation_id:
        pane.host.tell(nothing)
        return ""
    return message_id


def shown_text(pane: Pane, message_id: str) -> str:
    """The whole text of a message as it is stored, or as far as it has come while it is being written."""
    turn = pane.shell.state.turn_of_message(message_id)
    message = pane.desk.slot.messages.get(message_id)
    if turn is not None and (message is None or message.state == "streaming"):
        return turn.text
    if message is not None:
        return message.text
    return next((view.text for view in pane.transcript.messages if view.id == message_id), "")
