"""Order, trash and purging from the command line, in this process: nothing goes unasked, bad input loses nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import invoke
from tests.support.in_process import Streams, type_in
from tests.support.storage import opened, plain
from workbench.cli import question
from workbench.config.paths import resolve_paths
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.values import MessageState
from workbench.core.clock import ManualClock

pytestmark = pytest.mark.usefixtures("no_input")


class Home:
    """A home with three conversations of two messages each, and what its commands print."""

    def __init__(self, database: Path, ids: list[str], streams: Streams) -> None:
        self.database = database
        self.one, self.two, self.three = ids
        self.streams = streams

    def json(self, *arguments: str) -> Any:
        """What a `history` command tells a program."""
        assert invoke("history", *arguments, "--json") == 0
        return self.streams.json()

    def refused(self, *arguments: str) -> tuple[str, str]:
        """Title and hint of what a `history` command says instead of doing it."""
        before = self.rows()
        assert invoke("history", *arguments, "--json") == 2
        assert self.rows() == before, "nothing has changed"
        error = self.streams.json()["error"]
        return error["title"], error["hint"]

    def said(self, *arguments: str) -> tuple[str, str]:
        """Standard output and standard error of a `history` command."""
        assert invoke("history", *arguments) == 0
        return self.streams.read(), self.streams.err

    def rows(self) -> list[tuple[object, ...]]:
        """All conversations with the number of their messages, and the trash."""
        with plain(self.database) as connection:
            return connection.execute(
                "select c.*, (select count(*) from messages m where m.conversation_id = c.id) from conversations c"
            ).fetchall()

    def kinds(self) -> list[str]:
        """The kinds of the stored events."""
        with plain(self.database) as connection:
            return [row[0] for row in connection.execute("select kind from events order by seq")]


async def _fill(database: Path) -> list[str]:
    ids: list[str] = []
    async with opened(database) as store:
        clock = ManualClock(1_791_590_400_000)
        conversations = Conversations(store, clock, "0instance")
        for number in range(3):
            clock.advance(60)
            begun = await conversations.begin_turn(prompt=f"prompt {number}", conversation_id=None)
            await conversations.finish_reply(begun.reply.id, state=MessageState.DONE, text="answer")
            ids.append(begun.conversation.id)
    return ids


@pytest.fixture
def home(isolation: Path, streams: Streams) -> Home:
    database = resolve_paths(isolation, {}).database
    database.parent.mkdir(parents=True)
    return Home(database, asyncio.run(_fill(database)), streams)


def test_titles_pins_tags_folders_and_the_archive(home: Home) -> None:
    (renamed,) = home.json("rename", home.one, "An\x1b[2J", "Étude")["conversations"]
    assert (renamed["title"], renamed["changed"]) == ("An␛[2J Étude", True)
    assert home.said("rename", "last", "New")[0] == f"{home.three}  New: renamed\n"
    assert home.said("pin", home.one, "last", home.one)[0].splitlines() == [
        f"{home.one}  An␛[2J Étude: pinned",
        f"{home.three}  New: pinned",
    ]
    assert [(c["pinned"], c["changed"]) for c in home.json("pin", home.one, home.two)["conversations"]] == [
        (True, False),
        (True, True),
    ]
    assert home.said("unpin", home.two)[0].endswith(": unpinned\n")
    tagged = home.json("tag", "work, #to do", home.one, home.two)["conversations"]
    assert [c["tags"] for c in tagged] == [["work", "to do"]] * 2
    assert home.json("untag", "WORK", home.two)["conversations"][0]["tags"] == ["to do"]
    assert home.json("tags")["tags"] == [
        {"name": "to do", "conversations": 2},
        {"name": "work", "conversations": 1},
    ]
    assert home.said("tags")[0] == "     2  to do\n     1  work\n"
    assert home.said("folders") == ("", "No folder yet: workbench history move FOLDER ID makes one\n")
    assert home.said("move", "/job//rust/", home.one, home.two)[0].splitlines()[1].endswith(": moved to /job//rust/")
    assert home.json("folders")["folders"] == [{"name": "job/rust", "conversations": 2}]
    assert home.json("move", "--out", home.one)["conversations"][0]["folder"] is None
    assert home.json("archive", home.two, home.three)["conversations"][0]["archived"]
    assert [c["id"] for c in home.json("list")["conversations"]] == [home.one]
    assert home.said("unarchive", home.one, home.two)[0].splitlines() == [
        f"{home.one}  An␛[2J Étude: as it was",
        f"{home.two}  prompt 1: taken out of the archive",
    ]


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (("pin", "ONE", "nobody"), "There is no such conversation"),
        (("pin", "0"), "Several conversations begin like this"),
        (("rename", "ONE", " "), "A title needs a letter"),
        (("tag", "a,", "ONE"), "This cannot be a tag"),
        (("tag", "x" * 61, "ONE"), "This cannot be a tag"),
        (("move", "//", "ONE"), "This cannot be a folder"),
        (("move", "work"), "Say which conversations"),
        (("delete", "ONE", "nobody", "--yes"), "There is no such conversation"),
        (("delete", "ONE"), "That has to be confirmed"),
        (("restore", "ONE"), "No such conversation is in the trash"),
        (("restore", "last"), "No conversation is in the trash"),
        (("purge", "ONE", "--yes"), "No such conversation is in the trash"),
        (("purge", "ONE", "--older-than", "3"), "Name conversations, or say --older-than"),
    ],
)
def test_bad_input_changes_nothing(home: Home, arguments: tuple[str, ...], title: str) -> None:
    told, hint = home.refused(*(home.one if each == "ONE" else each for each in arguments))
    assert told == title
    assert hint or title == "No conversation is in the trash"


def test_into_the_trash_and_out_of_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "person_present", lambda: True)
    type_in(monkeypatch, "\n")
    assert invoke("history", "delete", home.one) == 2
    home.streams.read()
    assert "Put “prompt 0” with 2 messages into the trash?" in home.streams.err
    assert "Nothing was done" in home.streams.err
    type_in(monkeypatch, "y\n")
    out, err = home.said("delete", home.one)
    assert out == f"Deleted  {home.one}  prompt 0\n"
    assert f"workbench history restore {home.one} brings it back" in err
    assert home.json("delete", home.two, "last", "--yes") == {"deleted": [home.two, home.three]}
    assert home.json("list")["total"] == 0
    assert home.json("list", "--trash")["total"] == 3
    assert home.refused("purge", home.one[:-1], home.two)[0] == "That has to be confirmed"
    assert home.refused("restore", home.one, "nobody")[0] == "No such conversation is in the trash"
    assert home.said("restore", "last", home.one[:-1])[0].splitlines() == [
        f"Restored  {home.three}  prompt 2",
        f"Restored  {home.one}  prompt 0",
    ]
    assert home.json("restore", home.two) == {"restored": [home.two]}
    assert home.json("list")["total"] == 3
    assert [kind for kind in home.kinds() if kind.startswith("history.")] == [
        *["history.deleted"] * 2,
        *["history.restored"] * 2,
    ]


def test_purging_takes_only_what_is_in_the_trash_and_says_how_much(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.said("purge")[0] == "Nothing to remove\n"
    home.said("delete", home.one, home.two, "--yes")
    assert home.json("purge", "--older-than", "1") == {"purged": {"conversations": 0, "messages": 0}}
    monkeypatch.setattr(question, "person_present", lambda: True)
    type_in(monkeypatch, "no\n")
    assert invoke("history", "purge", home.one) == 2
    home.streams.read()
    assert "Remove for good “prompt 0” with 2 messages? That cannot be undone." in home.streams.err
    assert len(home.rows()) == 3
    out, _ = home.said("purge", home.one, "--yes")
    assert out == "Removed for good: 1 conversation, 2 messages\n"
    assert {row[0] for row in home.rows()} == {home.two, home.three}
    type_in(monkeypatch, "yes\n")
    out, err = home.said("purge")
    assert "Remove for good 1 conversation, 2 messages in the trash?" in err
    assert out == "Removed for good: 1 conversation, 2 messages\n"
    assert [row[0] for row in home.rows()] == [home.three]
    assert home.kinds().count("storage.pruned") == 2
    with plain(home.database) as connection:
        texts = json.loads(connection.execute("select json_group_array(text) from messages").fetchone()[0])
    assert texts == ["prompt 2", "answer"]
