"""Checks of `workbench doctor` that need no engine: interpreter, terminal, keyring, file modes, packages."""

from __future__ import annotations

import locale
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli import output

if TYPE_CHECKING:
    from workbench.config.paths import Paths

KEYRING_LIMIT_S = 3.0
SMALLEST_PYTHON = (3, 11)
FIRST_UNTESTED_PYTHON = (3, 15)
SMALLEST_SCREEN = (40, 12)
BAD_LITELLM = frozenset({"1.82.7", "1.82.8"})
"""Releases of LiteLLM that carried malware."""
SHOWN_PACKAGES = ("textual", "litellm", "openai", "httpx", "pydantic", "typer", "aiosqlite", "keyring")
_HARMLESS_PTH = ("distutils-precedence.pth", "_virtualenv.pth", "a1_coverage.pth")
_EDITABLE_PTH = ("__editable__", "_editable_impl_")
_FILES_LOOKED_AT = 5000


class CheckState(StrEnum):
    """How well something is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding: what was looked at, how it is, and what to do."""

    name: str
    state: CheckState
    detail: str
    hint: str = ""


def check_python() -> Check:
    """The interpreter's version."""
    version = ".".join(map(str, sys.version_info[:3]))
    detail = f"{version} ({sys.executable})"
    if SMALLEST_PYTHON <= sys.version_info[:2] < FIRST_UNTESTED_PYTHON:
        return Check(name="python", state=CheckState.OK, detail=detail)
    hint = "workbench is made for Python 3.11 to 3.14"
    return Check(name="python", state=CheckState.WARNING, detail=detail, hint=hint)


def check_terminal() -> Check:
    """Whether the full screen can run here, and how it will look."""
    if not (output.is_terminal(sys.stdin) and output.is_terminal(sys.stdout)):
        detail = "not a terminal: the full screen needs one, commands do not"
        return Check(name="terminal", state=CheckState.OK, detail=detail)
    size = os.get_terminal_size(sys.stdout.fileno())
    encoding = locale.getpreferredencoding(do_setlocale=False)
    kind = os.environ.get("TERM", "")
    detail = f"{kind or 'TERM is not set'}, {size.columns}x{size.lines}, {encoding}"
    if kind in ("", "dumb"):
        hint = "Set TERM, for example to xterm-256color; `workbench chat` works without"
    elif encoding.lower().replace("-", "") != "utf8":
        hint = "Use a UTF-8 locale; otherwise frames and signs are drawn with ASCII"
    elif size.columns < SMALLEST_SCREEN[0] or size.lines < SMALLEST_SCREEN[1]:
        hint = f"Make the window at least {SMALLEST_SCREEN[0]}x{SMALLEST_SCREEN[1]}"
    else:
        return Check(name="terminal", state=CheckState.OK, detail=detail)
    return Check(name="terminal", state=CheckState.WARNING, detail=detail, hint=hint)


def check_keyring(
    limit_s: float = KEYRING_LIMIT_S, describe: Callable[[], Sequence[tuple[str, str]]] | None = None
) -> Check:
    """Which keyring would keep keys; it is given `limit_s` seconds, because desktop services may hang."""
    from workbench.config.keyring_secrets import PLAINTEXT, describe_backends

    found: list[Sequence[tuple[str, str]]] = []
    problems: list[str] = []

    def look() -> None:
        try:
            found.append((describe or describe_backends)())
        except BaseException as problem:
            problems.append(type(problem).__name__)
            if not isinstance(problem, Exception):
                raise

    thread = threading.Thread(target=look, name="keyring-check", daemon=True)
    thread.start()
    thread.join(limit_s)
    from_environment = "Keys from the environment (${VAR}) work without a keyring"
    if not found:
        why = f"it failed: {problems[0]}" if problems else f"no answer within {limit_s:g} s"
        return Check(name="keyring", state=CheckState.WARNING, detail=why, hint=from_environment)
    backends = found[0]
    detail = ", ".join(name for name, _ in backends)
    if any(refusal == PLAINTEXT for _, refusal in backends):
        hint = "Keys would be written to a readable file: remove the package keyrings.alt"
        return Check(name="keyring", state=CheckState.PROBLEM, detail=detail, hint=hint)
    if any(refusal for _, refusal in backends):
        detail = f"none on this system ({detail})"
        return Check(name="keyring", state=CheckState.WARNING, detail=detail, hint=from_environment)
    return Check(name="keyring", state=CheckState.OK, detail=detail)


