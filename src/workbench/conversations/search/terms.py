"""Text and properties of a message as the full-text index gets them. Pure.

The index takes words apart at everything that is no letter or digit, and knows no words of scripts that are written
without spaces. So each of their characters becomes a word of its own, and what was typed finds them as a phrase.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from workbench.conversations.branching.branches import STOPPED_BY_YOU
from workbench.conversations.values import MessageState
from workbench.core.text import folded

if TYPE_CHECKING:
    from workbench.storage.transaction import Row

GAP: Final = "\ue000"
"""A word of ours (private use) where something stands between a character that is indexed alone and its neighbour."""

# Thai, Lao, Khmer, Burmese; Hangul; CJK radicals to kana, bopomofo and their punctuation; Han with its extensions;
# full-width punctuation; half-width kana and Hangul.
ALONE: Final = (
    r"\u0e01-\u0edf\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"
    r"\u2e80-\u2fdf\u3001-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff5f-\uffdf"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e\U00020000-\U000323af"
)
"""Characters that are indexed alone, as the inside of a regular expression's class."""
_ANY_ALONE: Final = re.compile(f"[{ALONE}]")
_BETWEEN: Final = rf"(?:[^\w{ALONE}]|_)+"
_GAPS: Final = re.compile(rf"(?<=[{ALONE}]){_BETWEEN}(?=[^\W_]|[{ALONE}])|(?<=[^\W_]){_BETWEEN}(?=[{ALONE}])")

# The index takes what these stand for (vowel signs, voice marks, punctuation) for spaces; private use it does not.
_PRIVATE_USE: Final = 0xF0000


MessageRow: TypeAlias = "Row | Mapping[str, Any]"
"""A row of `messages`, with the columns that `index.COLUMNS` names."""


def stands_alone(character: str) -> bool:
    """Whether a character is a word of its own in the index."""
    return _ANY_ALONE.match(character) is not None


def with_gaps(text: str) -> str:
    """`text` with `GAP` for whatever stands between a character that is indexed alone and its neighbour."""
    return _GAPS.sub(f" {GAP} ", text)


def spaced(text: str) -> str:
    """`text` with every character of a script without spaces apart, as it is indexed and asked for."""
    if text.isascii() or _ANY_ALONE.search(text) is None:
        return text
    return with_gaps(text).translate(_APART)


class _Apart(dict[int, str]):
    """Characters as they are indexed; worked out once each."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if stands_alone(character):
            character = f" {character if character.isalnum() else chr(_PRIVATE_USE + code % 0x10000)} "
        self[code] = character
        return character


_APART: Final = _Apart()


class _Levels(dict[int, str]):
    """Letters without case and accents, one for one; worked out once each."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        level = folded(character)
        if len(level) != 1:
            lower = character.lower()
            level = lower if len(lower) == 1 else character
        self[code] = level
        return level


_LEVELS: Final = _Levels()


def leveled(text: str) -> str:
    """`text` without case and accents, as the index compares it, and exactly as long; marks over letters stay."""
    return text.lower() if text.isascii() else text.translate(_LEVELS)


def has_words(text: str) -> bool:
    """Whether there is anything in `text` that can be searched."""
    return any(character.isalnum() or stands_alone(character) for character in text)


def facet(kind: str, value: str) -> str:
    """The facet words of one property: `kind` is a letter, `value` any text; empty when it has no letter or digit.

    Each letter gets a zero behind it, so that no word has an ending that stemming would take off.
    """
    words = re.findall(r"[^\W_]+", value.casefold())
    return " ".join(kind + "".join(f"{letter}0" for letter in word) for word in words)


ROLE: Final = "r"
PROVIDER: Final = "p"
MODEL: Final = "m"
HAS: Final = "h"
"""The kinds of facets."""

_FENCE: Final = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)


def facets_of(row: MessageRow) -> str:
    """What a message is, in facet words: its role, its provider, its model, and what it has."""
    words = [facet(ROLE, row["role"]), facet(PROVIDER, row["provider"] or ""), facet(MODEL, row["model"] or "")]
    if _FENCE.search(row["text"]) is not None:
        words.append(facet(HAS, "code"))
    if _went_wrong(row):
        words.append(facet(HAS, "error"))
    if _has_attachment(row["parts"]):
        words.append(facet(HAS, "attachment"))
    return " ".join(word for word in words if word)


def _went_wrong(row: MessageRow) -> bool:
    state = row["state"]
    if state == MessageState.STOPPED:
        return row["reason"] != STOPPED_BY_YOU
    return state in (MessageState.FAILED, MessageState.INTERRUPTED)


def _has_attachment(parts: str | None) -> bool:
    if parts is None or '"attachment"' not in parts:
        return False
    return any(part.get("type") == "attachment" for part in cast("list[dict[str, Any]]", json.loads(parts)))
