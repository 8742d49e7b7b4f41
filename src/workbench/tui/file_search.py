"""The files under a folder, and the text of one: everything here blocks and runs on a thread."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from workbench.core.errors import WorkbenchError
from workbench.core.sizes import size_words
from workbench.tui.state.files import LARGEST_FILE, FoundFile, is_elsewhere, text_of

MOST_FILES = 20_000
"""Files that are looked at; what lies beyond can be named by its path."""
TIME_LIMIT_S = 3.0
"""How long listing may take."""
SKIPPED = frozenset({
    ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache",
    ".ruff_cache", ".tox", ".idea", "target", "dist", "build",
})  # fmt: skip
"""Folders that are passed over where git does not say what to ignore."""
_GIT = (
    "git", "-c", "core.fsmonitor=false", "-c", "core.quotepath=off", "ls-files", "-z", "--cached", "--others",
    "--exclude-standard",
)  # fmt: skip
"""`core.fsmonitor` of a foreign repository would run a program."""


class AttachmentError(WorkbenchError):
    """A file cannot go along with a prompt."""

    kind = "attachment"


def files_under(root: Path) -> list[FoundFile]:
    """The regular files under a folder that git does not ignore, else all but those of `SKIPPED`; with their sizes."""
    until = time.monotonic() + TIME_LIMIT_S
    names = _git_names(root)
    found: list[FoundFile] = []
    for name in _walk(root, until) if names is None else names:
        if len(found) >= MOST_FILES or time.monotonic() > until:
            break
        if not name.isprintable():
            continue
        try:
            facts = (root / name).stat()
        except OSError:
            continue
        if stat.S_ISREG(facts.st_mode):
            # `~/key` would be read as the one in a home.
            found.append(FoundFile(f"./{name}" if name.startswith("~") else name, facts.st_size))
    return found


def _git_names(root: Path) -> Iterable[str] | None:
    try:
        told = subprocess.run(
            _GIT, cwd=root, check=False, capture_output=True, timeout=TIME_LIMIT_S,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    if told.returncode != 0:
        return None
    return dict.fromkeys(os.fsdecode(told.stdout).split("\0")[:-1])


def _walk(root: Path, until: float) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        under = Path(folder).relative_to(root)
        yield from ((under / name).as_posix() for name in sorted(names))
        if time.monotonic() > until:
            return


def entries_of(folder: str, root: Path) -> list[FoundFile]:
    """The files and folders in a folder as it was typed (`/etc/`, `~/`, `../`); none when it cannot be read."""
    found: list[FoundFile] = []
    try:
        with os.scandir(place_of(folder, root)) as entries:
            for entry in entries:
                if len(found) >= MOST_FILES:
                    break
                if not entry.name.isprintable():
                    continue
                if entry.is_dir():
                    found.append(FoundFile(f"{folder}{entry.name}/"))
                elif entry.is_file():
                    found.append(FoundFile(f"{folder}{entry.name}", entry.stat().st_size))
    except (OSError, RuntimeError):
        # What was read until then is listed; RuntimeError: nobody has that home.
        return found
    return found


def place_of(path: str, root: Path) -> Path:
    """Where a typed path leads. Raises `RuntimeError` for the home of nobody."""
    # `Path` would take `./~/key` to be in the home too.
    return root / (Path(path).expanduser() if path.startswith("~") else path)


def size_of(path: str, root: Path) -> int | None:
    """Bytes of an attached file; None for one that is not there."""
    try:
        return place_of(path, root).stat().st_size
    except (OSError, RuntimeError):
        return None


def read_attached(path: str, root: Path) -> str:
    """The text of an attached file, as it is now. Raises `AttachmentError` with what to do."""
    try:
        place = place_of(path, root).resolve()
        named_whole = is_elsewhere(path) and not path.startswith("./")
        if not named_whole and not place.is_relative_to(root.resolve()):
            raise _refused(path, "leads out of this folder", "Name the file by its whole path to attach it.")
        data = _read(path, place)
    except (OSError, RuntimeError) as problem:
        # RuntimeError: nobody has that home, or links lead in a circle.
        why = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise _refused(path, f"cannot be read: {why}") from None
    text = text_of(data)
    if text is None:
        raise _refused(path, "is no text", "Only text in UTF-8 can go along with a prompt.")
    return text


def _read(path: str, place: Path) -> bytes:
    # Without O_NONBLOCK a named pipe would be waited for; `place` has no links in it, unless one was put there since.
    handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise _refused(path, "is no regular file")
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        size = size_words(max(facts.st_size, len(data)))
        hint = f"At most {size_words(LARGEST_FILE)}; paste the part that matters."
        raise _refused(path, f"is too large: {size}", hint)
    return data


def _refused(path: str, why: str, hint: str = "") -> AttachmentError:
    back = "Nothing was sent; the prompt is back in the composer, where backspace takes the file away."
    return AttachmentError(f"{path} {why}", hint=f"{hint} {back}".strip())
