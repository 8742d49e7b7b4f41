"""Writing an export: the whole file or none, and never over another one unasked."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.part_file import PartFile

T = TypeVar("T")

_MODE = 0o600


class FileExistsAlreadyError(UsageError):
    """There is a file of that name."""


class ExportError(WorkbenchError):
    """The file could not be written."""

    kind = "export"


class ExportFile:
    """A file that gets its name once it is whole; every method blocks, and all but `drop` raise ExportError."""

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        """Begin the file, readable by its owner only; whoever is killed meanwhile leaves no half of it at `path`.

        Raises FileExistsAlreadyError when there is something already and it is not to be overwritten.
        """
        self._path, self._overwrite = path, overwrite
        with self._told():
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not overwrite and os.path.lexists(path):
                raise FileExistsError
            # A link goes on pointing to its file.
            self._target = path.resolve() if overwrite else path
            if self._target.exists() and not self._target.is_file():
                raise OSError(errno.EINVAL, "It is no regular file")
            self._part = PartFile(self._target)

    def write(self, pieces: Iterable[str]) -> None:
        """Add some text."""
        for piece in pieces:
            self.write_bytes(piece.encode("utf-8", "replace"))

    def write_bytes(self, content: bytes) -> None:
        """Add something."""
        with self._told():
            self._part.write(content)

    def finish(self) -> None:
        """Give the file its name. Raises FileExistsAlreadyError when somebody has taken that meanwhile."""
        with self._told():
            self._part.settle()
            if self._overwrite:
                self._part.take_place()
            else:
                _put(self._part, self._target)
        self._part.drop()

    def drop(self) -> None:
        """Leave nothing behind."""
        self._part.drop()

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except FileExistsError:
            title, hint = "There is a file of that name already", "Choose another name"
            raise FileExistsAlreadyError(title, detail=str(self._path), hint=hint) from None
        except (OSError, RuntimeError, ValueError) as problem:
            # RuntimeError: links that lead in a circle; ValueError: a NUL in the name.
            why = (problem.strerror if isinstance(problem, OSError) else None) or "this cannot be a path"
            hint = "Choose another folder or name"
            raise ExportError(f"{self._path} cannot be written", detail=why, hint=hint) from None


def write_export(path: Path, text: str, *, overwrite: bool = False) -> None:
    """Put `text` at `path` at once; raises what `ExportFile` does."""
    file = ExportFile(path, overwrite=overwrite)
    try:
        file.write([text])
        file.finish()
    except BaseException:
        file.drop()
        raise


def place_of(typed: str, name: str) -> Path:
    """Where a typed path leads; into a folder, under `name`."""
    path = Path(typed.strip())
    try:
        path = path.expanduser()
        return path / name if path.is_dir() else path
    except (OSError, RuntimeError, ValueError):
        # Writing tells what is wrong with it.
        return path


async def on_a_thread(step: Callable[[], T]) -> T:
    """Carry out a step to its end, also when cancelled meanwhile: so it is known what became of the file."""
    working = asyncio.ensure_future(asyncio.to_thread(step))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        return await working


def _put(part: PartFile, target: Path) -> None:
    """Give the written file its name, unless somebody else has taken it meanwhile."""
    try:
        os.link(part.path, target)
    except FileExistsError:
        raise
    except OSError:
        # No hard links on this file system: the name is taken first, and filled in one step.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))
        try:
            part.take_place()
        except OSError:
            target.unlink(missing_ok=True)
            raise
