"""Where in a text the words of a search are, and a cut of it around them. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from workbench.conversations.search.stemming import root, stem
from workbench.conversations.search.terms import ALONE, GAP, leveled, stands_alone, with_gaps

LENGTH: Final = 160
"""Characters of a snippet."""
_BEFORE: Final = 40
"""Characters that a snippet has before its first mark."""
_LOOKED_AT: Final = 20
"""Places of each word among which the best one for a snippet is chosen."""
ELLIPSIS: Final = "…"

_ACCENT: Final = r"\u0300-\u036f"
_LETTER: Final = rf"(?:(?![{ALONE}])[^\W_]|[{_ACCENT}])"
_IS_LETTER: Final = re.compile(_LETTER)
_ACCENTS: Final = re.compile(f"[{_ACCENT}]+")
_BETWEEN: Final = rf"(?:[^\w{ALONE}]|_)+?"
_TOKEN: Final = re.compile(rf"{GAP}|{_LETTER}+|[{ALONE}]")
_SPACE: Final = re.compile(r"\s+")

Mark = tuple[int, int]


def marks_in(text: str, words: Iterable[str]) -> list[Mark]:
    """Start and end of everything in `text` that a search for `words` finds, in order, never overlapping.

    `words` are those of a `SearchPage`: words and phrases as `leveled` gives them, with `*` behind a beginning.
    """
    level = leveled(text)
    return _joined(mark for word in words for mark in _places(level, word))


def snippet_of(text: str, words: Sequence[str], length: int = LENGTH) -> tuple[str, tuple[Mark, ...]]:
    """At most `length` characters of `text` on one line, around the place with the most of `words`; and their marks."""
    start = _best_start(leveled(text), words)
    begin = 0 if start <= _BEFORE else _word_border(text, start - _BEFORE)
    cut = _SPACE.sub(" ", text[begin : begin + 4 * length]).strip()
    before = ELLIPSIS if begin > 0 else ""
    room = length - len(before)
    if len(cut) > room or begin + 4 * length < len(text):
        cut = cut[: room - 1].rstrip() + ELLIPSIS
    line = before + cut
    return line, tuple(marks_in(line, words))


def _best_start(level: str, words: Sequence[str]) -> int:
    """Where the stretch begins, as long as a snippet shows, that has the most different words."""
    places = sorted(
        (start, number)
        for number, word in enumerate(words)
        for start, _ in islice(_places(level, word), _LOOKED_AT)
    )  # fmt: skip
    best, most = 0, 0
    for index, (start, _) in enumerate(places):
        near = {number for at, number in places[index:] if at < start + LENGTH - _BEFORE}
        if len(near) > most:
            best, most = start, len(near)
    return best


def _word_border(text: str, at: int) -> int:
    """The end of the word that `at` is in the middle of, when that is near."""
    found = _SPACE.search(text, at, at + _BEFORE // 2)
    return found.end() if found is not None else at


def _places(level: str, word: str) -> Iterator[Mark]:
    pattern = _pattern(word, accents=not level.isascii() and _ACCENTS.search(level) is not None)
    if pattern is None:
        return
    expression, accepts = pattern
    for found in expression.finditer(level):
        start, end = found.span()
        # Checked here, because an expression that begins with plain letters is found much faster.
        inside = start > 0 and _IS_LETTER.match(level[start]) and _IS_LETTER.match(level[start - 1])
        if not inside and accepts(found.groups()):
            yield start, end


@functools.lru_cache(maxsize=64)
def _pattern(word: str, *, accents: bool) -> tuple[re.Pattern[str], Callable[[Sequence[str]], bool]] | None:
    """What finds a word or phrase, and what tells by the words that were found whether they are really its own."""
    beginning = word.endswith("*")
    tokens: list[str] = _TOKEN.findall(_ACCENTS.sub("", with_gaps(word.removesuffix("*"))))
    over = f"[{_ACCENT}]*" if accents else ""
    if not tokens:
        return None
    parts: list[str] = []
    stems: list[str | None] = []
    for place, token in enumerate(tokens):
        if token == GAP:
            parts.append(_BETWEEN)
        elif stands_alone(token):
            parts.append(re.escape(token))
        else:
            if place and not stands_alone(tokens[place - 1]) and tokens[place - 1] != GAP:
                parts.append(_BETWEEN)
            open_end = beginning and place == len(tokens) - 1
            own = None if open_end else stem(token)
            shared = token if own is None else root(token)
            stems.append(own)
            parts.append(f"({over.join(shared)}{_LETTER}*)")

    def accepts(found: Sequence[str]) -> bool:
        return all(own is None or stem(_ACCENTS.sub("", one)) == own for one, own in zip(found, stems, strict=True))

    return re.compile("".join(parts)), accepts


def _joined(marks: Iterable[Mark]) -> list[Mark]:
    joined: list[Mark] = []
    for start, end in sorted(marks):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
