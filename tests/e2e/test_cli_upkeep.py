"""`backup`, `restore`, `history stats|prune|compact` and `doctor --deep`, as they are called."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.cli import invoke
from tests.support.in_process import Streams, type_in
from tests.support.storage import integrity, plain
from tests.support.upkept import kept
from workbench.cli import question
from workbench.config.paths import resolve_paths

pytestmark = pytest.mark.usefixtures("no_input")


@pytest.fixture
def database(isolation: Path) -> Path:
    """A home with two conversations, one of them in the trash."""
    path = resolve_paths(isolation).database

    async def fill() -> None:
        async with kept(path) as home:
            await home.talk("stays", "here")
            gone = await home.talk("goes", "away " * 5_000)
            await home.trash.delete_conversation(gone.conversation.id)

    asyncio.run(fill())
    return path


def test_a_backup_is_made_and_put_back(database: Path, streams: Streams, tmp_path: Path) -> None:
    file = tmp_path / "mine.db"
    assert invoke("backup", str(file), "--json") == 0
    made = streams.json()
    assert (made["path"], made["verified"], made["size"]) == (str(file), True, file.stat().st_size)
    assert invoke("backup", str(file)) == 1, "nothing is written over"
    assert invoke("backup", str(file), "--force") == 0
    assert invoke("backup") == 0
    assert len(list(database.parent.glob("backups/workbench-*.db"))) == 1
    assert invoke("history", "prune", "--trash", "0", "--events", "0", "--yes", "--json") == 0
    streams.read()
    assert invoke("restore", str(file)) == 2, "without a person it has to be confirmed"
    assert invoke("restore", str(file), "--json", "--yes") == 0
    restored = streams.read()
    assert '"conversations": 2' in restored
    assert '"messages": 4' in restored
    assert invoke("restore", str(tmp_path / "nothing.db"), "--yes") == 1
    assert invoke("restore") == 2
    assert invoke("restore", str(file), "--salvage") == 2
    assert integrity(database) == "ok"
    assert invoke("events", "--source", "storage") == 0


def test_a_person_is_asked(database: Path, streams: Streams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.db"
    assert invoke("backup", str(file)) == 0
    monkeypatch.setattr(question, "person_present", lambda: True)
    before = database.read_bytes()
    type_in(monkeypatch, "n\n")
    assert invoke("restore", str(file)) == 2
    assert database.read_bytes() == before
    type_in(monkeypatch, "y\n")
    streams.read()
    assert invoke("restore", str(file)) == 0
    assert "Restored 2 conversations with 4 messages" in streams.read()


def test_stats_say_what_is_large_and_what_can_go(database: Path, streams: Streams) -> None:
    assert invoke("history", "stats", "--json", "-n", "1") == 0
    stats = streams.json()
    assert stats["database_bytes"] == database.stat().st_size
    assert stats["conversations"] == 2
    assert [(c["title"], c["messages"], c["deleted"]) for c in stats["largest"]] == [("goes", 2, True)]
    assert {table["name"]: table["rows"] for table in stats["tables"]}["messages"] == 4
    assert invoke("history", "stats") == 0
    told = streams.read()
    assert "goes  (in the trash)" in told
    assert "Largest of 2 conversations" in told
    assert invoke("history", "prune", "--trash", "0", "--json", "--yes") == 0
    (pruned,) = streams.json()["pruned"]
    assert (pruned["conversations"], pruned["messages"]) == (1, 2)
    assert invoke("history", "prune") == 2
    assert invoke("history", "prune", "--trash", "0") == 0, "nothing is left that would have to be confirmed"
    assert streams.read() == "trash: removed nothing\n"
    assert invoke("history", "compact", "--json") == 0
    compacted = streams.json()
    assert compacted["after_bytes"] < compacted["before_bytes"]
    assert invoke("history", "compact", "--whole") == 0


def test_a_damaged_database_is_recovered_when_told_to(database: Path, streams: Streams) -> None:
    assert invoke("restore", "--salvage", "--yes") == 2, "a sound one is not touched"
    content = database.read_bytes()
    database.write_bytes(bytes(4096) + content[4096:])
    assert invoke("history", "list", "--json") == 1
    problem = streams.json()["error"]
    assert problem["kind"] == "database_damaged"
    assert "workbench restore --salvage" in problem["hint"]
    assert database.read_bytes()[4096:] == content[4096:], "a command that only reads changes nothing"
    assert invoke("doctor", "--json") == 1
    (check,) = [check for check in streams.json()["checks"] if check["name"] == "database"]
    assert check["state"] == "problem"
    assert invoke("restore", "--salvage") == 2
    assert invoke("restore", "--salvage", "--yes", "--json") == 0
    text = streams.read()
    assert '"messages": 4' in text
    assert '"expected_messages": 4' in text
    assert invoke("history", "list", "--json") == 0
    assert [c["title"] for c in streams.json()["conversations"]] == ["stays"]
    assert [file.read_bytes()[4096:] for file in database.parent.glob("workbench.damaged-*.db")] == [content[4096:]]


def test_doctor_looks_deeper_when_told_to(database: Path, streams: Streams) -> None:
    assert invoke("doctor", "--deep", "--json") in (0, 1)
    (check,) = [check for check in streams.json()["checks"] if check["name"] == "database"]
    assert "checked: pages, references, full-text index, conversations" in check["detail"]
    with plain(database) as connection:
        connection.execute("delete from messages_fts_docsize")
    assert invoke("doctor", "--deep", "--json") == 1
    (check,) = [check for check in streams.json()["checks"] if check["name"] == "database"]
    assert check["state"] == "problem"
    assert "full-text index wrong" in check["detail"]
    assert invoke("restore", "--salvage", "--yes", "--json") == 0, "which makes it anew from its messages"
