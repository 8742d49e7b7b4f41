"""What an import adds, and what it leaves as it is."""

from __future__ import annotations

import asyncio
import copy
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.support import import_databases as databases
from tests.support import import_formats as formats
from tests.support.importing import Room, written
from tests.support.storage import integrity, opened
from workbench.conversations.branching.placing import first_place_of
from workbench.conversations.importing import preparing
from workbench.conversations.importing.importer import Importer
from workbench.conversations.importing.values import ImportProgress, ImportStage, report_document
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.values import MessageState
from workbench.core.errors import UsageError
from workbench.core.ids import new_id
from workbench.storage.store import Store


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with opened(tmp_path / "workbench.db") as store:
        yield Room(store)


async def test_a_dry_run_counts_and_an_import_twice_adds_nothing(room: Room, tmp_path: Path) -> None:
    file = written(tmp_path / "export", [formats.chatgpt(), formats.chatgpt()])
    dry = await room.importer.run(file, dry_run=True)
    assert await room.counts() == (0, 0, 0)
    seen: list[ImportProgress] = []
    report = await room.importer.run(file, counted=dry, tell=seen.append)
    assert (report.new, report.known, report.messages_new, report.messages_known) == (1, 1, 6, 6)
    assert report_document(dry) | {"dry_run": False, "seconds": 0.0} == report_document(report)
    assert await room.counts() == (1, 6, 6)
    assert [one.stage for one in seen] == [ImportStage.WRITING]
    assert (seen[-1].done, seen[-1].total, seen[-1].messages) == (2, 2, 6)
    before = await room.documents()
    again = await room.importer.run(file)
    assert (again.new, again.known, again.messages_new, again.anything_new) == (0, 2, 0, False)
    assert await room.documents() == before
    (only,) = before
    assert (only["title"], only["archived"], only["source"], only["source_id"]) == (
        "Leaves", True, "chatgpt", "c-chatgpt",
    )  # fmt: skip
    path = await room.conversations.path(only["id"])
    assert [message.text[:6] for message in path] == ["What i", "See ([", "```\npr", "```\n`\n", "Cut"]
    assert path[1].reasoning == "Leaves\n\nThey are green."
    assert (path[1].provider, path[1].model) == ("chatgpt", "gpt-4o")


async def test_places_are_in_time_and_below_their_parents(room: Room, tmp_path: Path) -> None:
    await room.conversations.begin_turn(prompt="Now", conversation_id=None)
    await room.importer.run(written(tmp_path / "a", [formats.chatgpt()]))
    await room.importer.run(written(tmp_path / "b", [formats.chatgpt() | {"conversation_id": "c-2"}]))
    rows = await room.store.read("""
        select m.n, m.text, m.created_at, (select n from messages p where p.id = m.parent_id) as above
        from messages m order by m.n
    """)
    assert rows[-2]["text"] == "Now", "what is old is no news"
    assert all(row["above"] is None or row["above"] < row["n"] for row in rows)
    imported = rows[:-2]
    assert [row["created_at"] for row in imported] == sorted(row["created_at"] for row in imported)
    assert imported[0]["n"] == first_place_of(formats.AT * 1000)


async def test_a_longer_export_adds_only_what_is_new(room: Room, tmp_path: Path) -> None:
    short = formats.chatgpt()
    del short["mapping"]["last"], short["mapping"]["answer-2"]
    short["current_node"] = "between"
    await room.importer.run(written(tmp_path / "export", [short]))
    before = {message["id"] for message in (await room.documents())[0]["messages"]}
    report = await room.importer.run(written(tmp_path / "export", [formats.chatgpt()]))
    assert (report.new, report.known, report.messages_new, report.messages_known) == (0, 1, 2, 4)
    (after,) = await room.documents()
    assert before < {message["id"] for message in after["messages"]}
    assert (await room.texts())["Leaves"][-1] == "Cut"
    assert await room.counts() == (1, 6, 6)


async def test_what_has_become_private_since_is_private_here_too(room: Room, tmp_path: Path) -> None:
    id_ = new_id()
    own = formats.own(id_, 1)
    await room.importer.run(written(tmp_path / "export", own))
    assert [one["private"] for one in await room.documents()] == [False]
    await room.importer.run(written(tmp_path / "export", own | {"private": True}))
    assert [one["private"] for one in await room.documents()] == [False], "nothing was added"
    await room.importer.run(written(tmp_path / "export", formats.own(id_, 2) | {"private": True}))
    assert [one["private"] for one in await room.documents()] == [True]


