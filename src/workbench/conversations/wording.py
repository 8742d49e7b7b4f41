"""What is said about a message wherever it is told as text: who speaks, and what is wrong with it. Pure."""

from __future__ import annotations

from workbench.conversations.values import Message, MessageState, Role


def speaker(message: Message) -> str:
    """Who speaks: `you`, `system`, or the provider and model."""
    if message.role is Role.USER:
        return "you"
    if message.role is Role.ASSISTANT and message.provider:
        return f"{message.provider}/{message.model}"
    return message.role.value


def state_line(message: Message) -> str | None:
    """What is to be said of a message that is not whole; None for one that is."""
    kept = f"{len(message.text)} character{'' if len(message.text) == 1 else 's'} kept"
    match message.state:
        case MessageState.DONE:
            return (
                "cut to length: its provider stopped at the longest answer it gives" if message.cut_to_length else None
            )
        case MessageState.STREAMING:
            return f"streaming: still being written; {len(message.text)} characters so far"
        case MessageState.INTERRUPTED:
            return f"interrupted: {message.reason or 'the program ended while this was streaming'}; {kept}"
        case MessageState.STOPPED:
            return f"stopped: {message.reason or 'ended by you'}; {kept}"
        case MessageState.FAILED:
            return f"failed: {message.reason or 'no provider gave a complete answer'}; {kept}"
