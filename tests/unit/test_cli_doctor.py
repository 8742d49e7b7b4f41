"""What `doctor` looks at, each way it can be."""

from __future__ import annotations

import os
import sys
import termios
import threading
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pytest

from workbench.cli import doctor_checks
from workbench.cli.doctor_checks import (
    CheckState,
    check_dependencies,
    check_keyring,
    check_permissions,
    check_python,
    check_terminal,
    loose_files,
    planted_hooks,
)
from workbench.config.keyring_secrets import PLAINTEXT
from workbench.config.paths import prepare_folders, resolve_paths


@pytest.mark.parametrize(("version", "state"), [((3, 11, 7), "ok"), ((3, 14, 0), "ok"), ((3, 15, 0), "warning")])
def test_python(version: tuple[int, ...], state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert check_python().state == state


@pytest.mark.parametrize(
    ("size", "term", "encoding", "state"),
    [
        ((24, 80), "xterm-256color", "UTF-8", "ok"),
        ((24, 80), "dumb", "UTF-8", "warning"),
        ((24, 80), "xterm", "ISO-8859-1", "warning"),
        ((10, 80), "xterm", "UTF-8", "warning"),
    ],
)
def test_terminal(size: tuple[int, int], term: str, encoding: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    primary, secondary = os.openpty()
    termios.tcsetwinsize(secondary, size)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(doctor_checks.locale, "getpreferredencoding", lambda do_setlocale: encoding)
    with os.fdopen(secondary, "w") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        monkeypatch.setattr(sys, "stdout", stream)
        check = check_terminal()
    os.close(primary)
    assert check.state == state
    assert f"{size[1]}x{size[0]}" in check.detail
    assert bool(check.hint) is (state != "ok")


def test_no_terminal_is_no_fault() -> None:
    assert check_terminal().state == "ok"


@pytest.mark.parametrize(
    ("backends", "state"),
    [
        ([("keyring.backends.SecretService.Keyring", "")], "ok"),
        ([("keyring.backends.fail.Keyring", "this machine has no usable keyring")], "warning"),
        (
            [("keyring.backends.SecretService.Keyring", ""), ("keyrings.alt.file.PlaintextKeyring", PLAINTEXT)],
            "problem",
        ),
    ],
)
def test_keyring(backends: Sequence[tuple[str, str]], state: str) -> None:
    check = check_keyring(describe=lambda: backends)
    assert check.state == state
    assert backends[-1][0] in check.detail


def test_keyring_of_this_test_is_none() -> None:
    assert check_keyring().state == "warning"
    assert "keyring.backends.fail" in check_keyring().detail


def test_a_keyring_that_hangs_or_fails() -> None:
    release = threading.Event()

    def hang() -> Sequence[tuple[str, str]]:
        release.wait(5)
        return ()

    def fail() -> Sequence[tuple[str, str]]:
        raise OSError("no bus")

    hung = check_keyring(0.05, hang)
    release.set()
    assert (hung.state, hung.detail) == ("warning", "no answer within 0.05 s")
    assert check_keyring(5, fail).detail == "it failed: OSError"


def test_permissions(isolation: Path) -> None:
    paths = resolve_paths(isolation)
    prepare_folders(paths)
    (paths.data_dir / "workbench.db").touch(0o600)
    (paths.config_dir / "link").symlink_to("/etc/passwd")
    assert loose_files(paths) == []
    (paths.data_dir / "workbench.db").chmod(0o644)
    paths.state_dir.chmod(0o755)
    before = loose_files(paths)
    assert before == [f"{paths.data_dir / 'workbench.db'} is 0644", f"{paths.state_dir} is 0755"]
    assert check_permissions(before, before).state is CheckState.PROBLEM
    prepare_folders(paths)
    after = loose_files(paths)
    assert after == []
    assert check_permissions(before, after).state is CheckState.WARNING
    assert check_permissions([], []).state is CheckState.OK


def test_versions_are_shown() -> None:
    check = check_dependencies()
    assert check.state is CheckState.OK, check.detail
    assert f"litellm {metadata.version('litellm')}" in check.detail


@pytest.mark.parametrize("bad", ["1.82.7", "1.82.8"])
def test_releases_with_malware(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: bad if name == "litellm" else "1.0")
    check = check_dependencies()
    assert check.state is CheckState.PROBLEM
    assert bad in check.detail


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", no_version)
    assert check_dependencies().state is CheckState.PROBLEM


def _install(folder: Path, name: str, hook: str) -> None:
    record = folder / f"{name}-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (record / "RECORD").write_text(f"{hook},,\n")


def test_planted_hooks(tmp_path: Path) -> None:
    for name in ("planted.pth", "distutils-precedence.pth", "__editable__.x.pth", "owned.pth", "litellm_init.pth"):
        (tmp_path / name).write_text("import os; os.system('true')\n")
    (tmp_path / "paths.pth").write_text("/some/folder\n# import nothing\n")
    _install(tmp_path, "owner", "owned.pth")
    _install(tmp_path, "litellm", "litellm_init.pth")
    found = planted_hooks([tmp_path, tmp_path / "missing"])
    assert [path.name for path in found] == ["litellm_init.pth", "planted.pth"]


def test_a_planted_hook_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted.pth").write_text("import os\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    check = check_dependencies()
    assert check.state is CheckState.PROBLEM
    assert str(tmp_path / "planted.pth") in check.detail