async def test_the_order_of_a_long_conversation_is_that_of_the_file(room: Room, tmp_path: Path) -> None:
    """Also where a clock was set back, and the messages before are a transaction of their own."""
    own = formats.own(new_id(), 2 * preparing.PIECE_MESSAGES)
    for message in own["messages"][preparing.PIECE_MESSAGES :]:
        message["created_at"] = "2020-01-01T00:00:00.000Z"
    await room.importer.run(written(tmp_path / "export", own))
    (stored,) = await room.documents()
    assert [one["id"] for one in stored["messages"]] == [one["id"] for one in own["messages"]]
    assert [one["created_at"] for one in stored["messages"]] == [one["created_at"] for one in own["messages"]]


async def test_a_fork_is_known_as_one_also_when_the_import_is_ended_at_once(room: Room, tmp_path: Path) -> None:
    parent, child = formats.own(new_id(), 2), formats.own(new_id(), 1)
    child["forked_from_id"] = parent["messages"][1]["id"]
    own = {"format": "workbench", "version": 1, "conversations": [parent | {"title": "A"}, child | {"title": "B"}]}

    def end(progress: ImportProgress) -> None:
        if progress.stage is ImportStage.WRITING:
            work.cancel()

    work = asyncio.create_task(room.importer.run(written(tmp_path / "export", own), tell=end))
    with pytest.raises(asyncio.CancelledError):
        await work
    assert [one["forked_from_id"] for one in await room.documents()] == [None, child["forked_from_id"]]


async def test_a_branch_that_was_gone_on_with_here_stays_in_force(room: Room, tmp_path: Path) -> None:
    short = formats.chatgpt()
    del short["mapping"]["last"]
    short["current_node"] = "output"
    await room.importer.run(written(tmp_path / "export", [short]))
    (one,) = await room.documents()
    begun = await room.conversations.begin_turn(prompt="More?", conversation_id=one["id"])
    await room.conversations.finish_reply(begun.reply.id, state=MessageState.DONE, text="More.")
    await room.importer.run(written(tmp_path / "export", [formats.chatgpt()]))
    texts = (await room.texts())["Leaves"]
    assert texts[-2:] == ["More?", "More."]
    assert (await room.counts())[1] == 8


async def test_what_is_in_the_trash_stays_there(room: Room, tmp_path: Path) -> None:
    file = written(tmp_path / "export", [formats.chatgpt()])
    await room.importer.run(file)
    (one,) = await room.documents()
    await Trash(room.store, room.clock, room.bus).delete_conversation(one["id"])
    report = await room.importer.run(file)
    assert (report.new, report.known) == (0, 1)
    assert report.problems == (
        f"“Leaves” is in the trash, and stays there: `workbench history restore {one['id']}` brings it back",
    )
    assert await room.documents() == []


async def test_what_comes_below_a_deleted_message_is_deleted_with_it(room: Room, tmp_path: Path) -> None:
    short = formats.chatgpt()
    del short["mapping"]["last"]
    short["current_node"] = "output"
    await room.importer.run(written(tmp_path / "export", [short]))
    (one,) = await room.documents()
    trash = Trash(room.store, room.clock, room.bus)
    code = next(message["id"] for message in one["messages"] if message["source_id"] == "code")
    await trash.delete_message(one["id"], code)
    assert (await room.importer.run(written(tmp_path / "export", [formats.chatgpt()]))).messages_new == 1
    assert [text[:5] for text in (await room.texts())["Leaves"]] == ["What ", "See ("]
    assert (await trash.restore_message(one["id"])).messages == 3
    assert "Cut" in [message["text"] for message in (await room.documents())[0]["messages"]]


async def test_files_without_times_or_names(room: Room, tmp_path: Path) -> None:
    said = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
    many = [{"conversations": [{"from": "human", "value": f"Hi {number}"}, *said]} for number in range(150)]
    file = written(tmp_path / "share", many)
    os.utime(file, (formats.AT, formats.AT))
    for expected in (150, 0):
        report = await room.importer.run(file)
        assert (report.new, report.messages_new) == (expected, 3 * expected)
    rows = await room.store.read("select min(n) as first, max(n) - min(n) as wide, count(*) as count from messages")
    first = first_place_of(formats.AT * 1000)
    assert (rows[0]["first"], rows[0]["wide"], rows[0]["count"]) == (first, 449, 450), "each place is taken once"
    assert (await room.documents())[0]["title"] == "Hi 0"


