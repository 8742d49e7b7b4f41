"""What a model gets to read of a conversation."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.conversations.values import Message, Role
from workbench.providers.values import PromptMessage


def prompt_messages(branch: Iterable[Message], *, system: str | None = None) -> tuple[PromptMessage, ...]:
    """The branch as a model reads it, root first.

    Replies without text (every provider failed) are left out. A `system` given now stands in for a stored one.
    """
    read = [
        PromptMessage(role=message.role.value, text=message.text)
        for message in branch
        if message.text and not (system and message.role is Role.SYSTEM)
    ]
    if system:
        read.insert(0, PromptMessage(role=Role.SYSTEM.value, text=system))
    return tuple(read)
