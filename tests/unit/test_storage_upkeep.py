"""What upkeep says in words, and how it reads the pages of a damaged file."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from workbench.config.values import Settings
from workbench.core.storage_events import BackupMade, DatabaseNotice, StoragePruned, UpkeepFailed
from workbench.engine.daily import prunings
from workbench.storage.files import stamp_of, stamped_at
from workbench.storage.upkeep.raw import RawDatabase, RawRow, is_cut, log_is_readable
from workbench.storage.upkeep.recovery import words
from workbench.storage.upkeep.staging import indexed_place, recognised
from workbench.storage.upkeep.values import Backup, Prunable, Pruned, Pruning, Salvaged


def test_words_count_what_was_recovered(tmp_path: Path) -> None:
    kept_file = tmp_path / "x.db"
    one = Salvaged(kept=kept_file, conversations=1, messages=1, expected_messages=1)
    assert "Recovered 1 message in 1 conversation; the damaged" in words(one)
    many = Salvaged(kept=kept_file, conversations=12, messages=1_234, expected_messages=1_300)
    assert "Recovered 1,234 of about 1,300 messages in 12 conversations" in words(many)
    backup = Backup(path=tmp_path / "b.db", at_ms=1, size=1)
    with_backup = Salvaged(kept=kept_file, messages=3, newest_backup=backup, backup_messages=2_000)
    assert words(with_backup).endswith(f"newest backup has 2,000: `workbench restore {backup.path}` goes back to it")


def test_counts_are_told_in_words() -> None:
    assert Pruned(what=Prunable.TRASH).words == "nothing"
    assert Pruned(what=Prunable.TRASH, conversations=1, messages=1_200).words == "1 conversation, 1,200 messages"
    assert BackupMade(path="/x", size=1_250_000).text() == "backup of 1.2 MB made and verified: /x"
    assert UpkeepFailed(doing="the daily backup", problem="no").text() == "the daily backup failed: no"
    assert (
        StoragePruned(what="trash", days=1, removed="1 message", size=1).text().endswith("older than 1 day: 1 message")
    )
    assert DatabaseNotice(notice="look").text() == "look"


def test_only_what_the_user_says_is_pruned_by_itself() -> None:
    assert prunings(Settings()) == []
    assert prunings(Settings(trash_days=3, event_days=40)) == [
        Pruning(what=Prunable.TRASH, days=3),
        Pruning(what=Prunable.EVENTS, days=40),
    ]


@given(st.integers(0, 4_000_000_000_000))
def test_a_time_in_a_name_is_read_back(at_ms: int) -> None:
    assert stamped_at(f"workbench-{stamp_of(at_ms)}.db") == at_ms


def test_other_names_have_no_time() -> None:
    assert stamped_at("workbench-mine.db") is None
    assert stamped_at("workbench-99999999T999999000Z.db") is None


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50),
    st.binary(max_size=50),
    st.integers(0, 20_000).map(lambda size: "long" * size),
)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=12))
def test_every_row_that_sqlite_wrote_is_read(rows: list[tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table t(a, b, c)")
        connection.executemany("insert into t values (?, ?, ?)", rows)
        connection.commit()
        content = connection.serialize()
    found = read(content)
    assert [row.values for row in found if len(row.values) == 3] == rows


def read(content: bytes) -> list[RawRow]:
    raw = RawDatabase(io.BytesIO(content), None)
    return sorted((row for page in range(1, raw.pages + 1) for row in raw.rows(page)), key=lambda row: row.number)


@given(st.binary(max_size=5_000), st.integers(0, 3))
def test_garbage_is_read_without_an_end_that_is_none(content: bytes, pages: int) -> None:
    page = b"\x0d\x00\x00\x00\x05\x00\x00\x00" + content
    assert len(read(bytes(4096) * pages + page[:4096])) < 10_000


def test_a_chain_of_pages_that_goes_round_ends() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table t(a)")
        connection.execute("insert into t values (zeroblob(50000))")
        connection.commit()
        content = bytearray(connection.serialize())
    # Every page of the chain says that it is followed by itself.
    for page in range(3, len(content) // 4096 + 1):
        content[(page - 1) * 4096 : (page - 1) * 4096 + 4] = page.to_bytes(4, "big")
    assert len([row for row in read(bytes(content)) if len(row.values) == 1]) <= 1


def test_rows_of_ours_are_told_from_others() -> None:
    assert recognised(RawRow(number=1, values=("a", "b", 3))) == (
        "drafts",
        {"conversation_id": "a", "text": "b", "updated_at": 3},
    )
    assert recognised(RawRow(number=1, values=("a", "b", "c"))) is None
    assert recognised(RawRow(number=1, values=(None,) * 21)) is None
    assert recognised(RawRow(number=1, values=(1, 2))) is None
    place = 1_790_000_000 * 64
    assert indexed_place(RawRow(number=place, values=(None, b"\x05"))) == place
    assert indexed_place(RawRow(number=10, values=(None, b"\x05"))) is None
    assert indexed_place(RawRow(number=2**37 + 1, values=(None, b"\x05"))) is None


def test_a_cut_file_and_a_garbage_log_are_seen(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table t(a)")
        connection.commit()
        assert log_is_readable(tmp_path / "x.db-wal")
    head = (tmp_path / "x.db").read_bytes()[:100]
    size = (tmp_path / "x.db").stat().st_size
    assert not is_cut(head, size)
    assert is_cut(head, size - 1)
    assert not is_cut(head[:50], 50)
    (tmp_path / "x.db-wal").write_bytes(b"")
    assert not log_is_readable(tmp_path / "x.db-wal")
