"""What may be done with a message of a branch. Pure."""

from __future__ import annotations

from workbench.conversations.values import Message, MessageState, Role
from workbench.core.errors import UsageError
from workbench.providers.values import BROKE_OFF

STOPPED_BY_YOU = "stopped by you"
"""The reason of a reply that its reader ended."""

_EARLY = frozenset({MessageState.STOPPED, MessageState.INTERRUPTED})


def ended_early(message: Message) -> bool:
    """Whether a reply has text, but not all that its provider had to say."""
    early = message.state in _EARLY or (message.state is MessageState.DONE and message.cut_to_length)
    return message.role is Role.ASSISTANT and early and bool(message.text.strip())


def refusal_to_continue(message: Message) -> UsageError | None:
    """Why a message cannot be gone on with; None when it can."""
    if ended_early(message):
        return None
    if message.state is MessageState.STREAMING:
        return UsageError("This reply is still being written", hint="Wait until it is done, or stop it")
    if message.role is Role.ASSISTANT and message.state is MessageState.DONE:
        return UsageError("This reply is whole", hint="Ask what you want to know beyond it")
    return UsageError("There is no text to go on with", hint="Ask again instead: r in the transcript")


def how_it_ended(message: Message) -> str:
    """What became of a reply that ended early, in the words of a seam."""
    if message.state is MessageState.INTERRUPTED:
        return "was interrupted"
    if message.state is MessageState.DONE:
        return "was cut to length"
    return "was stopped" if message.reason == STOPPED_BY_YOU else BROKE_OFF
