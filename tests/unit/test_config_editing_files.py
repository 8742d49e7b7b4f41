"""Edits and the disk: other writers, kills, links, modes, encodings; the file is the old one or the new one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.configuring import Home
from tests.support.storage import ROOT
from workbench.config import atomic_files, editing
from workbench.config.atomic_files import EditLock, read_text_file, replace_text_file, take_back
from workbench.config.editing import ConfigurationEditor
from workbench.core import part_file
from workbench.core.errors import ConfigurationError

ENVIRON = {"ALPHA_KEY": "canary-alpha-1", "BETA_KEY": "canary-beta-2"}
COMMENTED = """\
# mine
providers:
    alpha:
        kind: openai   # the big one
        enabled: yes    # for now
    beta: {kind: "openai"} # the other
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def editor(home: Home, profile: str | None = None) -> ConfigurationEditor:
    return ConfigurationEditor(home.paths, profile=profile, environ=ENVIRON)


def test_a_change_on_disk_meanwhile_wins(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.write(COMMENTED)
    real = editing.problems_with

    def meanwhile(*arguments: Any, **more: Any) -> object:
        path.write_text("# somebody else\n")
        return real(*arguments, **more)

    monkeypatch.setattr(editing, "problems_with", meanwhile)
    with pytest.raises(ConfigurationError, match="changed on disk"):
        editor(home).set_provider_enabled("alpha", False)
    assert path.read_text() == "# somebody else\n"
    assert sorted(file.name for file in home.paths.config_dir.iterdir()) == [".edit.lock", "config.yaml"]


def test_two_files_are_changed_together_or_not_at_all(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    base = home.write(COMMENTED)
    overlay = home.write("providers:\n  beta: {priority: 2}\n", "work")
    real = atomic_files._content_of

    def fails_for_the_overlay(path: Path) -> bytes | None:
        return b"changed" if path == overlay else real(path)

    monkeypatch.setattr(atomic_files, "_content_of", fails_for_the_overlay)
    with pytest.raises(ConfigurationError, match="changed on disk"):
        editor(home, "work").set_priorities({"alpha": 2, "beta": 1})
    assert base.read_text() == COMMENTED


def test_files_stay_private_and_links_stay_links(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.yaml"
    target.write_text(COMMENTED)
    target.chmod(0o644)
    home.paths.config_file.symlink_to(target)
    editor(home).set_provider_enabled("alpha", False)
    assert home.paths.config_file.is_symlink()
    assert "enabled: false" in target.read_text()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_encoding_stays(encoding: str, home: Home) -> None:
    path = home.write(COMMENTED.replace("mine", "für mich").encode(encoding))
    editor(home).set_provider_enabled("alpha", False)
    assert path.read_bytes()[:2] == "\ufeff".encode(encoding.removesuffix("-sig"))[:2]
    assert "für mich" in path.read_bytes().decode(encoding)
    assert not home.provider(ENVIRON, "alpha").enabled


def test_two_editors_at_once_lose_nothing(home: Home) -> None:
    names = [f"p{number}" for number in range(12)]
    home.write("providers:\n" + "".join(f"  {name}: {{kind: openai}}  # {name}\n" for name in names))
    shared = editor(home)

    def work(mine: Sequence[str], using: ConfigurationEditor) -> None:
        for name in mine:
            using.set_provider_enabled(name, False)

    threads = [
        threading.Thread(target=work, args=(names[start::3], using))
        for start, using in enumerate((shared, shared, editor(home)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    loaded = home.load()
    assert [provider.name for provider in loaded.providers if provider.enabled] == []
    assert home.paths.config_file.read_text().count("# p") == 12


KILLED = """
import os, sys
from pathlib import Path
from workbench.config.editing import ConfigurationEditor
from workbench.config.paths import resolve_paths
Path.replace = lambda self, target: os._exit(9)
ConfigurationEditor(resolve_paths(Path(sys.argv[1]), {}), environ={}).set_provider_enabled("alpha", False)
"""


def test_a_kill_before_the_replacement_leaves_the_old_file_and_no_lock(home: Home) -> None:
    path = home.write(COMMENTED)
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(home.paths.home)], env=environ)
    assert killed.returncode == 9
    assert path.read_text() == COMMENTED
    assert len(list(home.paths.config_dir.glob(".config.yaml.*"))) == 1
    editor(home).set_provider_enabled("alpha", False)
    assert not home.provider(ENVIRON, "alpha").enabled
    assert list(home.paths.config_dir.glob(".config.yaml.*")) == []


def test_a_lock_that_somebody_holds_is_not_waited_for_for_ever(home: Home) -> None:
    folder = home.paths.config_dir
    refused = pytest.raises(ConfigurationError, match="Another workbench")
    with EditLock(folder).held(), refused, EditLock(folder).held(0.05):
        raise AssertionError("both hold it")


def test_taking_back_does_not_undo_what_others_did(home: Home) -> None:
    path = home.paths.env_file
    before = read_text_file(path)
    after = replace_text_file(before, "A=1\n")
    take_back(before, after)
    assert not path.exists()
    after = replace_text_file(before, "A=1\n")
    path.write_text("B=2\n")
    take_back(before, after)
    assert path.read_text() == "B=2\n"


def test_a_folder_that_cannot_be_written_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.write(COMMENTED)

    def full(*arguments: object, **more: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(part_file.tempfile, "mkstemp", full)
    with pytest.raises(ConfigurationError, match="cannot be changed") as raised:
        editor(home).set_provider_enabled("alpha", False)
    assert "No space left" in raised.value.detail
    assert path.read_text() == COMMENTED
