"""Programs outside: the user's editor and the clipboard."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported
from textual.screen import Screen
from textual.widgets import Input, TextArea

from workbench.core.errors import WorkbenchError
from workbench.core.text import clean

_FALLBACK_EDITORS = ("nano", "vim", "vi")
_CLIPBOARD_LIMIT_S = 2.0


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


def edit_text(app: App[int], text: str) -> str:
    """Let the user edit `text` in the editor; the new text. Raises `EditorError`."""
    try:
        with tempfile.TemporaryDirectory(prefix="workbench-", ignore_cleanup_errors=True) as folder:
            file = Path(folder) / "prompt.md"
            file.write_text(text, encoding="utf-8", errors="surrogatepass")
            edit_file(app, file)
            return file.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError as problem:
        raise EditorError("The text cannot be handed to the editor and back", detail=str(problem)) from None


def clipboard_command(environ: Mapping[str, str]) -> list[str] | None:
    """The system's own way to the clipboard of the screen one sits at; None when only the terminal can."""
    candidates: list[list[str]] = []
    if sys.platform == "darwin":
        candidates.append(["pbcopy"])
    if environ.get("WAYLAND_DISPLAY"):
        candidates.append(["wl-copy"])
    if environ.get("DISPLAY"):
        candidates += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    return next((command for command in candidates if shutil.which(command[0])), None)


async def copy_text(app: App[int], text: str) -> None:
    """Put the cleaned text on the clipboard: by the system's tool, else by the terminal (OSC 52)."""
    harmless = clean(text)
    command = clipboard_command(os.environ)
    if command is not None and await _pipe(command, harmless.encode(errors="replace")):
        return
    app.copy_to_clipboard(harmless)


async def _pipe(command: list[str], data: bytes) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(data), _CLIPBOARD_LIMIT_S)
    except (TimeoutError, OSError):
        if process.returncode is None:
            process.kill()
        return False
    return process.returncode == 0


def selected_text(screen: Screen[Any]) -> str:
    """What is selected in the focused field, else anywhere on a screen; empty for nothing."""
    focused = screen.focused
    if isinstance(focused, Input | TextArea) and focused.selected_text:
        return focused.selected_text
    return screen.get_selected_text() or ""
