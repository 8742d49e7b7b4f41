"""Reading the rows of a damaged database page by page, without SQLite, which needs the pages above them.

The format is that of https://www.sqlite.org/fileformat2.html: leaf pages of tables (type 13), overflow chains, and the
pages of the write-ahead log that a commit follows.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Value = int | float | str | bytes | None

_USUAL_PAGE = 4096
_RESERVED = 20
"""Where the header says how many bytes at the end of each page are not used."""

_LEAF = 13
_LOG_HEADER = 32
_FRAME_HEADER = 24
_LOG_MAGIC = (0x377F0682, 0x377F0683)
_LARGEST = 256 * 1024 * 1024
"""A row that claims to be larger is garbage."""

_WHOLE_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class GarbageError(Exception):
    """What was read is no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One row of some table: its number and its columns, of which the one that is the number reads None."""

    number: int
    values: tuple[Value, ...]


def log_is_readable(log: Path) -> bool:
    """Whether a write-ahead log begins as one; SQLite takes any other for an empty one."""
    with log.open("rb") as file:
        head = file.read(_LOG_HEADER)
    return len(head) == _LOG_HEADER and int.from_bytes(head[:4], "big") in _LOG_MAGIC


def is_cut(head: bytes, size: int) -> bool:
    """Whether a database of `size` bytes that begins with `head` is shorter than its header says it was made."""
    if len(head) < 100 or head[24:28] != head[92:96]:
        return False
    return int.from_bytes(head[28:32], "big") * _page_size(head) > size


class RawDatabase:
    """The pages of a database file and of its log, whatever is wrong with them."""

    def __init__(self, file: BinaryIO, log: BinaryIO | None) -> None:
        """Both are open for reading and stay the caller's."""
        self._file = file
        self._log = log
        head = _at(file, 0, 100)
        log_head = _at(log, 0, _LOG_HEADER) if log is not None else b""
        self._size = _page_size(head) or _valid_size(int.from_bytes(log_head[8:12], "big")) or _USUAL_PAGE
        # An SQLite may be built to keep some bytes at the end of every page for itself, as that of macOS is.
        self._usable = self._size - (head[_RESERVED] if _page_size(head) else 0)
        self._logged = dict(_logged_pages(log, log_head, self._size)) if log is not None else {}
        size = file.seek(0, 2)
        self.pages = max([(size + self._size - 1) // self._size, *self._logged])
        """How many there are; they count from 1."""

    def rows(self, page: int) -> Iterator[RawRow]:
        """The rows on a page, none if it holds none; rows that are garbage are left out."""
        content = self._page(page)
        start = 100 if page == 1 else 0
        if len(content) < start + 8 or content[start] != _LEAF:
            return
        count = int.from_bytes(content[start + 3 : start + 5], "big")
        for cell in range(count):
            at = start + 8 + 2 * cell
            place = int.from_bytes(content[at : at + 2], "big")
            try:
                yield self._row(content, place)
            except (GarbageError, IndexError, UnicodeDecodeError, struct.error):
                continue

    def _row(self, content: bytes, place: int) -> RawRow:
        size, place = _number(content, place)
        number, place = _number(content, place)
        if not 0 < size <= _LARGEST:
            raise GarbageError
        most, least = self._usable - 35, (self._usable - 12) * 32 // 255 - 23
        local = size
        if size > most:
            spilled = least + (size - least) % (self._usable - 4)
            local = spilled if spilled <= most else least
        payload = content[place : place + local]
        if len(payload) < local:
            raise GarbageError
        if local < size:
            following = int.from_bytes(content[place + local : place + local + 4], "big")
            payload = b"".join([payload, *self._overflow(following, size - local)])
        return RawRow(number=number - (1 << 64) if number >= 1 << 63 else number, values=tuple(_values(payload)))

    def _overflow(self, page: int, wanted: int) -> Generator[bytes]:
        while wanted > 0:
            if not 0 < page <= self.pages:
                raise GarbageError
            content = self._page(page)
            page = int.from_bytes(content[:4], "big")
            piece = content[4 : 4 + wanted]
            if not piece:
                raise GarbageError
            wanted -= len(piece)
            yield piece

    def _page(self, page: int) -> bytes:
        place = self._logged.get(page)
        if place is not None and self._log is not None:
            return _at(self._log, place, self._usable)
        return _at(self._file, (page - 1) * self._size, self._usable)


def _page_size(head: bytes) -> int:
    size = int.from_bytes(head[16:18], "big")
    return _valid_size(65_536 if size == 1 else size)


def _valid_size(size: int) -> int:
    return size if 512 <= size <= 65_536 and size & (size - 1) == 0 else 0


def _logged_pages(log: BinaryIO, head: bytes, size: int) -> Iterator[tuple[int, int]]:
    """Where in the log the newest version of each page is, of those that a commit follows."""
    if int.from_bytes(head[:4], "big") not in _LOG_MAGIC:
        return
    waiting: dict[int, int] = {}
    place = _LOG_HEADER
    while len(frame := _at(log, place, _FRAME_HEADER)) == _FRAME_HEADER and frame[8:16] == head[16:24]:
        waiting[int.from_bytes(frame[:4], "big")] = place + _FRAME_HEADER
        if int.from_bytes(frame[4:8], "big"):
            yield from waiting.items()
            waiting.clear()
        place += _FRAME_HEADER + size


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    try:
        file.seek(place)
        return file.read(count)
    except OSError:
        # A failing disk: what cannot be read counts as a page of nothing.
        return b""


def _number(content: bytes, place: int) -> tuple[int, int]:
    """A number of one to nine bytes, and the place after it."""
    value = 0
    for count in range(8):
        byte = content[place + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + count + 1
    return value << 8 | content[place + 8], place + 9


def _values(payload: bytes) -> Iterator[Value]:
    end, place = _number(payload, 0)
    body = end
    while place < end:
        kind, place = _number(payload, place)
        size = _WHOLE_SIZES.get(kind, 8 if kind == 7 else (kind - 12) // 2 if kind >= 12 else 0)
        piece = payload[body : body + size]
        if len(piece) < size or kind in (10, 11):
            raise GarbageError
        body += size
        yield _value(kind, piece)


def _value(kind: int, piece: bytes) -> Value:
    match kind:
        case 0:
            return None
        case 7:
            return float(struct.unpack(">d", piece)[0])
        case 8 | 9:
            return kind - 8
        case _ if kind in _WHOLE_SIZES:
            return int.from_bytes(piece, "big", signed=True)
        case _:
            return piece.decode("utf-8") if kind % 2 else bytes(piece)
