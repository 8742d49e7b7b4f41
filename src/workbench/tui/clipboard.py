"""Putting text on the clipboard: by the system's own tool, by tmux, by the terminal, or into a file."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from textual.app import App
from textual.screen import Screen
from textual.widgets import Input, TextArea

from workbench.core.errors import WorkbenchError
from workbench.core.text import clean

TERMINAL_LIMIT = 74_994
"""Bytes that a terminal takes for sure: xterm and others read 100,000 characters of Base64 and drop what is longer."""

FILE_NAME = "clipboard.txt"
_TOOL_LIMIT_S = 2.0


class ClipboardError(WorkbenchError):
    """A text could be put nowhere."""

    kind = "clipboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Where a text went."""

    characters: int
    way: str
    """The tool, `tmux`, `terminal`, or the path of a file."""

    @property
    def told(self) -> str:
        """What a person is told."""
        amount = f"{self.characters:,} character{'s' * (self.characters != 1)}"
        match self.way:
            case "terminal":
                return f"Copied {amount}, through the terminal (OSC 52)."
            case "tmux":
                return f"Copied {amount}, into tmux's buffer and through the terminal."
            case way if os.sep in way:
                return f"Written {amount} to {way}: no clipboard can take it from here."
            case way:
                return f"Copied {amount}, with {way}."


def clipboard_tools(environ: Mapping[str, str], platform: str = sys.platform) -> list[list[str]]:
    """Commands that put their input on the clipboard of the screen one sits at, the best first."""
    found: list[list[str]] = []
    # Over ssh these would put it on the clipboard of a machine nobody sits at.
    here = not (environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
    if here and platform == "darwin":
        found.append(["pbcopy"])
    if here and environ.get("WAYLAND_DISPLAY"):
        found.append(["wl-copy"])
    if environ.get("DISPLAY"):
        found += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    if here and (environ.get("WSL_DISTRO_NAME") or platform == "win32"):
        found.append(["clip.exe"])
    return [command for command in found if shutil.which(command[0])]


def takes_osc52(environ: Mapping[str, str]) -> bool:
    """Whether the terminal may know the sequence; a few are known not to, and would drop the text silently."""
    if environ.get("TERM", "") in ("linux", "dumb"):
        return False
    return environ.get("TERM_PROGRAM") != "Apple_Terminal" and not environ.get("VTE_VERSION")


def wrapped_for_tmux(sequence: str) -> str:
    """A control sequence that tmux hands through to the terminal around it."""
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"


async def copy_text(
    app: App[Any], text: str, state_dir: Path | None, *, environ: Mapping[str, str] | None = None
) -> Copied:  # fmt: skip
    """Put the cleaned text on the clipboard, else into a file; says which way it went. Raises `ClipboardError`.

    Without a `state_dir` no file is written: the text is of a conversation of which nothing is stored.
    """
    environ = os.environ if environ is None else environ
    # Of ten megabytes this takes a third of a second.
    harmless, data = await asyncio.to_thread(_harmless, text)
    for command in clipboard_tools(environ):
        if await _pipe(command, data if command[0] != "clip.exe" else harmless.encode("utf-16-le", "replace")):
            return Copied(characters=len(harmless), way=command[0])
    if environ.get("TMUX"):
        # With -w tmux hands it on to its terminal; where its configuration forbids that, the sequence may get through.
        kept = bool(shutil.which("tmux")) and await _pipe(["tmux", "load-buffer", "-w", "-"], data)
        if len(data) <= TERMINAL_LIMIT:
            sequence = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
            driver = cast("Any", app)._driver
            if driver is not None:
                driver.write(wrapped_for_tmux(sequence))
        if kept:
            return Copied(characters=len(harmless), way="tmux")
    if len(data) <= TERMINAL_LIMIT and takes_osc52(environ):
        app.copy_to_clipboard(data.decode())
        return Copied(characters=len(harmless), way="terminal")
    if state_dir is None:
        raise ClipboardError(
            "The text could not be copied", detail="nothing of a temporary conversation is written to a file",
            hint="Install wl-copy, xclip or xsel",
        )  # fmt: skip
    file = state_dir / FILE_NAME
    try:
        await asyncio.to_thread(_write, file, data)
    except OSError as problem:
        raise ClipboardError(
            "The text could not be copied", detail=str(problem), hint="Install wl-copy, xclip or xsel"
        ) from None
    return Copied(characters=len(harmless), way=str(file))


def _harmless(text: str) -> tuple[str, bytes]:
    harmless = clean(text)
    return harmless, harmless.encode(errors="replace")


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(data)


async def _pipe(command: Sequence[str], data: bytes) -> bool:
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
        await asyncio.wait_for(process.communicate(data), _TOOL_LIMIT_S)
    except (TimeoutError, OSError):
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0


def selected_text(screen: Screen[Any]) -> str:
    """What is selected in the focused field, else anywhere on a screen; empty for nothing."""
    focused = screen.focused
    if isinstance(focused, Input | TextArea) and focused.selected_text:
        return focused.selected_text
    return screen.get_selected_text() or ""
