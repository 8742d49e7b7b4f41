"""The documents of a JSON or JSONL file, one at a time: the standard parser on as much text as one of them needs.

Streaming parsers were tried instead: ijson 3.6 builds nested arrays without a limit (16 MB of brackets ended the
process), turns lone surrogates into question marks and gives up a whole file for one number like 1e999, at the same
speed. The parser of the standard library stops at a depth of its own and knows where a document ends.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import cast

from workbench.conversations.importing.limits import CONVERSATION_CHARACTERS, LOOKED_AT
from workbench.conversations.importing.opening import ByteStream
from workbench.conversations.importing.shaping import Document, documents_in
from workbench.conversations.importing.values import ImportRefusedError, Trouble

READ_BYTES = 1024 * 1024
BUNDLE = "workbench"
BUNDLE_VERSION = 1
"""Of our own file with many conversations."""
_BLANK = " \t\r\n"
_MARGIN = 16
"""How near to the end of the text an error may mean that there is only more to come: no literal is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A JSON object of a file, and where it begins."""

    value: Document
    place: str
    """For a person: `line 3`, `item 7`."""


Found = Placed | Trouble


_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


class _Text:
    """A window on the decoded text of a stream, with the place in it that is read next."""

    def __init__(self, stream: ByteStream, name: str) -> None:
        self.name = name
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._window = ""
        self._at = 0
        self._passed = 0
        self._ended = False

    def more(self, characters: int = READ_BYTES) -> bool:
        """Read on; False at the end. What has been read before the place is forgotten."""
        if self._ended:
            return False
        pieces = [self._window[self._at :]]
        self._passed += self._at
        self._at = 0
        read = 0
        while read < characters and not self._ended:
            chunk = self._stream.read(READ_BYTES)
            self._ended = not chunk
            piece = self._decoder.decode(chunk, final=self._ended)
            read += len(piece)
            pieces.append(piece)
        self._window = "".join(pieces)
        return read > 0

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            while self._at < len(self._window):
                if self._window[self._at] not in _BLANK:
                    return self._window[self._at]
                self._at += 1
            if not self.more():
                return ""

    def take(self, expected: str) -> bool:
        """Pass over `expected` when it is what comes next."""
        if self.peek() != expected:
            return False
        self._at += 1
        return True

    def value(self) -> object:
        """The JSON value that comes next, at most `CONVERSATION_CHARACTERS` long; raises ImportRefusedError."""
        begin = self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._window, self._at)
            except RecursionError:
                raise self.refused("is nested too deeply") from None
            except ValueError as error:
                self._read_on_after(error)
                continue
            # A number may go on in what has not been read.
            if end == len(self._window) and begin not in '{["' and self.more():
                continue
            self._at = end
            return value

    def _read_on_after(self, error: ValueError) -> None:
        """Read more where the text only ended too early; raises ImportRefusedError where it is no JSON."""
        have = len(self._window) - self._at
        at_the_end = isinstance(error, json.JSONDecodeError) and (
            error.msg.startswith("Unterminated string") or error.pos >= len(self._window) - _MARGIN
        )
        if not at_the_end:
            offset = error.pos - self._at if isinstance(error, json.JSONDecodeError) else 0
            detail = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
            raise self.refused("is not JSON", offset, detail)
        if have > CONVERSATION_CHARACTERS:
            raise self.refused(f"has more than {CONVERSATION_CHARACTERS:,} characters in one piece")
        # Four times as much each time: what is parsed in vain is a third of what is parsed.
        if not self.more(min(max(3 * have, READ_BYTES), CONVERSATION_CHARACTERS - have + 1)):
            raise self.refused("ends in the middle", have, "it was cut, or is not JSON")

    def line(self) -> str | None:
        """The rest of the line; None at the end of the file. Raises ImportRefusedError for one without an end."""
        while True:
            end = self._window.find("\n", self._at)
            if end >= 0:
                text = self._window[self._at : end]
                self._at = end + 1
                return text
            if len(self._window) - self._at > CONVERSATION_CHARACTERS:
                raise self.refused(f"has a line of more than {CONVERSATION_CHARACTERS:,} characters")
            if not self.more(max(len(self._window) - self._at, READ_BYTES)):
                text, self._at = self._window[self._at :], len(self._window)
                return text or None

    def first_line_is_whole(self) -> bool:
        """Whether the next line alone is a JSON object: then it is a file of such lines."""
        self.peek()
        while (end := self._window.find("\n", self._at)) < 0 and len(self._window) - self._at <= READ_BYTES:
            if not self.more():
                break
        end = end if end >= 0 else len(self._window)
        try:
            _, stop = _DECODER.raw_decode(self._window[self._at : end])
        except (ValueError, RecursionError):
            return False
        return not self._window[self._at + stop : end].strip()

    def refused(self, what: str, offset: int = 0, detail: str = "") -> ImportRefusedError:
        """The error for a file that cannot be read on from here."""
        at = f"character {self._passed + self._at + max(offset, 0):,}"
        return ImportRefusedError(
            f"{self.name} {what}",
            detail=f"at {at}" + (f": {detail}" if detail else ""),
            hint="Nothing was changed; get the file once more",
        )


def documents_of(stream: ByteStream, name: str) -> Iterator[Found]:
    """The objects of a file: of an array, of a line each, or one alone; of our own bundle its conversations.

    Raises ImportRefusedError where the file is no JSON.
    """
    text = _Text(stream, name)
    if text.peek() == "[":
        yield from _items(text)
    elif text.first_line_is_whole():
        yield from _lines(text)
    else:
        yield from _single(text)
    if text.peek():
        raise text.refused("goes on after its end")


def _items(text: _Text) -> Generator[Found]:
    text.take("[")
    number = others = 0
    if text.take("]"):
        return
    while True:
        number += 1
        value = text.value()
        if isinstance(value, dict):
            yield Placed(value=cast("Document", value), place=f"item {number:,} of {text.name}")
        else:
            others += 1
            if others > LOOKED_AT:
                raise text.refused("is no list of conversations")
        if text.take("]"):
            return
        if not text.take(","):
            raise text.refused("is not JSON" if text.peek() else "ends in the middle")


def _lines(text: _Text) -> Generator[Found]:
    number = 0
    while (line := text.line()) is not None:
        number += 1
        if not line.strip():
            continue
        place = f"line {number:,} of {text.name}"
        try:
            value = _DECODER.decode(line)
        except (ValueError, RecursionError):
            yield Trouble(text=f"{place} is not JSON")
            continue
        if isinstance(value, dict):
            document = cast("Document", value)
            if document.get("format") == BUNDLE and isinstance(document.get("conversations"), list):
                _refuse_newer(text, document)
                for item in documents_in(document["conversations"]):
                    yield Placed(value=item, place=place)
            else:
                yield Placed(value=document, place=place)


def _refuse_newer(text: _Text, bundle: Document) -> None:
    if bundle.get("version") != BUNDLE_VERSION:
        raise text.refused("was written by a newer workbench", detail="install it to import this file")


def _single(text: _Text) -> Generator[Found]:
    """One object; that of our own bundle gives its conversations while they are read."""
    if not text.take("{"):
        raise text.refused("is not JSON" if text.peek() else "is empty")
    whole: Document = {}
    bundle = False
    ended = text.take("}")
    while not ended:
        name = text.value()
        if not isinstance(name, str) or not text.take(":"):
            raise text.refused("is not JSON")
        if name == "conversations" and whole.get("format") == BUNDLE and text.peek() == "[":
            _refuse_newer(text, whole)
            bundle = True
            yield from _items(text)
        else:
            whole[name] = text.value()
        ended = text.take("}")
        if not ended and not text.take(","):
            raise text.refused("is not JSON" if text.peek() else "ends in the middle")
    if not bundle:
        yield Placed(value=whole, place=text.name)
