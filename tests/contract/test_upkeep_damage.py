"""Twelve kinds of damage: the core comes up, the damaged file is kept, and what was recovered is counted."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.storage import ROOT, plain
from tests.support.upkept import kept
from workbench.core.bus import EventBus
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.core.storage_events import DatabaseNotice
from workbench.storage.schema import STEPS
from workbench.storage.store import Store
from workbench.storage.swapping import claim_salvage, damaged_files, suspicion_of, unsalvaged
from workbench.storage.upkeep import restoring
from workbench.storage.upkeep.recovery import Recovery, open_store
from workbench.storage.upkeep.values import Salvaged

PAGE = 4096
TALKS = 60


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty conversations of four messages, some of them deleted, and a draft; closed in order."""
    path = tmp_path_factory.mktemp("template") / "workbench.db"
    asyncio.run(_fill(path))
    return path


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    """A copy of it, in a home of its own."""
    path = tmp_path / "data" / "workbench.db"
    path.parent.mkdir()
    for suffix in ("", ".made", ".users"):
        shutil.copy(template.with_name(template.name + suffix), path.with_name(path.name + suffix))
    return path


async def _fill(path: Path) -> None:
    async with kept(path) as home:
        begun = await home.talk("first", "one")
        for number in range(TALKS):
            begun = await home.talk(f"prompt {number}", f"answer {number} " * (2_000 if number % 20 == 0 else 20))
            await home.talk(f"more {number}", "two", conversation_id=begun.conversation.id)
        await home.trash.delete_message(begun.conversation.id, begun.reply.id)
        await home.store.write(lambda t: t.execute("insert into drafts values ('', 'not sent yet', 1)"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What became of a damaged home."""

    store: Store
    found: Salvaged | None
    notices: list[str]

    async def messages(self) -> int:
        return int((await self.store.read("select count(*) from messages"))[0][0])


async def recovered(path: Path, look: Callable[[Opened], object]) -> Opened:
    """Open a home as the full screen does, look at it and close it."""
    clock = ManualClock()
    clock.advance(10_000)
    bus = EventBus(clock)
    heard = bus.subscribe()
    store = await open_store(path, clock, salvage=True)
    recovery = Recovery(store, bus)
    try:
        await recovery.start()
        done = asyncio.Event()
        recovery.when_done(done.set)
        found = await recovery.result()
        await done.wait()
        notices = [event.notice for event in heard.drain() if isinstance(event, DatabaseNotice)]
        opened = Opened(store=store, found=found, notices=notices)
        outcome = look(opened)
        if asyncio.iscoroutine(outcome):
            await outcome
    finally:
        await recovery.close()
        await store.close()
    return opened


async def ran(command: list[str]) -> subprocess.CompletedProcess[str]:
    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=15)

    return await asyncio.to_thread(run)


def zero(path: Path, first: int, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(first * PAGE)
        file.write(bytes(count * PAGE))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 3 // 4 // PAGE * PAGE)


def zero_start(path: Path) -> None:
    zero(path, 0, 1)


def zero_middle(path: Path) -> None:
    pages = path.stat().st_size // PAGE
    zero(path, pages // 2, pages // 4)
    # Met while it was in use: nothing else would look through a file that was closed in order.
    suspicion_of(path).touch()


def wrong_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"no database any more")


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def torn_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(16)
        file.write(os.urandom(200))


@pytest.mark.parametrize(
    ("damage", "least"),
    [(cut, 60), (zero_start, 235), (zero_middle, 100), (wrong_header, 242), (torn_header, 235), (emptied, 0)],
)
async def test_what_can_be_read_of_a_damaged_file_is_brought_into_a_new_one(
    path: Path, damage: Callable[[Path], None], least: int
) -> None:
    damage(path)
    damaged = path.read_bytes()

    async def look(opened: Opened) -> None:
        found = opened.found
        assert found is not None
        assert await opened.messages() == found.messages >= least
        assert found.kept.read_bytes() == damaged, "the damaged file is kept as it was"
        if least:
            assert found.expected_messages == 242 or damage is cut
            assert f"Recovered {found.messages}" in opened.notices[-1]
        assert str(found.kept) in opened.notices[-1]
        assert not await opened.store.read("pragma foreign_key_check")
        await opened.store.write(lambda t: t.execute("insert into drafts values ('x', 'works', 1)"))

    await recovered(path, look)
    async with kept(path) as home:
        assert (await home.upkeep.check()).sound
        total, listed = await home.conversations.list()
        assert total or not least
        for conversation in listed[:5]:
            assert await home.conversations.path(conversation.id), "each can be opened"
    assert len(damaged_files(path)) == 1
    assert not unsalvaged(path), "it is not salvaged again"


async def test_everything_comes_back_when_only_the_first_page_is_lost(path: Path) -> None:
    with plain(path) as connection:
        tables = ("conversations", "messages", "drafts", "deletions")
        columns = {"messages": "id, conversation_id, parent_id, role, state, n, created_at, deleted_at, text"}
        sql = {table: f"select {columns.get(table, '*')} from {table} order by 1" for table in tables}
        before = {table: connection.execute(sql[table]).fetchall() for table in tables}
    zero_start(path)
    await recovered(path, lambda _: None)
    with plain(path) as connection:
        assert {table: connection.execute(sql[table]).fetchall() for table in tables[:3]} == {
            table: before[table] for table in tables[:3]
        }
    async with kept(path) as home:
        (deleted,) = await home.store.read("select conversation_id from deletions")
        assert (await home.trash.restore_message(deleted["conversation_id"])).messages == 3, "undo still works"


async def test_what_hung_under_a_lost_message_goes_below_what_stood_before_it(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    async with kept(path) as home:
        begun = await home.talk("one", "two")
        more = await home.talk("three", "four", conversation_id=begun.conversation.id)
        await home.store.alone("pragma wal_checkpoint(truncate)")
    lost = more.user_message.id.encode()
    content = path.read_bytes()
    # The row of "three" becomes garbage: its role is none.
    place = content.index(lost)
    at = content.index(b"user", place)
    path.write_bytes(bytes(PAGE) + content[PAGE:at] + b"xxxx" + content[at + 4 :])

    async def look(opened: Opened) -> None:
        assert opened.found is not None
        assert (opened.found.messages, opened.found.expected_messages) == (3, 4)
        rows = await opened.store.read("select text, parent_id from messages order by n")
        assert [row["text"] for row in rows] == ["one", "two", "four"]
        assert rows[2]["parent_id"] == begun.reply.id

    await recovered(path, look)


def left_with_log(path: Path) -> None:
    """As a kill leaves it: rows that are in the log only."""
    with plain(path) as connection:
        connection.execute("insert into drafts values ('late', 'in the log only', 1)")
        for name in (path.name, f"{path.name}-wal"):
            shutil.copy(path.with_name(name), path.with_name(f"kept-{name}"))
    for name in (path.name, f"{path.name}-wal"):
        path.with_name(f"kept-{name}").replace(path.with_name(name))


async def test_rows_that_are_in_the_log_only_are_recovered_too(path: Path) -> None:
    left_with_log(path)
    zero_start(path)

    async def look(opened: Opened) -> None:
        rows = await opened.store.read("select text from drafts order by 1")
        assert [row["text"] for row in rows] == ["in the log only", "not sent yet"]

    await recovered(path, look)


async def test_a_missing_log_costs_only_what_was_in_it(path: Path) -> None:
    left_with_log(path)
    path.with_name("workbench.db-wal").unlink()

    async def look(opened: Opened) -> None:
        assert (opened.found, opened.notices, await opened.messages()) == (None, [], 242)

    await recovered(path, look)


async def test_a_garbage_log_is_kept_and_told_of(path: Path) -> None:
    path.with_name("workbench.db-wal").write_bytes(b"garbage" * 5_000)

    async def look(opened: Opened) -> None:
        assert (opened.found, await opened.messages()) == (None, 242)
        (notice,) = opened.notices
        (log,) = damaged_files(path)
        assert "log" in notice
        assert str(log) in notice
        assert log.read_bytes() == b"garbage" * 5_000

    await recovered(path, look)


async def test_a_newer_database_can_be_read_and_says_so(path: Path) -> None:
    with plain(path) as connection:
        connection.execute(f"pragma user_version={STEPS[-1].number + 1}")

    async def look(opened: Opened) -> None:
        assert await opened.messages() == 242
        assert "newer workbench" in opened.notices[0]

    await recovered(path, look)


async def test_another_programs_database_and_a_folder_in_its_place_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    with plain(path) as connection:
        connection.execute("create table theirs(x)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        await open_store(path, ManualClock(), salvage=True)
    assert path.read_bytes() == before
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match="not a regular file"):
        await open_store(path, ManualClock(), salvage=True)


async def test_a_dead_process_keeps_nothing_locked(path: Path) -> None:
    code = (
        "import fcntl, os, sys, sqlite3\n"
        f"for name in ('.lock', '.queue', '.users'): fcntl.flock(os.open({str(path)!r} + name, os.O_CREAT | os.O_RDWR),"
        " fcntl.LOCK_EX)\n"
        f"c = sqlite3.connect({str(path)!r}); c.execute('begin exclusive'); os.kill(os.getpid(), 9)\n"
    )
    assert (await ran([sys.executable, "-c", code])).returncode == -9

    async def look(opened: Opened) -> None:
        await opened.store.write(lambda t: t.execute("insert into drafts values ('x', 'works', 1)"))
        assert opened.found is None

    await recovered(path, look)


CHILD = """
import asyncio, os, resource, sys
from pathlib import Path
sys.path[:0] = [{root!r}, {root!r} + "/src"]
from workbench.core.bus import EventBus
from workbench.core.clock import SystemClock
from workbench.storage.upkeep.recovery import Recovery, open_store
path, kind = Path(sys.argv[1]), sys.argv[2]
async def main():
    if kind == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    elif os.getuid() == 0:
        os.setuid(65534)
    bus = EventBus(SystemClock())
    heard = bus.subscribe()
    store = await open_store(path, SystemClock(), salvage=True)
    await Recovery(store, bus).start()
    rows = await store.read("select count(*) from messages")
    print(store.read_only, rows[0][0], [event.notice for event in heard.drain()])
    await store.close()
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("kind", "notice"),
    [("full", "open for reading only"), ("file", "may not be written"), ("folder", "may not be written")],
)
async def test_on_a_full_disk_and_without_rights_one_can_still_read(
    tmp_path: Path, path: Path, kind: str, notice: str
) -> None:  # fmt: skip
    # All that pytest has made above it: with several workers there is one more.
    for folder in (tmp_path, *(above for above in tmp_path.parents if "pytest-" in str(above))):
        folder.chmod(0o755)
    for file in path.parent.iterdir():
        file.chmod(0o444 if kind != "full" else 0o600)
    path.parent.chmod(0o555 if kind == "folder" else 0o777)
    try:
        run = await ran([sys.executable, "-c", CHILD.format(root=str(ROOT)), str(path), kind])
    finally:
        path.parent.chmod(0o700)
    assert run.stdout.startswith("True 242 ["), run.stdout + run.stderr
    assert notice in run.stdout


async def test_a_recovery_that_is_killed_goes_on_at_the_next_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zero_start(path)
    clock = ManualClock()
    monkeypatch.setattr("workbench.storage.upkeep.recovery.WAITED_S", 0)
    monkeypatch.setattr("workbench.storage.upkeep.salvaging._AT_ONCE", 10)
    store = await open_store(path, clock, salvage=True)
    recovery = Recovery(store, EventBus(clock))
    await recovery.start()
    while not await store.read("select 1 from messages limit 1"):
        await asyncio.sleep(0)
    await store.write(lambda t: t.execute("insert into drafts values ('new', 'typed meanwhile', 1)"))
    await recovery.close()
    assert 0 < (await store.read("select count(*) from messages"))[0][0] < 242
    other = Recovery(store, EventBus(clock))
    claim = claim_salvage(path)
    assert claim is not None
    await other.start()
    assert await other.result() is None, "another process is at it"
    os.close(claim)
    await store.close()

    async def look(opened: Opened) -> None:
        assert await opened.messages() == 242
        assert len(await opened.store.read("select * from drafts")) == 2

    await recovered(path, look)


async def test_nothing_is_set_aside_while_another_workbench_has_it_open(path: Path) -> None:
    with path.with_name("workbench.db.users").open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        zero_start(path)
        before = path.read_bytes()
        with pytest.raises(StorageError, match="Another workbench is running"):
            await open_store(path, ManualClock(), salvage=True)
    assert path.read_bytes() == before
    # Somebody else has done it since: the new one stays.
    restoring.set_aside(path, 1, seen=path.stat().st_ino + 1)
    assert path.read_bytes() == before


async def test_damage_that_is_met_is_looked_for_at_the_next_start(path: Path) -> None:
    with plain(path) as connection:
        page = connection.execute("select rootpage from sqlite_master where name = 'drafts'").fetchone()[0]
    zero(path, page - 1, 1)
    async with kept(path) as home:
        with pytest.raises(StorageError, match="damaged"):
            await home.store.read("select * from drafts")
    assert suspicion_of(path).exists()

    async def look(opened: Opened) -> None:
        assert (opened.found is not None, await opened.messages()) == (True, 242)

    await recovered(path, look)
    assert not suspicion_of(path).exists()
