"""The files under a folder, and reading one that goes along with a prompt."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from workbench.tui import file_search
from workbench.tui.file_search import AttachmentError, entries_of, files_under, read_attached
from workbench.tui.state.files import LARGEST_FILE


def lay_out(root: Path) -> None:
    for name in ("a.py", "deep/b.txt", "ignored.log", "node_modules/x.js", "two\nlines", "sp ace.md"):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text\n")
    (root / ".gitignore").write_text("*.log\n")
    os.mkfifo(root / "pipe")


def test_git_says_what_is_ignored_and_runs_nothing_of_the_repository(tmp_path: Path) -> None:
    lay_out(tmp_path)
    for command in (["init", "-q"], ["config", "core.fsmonitor", f"touch {tmp_path}/ran; false"], ["add", "a.py"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (tmp_path / "ran").unlink(missing_ok=True)
    found = {file.path: file.size for file in files_under(tmp_path)}
    assert found == {"a.py": 5, "deep/b.txt": 5, "node_modules/x.js": 5, "sp ace.md": 5, ".gitignore": 6}
    assert not (tmp_path / "ran").exists()
    (tmp_path / "a.py").unlink()
    assert "a.py" not in {file.path for file in files_under(tmp_path)}


def test_without_git_usual_folders_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.setattr(file_search, "_GIT", ("no-such-program",))
    assert {file.path for file in files_under(tmp_path)} == {
        "a.py", "deep/b.txt", "ignored.log", "sp ace.md", ".gitignore",
    }  # fmt: skip
    monkeypatch.setattr(file_search, "MOST_FILES", 2)
    assert len(files_under(tmp_path)) == 2


def test_a_named_place_is_listed_with_its_folders(tmp_path: Path) -> None:
    lay_out(tmp_path)
    folder = f"{tmp_path}/"
    assert {file.path[len(folder) :] for file in entries_of(folder, tmp_path)} == {
        "a.py", "deep/", "ignored.log", "node_modules/", "sp ace.md", ".gitignore",
    }  # fmt: skip
    assert entries_of("/no/such/place/", tmp_path) == []
    assert entries_of("~nobody-of-that-name/", tmp_path) == []


def test_what_can_be_read_is_read_as_it_is_now(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_bytes(b"one\r\ntwo")
    (tmp_path / "outside.txt").write_text("named by hand")
    assert read_attached("a.txt", root) == "one\ntwo"
    assert read_attached(f"{tmp_path}/outside.txt", root) == "named by hand"
    assert read_attached("../outside.txt", root) == "named by hand"


def test_a_name_that_looks_like_a_home_is_that_of_the_file_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    monkeypatch.setenv("HOME", str(home))
    for folder, text in ((home, "secret"), (root / "~", "harmless")):
        folder.mkdir(parents=True)
        (folder / "key").write_text(text)
    (root / "~out").symlink_to(home / "key")
    found = sorted(file.path for file in files_under(root))
    assert found == ["./~/key", "./~out"]
    assert read_attached(found[0], root) == "harmless"
    assert read_attached("~/key", root) == "secret", "typed by hand"
    with pytest.raises(AttachmentError, match="leads out"):
        read_attached(found[1], root)


@pytest.mark.parametrize(("name", "why"), [
    ("loop", "cannot be read"),
    ("gone.txt", "No such file"), ("folder", "Is a directory"), ("pipe", "is no regular file"),
    ("large.txt", "is too large: 1.0 MB"), ("picture.png", "is no text"), ("way-out.txt", "leads out of this folder"),
    ("~nobody-of-that-name/x", "cannot be read"),
])  # fmt: skip
def test_what_cannot_go_along_is_refused_with_what_to_do(tmp_path: Path, name: str, why: str) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    os.mkfifo(root / "pipe")
    (root / "large.txt").write_bytes(b"x" * (LARGEST_FILE + 1))
    (root / "picture.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "secret").write_text("secret")
    (root / "way-out.txt").symlink_to(tmp_path / "secret")
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(AttachmentError, match=why) as refused:
        read_attached(name, root)
    assert "back in the composer" in refused.value.hint
