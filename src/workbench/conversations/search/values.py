"""What a search asks for and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workbench.conversations.values import MessageState, Role

COUNTED = 1_000
"""Messages that are found are counted up to here; lists say "1,000+" of more."""


class SearchOrder(StrEnum):
    """Which hits come first."""

    NEWEST = "newest"
    BEST = "best"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A message that was found, or a conversation whose title was."""

    conversation_id: str
    message_id: str | None
    """None where only the title has the words."""
    title: str
    role: Role | None
    state: MessageState | None
    provider: str | None
    model: str | None
    snippet: str
    """A cut of the stored text around the first words that were found, on one line; not cleaned."""
    marks: tuple[tuple[int, int], ...]
    """Where in `snippet` the words are: start and end of each, in characters, in order, never overlapping."""
    created_at_ms: int
    """When it was said; of a conversation, when it was last used."""
    pinned: bool = False
    archived: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """Some of the hits of a search."""

    hits: tuple[SearchHit, ...]
    total: int
    """All hits, at most `COUNTED`; conversations are all counted, unless by who answered in them."""
    capped: bool
    """Whether there are more than `total`."""
    words: tuple[str, ...] = ()
    """What to highlight in the whole text: words and phrases, as `marks_in` takes them."""
    notes: tuple[str, ...] = ()
    """What of the query was not understood and how it was taken, in sentences; a query is never an error."""
    next: str | None = None
    """Gives the following page; None at the end."""
