"""Small private files that are replaced as a whole, by one process at a time, and never over somebody else's change."""

from __future__ import annotations

import codecs
import contextlib
import os
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.config.paths import FILE_MODE, FOLDER_MODE
from workbench.config.yaml_source import read_file
from workbench.core.errors import ConfigurationError
from workbench.core.part_file import PartFile

LOCK_WAIT_S = 5.0
"""How long an edit waits for another process's edit; one takes milliseconds."""
_LEFT_OVER = ".workbench-tmp"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """What a file held when it was read; `content` None means that there was none."""

    path: Path
    text: str
    content: bytes | None


def read_text_file(path: Path) -> TextFile:
    """The file as it is now. Raises ConfigurationError when it cannot be read or is no text."""
    text, problem = read_file(path)
    if problem is not None:
        raise ConfigurationError("The file cannot be changed", detail=str(problem), hint="Repair it first")
    try:
        content = None if text is None else path.read_bytes()
    except OSError as error:
        raise _refused(path, error) from None
    return TextFile(path=path, text=text or "", content=content)


def replace_text_file(before: TextFile, text: str) -> TextFile:
    """Put `text` in the file's place in one step, in its encoding and with mode 0600; the file as it is now.

    Whoever is killed meanwhile leaves the old file or the new one. Raises ConfigurationError when the file is no
    longer what it was `before`, and when it cannot be written; then it stays as it is.
    """
    # A link, as dotfile managers make them, goes on pointing to the file.
    target = before.path.resolve()
    content = text.encode(_encoding_of(before.content or b""))
    try:
        target.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with PartFile(target, suffix=_LEFT_OVER) as part:
            part.write(content)
            part.settle()
            if _content_of(before.path) != before.content:
                raise ConfigurationError(
                    f"{before.path.name} was changed on disk meanwhile",
                    detail="nothing was written",
                    hint="Try again",
                )
            part.take_place()
        _sync(target.parent)
    except OSError as error:
        raise _refused(before.path, error) from None
    return TextFile(path=before.path, text=text, content=content)


def take_back(before: TextFile, after: TextFile) -> None:
    """Undo `replace_text_file`, unless the file has changed since; never raises ConfigurationError."""
    with contextlib.suppress(ConfigurationError):
        if before.content is not None:
            replace_text_file(after, before.text)
        elif _content_of(after.path) == after.content:
            after.path.unlink(missing_ok=True)


class EditLock:
    """Held while files of a folder are changed, by one thread of one process; who holds it may take it again."""

    def __init__(self, folder: Path) -> None:
        """The lock file lies in `folder`."""
        self._folder = folder
        self._threads = threading.RLock()
        self._file = FileLock(folder / ".edit.lock", mode=FILE_MODE, thread_local=False)

    @contextlib.contextmanager
    def held(self, wait_s: float = LOCK_WAIT_S) -> Generator[None]:
        """Hold it; raises ConfigurationError after `wait_s` seconds."""
        if not self._threads.acquire(timeout=wait_s):
            raise _busy(self._folder)
        try:
            try:
                self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
                self._file.acquire(timeout=wait_s)
            except Timeout:
                raise _busy(self._folder) from None
            except OSError as error:
                raise _refused(self._folder, error) from None
            try:
                self._clear()
                yield
            finally:
                self._file.release()
        finally:
            self._threads.release()

    def _clear(self) -> None:
        """Remove what killed processes have left."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob(f".*{_LEFT_OVER}"):
                path.unlink(missing_ok=True)


def _encoding_of(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8"


def _content_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _sync(folder: Path) -> None:
    # Else a power cut may undo the replacement, though never half of it.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _refused(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{path} cannot be changed",
        detail=error.strerror or type(error).__name__,
        hint=f"Check owner, permissions and free space of {path.parent}",
    )


def _busy(folder: Path) -> ConfigurationError:
    return ConfigurationError(
        "Another workbench is changing the configuration", detail=f"{folder} is locked", hint="Try again"
    )
