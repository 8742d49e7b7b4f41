"""A file that is replaced is the old one or the new one, whatever happens meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.core.part_file import PartFile, replace_file


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_it_is_private_and_makes_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "state" / "ui.json"
    replace_file(file, b"one")
    replace_file(file, b"two")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"two", 0o600)
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert names(file.parent) == ["ui.json"]


def test_a_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ui.json"
    replace_file(file, b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        replace_file(file, b"new")
    assert (file.read_bytes(), names(tmp_path)) == (b"old", ["ui.json"])


def test_nothing_has_the_name_before_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, synced = tmp_path / "a", list[bytes]()
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.pread(number, 100, 0)))
    with PartFile(file, suffix=".tmp") as part:
        part.write(b"ne")
        part.write(b"w")
        part.settle()
        assert (synced, file.read_bytes(), part.path.suffix) == ([b"new"], b"old", ".tmp")
        part.take_place()
    assert (file.read_bytes(), names(tmp_path)) == (b"new", ["a"])
    with PartFile(file) as part:
        part.write(b"never")
    assert (file.read_bytes(), names(tmp_path)) == (b"new", ["a"])