async def test_cancelled_and_run_again_it_ends_as_if_it_had_not_been(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "PIECE_MESSAGES", 2)
    documents = [formats.chatgpt() | {"conversation_id": f"c-{n}", "title": f"Title {n}"} for n in range(3)]
    file = written(tmp_path / "export", documents)

    for stop_after in range(1, 10):
        await _cancelled(room, file, stop_after)
        assert (await room.counts())[1] == 2 * stop_after
    await room.importer.run(file)
    async with opened(tmp_path / "other.db") as store:
        other = Room(store)
        await other.importer.run(file)
        assert await room.texts() == await other.texts()
        assert await room.counts() == await other.counts() == (3, 18, 18)
        mine, theirs = await room.documents(), await other.documents()
        assert [_without_ids(one) for one in mine] == [_without_ids(one) for one in theirs]
    assert integrity(room.store.path) == "ok"


async def _cancelled(room: Room, file: Path, stop_after: int) -> None:
    """Import, but cancel after some transactions."""
    left = stop_after

    def stop(progress: ImportProgress) -> None:
        nonlocal left
        left -= progress.stage is ImportStage.WRITING
        if not left:
            running.cancel()

    running = asyncio.ensure_future(room.importer.run(file, tell=stop))
    with pytest.raises(asyncio.CancelledError):
        await running


def _without_ids(document: dict[str, object]) -> list[tuple[object, ...]]:
    messages = document["messages"]
    assert isinstance(messages, list)
    names = {message["id"]: message["source_id"] for message in messages}
    return [(m["source_id"], names.get(m["parent_id"]), m["text"], m["created_at"]) for m in messages]


async def test_one_import_at_a_time_and_chats_go_on(room: Room, tmp_path: Path) -> None:
    file = written(tmp_path / "export", [formats.chatgpt()])
    asked: list[str] = []

    async def chat() -> None:
        begun = await room.conversations.begin_turn(prompt="Meanwhile", conversation_id=None)
        asked.append(begun.conversation.id)
        with pytest.raises(UsageError, match="already"):
            await room.importer.run(file)

    tasks: list[asyncio.Task[None]] = []
    await room.importer.run(file, tell=lambda _: tasks.append(asyncio.create_task(chat())))
    await asyncio.gather(tasks[0], return_exceptions=True)
    assert asked != []
    assert (await room.importer.run(file)).known == 1, "after it another may run"


@pytest.mark.parametrize("make", [databases.llm_both, databases.elia, databases.oterm])
async def test_databases(room: Room, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    file = make(tmp_path / "foreign.db")
    content = file.read_bytes()
    report = await room.importer.run(file)
    counts = await room.counts()
    assert report.new == counts[0] > 0
    assert report.failed == 0 and report.problems == ()
    assert (await room.importer.run(file)).anything_new is False
    assert file.read_bytes() == content
    assert sorted(path.name for path in tmp_path.glob("foreign*")) == ["foreign.db"], "nothing is made beside it"


async def test_a_read_only_store_can_be_asked_what_would_be_added(tmp_path: Path) -> None:
    async with opened(tmp_path / "workbench.db"):
        pass
    store = await Store.open(tmp_path / "workbench.db", read_only=True)
    try:
        room = Room(store)
        report = await Importer(store, room.clock, room.bus).run(
            written(tmp_path / "export", [formats.claude()]), dry_run=True
        )
        assert (report.new, report.messages_new) == (1, 2)
    finally:
        await store.close()


async def test_one_broken_conversation_does_not_keep_the_others_out(room: Room, tmp_path: Path) -> None:
    broken = copy.deepcopy(formats.chatgpt())
    del broken["id"], broken["conversation_id"]
    report = await room.importer.run(written(tmp_path / "export", [broken, formats.chatgpt()]))
    assert (report.new, report.failed) == (1, 1)
    assert report.problems == ("item 1 of export: the conversation has no id",)
