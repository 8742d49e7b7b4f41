"""Opening: newer and damaged databases, links, and who may read the files."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.support.storage import (
    NEXT,
    ROWS,
    damage_table,
    filled,
    integrity,
    opened,
    plain,
    schema_of,
)  # fmt: skip
from workbench.core.errors import StorageError
from workbench.storage.files import marker_of
from workbench.storage.schema import APPLICATION_ID, STEPS
from workbench.storage.store import Store
from workbench.storage.upkeep.backups import back_up


async def test_a_newer_database_opens_for_reading_only_and_says_so(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    with plain(path) as connection:
        connection.execute("pragma user_version=99")
    async with opened(path) as store:
        assert store.read_only
        assert "99" in store.notice
        assert (await store.read("select count(*) from conversations"))[0][0] == ROWS
        with pytest.raises(StorageError, match="reading only"):
            await store.write(lambda t: t.execute("delete from conversations"))
    assert schema_of(path)[0] == 99
    assert not (tmp_path / "backups").exists()


async def test_read_only_on_request_needs_a_database(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    with pytest.raises(StorageError, match="no database"):
        await Store.open(path, read_only=True)
    assert not path.exists()
    await filled(path)
    store = await Store.open(path, read_only=True)
    try:
        assert (await store.read("select count(*) from conversations"))[0][0] == ROWS
    finally:
        await store.close()


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


async def refused(path: Path, words: str) -> None:
    """Opening fails, with where the backups are, and the file stays as it is."""
    before = content(path)
    with pytest.raises(StorageError, match=words) as caught:
        await Store.open(path)
    assert str(path.parent / "backups") in caught.value.hint
    assert content(path) == before


async def test_an_emptied_database_is_noticed(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    path.write_bytes(b"")
    await refused(path, "empty")
    # Told to, it begins anew.
    path.unlink()
    marker_of(path).unlink()
    async with opened(path) as store:
        assert await store.read("select * from conversations") == []


async def test_an_emptied_database_without_its_marker_but_with_backups_is_noticed(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    back_up(path, now_ms=1)
    marker_of(path).unlink()
    path.write_bytes(b"")
    await refused(path, "empty")


async def test_a_log_without_its_database_is_not_thrown_away(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    path.with_name("workbench.db-wal").write_bytes(b"rows that were acknowledged")
    await refused(path, "missing")
    assert path.with_name("workbench.db-wal").read_bytes() == b"rows that were acknowledged"


@pytest.mark.parametrize("content", [b"x", b"just some text\n" * 1000, b"SQLite format 2\0" + bytes(4096), bytes(8192)])
async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "workbench.db"
    path.write_bytes(content)
    await refused(path, "not a database")


async def test_a_torn_header_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    path.write_bytes(b"SQLite format 3\0" + os.urandom(8176))
    await refused(path, "damaged")


async def test_a_cut_database_is_left_alone(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)
    await refused(path, "damaged")


async def test_a_damaged_page_is_found_when_it_was_not_closed_in_order(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    with plain(path) as connection:
        connection.execute("insert into drafts values ('a', 'b', 1)")
        # As a kill would leave them: the row is in the log only.
        for name in ("workbench.db", "workbench.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"kept-{name}")
    for name in ("workbench.db", "workbench.db-wal"):
        (tmp_path / f"kept-{name}").replace(tmp_path / name)
    damage_table(path, "conversations")
    await refused(path, "damaged")


async def test_a_database_that_another_process_has_open_is_not_checked_each_time(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    damage_table(path, "messages")
    async with opened(path) as first:
        await first.write(lambda t: t.execute("insert into drafts values ('a', 'b', 1)"))
        async with opened(path) as second:
            assert len(await second.read("select * from drafts")) == 1


async def test_a_damaged_page_is_a_storage_error_when_it_is_read(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    damage_table(path, "conversations")
    async with opened(path) as store:
        with pytest.raises(StorageError, match="damaged") as caught:
            await store.read("select * from conversations order by title")
        assert "backups" in caught.value.hint


@pytest.mark.parametrize("tables", ["create table theirs(x)", "pragma application_id=1"])
async def test_another_program_s_database_is_left_alone(tmp_path: Path, tables: str) -> None:
    path = tmp_path / "workbench.db"
    with plain(path) as connection:
        connection.execute("create table x(y)")
        connection.execute(tables)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        await Store.open(path)
    assert path.read_bytes() == before


async def test_a_database_whose_making_was_killed_is_made(tmp_path: Path) -> None:
    path = tmp_path / "workbench.db"
    with plain(path) as connection:
        # Writes the first page, before the mark that the file is ours is in it.
        connection.execute("pragma auto_vacuum=incremental")
    assert path.stat().st_size == 4096
    async with opened(path) as store:
        assert await store.read("select * from conversations") == []
    with plain(path) as connection:
        assert connection.execute("pragma application_id").fetchone()[0] == APPLICATION_ID


async def test_what_was_being_written_before_the_log_was_switched_on_is_undone(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    journal = path.with_name("workbench.db-journal")
    with plain(path) as connection:
        # As a restored backup is when it is opened for the first time.
        connection.execute("pragma journal_mode=delete")
        connection.execute("begin immediate")
        connection.execute("update conversations set title = 'half'")
        connection.execute("pragma cache_spill=1")
        connection.execute("pragma cache_size=1")
        connection.execute("insert into drafts values ('a', hex(zeroblob(200000)), 1)")
        copies = {file: file.read_bytes() for file in (path, journal)}
        connection.execute("rollback")
    for file, content in copies.items():
        file.write_bytes(content)
    async with opened(path) as store:
        assert await store.read("select * from conversations where title = 'half'") == []
    assert not journal.exists()
    assert integrity(path) == "ok"


@pytest.mark.parametrize("suffix", ["", "-wal", ".lock", ".made"])
async def test_a_linked_database_is_refused(tmp_path: Path, suffix: str) -> None:
    real = tmp_path / "elsewhere"
    real.write_bytes(b"")
    link = tmp_path / "data" / f"workbench.db{suffix}"
    link.parent.mkdir()
    link.symlink_to(real)
    with pytest.raises(StorageError, match="link"):
        await Store.open(tmp_path / "data" / "workbench.db")
    assert real.read_bytes() == b""


async def test_all_files_are_private_under_any_umask(tmp_path: Path) -> None:
    path = tmp_path / "data" / "workbench.db"
    umask = os.umask(0)
    try:
        await filled(path)
        path.chmod(0o666)
        async with opened(path, steps=(*STEPS, NEXT)) as store:
            await store.write(lambda t: t.execute("insert into drafts values ('a', 'b', 1)"))
            files = [file for file in path.parent.rglob("*") if file.is_file()]
            assert {file.name for file in files} > {"workbench.db", "workbench.db-wal", "workbench.db-shm"}
            modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in files}
            assert set(modes.values()) == {"0o600"}, modes
            folders = [path.parent, path.parent / "backups"]
            assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    finally:
        os.umask(umask)


async def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        await Store.open(tmp_path / "file" / "data" / "workbench.db")


async def test_json_columns_refuse_what_is_no_json(tmp_path: Path) -> None:
    path = await filled(tmp_path / "workbench.db")
    async with opened(path) as store:
        with pytest.raises(StorageError, match="CHECK"):
            await store.write(lambda t: t.execute("update conversations set settings = 'no json'"))
