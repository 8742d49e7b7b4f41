"""Who is running: every process of a home holds a locked file for as long as it lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from workbench.core.errors import StorageError
from workbench.core.ids import ALPHABET, new_id
from workbench.storage.files import PRIVATE_FILE, make_folder

_FOLDER = "instances"


class Instance:
    """A running workbench process. The kernel drops its lock when it dies, however it dies."""

    def __init__(self, instance_id: str, path: Path, descriptor: int | None) -> None:
        """Not for callers: `claim` makes instances."""
        self.id = instance_id
        """Never used again by another process, unlike a process number."""
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def claim(cls, data_dir: Path) -> Instance:
        """Register this process under `data_dir`, and sweep away the files of dead ones; raises StorageError.

        In a home that may not be written nothing is registered: no reply of this process can be in it either.
        """
        folder = data_dir / _FOLDER
        if data_dir.exists() and not os.access(data_dir, os.W_OK):
            return cls(new_id(), folder, None)
        try:
            make_folder(folder)
            _sweep(folder)
            while True:
                instance_id = new_id()
                path = folder / instance_id
                flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW
                descriptor = os.open(path, flags, PRIVATE_FILE)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.fstat(descriptor).st_nlink:
                    # For people only: whether it lives is told by the lock. A full disk has no room for it.
                    with contextlib.suppress(OSError):
                        os.write(descriptor, str(os.getpid()).encode())
                    return cls(instance_id, path, descriptor)
                # Another process took the file for a dead one's before it was locked.
                os.close(descriptor)
        except OSError as error:
            raise StorageError(
                f"The folder {folder} cannot be used",
                detail=str(error),
                hint="Check its owner, its permissions and the space on its disk",
                where="storage",
            ) from error

    @staticmethod
    def is_alive(data_dir: Path, instance_id: str) -> bool:
        """Whether the process that claimed `instance_id` still runs."""
        if not instance_id or set(instance_id) - set(ALPHABET):
            return False
        try:
            descriptor = os.open(data_dir / _FOLDER / instance_id, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            # Shared: two who ask at the same time must not take each other for the owner.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    @staticmethod
    def processes(data_dir: Path) -> list[int]:
        """Numbers of the processes that have claimed an instance and still run, this one left out."""
        found: list[int] = []
        with contextlib.suppress(OSError):
            for path in sorted((data_dir / _FOLDER).iterdir()):
                if Instance.is_alive(data_dir, path.name):
                    with contextlib.suppress(OSError, ValueError):
                        found.append(int(path.read_text(encoding="ascii")))
        return [number for number in found if number != os.getpid()]

    def release(self) -> None:
        """End the claim; twice is once."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(descriptor)


def _sweep(folder: Path) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            finally:
                os.close(descriptor)
