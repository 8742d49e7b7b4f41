"""The formats of exported conversations, and the names of their files. Pure."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from workbench.core.text import clean_line

LONGEST_NAME = 60
"""Characters of a file name made from a title: every file system takes four bytes for each of them."""

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|\Z)", re.IGNORECASE)
"""Names that Windows gives to devices."""


class ExportFormat(StrEnum):
    """How conversations are written."""

    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"
    JSONL = "jsonl"
    BUNDLE = "bundle"

    @property
    def suffix(self) -> str:
        """The ending of its files."""
        return _SUFFIXES[self]

    @property
    def whole(self) -> bool:
        """Whether it has all branches; the others have the one that is in force."""
        return self in (ExportFormat.JSON, ExportFormat.JSONL, ExportFormat.BUNDLE)

    @property
    def words(self) -> str:
        """What it is good for."""
        return _WORDS[self]


_SUFFIXES = {
    ExportFormat.MARKDOWN: ".md",
    ExportFormat.HTML: ".html",
    ExportFormat.JSON: ".json",
    ExportFormat.JSONL: ".jsonl",
    ExportFormat.BUNDLE: ".zip",
}
_WORDS = {
    ExportFormat.MARKDOWN: "Markdown, to be read",
    ExportFormat.HTML: "HTML, one page for a browser, light and dark",
    ExportFormat.JSON: "JSON, all branches with attempts, times and costs; can be imported",
    ExportFormat.JSONL: "JSON Lines, a conversation a line; can be imported",
    ExportFormat.BUNDLE: "a bundle to share: page and data in one archive, keys masked",
}


def format_of(name: str) -> ExportFormat:
    """The format that a file's name asks for by its ending, else Markdown."""
    lower = name.lower()
    if lower.endswith(".htm"):
        return ExportFormat.HTML
    return next((format_ for format_ in ExportFormat if lower.endswith(format_.suffix)), ExportFormat.MARKDOWN)


def file_name_of(title: str, format_: ExportFormat) -> str:
    """A file name that every system takes and that leads to no other folder, made from a title."""
    words = _NOT_IN_NAMES.sub("-", unicodedata.normalize("NFC", clean_line(title)))
    # A name that begins with a dash is an option to many programs, one with a dot is hidden.
    name = words[:LONGEST_NAME].strip("-._") or "conversation"
    if _RESERVED.match(name):
        name = f"conversation-{name}"
    return name + format_.suffix