def loose_files(paths: Paths) -> list[str]:
    """Our files and folders that others may read or write, or that belong to somebody else; with their modes."""
    loose: list[str] = []
    for path in _ours(paths):
        try:
            found = path.lstat()
        except OSError:
            continue
        if stat.S_ISLNK(found.st_mode):
            continue
        mode = stat.S_IMODE(found.st_mode)
        if mode & 0o077:
            loose.append(f"{path} is {mode:04o}")
        elif found.st_uid != os.getuid():
            loose.append(f"{path} belongs to user {found.st_uid}")
    return loose


def check_permissions(before: Sequence[str], after: Sequence[str]) -> Check:
    """Judge what `loose_files` found before and after the start, which repairs modes."""
    if after:
        detail = "; ".join(after[:3]) + (f"; {len(after) - 3} more" if len(after) > 3 else "")
        hint = "chmod 600 the files and 700 the folders, or chown them, as their owner"
        return Check(name="permissions", state=CheckState.PROBLEM, detail=detail, hint=hint)
    if before:
        detail = f"repaired: {'; '.join(before[:3])}" + (f"; {len(before) - 3} more" if len(before) > 3 else "")
        hint = "Something else changes the modes; if others use this machine, keys in these files may be known"
        return Check(name="permissions", state=CheckState.WARNING, detail=detail, hint=hint)
    return Check(name="permissions", state=CheckState.OK, detail="folders 0700, files 0600")


def check_dependencies() -> Check:
    """Versions of what workbench is made of; known bad releases and start-up hooks nobody installed."""
    from importlib.metadata import PackageNotFoundError, version

    versions: list[str] = []
    for name in SHOWN_PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            hint = "Install workbench again"
            return Check(name="dependencies", state=CheckState.PROBLEM, detail=f"{name} is not installed", hint=hint)
    if version("litellm") in BAD_LITELLM:
        hint = "This release carries malware: remove it and change every key that this machine has seen"
        detail = f"litellm {version('litellm')}"
        return Check(name="dependencies", state=CheckState.PROBLEM, detail=detail, hint=hint)
    planted = planted_hooks(Path(entry) for entry in sys.path if entry)
    if planted:
        hint = "Such files run at every start of Python: look at them, and remove what you did not install"
        detail = "; ".join(map(str, planted))
        return Check(name="dependencies", state=CheckState.PROBLEM, detail=detail, hint=hint)
    return Check(name="dependencies", state=CheckState.OK, detail=", ".join(versions))


def planted_hooks(folders: Iterable[Path]) -> list[Path]:
    """`.pth` files that run code and are neither of the usual tools nor listed by the package that brought them.

    A hook of LiteLLM itself counts as planted even when its package lists it: that is how the bad releases came.
    """
    suspicious: list[Path] = []
    for folder in folders:
        for path in sorted(folder.glob("*.pth")) if folder.is_dir() else ():
            if path.name in _HARMLESS_PTH or path.name.startswith(_EDITABLE_PTH) or not _runs_code(path):
                continue
            owner = _owner(path)
            if owner is None or owner.startswith(("litellm", "openai")):
                suspicious.append(path)
    return suspicious


def _runs_code(path: Path) -> bool:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return True
    return any(line.startswith(("import ", "import\t")) for line in lines)


def _owner(path: Path) -> str | None:
    """The installed package whose record lists `path`."""
    from importlib.metadata import distributions

    for distribution in distributions(path=[str(path.parent)]):
        if any(file.name == path.name and len(file.parts) == 1 for file in distribution.files or ()):
            return (distribution.metadata["Name"] or "").lower()
    return None


def _ours(paths: Paths) -> Iterable[Path]:
    folders = [paths.config_dir, paths.data_dir, paths.state_dir, paths.cache_dir, paths.backups_dir]
    looked_at = 0
    for folder in dict.fromkeys(folders):
        yield folder
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            looked_at += 1
            if looked_at > _FILES_LOOKED_AT:
                return
            yield path
