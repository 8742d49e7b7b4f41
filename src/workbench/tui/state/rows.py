"""The rows of the conversation list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workbench.conversations.values import Conversation
from workbench.core.text import clean_line
from workbench.tui.state.badges import age

_UNTITLED = "untitled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One conversation as the list shows it; `title` is cleaned and unlike any other row's."""

    conversation_id: str
    title: str
    age: str
    running: bool


def rows_of(conversations: Sequence[Conversation], running: Collection[str], now_ms: int) -> list[Row]:
    """A row each, in the given order; equal titles are numbered from the oldest on."""
    titles = [clean_line(conversation.title).strip() or _UNTITLED for conversation in conversations]
    numbered = _unique(titles)
    return [
        Row(
            conversation_id=conversation.id,
            title=title,
            age=age(conversation.updated_at_ms, now_ms),
            running=conversation.id in running,
        )
        for conversation, title in zip(conversations, numbered, strict=True)
    ]


def _unique(titles: list[str]) -> list[str]:
    taken: set[str] = set(titles)
    given: set[str] = set()
    unique: list[str] = []
    for title in reversed(titles):
        name, number = title, 1
        while name in given or (number > 1 and name in taken):
            number += 1
            name = f"{title} ({number})"
        given.add(name)
        unique.append(name)
    return unique[::-1]
