"""Files that are broken, or made to do harm: each ends with a sentence, and the database is as it was."""

from __future__ import annotations

import copy
import io
import json
import os
import sqlite3
import struct
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import import_databases as databases
from tests.support import import_formats as formats
from tests.support.importing import Room, written
from tests.support.storage import opened
from workbench.conversations.importing import json_stream, limits, trees
from workbench.conversations.importing.json_stream import Placed, documents_of
from workbench.conversations.importing.reading import FORMATS
from workbench.conversations.importing.values import ImportedMessage, ImportRefusedError, Trouble
from workbench.conversations.values import Role
from workbench.core.errors import WorkbenchError
from workbench.core.ids import new_id
from workbench.storage import foreign

GOOD = json.dumps(formats.chatgpt())


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with opened(tmp_path / "workbench.db") as store:
        yield Room(store)


def _zipped(*members: tuple[str, bytes], **more: Any) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


def _encrypted() -> bytes:
    content = bytearray(_zipped(("a.json", b"[]")))
    directory = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[directory + 8] |= 1
    return bytes(content)


def _huge_directory() -> bytes:
    content = bytearray(_zipped(("a.json", b"[]")))
    end = content.index(b"PK\x05\x06")
    content[end + 12 : end + 16] = struct.pack("<L", 2**31)
    return bytes(content)


YAML_BOMB = "model: m\na: &a [x, x]\nb: &b [*a, *a]\nmessages:\n- role: user\n  content: *b\n"

REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no file of conversations"),
    "cut": (f"[{GOOD}, {GOOD[:500]}".encode(), "ends in the middle"),
    "brackets": (b"[" * 200_000, "nested too deeply"),
    "braces": (b'{"a":' * 200_000, "nested too deeply"),
    "depth in a line": (b'{"messages": 1}\n' + b"[" * 200_000, "no file of conversations"),
    "digits": (b'[{"mapping": ' + b"9" * 5000 + b"}]", "is not JSON"),
    "no JSON": (b"[{'a': 1}]", "is not JSON"),
    "two documents": (f"[{GOOD}] [".encode(), "goes on after its end"),
    "noise": (bytes(range(256)) * 64, "no file of conversations"),
    "another JSON": (b'{"a": 1}', "no file of conversations"),
    "text": (b"model: x\nmessages: y\n", "cannot be read"),
    "aliases": (YAML_BOMB.encode(), "cannot be read"),
    "deep YAML": (b"model: x\nmessages: " + b"[" * 5000, "cannot be read"),
    "newer": (b'{"format": "workbench", "version": 2, "conversations": []}', "newer workbench"),
    "newer, in lines": (b'{\n"format": "workbench",\n"version": 2,\n"conversations": []}', "newer workbench"),
    "bomb": (_zipped(("a.json", b"[" + b" " * 20_000_000 + b"]")), "far more than any text"),
    "encrypted": (_encrypted(), "encrypted"),
    "cut zip": (_zipped(("a.json", GOOD.encode()))[:-40], "damaged"),
    "huge directory": (_huge_directory(), "too many files"),
    "no database": (b"SQLite format 3\0" + b"\xff" * 4096, "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(room: Room, tmp_path: Path, name: str) -> None:
    content, said = REFUSED[name]
    file = tmp_path / "export"
    file.write_bytes(content)
    with pytest.raises(WorkbenchError) as refused:
        await room.importer.run(file)
    assert said in str(refused.value)
    assert await room.counts() == (0, 0, 0)


async def test_what_is_no_file(room: Room, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    places = (tmp_path, tmp_path / "pipe", tmp_path / "loop", tmp_path / "missing", Path("/dev/zero"), Path("a\0b"))
    for place in places:
        with pytest.raises(ImportRefusedError):
            await room.importer.run(place)


class Endless:
    """A stream that never ends, and counts what is taken of it."""

    def __init__(self, head: bytes, fill: bytes) -> None:
        self._head = head
        self._fill = fill
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        head, self._head = self._head, b""
        chunk = head or self._fill * (size // len(self._fill))
        self.taken += len(chunk)
        return chunk


@pytest.mark.parametrize("head", [b'["', b'{"mapping": "', b'{"a": 1}\n"', b"[[", b"[1"])
def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch, head: bytes) -> None:
    limit = 2_500_000
    monkeypatch.setattr(json_stream, "CONVERSATION_CHARACTERS", limit)
    endless = Endless(head, b"[" if head == b"[[" else b"1")
    with pytest.raises(ImportRefusedError):
        list(documents_of(endless, "endless"))
    assert endless.taken <= 2 * limit


def test_a_number_of_documents_is_streamed() -> None:
    """However large a file is, no more than a few documents of it are in memory."""

    class Growing:
        """A million documents, made as they are read."""

        left = 2000
        ahead = 0

        def read(self, size: int, /) -> bytes:
            """Some of them."""
            many = min(self.left, size // 2000)
            first = self.left == 2000
            self.left -= many
            self.ahead += many
            text = ",".join(['{"a": "' + "x" * 1980 + '"}'] * many)
            return (("[" if first else ",") + text + ("" if self.left else "]")).encode() if many else b""

    stream = Growing()
    for _ in documents_of(stream, "large"):
        stream.ahead -= 1
        assert stream.ahead <= 1100, "two readings of a megabyte"
    assert stream.ahead == 0


async def test_strange_values_are_kept_as_far_as_they_can_be(room: Room, tmp_path: Path) -> None:
    document = formats.chatgpt()
    node = document["mapping"]["question"]["message"]
    deep: Any = "end"
    for _ in range(300):
        deep = [deep]
    node["content"]["parts"] = ["a\0b\ud800c\ud83d\ude00", {"content_type": "odd", "deep": deep, "\udfff": 10**30}]
    node["create_time"] = 1e300
    document["title"] = "\x1b[31mred\u202e" + "x" * 10_000
    document["create_time"] = -5
    text = json.dumps([document]).replace("1e+300", "1e999").replace('"gizmo_id": "g-1"', '"gizmo_id": NaN')
    file = tmp_path / "export"
    file.write_text(text)
    report = await room.importer.run(file)
    assert (report.new, report.messages_new, report.failed) == (1, 6, 0)
    (stored,) = await room.documents()
    assert stored["title"].startswith("␛[31mred�") and len(stored["title"]) <= 200
    question = stored["messages"][0]
    assert question["text"] == "a�b�c😀"
    assert question["extra"][0]["value"]["�"] == 10**30
    assert "[[[" in json.dumps(question["extra"][0])
    assert question["created_at"] < "2027"


async def test_half_characters_and_too_many_tags_in_a_file_of_ours(room: Room, tmp_path: Path) -> None:
    half = "a\ud800\0"
    attempt = dict.fromkeys(("provider", "model", "reason", "hint", "key_ref", "run_id", "error_kind"), half)
    seam = {"at": 1} | dict.fromkeys(("after", "provider", "model", "ended"), half)
    broken = dict.fromkeys(("provider", "model", "text"), half)
    own = formats.own(new_id(), 1)
    own |= {"source": half, "source_id": half, "provider": half, "tags": [half, *map(str, range(100))]}
    own["messages"][0] |= {
        "role": "assistant", "attempts": [attempt], "seams": [seam, seam | {"at": 10**30}, seam | {"at": -1}],
        "broken": [broken],
    }  # fmt: skip
    await room.importer.run(written(tmp_path / "export", own))
    (stored,) = await room.documents()
    (message,) = stored["messages"]
    assert [one["at"] for one in message["seams"]] == [0, 0, 1], "in the order of the text, and inside it"
    found = (stored["source"], message["attempts"][0]["reason"], message["seams"][0]["ended"])
    assert found == ("a��", "a��", "a��")
    assert len(stored["tags"]) == 50


def test_trees_without_a_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    def node(key: str, parent: str | None) -> trees.Node:
        message = json_message(key)
        return trees.Node(key=key, parent=parent, message=message)

    circle = trees.planted([node("a", "c"), node("b", "a"), node("c", "b"), node("d", "d"), node("e", "nobody")])
    assert len(circle.messages) == 5
    assert [one.parent for one in circle.messages].count(None) == 3
    assert len(circle.problems) == 2
    twice = trees.planted([node("a", None), node("a", None), node("b", "a")])
    assert [one.key for one in twice.messages] == ["a", "a#2", "b"]
    same = trees.planted([node("a", None) for _ in range(40_000)])
    assert len({one.key for one in same.messages}) == 40_000
    long = trees.planted([node(str(n), str(n - 1) if n else None) for n in range(20_000)])
    assert [one.key for one in long.messages] == [str(n) for n in range(20_000)]
    monkeypatch.setattr(trees, "MESSAGES", 2)
    with pytest.raises(Exception, match="more than 2 messages"):
        trees.planted([node("a", None), node("b", "a"), node("c", "b")])


def test_what_is_handed_down_is_given_once() -> None:
    """However many thoughts follow one another, and however many replies follow them."""
    chain = [trees.Node(key=str(n), parent=str(n - 1), message=None, reasoning="x" * 100) for n in range(20_000)]
    replies = [
        trees.Node(key=key, parent="19999", message=replace(json_message(key), role=Role.ASSISTANT)) for key in "ab"
    ]
    first, second = trees.planted([*chain, *replies]).messages
    assert (len(first.reasoning), second.reasoning) == (20_000 * 102 - 2, "")


async def test_citations_in_any_number_and_tags_without_an_end(room: Room, tmp_path: Path) -> None:
    document = formats.chatgpt()
    message = document["mapping"]["question"]["message"]
    message["content"]["parts"] = ["ab" * 1_000_000]
    references = [{"start_idx": at, "end_idx": at + 1, "matched_text": "a", "alt": "z"} for at in range(0, 100_000, 2)]
    message["metadata"] = {"content_references": [*references, {**references[0], "end_idx": 3, "matched_text": "aba"}]}
    await room.importer.run(written(tmp_path / "export", [document]))
    (stored,) = await room.documents()
    assert stored["messages"][0]["text"] == "zb" * 50_000 + "ab" * 950_000
    activity = {"header": "Gemini Apps", "title": "Prompted x", "time": "2025-01-01T00:00:00Z"}
    endless = activity | {"safeHtmlItem": [{"html": "<a " + "x" * 40_000}]}
    report = await room.importer.run(written(tmp_path / "activity", [endless, activity]))
    assert (report.new, report.problems) == (1, ("item 1 of activity: its HTML has a tag that does not end",))


async def test_a_mixture_of_formats_is_told(room: Room, tmp_path: Path) -> None:
    share = {"id": "1", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}
    report = await room.importer.run(written(tmp_path / "export", [formats.chatgpt(), share]))
    assert (report.format, report.new, report.failed) == ("chatgpt", 1, 1)
    assert report.problems == ("item 2 of export: it is no conversation like the others of the file",)


def json_message(key: str) -> ImportedMessage:
    """A message as sources have it."""
    return ImportedMessage(key=key, parent=None, role=Role.USER, text=key, at_ms=None)


def _with_view(path: Path) -> None:
    databases.database(path, "create view chat as select 1 as id, 'x' as model, 't' as title; create table message"
                             "(chat_id, role, content)")  # fmt: skip


def _with_blob(path: Path) -> None:
    databases.elia(path)
    with sqlite3.connect(path) as connection:
        connection.execute("update message set content = zeroblob(200000) where id = 3")
    connection.close()


def _corrupt(path: Path) -> None:
    databases.elia(path)
    content = bytearray(path.read_bytes())
    for at in range(4096, len(content), 64):
        content[at] ^= 0xFF
    path.write_bytes(content)


def _ours(path: Path) -> None:
    databases.database(path, f"pragma application_id={0x776B6268}")


@pytest.mark.parametrize("make", [_with_view, _with_blob, _corrupt, _ours])
async def test_databases_that_are_not_what_they_seem(
    room: Room, tmp_path: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "LARGEST_VALUE", 100_000)
    make(tmp_path / "some.db")
    with pytest.raises(WorkbenchError):
        await room.importer.run(tmp_path / "some.db")
    assert await room.counts() == (0, 0, 0)


async def test_a_query_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "CHECKS_A_ROW", 3)
    databases.elia(tmp_path / "some.db")
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n where i < 0"
    with foreign.opened_foreign(tmp_path / "some.db") as database, pytest.raises(WorkbenchError, match="too long"):
        list(database.rows(endless))


async def test_html_that_does_not_end(room: Room, tmp_path: Path) -> None:
    cell = '<div class="outer-cell"><div class="header-cell">Gemini Apps</div><div class="content-cell">Prompted Hi<br>'
    page = f"<html>{cell}Oct 9, 2025, 9:00:00 AM UTC<br>Ho</div></div>{cell}<a {'x' * 100_000}{cell * 2}"
    file = tmp_path / "page"
    file.write_text(page)
    report = await room.importer.run(file)
    assert "tag that does not end" in report.problems[0]
    assert (await room.counts())[0] >= 1
    file.write_text(f"<html>{cell}{'x' * (limits.HTML_CHARACTERS + 300_000)}")
    with pytest.raises(ImportRefusedError):
        await room.importer.run(file)


_DOCUMENTS = [
    formats.chatgpt(), formats.claude(), formats.claude_tree(), formats.open_webui(), formats.librechat(),
    formats.librechat(recursive=True), formats.claude_code()[5], formats.gemini()[0],
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}], "tool_calls": [{"function": {}}]}]},
    {"id": 1, "conversations": [{"from": "human", "value": "x"}]},
    {"id": "x", "active_leaf_id": "m", "messages": [
        {"id": "m", "role": "user", "text": "x", "attempts": [{"cost_usd": 1}], "seams": [{"at": 1}], "broken": [{}]}]},
]  # fmt: skip
_junk = st.sampled_from(
    [None, True, -1, 1e999, 10**30, "", "x", "\ud800\0", [], {}, [[]], [{}], {"a": []}, [None], ["x"]]
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        found += _places(item, (*path, name))
    return found


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(range(len(_DOCUMENTS))))
def test_whatever_stands_in_a_document_it_is_read_or_told(data: st.DataObject, number: int) -> None:
    document = json.loads(json.dumps(_DOCUMENTS[number]))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(_places(document)))
        inside = document
        for name in place[:-1]:
            inside = inside[name]
        inside[place[-1]] = copy.deepcopy(data.draw(_junk))
        if not _places(document):
            break
    for one in FORMATS:
        if one.knows(document):
            for outcome in one.read([Placed(value=document, place="here")]):
                if not isinstance(outcome, Trouble):
                    assert len({message.key for message in outcome.messages}) == len(outcome.messages)
                    for message in outcome.messages:
                        for part in message.extra:
                            assert isinstance(json.loads(part)["type"], str)
                            part.encode()


async def test_a_symlink_in_a_zip_is_only_text(room: Room, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("conversations.json")
    link.external_attr = 0o120777 << 16
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("/etc/other.json", f"[{GOOD}]")
    file = tmp_path / "export"
    file.write_bytes(content.getvalue())
    assert (await room.importer.run(file)).new == 1


async def test_a_hostile_end_leaves_nothing_of_a_good_beginning(room: Room, tmp_path: Path) -> None:
    good = written(tmp_path / "good", [formats.chatgpt()]).read_bytes()
    file = tmp_path / "export"
    file.write_bytes(good[:-1] + b", {" + b'"a": [' * 100_000)
    with pytest.raises(ImportRefusedError) as refused:
        await room.importer.run(file)
    assert "character 2," in refused.value.detail or "character" in refused.value.detail
    assert await room.counts() == (0, 0, 0)
