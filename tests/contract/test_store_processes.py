"""Several processes of one home, and processes that die: nothing acknowledged is lost, nobody is locked out."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.storage import child, end, integrity, opened, plain, until
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.values import MessageState
from workbench.core.clock import SystemClock
from workbench.core.errors import StorageError
from workbench.storage.instance import Instance
from workbench.storage.lock import WriteLock
from workbench.storage.store import Store

SECONDS = 2.5
KILLS = 16


def line_of(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def together(command: str, path: Path, seconds: float) -> list[dict[str, Any]]:
    """Two processes that begin at the same moment; what each says at its end."""
    processes = [child(command, path, seconds) for _ in range(2)]
    try:
        assert [line_of(process) for process in processes] == ["ready", "ready"]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [line_of(process) for process in processes]
    finally:
        for process in processes:
            end(process)


async def with_counter(path: Path) -> None:
    async with opened(path) as store:
        await store.write(lambda t: t.execute("insert into drafts values ('counter', '0', 1)"))


def counter(path: Path) -> int:
    with plain(path) as connection:
        return int(connection.execute("select text from drafts where conversation_id = 'counter'").fetchone()[0])


async def test_two_processes_that_read_then_write_are_never_locked_out(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    await with_counter(path)
    said = together("count-up", path, SECONDS)
    assert [one["errors"] for one in said] == [[], []]
    assert counter(path) == sum(one["done"] for one in said), "no update was lost"
    assert max(one["longest"] for one in said) < 5
    fewest, most = sorted(one["done"] for one in said)
    assert fewest * 5 > most > 100, "both get their turn"


async def test_plain_deferred_transactions_do_fail_there(tmp_path: Path) -> None:
    """Shows that the same load finds what the store protects from."""
    path = tmp_path / "workbench.db"
    await with_counter(path)
    said = together("count-up-naively", path, 1.0)
    assert sum(one["errors"] for one in said) > 20, said


def killed(path: Path) -> dict[str, int]:
    """Kill writing processes at random moments; the last row each has acknowledged."""
    chance = random.Random(11)
    acknowledged: dict[str, int] = {}
    running = [child("acknowledge", path, f"kill{n}") for n in range(2)]
    try:
        for number in range(KILLS):
            process = running.pop(0)
            assert process.stdout is not None
            last = line_of(process)
            time.sleep(chance.random() * 0.08)
            process.send_signal(signal.SIGKILL)
            # What had been said when it died lies in the pipe; a cut last line was not said.
            rest, _ = process.communicate()
            lines = rest.splitlines(keepends=True)
            acknowledged[f"kill{number}"] = max([last, *(int(line) for line in lines if line.endswith("\n"))])
            assert process.returncode == -signal.SIGKILL
            if number + 2 < KILLS:
                running.append(child("acknowledge", path, f"kill{number + 2}"))
    finally:
        for process in running:
            end(process)
    return acknowledged


async def test_a_kill_at_any_moment_loses_no_acknowledged_row(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    acknowledged = killed(path)
    assert len(acknowledged) == KILLS
    async with opened(path) as store:
        for name, last in acknowledged.items():
            for half in "ab":
                sql = "select count(*) from drafts where conversation_id glob ? and updated_at <= ?"
                found = (await store.read(sql, (f"{name}-*-{half}", last)))[0][0]
                assert found == last + 1, f"{name} lost rows"
        halves = await store.read(
            "select conversation_id from drafts group by substr(conversation_id, 1, length(conversation_id) - 2)"
            " having count(*) <> 2 limit 5"
        )
        assert halves == [], "a transaction is whole"
    assert integrity(path) == "ok"


async def test_a_full_disk_is_a_storage_error_and_earlier_rows_stay(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    process = child("fill", path, 600_000)
    try:
        said = line_of(process)
    finally:
        end(process)
    assert said["kept"] > 3
    assert said["found"] == said["kept"], "reading goes on while writing fails"
    assert "database could not be read or written" in said["error"] or "disk is full" in said["error"]
    assert integrity(path) == "ok"
    async with opened(path) as store:
        # And one that was written as soon as there was space again.
        assert (await store.read("select count(*) from drafts"))[0][0] == said["kept"] + 1


def holder_of(path: Path) -> subprocess.Popen[str]:
    """A process that holds the database's lock until it is ended."""
    code = (
        "import fcntl, os, sys\n"
        f"fd = os.open({str(path) + '.lock'!r}, os.O_RDWR)\n"
        "fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def test_a_lock_that_is_never_released_gives_an_error_that_names_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.storage.store.WRITE_WAIT_S", 0.3)
    path = tmp_path / "workbench.db"
    async with opened(path) as store:
        process = holder_of(path)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            with pytest.raises(StorageError, match=f"process {process.pid}"):
                await store.write(lambda t: t.execute("delete from drafts"))
        finally:
            end(process)
        assert await store.write(lambda t: t.execute("delete from drafts")) == 0


async def test_the_queue_left_by_a_dead_process_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with opened(path) as store:
        path.with_name("workbench.db.queue").touch()
        assert await store.write(lambda t: t.execute("delete from drafts")) == 0
        assert not path.with_name("workbench.db.queue").exists()


async def test_who_waits_is_served_before_the_last_holder_comes_again(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    served: list[str] = []
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        first, second = WriteLock(path, one), WriteLock(path, other)

        async def wait() -> None:
            async with second.held():
                served.append("second")

        for _ in range(10):
            async with first.held():
                waiting = asyncio.create_task(wait())
                await until(path.with_name("workbench.db.queue").exists)
            async with first.held():
                served.append("first")
            await waiting
    assert served == ["second", "first"] * 10


async def test_every_write_holds_the_lock_of_all_processes(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with opened(path) as store, opened(path) as other:
        lock = WriteLock(path, other._threads)
        lock.give_up()

        async def work(_: object) -> None:
            with pytest.raises(StorageError, match=str(os.getpid())):
                async with lock.held(0):
                    raise AssertionError("two hold the lock")

        await store.write(work)
        async with lock.held(0):
            pass


async def test_a_reply_of_a_killed_process_is_marked_and_one_of_a_living_process_is_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    processes = [child("stream", data) for _ in range(2)]
    try:
        dead, living = (line_of(process) for process in processes)
        processes[0].kill()
        processes[0].wait()
        mine = Instance.claim(data)
        async with opened(data / "workbench.db") as store:
            conversations = Conversations(store, SystemClock(), mine.id)
            own = await conversations.begin_turn(prompt="mine", conversation_id=None)
            marked = await conversations.mark_interrupted(lambda owner: Instance.is_alive(data, owner))
            assert [(m.id, m.state, m.text) for m in marked] == [
                (dead["reply"], MessageState.INTERRUPTED, "once upon")
            ]  # fmt: skip
            for reply in (living["reply"], own.reply.id):
                assert (await conversations.message(reply)).state is MessageState.STREAMING
            assert await conversations.mark_interrupted(lambda owner: Instance.is_alive(data, owner)) == []
        mine.release()
    finally:
        for process in processes:
            end(process)


@pytest.mark.parametrize(("command", "said"), [("leave-open", "open"), ("open-badly", "failed")])
async def test_no_connection_keeps_a_process_alive(tmp_path: Path, command: str, said: str) -> None:
    path = tmp_path / "workbench.db"
    await (await Store.open(path)).close()
    process = child(command, path, PYTHONWARNINGS="ignore")
    try:
        assert line_of(process) == said
        assert process.wait(timeout=8) == 0
    finally:
        end(process)
