"""A file that is exported is whole or not there, private, and never in the place of another one unasked."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from workbench.core.export_file import (
    ExportError,
    ExportFile,
    FileExistsAlreadyError,
    on_a_thread,
    place_of,
    write_export,
)


def test_a_file_is_whole_private_and_never_replaced_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.md"
    write_export(path, "one")
    with pytest.raises(FileExistsAlreadyError):
        write_export(path, "two")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("one", 0o600)
    write_export(path, "two\n", overwrite=True)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(FileExistsAlreadyError):
        write_export(tmp_path / "link", "three")
    write_export(tmp_path / "link", "three", overwrite=True)
    assert path.read_text() == "three"
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsAlreadyError):
        write_export(tmp_path / "gone", "four")

    def refuse(*_: object) -> None:
        raise OSError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    write_export(tmp_path / "b.md", "five")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.md", "b.md", "gone", "link"], "no left-overs"

    def somebody_is_faster(*_: object) -> None:
        raise FileExistsError

    monkeypatch.setattr(os, "link", somebody_is_faster)
    with pytest.raises(FileExistsAlreadyError):
        write_export(tmp_path / "c.md", "six")
    monkeypatch.undo()
    for hopeless in (tmp_path / "no" / "a.md", Path("a\0b"), tmp_path / ("x" * 300)):
        with pytest.raises(ExportError):
            write_export(hopeless, "seven")


def test_a_name_that_cannot_be_given_in_one_step_is_not_left_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "not here")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ExportError):
        write_export(tmp_path / "a.md", "one")
    assert list(tmp_path.iterdir()) == []


def test_of_two_who_write_one_name_the_second_is_told_and_the_first_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    first, second = ExportFile(path), ExportFile(path)
    for file, text in ((first, "first"), (second, "second")):
        file.write([text])
    first.finish()
    with pytest.raises(FileExistsAlreadyError):
        second.finish()
    second.drop()
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.md"
    write_export(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ExportError, match="cannot be written") as refused:
        write_export(path, "new", overwrite=True)
    assert refused.value.detail == "No space left on device"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_devices_and_pipes_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("folder", "pipe", "loop"):
        with pytest.raises(ExportError):
            write_export(tmp_path / name, "x", overwrite=True)
    with pytest.raises(ExportError, match="folder cannot be written"):
        write_export(tmp_path / "folder", "x")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "loop", "pipe"]


def test_a_typed_folder_gets_the_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place_of(" ~ ", "a.md") == tmp_path / "a.md"
    assert place_of("~/b.md", "a.md") == tmp_path / "b.md"
    for odd in ("~nobody-of-that-name/x", "a\0b"):
        assert place_of(odd, "a.md") == Path(odd)


async def test_a_step_on_a_thread_comes_to_its_end_although_it_was_cancelled() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def step() -> str:
        begun.set()
        may_end.wait(5)
        return "done"

    work = asyncio.create_task(on_a_thread(step))
    await asyncio.to_thread(begun.wait, 5)
    work.cancel()
    await asyncio.sleep(0)
    may_end.set()
    assert await work == "done"
