"""Large pastes: a short mark stands for the text in the composer, so that a megabyte costs no more than a word."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from workbench.tui.glyphs import glyphs

LARGE = 8_000
"""Characters from which a pasted text is put aside."""


_MARKS = re.compile(r"⟦paste (\d+)[^⟧\n]*⟧|\[\[paste (\d+)[^\]\n]*\]\]")
"""A mark, also one whose words were edited: its number says which text it stands for."""


@dataclass(slots=True)
class Pastes:
    """The texts put aside, by the mark that stands for each."""

    _texts: dict[str, str] = field(default_factory=dict[str, str])
    _count: int = 0

    def put_aside(self, text: str) -> str:
        """Keep a text; the mark that stands for it."""
        self._count += 1
        first, last = ("[[", "]]") if glyphs().ascii else ("⟦", "⟧")
        mark = f"{first}paste {self._count}: {len(text):,} characters{last}"
        self._texts[mark] = text
        return mark

    def expand(self, shown: str) -> str:
        """The whole text: every mark replaced by what it stands for; marks inside a pasted text stay."""
        if not self._texts:
            return shown
        by_number = dict(enumerate(self._texts.values(), 1))
        return _MARKS.sub(lambda mark: by_number.get(int(mark[1] or mark[2]), mark[0]), shown)

    def forget_all(self) -> None:
        """Drop every text; numbering begins again."""
        self._texts.clear()
        self._count = 0

    def mark_before(self, line: str) -> str:
        """The mark that a line ends with, or an empty text."""
        return next((mark for mark in self._texts if line.endswith(mark)), "")

    @property
    def hidden_characters(self) -> int:
        """How many characters all kept texts have."""
        return sum(map(len, self._texts.values()))
