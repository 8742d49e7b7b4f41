"""The file that is to be imported: opened so that nothing in it can harm, and told by its content what it is."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from workbench.conversations.importing import limits
from workbench.conversations.importing.values import ImportRefusedError
from workbench.core.text import clean_line

SNIFFED = 64 * 1024
SNIFFED_MEMBER = 2048
_SQLITE = b"SQLite format 3\0"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_DIRECTORY_END = b"PK\x05\x06"
_DIRECTORY_END_SIZE = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_RECORD_SIZE = 56
_IN_ZIP64 = 0xFFFFFFFF
_ENCRYPTED = 0x1


class Content(StrEnum):
    """What a file holds, by its first bytes."""

    ZIP = "zip"
    SQLITE = "sqlite"
    JSON = "json"
    HTML = "html"
    YAML = "yaml"
    OTHER = "other"


@dataclass(slots=True)
class Progress:
    """How many bytes have been read; moved on by the streams, looked at from another thread."""

    done: int = 0
    total: int = 0


class ByteStream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` of them; none at the end."""
        ...


class CountedStream:
    """A stream that counts what is read of it."""

    def __init__(self, stream: IO[bytes], progress: Progress) -> None:
        """Reads `stream`."""
        self._stream = stream
        self._progress = progress

    def read(self, size: int, /) -> bytes:
        """The next bytes; raises ImportRefusedError for damaged ones."""
        try:
            chunk = self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise _damaged(str(error)) from error
        self._progress.done += len(chunk)
        return chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One file of text: the file itself, or one of a zip."""

    name: str
    content: Content
    stream: CountedStream


def content_of(head: bytes) -> Content:
    """What a file is that begins like this."""
    if head.startswith(_ZIP):
        return Content.ZIP
    if head.startswith(_SQLITE):
        return Content.SQLITE
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1024]
    if start.startswith((b"{", b"[")):
        return Content.JSON
    if (start[:1] == b"<" and b"<html" in start.lower()) or start.lower().startswith(b"<!doctype html"):
        return Content.HTML
    if start and b"\0" not in head and b":" in head:
        return Content.YAML
    return Content.OTHER


@contextlib.contextmanager
def opened(file: Path) -> Generator[BinaryIO]:
    """A regular file to be read; raises ImportRefusedError for all others, without waiting for anybody."""
    try:
        # Without O_NONBLOCK a named pipe would wait for ever.
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "bad path"
        raise ImportRefusedError(f"{clean_line(str(file))} cannot be read", detail=reason) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise ImportRefusedError(f"{clean_line(str(file))} is a folder", hint="Name one file in it, or a zip of it")
        raise ImportRefusedError(f"{clean_line(str(file))} is no regular file", hint="Save it to a file first")
    with os.fdopen(descriptor, "rb") as stream:
        try:
            yield stream
        except OSError as error:
            raise _damaged(os.strerror(error.errno or 0)) from error


def texts_of(stream: BinaryIO, name: str, progress: Progress) -> Iterator[Text]:
    """The files of text in an opened file: those of a zip by name, or the file itself."""
    head = stream.read(SNIFFED)
    stream.seek(0, os.SEEK_END)
    progress.total = stream.tell()
    stream.seek(0)
    content = content_of(head)
    if content is Content.ZIP:
        yield from _members(stream, progress)
    else:
        yield Text(name=clean_line(name, 80), content=content, stream=CountedStream(stream, progress))


def _members(stream: BinaryIO, progress: Progress) -> Iterator[Text]:
    _refuse_huge_directory(stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            chosen = [
                (info, content) for info in archive.infolist() if (content := _content_in(archive, info)) is not None
            ]
            _refuse_bombs([info for info, _ in chosen])
            progress.total = sum(info.file_size for info, _ in chosen)
            for info, content in sorted(chosen, key=lambda one: (one[1] is Content.HTML, one[0].filename)):
                with archive.open(info) as member:
                    # Its name may lie and may lead anywhere: it is only told, because nothing is unpacked.
                    name = clean_line(info.filename, 80)
                    yield Text(name=name, content=content, stream=CountedStream(member, progress))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _damaged(str(error)) from error


def _content_in(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Content | None:
    """What a file of a zip is, when it is text."""
    if info.is_dir() or not info.file_size:
        return None
    if info.flag_bits & _ENCRYPTED:
        raise ImportRefusedError("The zip is encrypted", hint="Unpack it, and import what is in it")
    with archive.open(info) as member:
        content = content_of(member.read(SNIFFED_MEMBER))
    return content if content in (Content.JSON, Content.HTML) else None


def _refuse_bombs(members: list[zipfile.ZipInfo]) -> None:
    for info in members:
        if info.file_size > limits.ZIP_RATIO_FREE and info.file_size > limits.ZIP_RATIO * max(info.compress_size, 1):
            raise ImportRefusedError(
                "The zip would unpack to far more than any text",
                detail=f"{clean_line(info.filename, 80)}: {info.compress_size:,} bytes become {info.file_size:,}",
                hint="Nothing was changed",
            )
    if sum(info.file_size for info in members) > limits.ZIP_TOTAL_BYTES:
        raise ImportRefusedError("The zip would unpack to too much", hint="Unpack it, and import its files one by one")


def _refuse_huge_directory(stream: BinaryIO) -> None:
    """Refuse a list of files that would fill the memory, before anybody reads it."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _DIRECTORY_END_SIZE - 65_535))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(_DIRECTORY_END)
    if at < 0 or len(tail) - at < _DIRECTORY_END_SIZE:
        raise _damaged("its list of files is missing: it was cut")
    bytes_, offset = struct.unpack("<LL", tail[at + 12 : at + 20])
    if _IN_ZIP64 in (bytes_, offset):
        # The list ends where the records behind it begin; without more, all that is left may be the list.
        locator = tail.rfind(_ZIP64_LOCATOR, 0, at)
        record = struct.unpack("<Q", tail[locator + 8 : locator + 16])[0] if 0 <= locator <= at - 16 else size
        stream.seek(min(record, size))
        fields = stream.read(_ZIP64_RECORD_SIZE)
        stream.seek(0)
        if len(fields) < _ZIP64_RECORD_SIZE:
            raise _damaged("its list of files is missing")
        bytes_ = struct.unpack("<Q", fields[40:48])[0]
    if bytes_ > limits.ZIP_DIRECTORY_BYTES:
        hint = "Unpack it, and import the files with the conversations"
        raise ImportRefusedError("The zip has too many files", hint=hint)


def _damaged(detail: str) -> ImportRefusedError:
    return ImportRefusedError(
        "The file is damaged", detail=clean_line(detail), hint="Nothing was changed; get the file once more"
    )
