"""Files that are replaced as a whole: whoever is killed meanwhile leaves the old one or the new one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from types import TracebackType

_FOLDER_MODE = 0o700
_NAME_PART = 40


class PartFile:
    """A file in the making, beside the one whose place it takes; every method blocks, all but `drop` raise OSError."""

    def __init__(self, target: Path, *, suffix: str = ".part") -> None:
        """Begin it, readable by its owner only."""
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:_NAME_PART]}.", suffix=suffix, dir=target.parent)
        self.path = Path(name)
        """Where it lies until then."""
        self._target = target
        self._stream = os.fdopen(handle, "wb")

    def __enter__(self) -> PartFile:
        """It is dropped at the end, unless it has taken its place by then."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind."""
        self.drop()

    def write(self, content: bytes) -> None:
        """Add to it."""
        self._stream.write(content)

    def settle(self) -> None:
        """Bring all of it to the disk: no power cut can leave its name without its content."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def take_place(self) -> None:
        """Give it the name of the other one, in one step."""
        self._stream.close()
        self.path.replace(self._target)

    def drop(self) -> None:
        """Leave nothing of it behind; a file that has taken its place stays."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        # Closing writes what the disk may have refused before.
        with contextlib.suppress(OSError):
            self._stream.close()


def replace_file(target: Path, content: bytes) -> None:
    """Put what only spares work in its file, which a power cut may undo. Raises OSError."""
    target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    with PartFile(target) as part:
        part.write(content)
        part.take_place()
