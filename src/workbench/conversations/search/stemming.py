"""Stems of English words, as the full-text index makes them: M. F. Porter's algorithm of 1980. Pure.

Needed where SQLite does not do it: to find in a text the words that the index found. Works on bytes of UTF-8 as
SQLite's `porter` does, and like it leaves words of fewer than three and more than 64 bytes alone.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Final

_SHORTEST: Final = 3
_LONGEST: Final = 64
_CLOSED: Final = 0b101
"""The last three letters of a short syllable: consonant, vowel, consonant."""

# The longest ending that a word has decides, whether or not it may then be replaced.
_SECOND: Final = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize", "logi": "log", "bli": "ble",
    "alli": "al", "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize", "ation": "ate", "ator": "ate",
    "alism": "al", "iveness": "ive", "fulness": "ful", "ousness": "ous", "aliti": "al", "iviti": "ive",
    "biliti": "ble",
}  # fmt: skip
_THIRD: Final = {
    "icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": "",
}  # fmt: skip
_FOURTH: Final[Mapping[str, str]] = dict.fromkeys(
    (
        "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate",
        "iti", "ous", "ive", "ize",
    ),
    "",
)  # fmt: skip


@functools.lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """The stem of a word in lower case."""
    letters = word.encode(errors="replace").decode("latin-1")
    if not _SHORTEST <= len(letters) <= _LONGEST:
        return word
    letters = _past_and_progressive(_plural(letters))
    if letters[-1] == "y" and _has_vowel(letters[:-1]):
        letters = letters[:-1] + "i"
    letters = _replaced(letters, _SECOND, 1)
    letters = _replaced(letters, _THIRD, 1)
    letters = _replaced(letters, _FOURTH, 2)
    return _tidied(letters).encode("latin-1").decode(errors="replace")


def root(word: str) -> str:
    """What all words with the stem of `word` begin with: a stem's last two letters may be none of theirs.

    So it is with `hope` and `hoping`, `happi` and `happy`, `sensibl` and `sensibility`.
    """
    own = stem(word)
    return own[: max(len(own) - 2, 1)]


def _plural(word: str) -> str:
    if not word.endswith("s") or word.endswith("ss"):
        return word
    if (len(word) > 4 and word.endswith("sses")) or (len(word) > 3 and word.endswith("ies")):
        return word[:-2]
    return word[:-1]


def _past_and_progressive(word: str) -> str:
    if len(word) > 3 and word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        if len(word) > len(ending) and word.endswith(ending):
            before = word[: -len(ending)]
            return _restored(before) if _has_vowel(before) else word
    return word


def _restored(word: str) -> str:
    """What is left of a word without `ed` or `ing`, with the `e` it lost and without the letter it doubled."""
    if len(word) > 2 and word.endswith(("at", "bl", "iz")):
        return word + "e"
    last = word[-1]
    if last == word[-2:-1] and last not in "aeioulsz":
        return word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_in_short_syllable(word) else word


def _replaced(word: str, endings: Mapping[str, str], measure: int) -> str:
    found = [ending for ending in endings if len(word) > len(ending) and word.endswith(ending)]
    if not found:
        return word
    ending = max(found, key=len)
    before = word[: -len(ending)]
    if _measure(before) < measure or (ending == "ion" and before[-1] not in "st"):
        return word
    return before + endings[ending]


def _tidied(word: str) -> str:
    if word.endswith("e"):
        before = word[:-1]
        measure = _measure(before)
        if measure > 1 or (measure == 1 and not _ends_in_short_syllable(before)):
            word = before
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _consonants(word: str) -> list[bool]:
    found: list[bool] = []
    for letter in word:
        # A y is a vowel after a consonant.
        found.append(letter not in "aeiou" and not (letter == "y" and bool(found) and found[-1]))
    return found


def _measure(word: str) -> int:
    """How often a consonant follows a vowel."""
    kinds = _consonants(word)
    return sum(consonant and not before for before, consonant in itertools.pairwise(kinds))


def _has_vowel(word: str) -> bool:
    return any(letter in "aeiou" or (letter == "y" and place > 0) for place, letter in enumerate(word))


def _ends_in_short_syllable(word: str) -> bool:
    if word[-1:] in ("w", "x", "y"):
        return False
    mask = 0
    for consonant in _consonants(word)[-3:]:
        mask = mask << 1 | consonant
    return mask == _CLOSED
