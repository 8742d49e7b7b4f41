"""The user's editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from textual.app import App, SuspendNotSupported

from workbench.core.errors import WorkbenchError

# Memory on every Linux; the folders that are made in it only their owner can read.
_IN_MEMORY = Path("/dev", "shm")
_FALLBACK_EDITORS = ("nano", "vim", "vi")


class EditorError(WorkbenchError):
    """The editor could not be run."""

    kind = "editor"


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """`$VISUAL`, else `$EDITOR`, else an editor that is there. Raises `EditorError`."""
    for variable in ("VISUAL", "EDITOR"):
        value = environ.get(variable, "").strip()
        if not value:
            continue
        try:
            words = shlex.split(value)
        except ValueError as problem:
            raise EditorError(f"${variable} cannot be read", detail=str(problem)) from None
        if words:
            return words
    for name in _FALLBACK_EDITORS:
        found = shutil.which(name)
        if found:
            return [found]
    raise EditorError("There is no editor", hint="Set EDITOR to the one you use")


def edit_file(app: App[int], file: Path, *, line: int = 0) -> None:
    """Open `file` in the user's editor and wait for its end; the screen is put aside. Raises `EditorError`."""
    command = editor_command(os.environ)
    if line and Path(command[0]).name in ("vi", "vim", "nvim", "nano", "emacs", "emacsclient", "micro"):
        command.append(f"+{line}")
    try:
        with app.suspend():
            code = subprocess.run([*command, str(file)], check=False).returncode
    except SuspendNotSupported:
        raise EditorError("The editor cannot be opened on this terminal") from None
    except OSError as problem:
        hint = "Set EDITOR to an editor that exists"
        raise EditorError(f"{command[0]} could not be started", detail=str(problem), hint=hint) from None
    if code != 0:
        raise EditorError(f"{command[0]} ended with code {code}", hint="Nothing was taken over")


def memory_folder() -> str | None:
    """Where files are kept in memory instead of on a disk; None where the system has no such place."""
    return str(_IN_MEMORY) if _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK) else None


def edit_text(app: App[int], text: str) -> str:
    """Let the user edit `text` in the editor; the new text. Raises `EditorError`."""
    try:
        # What is being written may belong to a conversation of which nothing is stored.
        with tempfile.TemporaryDirectory(
            prefix="workbench-", dir=memory_folder(), ignore_cleanup_errors=True
        ) as folder:  # fmt: skip
            file = Path(folder) / "prompt.md"
            file.write_text(text, encoding="utf-8", errors="surrogatepass")
            edit_file(app, file)
            return file.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError as problem:
        raise EditorError("The text cannot be handed to the editor and back", detail=str(problem)) from None
