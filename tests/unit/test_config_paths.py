"""Folders: where they are, and that only their owner gets in."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.config.paths import prepare_folders, resolve_paths, valid_profile
from workbench.core.errors import ConfigurationError, StorageError


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The most careless umask there is."""
    earlier = os.umask(0)
    yield
    os.umask(earlier)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_home_holds_everything(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path, {"WORKBENCH_HOME": "/elsewhere"})
    assert resolve_paths(None, {"WORKBENCH_HOME": str(tmp_path)}) == paths
    found = {
        paths.config_file: "config/config.yaml",
        paths.overlay_file("work"): "config/config.work.yaml",
        paths.env_file: "config/.env",
        paths.themes_dir: "config/themes",
        paths.keymap_file: "config/keymap.yaml",
        paths.database: "data/workbench.db",
        paths.backups_dir: "data/backups",
        paths.log_file: "state/workbench.log",
        paths.ui_state_file: "state/ui.json",
        paths.cache_dir: "cache",
    }
    for path, expected in found.items():
        assert path == tmp_path / expected


def test_without_a_home_the_platform_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = resolve_paths(None, {"WORKBENCH_HOME": "  "})
    assert paths.config_dir == tmp_path / ".config/workbench"
    assert paths.data_dir == tmp_path / ".local/share/workbench"
    assert paths.state_dir == tmp_path / ".local/state/workbench"
    assert paths.cache_dir == tmp_path / ".cache/workbench"
    assert paths.home is None


def test_a_relative_xdg_variable_does_not_make_the_working_directory_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    assert resolve_paths(None, {}).config_dir == tmp_path / ".config/workbench"


def test_a_relative_or_tilde_home_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert resolve_paths(Path("h"), {}).home == tmp_path / "h"
    assert resolve_paths(None, {"WORKBENCH_HOME": "~/h"}).home == tmp_path / "h"


def test_folders_are_made_for_their_owner_alone_even_under_umask_000(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path / "deep" / "home", {})
    prepare_folders(paths)
    for folder in (paths.home, paths.config_dir, paths.data_dir, paths.state_dir, paths.cache_dir, paths.backups_dir):
        assert folder is not None
        assert mode(folder) == 0o700
    prepare_folders(paths)


def test_open_folders_and_files_are_repaired(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path, {})
    prepare_folders(paths)
    paths.themes_dir.mkdir(mode=0o777)
    files = [
        paths.config_file,
        paths.env_file,
        paths.keymap_file,
        paths.overlay_file("work"),
        paths.themes_dir / "mine.yaml",
        paths.database,
        paths.database.with_name("workbench.db-wal"),
        paths.database.with_name("workbench.db-shm"),
        paths.backups_dir / "b.db",
        paths.log_file,
        paths.ui_state_file,
    ]
    for file in files:
        file.write_text("x")
        file.chmod(0o666)
    for folder in (tmp_path, paths.config_dir, paths.data_dir, paths.state_dir):
        folder.chmod(0o777)
    prepare_folders(paths)
    assert {mode(file) for file in files} == {0o600}
    assert {mode(f) for f in (paths.config_dir, paths.themes_dir, paths.data_dir, paths.state_dir)} == {0o700}
    assert mode(tmp_path) == 0o755


def test_a_database_that_is_a_link_is_refused(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path, {})
    prepare_folders(paths)
    target = tmp_path / "target.db"
    target.write_text("x")
    target.chmod(0o644)
    paths.database.symlink_to(target)
    with pytest.raises(StorageError, match="symbolic link"):
        prepare_folders(paths)
    assert mode(target) == 0o644


def test_modes_of_what_links_lead_to_are_left_alone(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path / "home", {})
    prepare_folders(paths)
    outside = tmp_path / "dotfiles.yaml"
    outside.write_text("settings: {}")
    outside.chmod(0o644)
    paths.config_file.symlink_to(outside)
    prepare_folders(paths)
    assert mode(outside) == 0o644


def test_a_place_that_is_taken_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StorageError) as refused:
        prepare_folders(resolve_paths(tmp_path / "home", {}))
    assert "WORKBENCH_HOME" in refused.value.hint


def test_a_configuration_folder_that_cannot_be_made_is_no_reason_to_stop(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path, {})
    paths.config_dir.write_text("a file")
    prepare_folders(paths)
    assert paths.data_dir.is_dir()


def test_a_folder_that_others_can_write_for_good_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = resolve_paths(tmp_path, {})
    prepare_folders(paths)
    paths.config_dir.chmod(0o777)

    def refusing(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", refusing)
    with pytest.raises(ConfigurationError) as refused:
        prepare_folders(paths)
    assert "chmod 700" in refused.value.hint


def test_a_folder_that_may_not_be_looked_into_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Path.exists

    def exists(path: Path) -> bool:
        if path.is_relative_to(tmp_path / "locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return looks(path)

    monkeypatch.setattr(Path, "exists", exists)
    with pytest.raises(StorageError) as refused:
        prepare_folders(resolve_paths(tmp_path / "locked" / "home", {}))
    assert "Permission denied" in refused.value.detail


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "a.b", "x" * 41, "a b", "a\n", "-x"])
def test_bad_profile_names_never_become_a_path(name: str) -> None:
    assert not valid_profile(name)
    with pytest.raises(ConfigurationError):
        resolve_paths(Path("/h"), {}).overlay_file(name)
