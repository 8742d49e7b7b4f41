"""The HTML of Google Takeout: activities of a page, and answers as Markdown. Nothing in it is ever run or fetched."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser

from workbench.conversations.importing.limits import HTML_CHARACTERS, HTML_PENDING
from workbench.conversations.importing.opening import ByteStream
from workbench.conversations.importing.values import ImportRefusedError, MalformedError, Trouble

_CELL = '<div class="outer-cell'
_READ_BYTES = 256 * 1024
_FED = 4096
_BLOCKS = frozenset({"p", "div", "ul", "ol", "table", "tr", "blockquote", "section", "hr"})
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_SILENT = frozenset({"script", "style", "head", "template"})
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*"}
_BLANK_LINES = re.compile(r"\n{3,}")
_TIMES = (
    "%b %d, %Y, %I:%M:%S %p",
    "%d %b %Y, %H:%M:%S",
    "%b %d, %Y, %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%d.%m.%Y, %H:%M:%S",
)
_ZONE = re.compile(r"\s+[A-Z][A-Za-z+:0-9-]{1,8}\Z")
_LONGEST_TIME = 60


@dataclass(slots=True, kw_only=True)
class Cell:
    """One activity of a page."""

    header: str = ""
    prompt: str = ""
    reply: str = ""
    at_ms: int = 0
    files: list[str] = field(default_factory=list[str])


class _Markdown(HTMLParser):
    """Collects text as Markdown; what it does not know is passed over, its text is not."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.files: list[str] = []
        self._silent = 0
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins something."""
        if tag in _SILENT:
            self._silent += 1
        elif tag == "pre":
            self._code += 1
            self.pieces.append("\n\n```\n")
        elif tag == "code" and not self._code:
            self.pieces.append("`")
        elif tag == "br":
            self.pieces.append("\n")
        elif tag == "li":
            self.pieces.append("\n- ")
        elif tag in _HEADINGS:
            self.pieces.append("\n\n" + _HEADINGS[tag])
        elif tag in _BLOCKS:
            self.pieces.append("\n\n")
        elif tag in _MARKS:
            self.pieces.append(_MARKS[tag])
        elif tag == "img":
            self.files.append(dict(attrs).get("src") or "image")

    def handle_endtag(self, tag: str) -> None:
        """A tag ends something."""
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "pre":
            self._code = max(0, self._code - 1)
            self.pieces.append("\n```\n\n")
        elif tag == "code" and not self._code:
            self.pieces.append("`")
        elif tag in _MARKS:
            self.pieces.append(_MARKS[tag])
        elif tag in _BLOCKS or tag in _HEADINGS:
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        """Text."""
        if not self._silent:
            self.pieces.append(data)

    def read(self, html: str) -> None:
        """Read all of it, in pieces; raises MalformedError for tags that do not end."""
        for start in range(0, len(html), _FED):
            self.feed(html[start : start + _FED])
            if len(self.rawdata) > HTML_PENDING:
                raise MalformedError("its HTML has a tag that does not end")
        self.close()

    @property
    def text(self) -> str:
        """What was read."""
        return _BLANK_LINES.sub("\n\n", "".join(self.pieces).replace("\xa0", " ")).strip()


class _Cells(_Markdown):
    """Sorts the text of one activity into header, prompt with time and answer, and what is told beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[str, list[str]] = {"": []}
        self._part = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Other parts have classes of their own."""
        classes = dict(attrs).get("class") or ""
        if tag == "div" and "header-cell" in classes:
            self._begin("header")
        elif tag == "div" and "content-cell" in classes:
            self._begin("caption" if "mdl-typography--caption" in classes or "text-right" in classes else "content")
        super().handle_starttag(tag, attrs)

    def _begin(self, part: str) -> None:
        self._part = part
        self.pieces = self.parts.setdefault(part, [])

    def told(self, part: str) -> str:
        """The text of one part."""
        self.pieces = self.parts.get(part, [])
        return self.text


def markdown_of(html: str) -> str:
    """The text of an HTML fragment as Markdown; raises MalformedError."""
    reader = _Markdown()
    reader.read(html)
    return reader.text


def activities_in(stream: ByteStream) -> Iterator[Cell | Trouble]:
    """The activities of a page; raises ImportRefusedError for one that does not end."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    waiting = ""
    number = 0
    begun = False
    while True:
        chunk = stream.read(_READ_BYTES)
        waiting += decoder.decode(chunk, final=not chunk)
        *whole, waiting = waiting.split(_CELL)
        for html in whole:
            if begun:
                number += 1
                yield _cell(html, number)
            begun = True
        if not chunk:
            break
        if not begun:
            # Some other page: only a beginning of what is looked for may stay.
            waiting = waiting[-len(_CELL) :]
        if len(waiting) > HTML_CHARACTERS:
            raise ImportRefusedError(
                "The page is no activity of Google Takeout",
                detail=f"one activity has more than {HTML_CHARACTERS:,} characters",
                hint="Nothing was changed",
            )
    if begun:
        yield _cell(waiting, number + 1)


def _cell(html: str, number: int) -> Cell | Trouble:
    reader = _Cells()
    try:
        reader.read(_CELL + html)
    except MalformedError as error:
        return Trouble(text=f"activity {number:,}: {error}", conversations=0)
    lines = reader.told("content").split("\n")
    for at, line in enumerate(lines):
        when = _time(line)
        if when is not None:
            prompt, reply = "\n".join(lines[:at]).strip(), "\n".join(lines[at + 1 :]).strip()
            return Cell(header=reader.told("header"), prompt=prompt, reply=reply, at_ms=when, files=reader.files)
    return Cell(header=reader.told("header"), prompt="\n".join(lines).strip(), files=reader.files)


def _time(line: str) -> int | None:
    """The time that a line is; zones are told by local abbreviations, so it is taken as UTC."""
    if len(line) > _LONGEST_TIME:
        return None
    text = " ".join(line.replace("\u202f", " ").split())
    for one in (_ZONE.sub("", text), text):
        for form in _TIMES:
            try:
                at = datetime.strptime(one, form).replace(tzinfo=UTC)
            except ValueError:
                continue
            return int(at.timestamp()) * 1000
    return None
