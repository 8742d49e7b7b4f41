from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.support.storage import child, end
from workbench.core.errors import StorageError
from workbench.storage.instance import Instance


def test_an_instance_lives_until_it_is_released(tmp_path: Path) -> None:
    instance = Instance.claim(tmp_path)
    assert Instance.is_alive(tmp_path, instance.id)
    assert Instance.is_alive(tmp_path, instance.id), "asking does not change the answer"
    instance.release()
    instance.release()
    assert not Instance.is_alive(tmp_path, instance.id)
    assert list((tmp_path / "instances").iterdir()) == []


def test_a_killed_process_is_dead_though_its_file_is_there_and_its_number_is_in_use(tmp_path: Path) -> None:
    process = child("stream", tmp_path)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        (file,) = (tmp_path / "instances").iterdir()
        assert Instance.is_alive(tmp_path, file.name)
        process.kill()
        process.wait()
        # A process number says nothing: this very process might have got the dead one's.
        file.write_text(str(os.getpid()))
        assert not Instance.is_alive(tmp_path, file.name)
    finally:
        end(process)


def test_two_who_ask_at_the_same_time_do_not_take_each_other_for_the_owner(tmp_path: Path) -> None:
    instance = Instance.claim(tmp_path)
    file = tmp_path / "instances" / instance.id
    instance.release()
    with file.open("w") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        assert not Instance.is_alive(tmp_path, instance.id)


def test_files_of_dead_instances_are_swept_away_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    living = Instance.claim(tmp_path)
    (tmp_path / "instances" / ("0" * 26)).touch()
    other = Instance.claim(tmp_path)
    assert {file.name for file in (tmp_path / "instances").iterdir()} == {living.id, other.id}
    living.release()
    other.release()


@pytest.mark.parametrize("name", ["", "..", "../x", "/etc/passwd", "a\0b", "UPPER", "ü"])
def test_a_strange_name_is_no_living_instance(tmp_path: Path, name: str) -> None:
    Instance.claim(tmp_path).release()
    assert not Instance.is_alive(tmp_path, name)


def test_a_home_that_cannot_be_used_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "instances").write_text("in the way")
    with pytest.raises(StorageError):
        Instance.claim(tmp_path)
