"""A bundle to share: one archive with a page to read, the data to import, and a list of both."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from typing import IO

from workbench.conversations.exporting.own import FORMAT, VERSION, encoded
from workbench.core.clock import iso_utc

DATA = "conversations.jsonl"
PAGE = "index.html"
MANIFEST = "manifest.json"

_ABOUT = "Open index.html to read. conversations.jsonl has all branches, attempts and costs; workbench imports it."


class Bundle:
    """An archive that is made piece by piece; what it has come to is taken away in between."""

    def __init__(self, *, now_ms: int) -> None:
        """The archive's times are `now_ms`."""
        self._made = _Made()
        self._archive = zipfile.ZipFile(self._made, "w", zipfile.ZIP_DEFLATED)
        self._now_ms = now_ms
        self._file: IO[bytes] | None = None

    def begin(self, name: str) -> None:
        """A file begins, and the one before it ends."""
        self._end()
        self._file = self._archive.open(self._info(name), "w", force_zip64=True)

    def add(self, text: str) -> None:
        """More of the present file."""
        if self._file is not None:
            self._file.write(text.encode("utf-8", "replace"))

    def finish(self, *, conversations: int, messages: int) -> None:
        """The list of what is in it, and the archive's end."""
        self.begin(MANIFEST)
        self.add(
            encoded(
                {
                    "format": FORMAT,
                    "version": VERSION,
                    "created_at": iso_utc(self._now_ms),
                    "conversations": conversations,
                    "messages": messages,
                    "redacted": True,
                    "about": _ABOUT,
                }
            )
        )
        self._end()
        self._archive.close()

    def taken(self) -> bytes:
        """The bytes since the last call."""
        return self._made.taken()

    def _end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _info(self, name: str) -> zipfile.ZipInfo:
        made = datetime.fromtimestamp(self._now_ms / 1000, tz=UTC)
        # The format has no years before 1980.
        when = (max(made.year, 1980), made.month, made.day, made.hour, made.minute, made.second)
        info = zipfile.ZipInfo(name, date_time=when)
        info.compress_type = zipfile.ZIP_DEFLATED
        return info


class _Made:
    """What the archive writes to; it cannot go back, so nothing written is needed any more."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, content: bytes) -> int:
        self._pieces.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        """There is nothing to close."""

    def taken(self) -> bytes:
        content = b"".join(self._pieces)
        self._pieces.clear()
        return content
