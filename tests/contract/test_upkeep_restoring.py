"""Going back to a backup: verified first, the present database kept, whole at whatever moment the process dies."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.dying import DIED
from tests.support.storage import ROOT, integrity, opened, plain
from tests.support.upkept import kept
from workbench.core.errors import DatabaseTooNewError, StorageError
from workbench.storage.files import wal_of
from workbench.storage.instance import Instance
from workbench.storage.schema import STEPS
from workbench.storage.swapping import damaged_files, prepared_of, unsalvaged
from workbench.storage.upkeep.backups import backups_of
from workbench.storage.upkeep.hands import Hand
from workbench.storage.upkeep.restoring import contents_of, restore

NOW = 1_790_000_000_000


async def two_states(path: Path, backup: Path) -> None:
    """A backup that has `old` only, and a database that has `new` too, some of it in the log only."""
    async with kept(path) as home:
        await home.talk("old", "answer")
        await home.upkeep.back_up(backup)
        await home.talk("new", "answer")
        await home.store.alone("pragma wal_checkpoint(truncate)")
        await home.talk("late", "answer")
        copies = {name: path.with_name(name).read_bytes() for name in (path.name, f"{path.name}-wal")}
    for name, content in copies.items():
        path.with_name(name).write_bytes(content)


async def texts(path: Path) -> set[str]:
    async with kept(path) as home:
        assert (await home.upkeep.check()).sound
        return await home.texts() - {"answer"}


async def test_a_backup_takes_the_place_of_the_database_which_is_kept(tmp_path: Path) -> None:
    path, backup = tmp_path / "data" / "workbench.db", tmp_path / "mine.db"
    await two_states(path, backup)
    found = contents_of(backup, Hand())
    assert (found.conversations, found.messages, found.version) == (1, 2, len(STEPS))
    restored = restore(path, backup, now_ms=NOW, hand=Hand())
    assert await texts(path) == {"old"}
    assert restored.backup is not None
    assert backups_of(path)[0].path == restored.backup
    back = restore(path, restored.backup, now_ms=NOW + 1, hand=Hand())
    assert await texts(path) == {"old", "new", "late"}, "what was in the log only is in its backup"
    assert back.damaged is None
    assert sorted(file.name for file in path.parent.iterdir() if ".partial" in file.name) == []


async def test_the_oldest_of_seven_backups_can_be_restored_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with kept(path) as home:
        for _ in range(7):
            await home.talk("x", "y")
            await home.upkeep.back_up()
    oldest = backups_of(path)[-1].path
    restore(path, oldest, now_ms=NOW + 10**9, hand=Hand())
    assert oldest.exists()


async def test_a_damaged_database_is_kept_beside_what_takes_its_place(tmp_path: Path) -> None:
    path, backup = tmp_path / "data" / "workbench.db", tmp_path / "mine.db"
    await two_states(path, backup)
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    before = {name: path.with_name(name).read_bytes() for name in (path.name, f"{path.name}-wal")}
    restored = restore(path, backup, now_ms=NOW, hand=Hand())
    assert restored.backup is None
    assert restored.damaged is not None
    assert [file.read_bytes() for file in sorted(damaged_files(path))] == list(before.values())
    assert await texts(path) == {"old"}


async def test_what_cannot_be_restored_changes_nothing(tmp_path: Path) -> None:
    path, backup = tmp_path / "data" / "workbench.db", tmp_path / "mine.db"
    await two_states(path, backup)
    before = path.read_bytes()
    newer, foreign, cut, empty = (tmp_path / f"{name}.db" for name in ("newer", "foreign", "cut", "empty"))
    shutil.copy(backup, newer)
    with plain(newer) as connection:
        connection.execute("pragma user_version=99")
    with plain(foreign) as connection:
        connection.execute("create table x(y)")
    cut.write_bytes(backup.read_bytes()[: backup.stat().st_size // 8192 * 4096])
    empty.touch()
    refused = {
        foreign: "no database of workbench",
        cut: "damaged",
        empty: "no database of workbench",
        tmp_path / "no": "no file",
    }
    for file, words in refused.items():
        with pytest.raises(StorageError, match=words):
            restore(path, file, now_ms=NOW, hand=Hand())
    with pytest.raises(DatabaseTooNewError, match="newer workbench"):
        restore(path, newer, now_ms=NOW, hand=Hand())
    other = Instance.claim(path.parent)
    with path.with_name("workbench.db.users").open() as running:
        fcntl.flock(running, fcntl.LOCK_SH)
        with pytest.raises(StorageError, match="Another workbench is running"):
            restore(path, backup, now_ms=NOW, hand=Hand())
    other.release()
    assert path.read_bytes() == before
    assert not prepared_of(path).exists()


def test_a_running_process_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from workbench.storage.instance import Instance\n"
        "Instance.claim(Path(sys.argv[1])); print('claimed', flush=True); sys.stdin.readline()"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        own = Instance.claim(tmp_path)
        assert Instance.processes(tmp_path) == [process.pid]
        own.release()
        process.communicate("\n")
    assert Instance.processes(tmp_path) == []


def _lines(command: list[str], environ: dict[str, str]) -> list[dict[str, Any]]:
    run = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


async def test_a_kill_at_every_step_leaves_the_old_or_the_new_one_whole(tmp_path: Path) -> None:
    path, backup = tmp_path / "home" / "workbench.db", tmp_path / "mine.db"
    await two_states(path, backup)
    command = [sys.executable, "-m", "tests.support.dying", str(path.parent), str(backup)]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    said = await asyncio.to_thread(_lines, command, environ)
    ends: dict[str, list[set[str]]] = {"restore": [], "aside": []}
    for one in said:
        home = Path(one["home"]) / "workbench.db"
        ends[one["work"]].append(await texts(home))
        assert integrity(home) == "ok"
        assert one["code"] == (0 if one is said[-1] or one["work"] != said[said.index(one) + 1]["work"] else DIED)
        if one["work"] == "aside" and not ends["aside"][-1]:
            (kept_file,) = unsalvaged(home)
            assert kept_file.exists(), "what was set aside is known to whoever goes on"
        assert not prepared_of(home).exists()
    everything, old = {"old", "new", "late"}, {"old"}
    for work, end in (("restore", old), ("aside", set[str]())):
        states = ends[work]
        turn = states.index(end)
        assert states[:turn] == [everything] * turn, "the old one, whole"
        assert states[turn:] == [end] * (len(states) - turn), "then the new one, whole"
        assert 1 < turn < len(states) - 1, "it was killed on both sides of the turn"


async def test_a_restored_old_version_is_upgraded_when_it_is_opened(tmp_path: Path) -> None:
    path, old = tmp_path / "data" / "workbench.db", tmp_path / "old.db"
    async with opened(old, steps=STEPS[:3]) as store:
        sql = "insert into conversations(id, created_at, updated_at) values ('c', 1, 1)"
        await store.write(lambda t: t.execute(sql))
    restored = restore(path, old, now_ms=NOW, hand=Hand())
    assert restored.backup is None, "there was nothing before"
    async with kept(path) as home:
        assert (await home.conversations.list())[0] == 1


async def test_a_log_that_no_backup_can_hold_is_kept(tmp_path: Path) -> None:
    path, backup = tmp_path / "home" / "workbench.db", tmp_path / "mine.db"
    await two_states(path, backup)
    log = wal_of(path)
    log.write_bytes(b"garbage" * 5_000)
    restored = restore(path, backup, now_ms=NOW, hand=Hand())
    assert restored.backup is not None and restored.damaged is not None
    assert wal_of(restored.damaged).read_bytes() == b"garbage" * 5_000
    # And one whose database has gone.
    path.unlink()
    log.write_bytes(b"what was written last")
    restored = restore(path, backup, now_ms=NOW + 1, hand=Hand())
    assert restored.damaged is not None
    assert restored.damaged.read_bytes() == b"what was written last"
    assert await texts(path) == {"old"}
