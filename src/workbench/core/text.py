"""Text from outside made harmless for any sink: no control sequences, no invisible characters."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

MARK = "\N{REPLACEMENT CHARACTER}"
"""Stands for a forbidden character that has no picture of its own."""

ELLIPSIS = "…"
LINE_LIMIT = 500
"""Characters that `clean_line` keeps unless told otherwise."""

# Characters of ordinary writing (joiners of Persian, Indic scripts and emoji, presentation selectors, soft hyphens,
# Mongolian shape selectors) that draw nothing themselves. A mark in their place would riddle ordinary text, so they
# are left out: what a person sees stays the same, and nothing hidden goes on to a clipboard or a file.
_LEFT_OUT = (0x00AD, 0x180B, 0x180C, 0x180D, 0x180F, 0x200C, 0x200D, 0xFE0E, 0xFE0F)

_MARKED = (
    (0x0080, 0x009F),  # C1: 8-bit CSI, OSC, DCS, NEL
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers: letters that look like nothing
    (0x17B4, 0x17B5),  # Khmer inherent vowels, invisible
    (0x180E, 0x180E),  # Mongolian vowel separator
    (0x200B, 0x200B),  # zero-width space
    (0x200E, 0x200F),  # left-to-right and right-to-left marks
    (0x2028, 0x202E),  # line and paragraph separators, bidi embeddings and overrides
    (0x2060, 0x206F),  # word joiner, invisible operators, bidi isolates, deprecated formats
    (0x3164, 0x3164),  # Hangul filler
    (0xD800, 0xDFFF),  # lone surrogates
    (0xFDD0, 0xFDEF),  # noncharacters
    (0xFE00, 0xFE0D),  # variation selectors 1 to 14
    (0xFEFF, 0xFEFF),  # zero-width no-break space, byte order mark
    (0xFFA0, 0xFFA0),  # half-width Hangul filler
    (0xFFF0, 0xFFFB),  # reserved, interlinear annotation
    (0xFFFE, 0xFFFF),  # noncharacters
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags, variation selectors 17 to 256, reserved: invisible instructions travel in them
)


_PICTURES = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)} | {
    0x7F: "\N{SYMBOL FOR DELETE}"
}  # fmt: skip


@cache
def forbidden() -> dict[int, str]:
    """Code points that `clean` never lets through, and what comes instead; thousands, so made when one is met."""
    marked = {code: MARK for first, last in _MARKED for code in range(first, last + 1)}
    return _PICTURES | marked | dict.fromkeys(_LEFT_OUT, "")


_ANY_FORBIDDEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f"
    + "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in _MARKED)
    + "".join(map(chr, _LEFT_OUT))
    + "]"
)
# Marks of scripts that need them stay: only those that stand above, below or through letters like Latin ones go.
_ACCENTS = re.compile("[\u0300-\u036f]+")
_NEWLINE_OR_TAB = str.maketrans({"\n": " ", "\t": " "})


def clean(text: str) -> str:
    """`text` without anything a terminal could obey or a person could not see; LF and TAB stay.

    Other C0 characters and DEL become their pictures (U+2400 and following), everything else forbidden becomes
    `MARK`; joiners and presentation selectors are left out. It works character by character, so it is idempotent and
    may be used on chunks: `clean(a + b) == clean(a) + clean(b)`.
    """
    if text.isascii():
        return text.translate(_PICTURES)
    # Most text has nothing to replace, and looking is cheaper than translating.
    if _ANY_FORBIDDEN.search(text) is None:
        return text
    return text.translate(forbidden())


def clean_line(text: str, limit: int = LINE_LIMIT) -> str:
    """`clean` for one line: LF and TAB become spaces; at most `limit` characters, the last of them `…` when cut."""
    # A cleaned character is never longer than itself, so most of a huge text need not be looked at.
    line = clean(text[: 4 * limit + 4]).translate(_NEWLINE_OR_TAB)
    if len(line) <= limit and len(text) <= 4 * limit + 4:
        return line
    return line[: max(limit - 1, 0)] + ELLIPSIS


def folded(text: str) -> str:
    """`text` as searches compare it: without case, accents and the forms of one and the same letter."""
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold()


def safe_for_storage(text: str) -> str:
    """`text` as SQLite and UTF-8 can hold it: NUL and lone surrogates become `MARK`, surrogate pairs one character."""
    text = text.replace("\0", MARK)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
