"""Finding words in a conversation: what matches, how many there are, and which one is looked at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

PIECE = 200_000
"""Characters that are looked through at once."""

_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")

# Underscores inside of words are drawn.
_SIGNS = re.compile(r"\*+|`+|~~|(?<!\w)_+|_+(?!\w)")


def folded(text: str, *, exact: bool) -> str:
    """`text` without accents and, unless `exact`, without capitals."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFD", text))
    return text if exact else text.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """What is looked for."""

    text: str
    """Folded."""
    exact: bool
    """Whether capitals count: they do when some were typed."""

    @staticmethod
    def of(typed: str) -> Needle:
        """What a person typed."""
        exact = typed != typed.lower()
        return Needle(text=folded(typed, exact=exact), exact=exact)

    def count(self, text: str, *, formatted: bool = False) -> int:
        """How often it is in `text`; in a `formatted` one signs of Markdown stand in the way of nothing."""
        if formatted and not _SIGNS.search(self.text):
            text = _SIGNS.sub("", text)
        return folded(text, exact=self.exact).count(self.text) if self.text else 0

    def places(self, text: str) -> list[tuple[int, int]]:
        """First character and end of each match in `text`."""
        if not self.text:
            return []
        if text.isascii():
            flat, origin = folded(text, exact=self.exact), None
        else:
            parts = [folded(character, exact=self.exact) for character in text]
            flat = "".join(parts)
            origin = [index for index, part in enumerate(parts) for _ in part]
        found: list[tuple[int, int]] = []
        at = flat.find(self.text)
        while at >= 0:
            end = at + len(self.text)
            found.append((at, end) if origin is None else (origin[at], origin[end - 1] + 1))
            at = flat.find(self.text, end)
        return found


def pieces_of(text: str) -> Iterator[str]:
    """`text` in pieces that may be looked through one after the other, cut between lines where there are any."""
    at = 0
    while at < len(text):
        end = at + PIECE
        if end < len(text):
            end = text.rfind("\n", at, end) + 1 or end
        yield text[at:end]
        at = end


@dataclass(slots=True)
class Hits:
    """Where it was found, and which hit is looked at."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    """Hits of each message that was looked through."""
    message_id: str = ""
    """Where the current hit is; empty when there is none."""
    ordinal: int = 0
    """Which of the hits of that message it is, from 0."""

    @property
    def total(self) -> int:
        """All hits so far."""
        return sum(self.counts.values())

    def number(self, order: Sequence[str]) -> int:
        """The current hit, counted from 1 along `order`; 0 for none."""
        if not self.message_id:
            return 0
        before = 0
        for message_id in order:
            if message_id == self.message_id:
                return before + self.ordinal + 1
            before += self.counts.get(message_id, 0)
        return 0

    def begin(self, order: Sequence[str], start: int) -> bool:
        """Look at the first hit from message `start` of `order` on, else at the last before; False for none."""
        after = (message_id for message_id in order[start:] if self.counts.get(message_id))
        found = next(after, "")
        self.ordinal = 0
        if not found:
            before = (message_id for message_id in reversed(order[:start]) if self.counts.get(message_id))
            found = next(before, "")
            self.ordinal = max(self.counts.get(found, 0) - 1, 0)
        self.message_id = found
        return bool(found)

    def step(self, order: Sequence[str], by: int) -> bool:
        """Look at the next (1) or previous (-1) hit, round the ends; False when there is none."""
        if not self.total:
            self.message_id = ""
            return False
        where = order.index(self.message_id) if self.message_id in order else 0
        inside = self.ordinal + by
        if self.message_id in order and 0 <= inside < self.counts.get(self.message_id, 0):
            self.ordinal = inside
            return True
        for offset in range(1, len(order) + 1):
            candidate = order[(where + by * offset) % len(order)]
            count = self.counts.get(candidate, 0)
            if count:
                self.message_id, self.ordinal = candidate, 0 if by > 0 else count - 1
                return True
        return False
