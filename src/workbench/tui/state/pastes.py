"""Large pastes: a short mark stands for the text in the composer, so that a megabyte costs no more than a word."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs

LARGE = 8_000
"""Characters from which a pasted text is put aside."""

_PREVIEW = 32
"""Characters of its first line that a mark shows."""
_MARKS = re.compile(r"⟦paste (\d+)[^⟧\n]*⟧|\[\[paste (\d+)[^\]\n]*\]\]")
"""A mark, also one whose words were edited: its number says which text it stands for."""
_BRACKETS = str.maketrans("⟦⟧[]", "    ")


class Amount(NamedTuple):
    """How much a text is."""

    characters: int
    bytes: int


@dataclass(slots=True)
class Pastes:
    """The texts put aside, by the mark that stands for each."""

    _texts: dict[str, str] = field(default_factory=dict[str, str])
    _amounts: dict[int, Amount] = field(default_factory=dict[int, Amount])
    _count: int = 0

    def put_aside(self, text: str) -> str:
        """Keep a text; the mark that stands for it says how long it is and how it begins."""
        self._count += 1
        first, last = ("[[", "]]") if glyphs().ascii else ("⟦", "⟧")
        begins = _beginning(text)
        words = f"{len(text):,} characters" + (f" {glyphs().dot} {begins}" if begins else "")
        mark = f"{first}paste {self._count}: {words}{last}"
        self._texts[mark] = text
        self._amounts[self._count] = Amount(len(text), len(text.encode(errors="surrogatepass")))
        return mark

    def expand(self, shown: str) -> str:
        """The whole text: every mark replaced by what it stands for; marks inside a pasted text stay."""
        if not self._texts:
            return shown
        by_number = dict(enumerate(self._texts.values(), 1))
        return _MARKS.sub(lambda mark: by_number.get(int(mark[1] or mark[2]), mark[0]), shown)

    def amount_of(self, shown: str) -> Amount:
        """How much the whole text is, without building it."""
        characters, size = len(shown), len(shown) if shown.isascii() else len(shown.encode(errors="surrogatepass"))
        for mark in _MARKS.finditer(shown) if self._texts else ():
            amount = self._amounts.get(int(mark[1] or mark[2]))
            if amount is not None:
                characters += amount.characters - len(mark[0])
                size += amount.bytes - len(mark[0].encode())
        return Amount(characters, size)

    def text_behind(self, mark: str) -> str:
        """What a mark stands for; empty for one that stands for nothing."""
        return self._texts.get(mark, "")

    def forget_all(self) -> None:
        """Drop every text; numbering begins again."""
        self._texts.clear()
        self._amounts.clear()
        self._count = 0

    @property
    def marks(self) -> list[str]:
        """Every mark that was made."""
        return list(self._texts)


def _beginning(text: str) -> str:
    line = next((line for line in text[: 4 * LARGE].splitlines() if line.strip()), "")
    return clean_line(line.strip().translate(_BRACKETS), _PREVIEW).strip()
