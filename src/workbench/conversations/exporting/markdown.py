"""Conversations as Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from workbench.conversations.telling.wording import extra_lines, rating_line, speaker, state_line
from workbench.conversations.values import Conversation, Message
from workbench.core.clock import iso_utc
from workbench.core.text import clean, clean_line

_MARKDOWN = re.compile(r"([\\`*_\[\]<>#&|~])")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def markdown_of(conversation: Conversation, messages: Sequence[Message]) -> str:
    """A branch to be read: cleaned, a heading for each message, and what is not whole said to be so."""
    private = ", private" if conversation.private else ""
    title = _plain(conversation.title) or "Untitled"
    parts = [f"# {title}", f"Conversation {conversation.id}, begun {iso_utc(conversation.created_at_ms)}{private}"]
    for message in messages:
        parts.append(f"## {_plain(speaker(message))}, {iso_utc(message.created_at_ms)}")
        parts += _text_parts(message)
        notes = (*extra_lines(message), state_line(message), rating_line(message))
        parts += [f"*[{_plain(note)}]*" for note in notes if note]
    return "\n\n".join(parts) + "\n"


def _text_parts(message: Message) -> list[str]:
    """The text, with a line at each place where another answer went on."""
    places = [0, *(seam.at for seam in message.seams), len(message.text)]
    pieces = [message.text[start:end] for start, end in pairwise(places)]
    parts: list[str] = []
    for piece, seam in zip(pieces, (*message.seams, None), strict=True):
        if piece.strip():
            parts.append(with_closed_fence(clean(piece).lstrip("\n").rstrip()))
        if seam is not None:
            parts.append(f"*[{_plain(seam.label)}]*")
    return parts


def with_closed_fence(text: str) -> str:
    """`text` with its last code fence closed: a cut answer must not swallow what follows it."""
    opened = ""
    for line in text.split("\n"):
        fence = _FENCE.fullmatch(line)
        if fence is None:
            continue
        marks, rest = fence[1], fence[2]
        if not opened:
            opened = "" if marks[0] == "`" and "`" in rest else marks
        elif marks.startswith(opened) and not rest.strip():
            opened = ""
    return f"{text}\n{opened}" if opened else text


def _plain(text: str) -> str:
    """Foreign words on one line, none of them markup."""
    return _MARKDOWN.sub(r"\\\1", clean_line(text).strip())
