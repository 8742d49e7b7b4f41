"""The rows of the conversation list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.text import clean_line
from workbench.tui.state.badges import age

if TYPE_CHECKING:
    from workbench.conversations.values import Conversation

_UNTITLED = "untitled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One conversation as the list shows it; title and mark together are unlike any other row's."""

    conversation_id: str
    title: str
    """Cleaned, on one line."""
    mark: str
    """` (2)` and so on when an older conversation has the same title; never cut off."""
    age: str
    running: bool
    undecided: bool = False
    """Whether its reply broke off and waits for a decision."""
    private: bool = False
    temporary: bool = False
    """Whether it is stored nowhere."""
    pinned: bool = False

    @property
    def section(self) -> str:
        """The part of the list in which it stands."""
        return "temporary" if self.temporary else "pinned" if self.pinned else "recent"


def rows_of(
    conversations: Sequence[Conversation],
    running: Collection[str],
    now_ms: int,
    *,
    undecided: Collection[str] = (),
    temporary: Collection[str] = (),
) -> list[Row]:
    """A row each, in the given order; equal titles are numbered from the oldest on."""
    titles = [clean_line(conversation.title).strip() or _UNTITLED for conversation in conversations]
    return [
        Row(
            conversation_id=conversation.id,
            title=title,
            mark=mark,
            age=age(conversation.updated_at_ms, now_ms),
            running=conversation.id in running,
            undecided=conversation.id in undecided,
            private=conversation.private,
            temporary=conversation.id in temporary,
            pinned=conversation.pinned,
        )
        for conversation, title, mark in zip(conversations, titles, _marks(titles), strict=True)
    ]


def lines_of(rows: Sequence[Row]) -> list[int | str]:
    """The lines of the list: places of rows, and before each section its name; no names while all are recent ones."""
    named = any(row.section != "recent" for row in rows)
    lines: list[int | str] = []
    before = ""
    for place, row in enumerate(rows):
        if named and row.section != before:
            lines.append(row.section)
        before = row.section
        lines.append(place)
    return lines


def _marks(titles: list[str]) -> list[str]:
    """What tells equal titles apart, counted from the oldest; no mark makes a title look like another one."""
    taken = set(titles)
    counts: dict[str, int] = {}
    marks: list[str] = []
    for title in reversed(titles):
        number = counts.get(title, 0) + 1
        while number > 1 and f"{title} ({number})" in taken:
            number += 1
        counts[title] = number
        marks.append(f" ({number})" if number > 1 else "")
    return marks[::-1]
