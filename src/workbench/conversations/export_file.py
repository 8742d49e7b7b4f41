"""Writing an export: the whole file or none, and never over another one unasked."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from workbench.core.errors import UsageError, WorkbenchError

_MODE = 0o600
_NAME_PART = 40


class FileExistsAlreadyError(UsageError):
    """There is a file of that name."""


class ExportError(WorkbenchError):
    """The file could not be written."""

    kind = "export"


def write_export(path: Path, text: str, *, overwrite: bool = False) -> None:
    """Put `text` at `path`, readable by its owner only; whoever is killed meanwhile leaves no half of it there.

    Raises FileExistsAlreadyError when there is something already and it is not to be overwritten, ExportError.
    """
    try:
        # A link goes on pointing to its file.
        target = path.resolve() if overwrite else path
        if not overwrite and os.path.lexists(target):
            raise _exists(path)
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:_NAME_PART]}.", suffix=".part", dir=target.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            if overwrite:
                part.replace(target)
            else:
                _put(part, target)
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise _exists(path) from None
    except (OSError, ValueError) as problem:
        why = (problem.strerror if isinstance(problem, OSError) else None) or "this cannot be a path"
        hint = "Choose another folder or name"
        raise ExportError(f"{path} cannot be written", detail=why, hint=hint) from None


def _put(part: Path, target: Path) -> None:
    """Give the written file its name, unless somebody else has taken it meanwhile."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        # No hard links on this file system: the name is taken first, and filled in one step.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))
        part.replace(target)


def _exists(path: Path) -> FileExistsAlreadyError:
    return FileExistsAlreadyError("There is a file of that name already", detail=str(path), hint="Choose another name")
