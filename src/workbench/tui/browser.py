"""Opening a web address in the user's browser, never in this terminal and never anything but http and https."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from workbench.core.errors import WorkbenchError

_IN_THE_TERMINAL = frozenset({"lynx", "links", "links2", "elinks", "w3m", "www-browser", "browsh", "carbonyl"})
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_KEPT = frozenset("\u00df\u03c2\u200c\u200d")
"""Characters that browsers keep in a host; the older rule of Python's codec puts others in their place."""
_COPY_IT = "y copies the address instead"


class BrowserError(WorkbenchError):
    """An address cannot be opened."""

    kind = "browser"


def can_be_opened(address: str) -> bool:
    """Whether it is a web address with a host."""
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(host_of(address)) and "\\" not in parts.netloc
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host that is asked when it is opened, in the ASCII form that looks like no other; empty when it has none."""
    try:
        host = urlsplit(address).hostname or ""
        return ".".join(_ascii_label(label) for label in _DOTS.split(host))
    except ValueError:
        return ""


def _ascii_label(label: str) -> str:
    if _KEPT.isdisjoint(label):
        return label.encode("idna").decode("ascii")
    return f"xn--{label.encode('punycode').decode('ascii')}"


def browser_command(environ: Mapping[str, str], platform: str = sys.platform) -> list[str] | None:
    """The command that opens an address in a window of its own; None when there is none."""
    for wanted in environ.get("BROWSER", "").split(os.pathsep):
        try:
            words = [word for word in shlex.split(wanted.removesuffix("&")) if word != "%s"]
        except ValueError:
            continue
        if words and Path(words[0]).name not in _IN_THE_TERMINAL and shutil.which(words[0]):
            return words
    if platform == "darwin":
        return ["open"]
    if environ.get("WSL_DISTRO_NAME"):
        found = next((name for name in ("wslview", "explorer.exe") if shutil.which(name)), None)
        return [found] if found else None
    if (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")) and shutil.which("xdg-open"):
        return ["xdg-open"]
    return None


def open_address(address: str) -> None:
    """Open it; returns at once, to be run in a thread. Raises `BrowserError`."""
    if not can_be_opened(address):
        raise BrowserError("Only http and https addresses are opened", hint=_COPY_IT)
    if sys.platform == "win32":
        webbrowser.open(address)
        return
    command = browser_command(os.environ)
    if command is None:
        raise BrowserError("There is no browser to open it with here", hint=_COPY_IT)
    try:
        # Without a terminal of its own a browser that wants one ends, and what it prints does not spoil the screen.
        subprocess.Popen(
            [*command, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as problem:
        raise BrowserError(f"{command[0]} could not be started", detail=str(problem), hint=_COPY_IT) from None
