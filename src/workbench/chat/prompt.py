"""What a model gets to read of a conversation."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.conversations.values import Message, Role
from workbench.providers.values import PromptMessage


def prompt_messages(branch: Iterable[Message], *, system: str | None = None) -> tuple[PromptMessage, ...]:
    """The branch as a model reads it, root first.

    Replies without text (every provider failed) are left out. One system text is in force and comes first: `system`
    when it is given now and not blank, else the last one of the branch.
    """
    stored = ""
    read: list[PromptMessage] = []
    for message in branch:
        if message.role is Role.SYSTEM:
            stored = message.text
        elif message.text:
            read.append(PromptMessage(role=message.role.value, text=message.text))
    in_force = system if system and system.strip() else stored
    if in_force:
        read.insert(0, PromptMessage(role=Role.SYSTEM.value, text=in_force))
    return tuple(read)
