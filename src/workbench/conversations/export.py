"""Conversations as files for people and programs. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from workbench.conversations.documents import tree_document
from workbench.conversations.values import Conversation, Message
from workbench.conversations.wording import speaker, state_line
from workbench.core.clock import iso_utc
from workbench.core.text import FORBIDDEN, clean, clean_line

LONGEST_NAME = 60
"""Characters of a file name made from a title: every file system takes four bytes for each of them."""

_RATINGS = {1: "rated good", -1: "rated bad"}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#&|~])")
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)
"""Names that Windows gives to devices."""
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_ESCAPES = {code: json.dumps(chr(code))[1:-1] for code in FORBIDDEN}


class ExportFormat(StrEnum):
    """How a conversation is written."""

    MARKDOWN = "markdown"
    JSON = "json"

    @property
    def suffix(self) -> str:
        """The ending of its files."""
        return ".json" if self is ExportFormat.JSON else ".md"


def format_of(name: str) -> ExportFormat:
    """The format that a file's name asks for: JSON by its ending, else Markdown."""
    return ExportFormat.JSON if name.lower().endswith(ExportFormat.JSON.suffix) else ExportFormat.MARKDOWN


def exported(conversation: Conversation, messages: Sequence[Message], format_: ExportFormat) -> str:
    """A conversation with these of its messages as the content of a file."""
    if format_ is ExportFormat.JSON:
        return json_of(conversation, messages)
    return markdown_of(conversation, messages)


def json_of(conversation: Conversation, messages: Sequence[Message]) -> str:
    """All that is known, as it is stored; what a terminal could obey or a person could not see is escaped."""
    return json.dumps(tree_document(conversation, messages), ensure_ascii=False, indent=2).translate(_ESCAPES) + "\n"


def markdown_of(conversation: Conversation, messages: Sequence[Message]) -> str:
    """A branch to be read: cleaned, a heading for each message, and what is not whole said to be so."""
    private = ", private" if conversation.private else ""
    title = _plain(conversation.title) or "Untitled"
    parts = [f"# {title}", f"Conversation {conversation.id}, begun {iso_utc(conversation.created_at_ms)}{private}"]
    for message in messages:
        parts.append(f"## {_plain(speaker(message))}, {iso_utc(message.created_at_ms)}")
        parts += _text_parts(message)
        notes = (state_line(message), _RATINGS.get(message.rating or 0))
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


def file_name_of(title: str, format_: ExportFormat) -> str:
    """A file name that every system takes and that leads to no other folder, made from a title."""
    words = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", clean_line(title)))
    # A name that begins with a dash is an option to many programs, one with a dot is hidden.
    name = words[:LONGEST_NAME].strip("-._") or "conversation"
    if _RESERVED.match(name):
        name = f"conversation-{name}"
    return name + format_.suffix
