"""Where everything lies, and that nobody but its owner can read it."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from workbench.core.errors import ConfigurationError, StorageError

APPLICATION = "workbench"
FOLDER_MODE = 0o700
FILE_MODE = 0o600
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_REPAIRED_FILES = 2000
"""Files per folder whose mode is looked at; a folder of ours never has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The four folders and what lies in them; nothing of it need exist."""

    config_dir: Path
    data_dir: Path
    state_dir: Path
    cache_dir: Path
    home: Path | None = None
    """The one folder around them, when there is one."""

    @property
    def config_file(self) -> Path:
        """The configuration."""
        return self.config_dir / "config.yaml"

    @property
    def env_file(self) -> Path:
        """The only `.env` that is ever read."""
        return self.config_dir / ".env"

    @property
    def themes_dir(self) -> Path:
        """The user's themes."""
        return self.config_dir / "themes"

    @property
    def keymap_file(self) -> Path:
        """The user's keys."""
        return self.config_dir / "keymap.yaml"

    @property
    def database(self) -> Path:
        """Conversations, attempts, events and the rest."""
        return self.data_dir / "workbench.db"

    @property
    def backups_dir(self) -> Path:
        """Backups of the database."""
        return self.data_dir / "backups"

    @property
    def log_file(self) -> Path:
        """The rotating JSON log; crash reports lie beside it."""
        return self.state_dir / "workbench.log"

    @property
    def ui_state_file(self) -> Path:
        """What the full-screen application remembers of its looks."""
        return self.state_dir / "ui.json"

    def overlay_file(self, profile: str) -> Path:
        """The file that is laid over the configuration for `profile`; raises ConfigurationError for a bad name."""
        if not valid_profile(profile):
            raise ConfigurationError(
                "That is no profile name",
                detail="a profile name has at most 40 letters, digits, - and _",
                hint="config.<profile>.yaml in the configuration folder is laid over config.yaml",
            )
        return self.config_dir / f"config.{profile}.yaml"


def valid_profile(name: str) -> bool:
    """Whether `name` can name a profile: it becomes part of a file name."""
    return _PROFILE.fullmatch(name) is not None


def resolve_paths(home: Path | None = None, environ: Mapping[str, str] | None = None) -> Paths:
    """The folders: under `home`, else under `WORKBENCH_HOME`, else where the platform keeps such things."""
    environ = os.environ if environ is None else environ
    named = home or environ.get("WORKBENCH_HOME", "").strip()
    if named:
        root = Path(named).expanduser().absolute()
        return Paths(
            config_dir=root / "config",
            data_dir=root / "data",
            state_dir=root / "state",
            cache_dir=root / "cache",
            home=root,
        )
    return Paths(
        config_dir=_absolute(platformdirs.user_config_path(APPLICATION, appauthor=False), ".config"),
        data_dir=_absolute(platformdirs.user_data_path(APPLICATION, appauthor=False), ".local/share"),
        state_dir=_absolute(platformdirs.user_state_path(APPLICATION, appauthor=False), ".local/state"),
        cache_dir=_absolute(platformdirs.user_cache_path(APPLICATION, appauthor=False), ".cache"),
    )


def _absolute(path: Path, usual: str) -> Path:
    # A relative XDG variable must be ignored: it would make the working directory's files ours.
    return path if path.is_absolute() else Path.home() / usual / APPLICATION


def prepare_folders(paths: Paths) -> None:
    """Create the folders 0700 and repair the modes of what is in them.

    Raises StorageError when data or state have no place, when the database is a symbolic link, and
    ConfigurationError when others can write the configuration folder and that cannot be changed.
    """
    if paths.home is not None:
        _make(paths.home, needed=True)
        _keep_others_out(paths.home, _OTHERS_MAY_WRITE)
    for folder, needed in (
        (paths.data_dir, True),
        (paths.state_dir, True),
        (paths.config_dir, False),
        (paths.cache_dir, False),
        (paths.backups_dir, True),
    ):
        _make(folder, needed=needed)
        for inside in (folder, *_folders_in(folder)):
            _keep_others_out(inside, 0o077)
            _repair_files(inside)
    if paths.database.is_symlink():
        raise StorageError(
            "The database is a symbolic link",
            detail=str(paths.database),
            hint="put the file itself there, or set WORKBENCH_HOME to the folder that has it",
        )


def _make(folder: Path, *, needed: bool) -> None:
    missing = [folder, *folder.parents]
    try:
        # Raises, like making it, below a folder that may not be looked into.
        missing = missing[: next((i for i, path in enumerate(missing) if path.exists()), len(missing))]
        for path in reversed(missing):
            path.mkdir(mode=FOLDER_MODE, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is not a folder")
    except OSError as error:
        if needed:
            raise StorageError(
                "A folder cannot be used",
                detail=f"{folder}: {error.strerror or error}",
                hint="free the path, or set WORKBENCH_HOME to a folder that can be written",
            ) from error


def _folders_in(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)


def _keep_others_out(folder: Path, forbidden: int) -> None:
    """Take the `forbidden` bits away; raises ConfigurationError when others could go on writing there."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError:
        return
    if not mode & forbidden:
        return
    try:
        folder.chmod(mode & ~forbidden)
    except OSError as error:
        if mode & _OTHERS_MAY_WRITE and not mode & stat.S_ISVTX:
            raise ConfigurationError(
                "Others can write in a folder of workbench",
                detail=f"{folder} has mode {mode:04o} and cannot be changed: {error.strerror}",
                hint=f"chmod 700 {folder}, as its owner",
            ) from error


def _repair_files(folder: Path) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for _, entry in zip(range(_REPAIRED_FILES), entries, strict=False):
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mode & 0o077:
                    Path(entry.path).chmod(FILE_MODE)
