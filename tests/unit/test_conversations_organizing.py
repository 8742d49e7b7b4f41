"""Titles, pins, tags, folders and the archive: changed for several at once, and taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.storage import opened
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.ordering.organizing import MOST_TAGS, Organizer, folder_of, tag_of
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.values import Conversation
from workbench.core.bus import EventBus
from workbench.core.clock import ManualClock
from workbench.core.errors import NotFoundError, UsageError
from workbench.core.history_events import ConversationsDeleted, ConversationsOrganized, ConversationsRestored
from workbench.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    store: Store
    organizer: Organizer
    trash: Trash
    conversations: Conversations
    bus: EventBus

    async def made(self, count: int) -> list[str]:
        begun = [await self.conversations.begin_turn(prompt=f"q{n}", conversation_id=None) for n in range(count)]
        await self.store.write(lambda t: t.execute("update messages set state = 'done' where role = 'assistant'"))
        return [one.conversation.id for one in begun]

    async def get(self, conversation_id: str) -> Conversation:
        return await self.conversations.get(conversation_id)


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    clock = ManualClock()
    bus = EventBus(clock)
    async with opened(tmp_path / "workbench.db") as store:
        yield Shelf(
            store=store,
            organizer=Organizer(store, clock, bus),
            trash=Trash(store, clock, bus),
            conversations=Conversations(store, clock, "0instance"),
            bus=bus,
        )


async def test_each_change_is_told_and_can_be_taken_back(shelf: Shelf) -> None:
    one, two = await shelf.made(2)
    heard = shelf.bus.subscribe()
    before = [await shelf.get(id_) for id_ in (one, two)]
    undo = [
        await shelf.organizer.rename(one, " An\nÉtude "),
        await shelf.organizer.pin([one, two]),
        await shelf.organizer.tag([one, two], add=["Rust", "to do", "rust"]),
        await shelf.organizer.move([two], "/job//rust/"),
        await shelf.organizer.archive([one]),
    ]
    first, second = [await shelf.get(id_) for id_ in (one, two)]
    assert (first.title, first.pinned, first.tags, first.folder, first.archived) == (
        "An Étude", True, ("Rust", "to do"), None, True,
    )  # fmt: skip
    assert (second.pinned, second.folder, second.archived) == (True, "job/rust", False)
    found = await shelf.store.read("select title_folded, titled_by from conversations where id = ?", (one,))
    assert tuple(found[0]) == ("an etude", "user")
    assert await shelf.organizer.tags() == {"Rust": 2, "to do": 2}
    assert await shelf.organizer.folders() == {"job/rust": 1}
    assert [event.text() for event in heard.drain() if isinstance(event, ConversationsOrganized)] == [
        "1 conversation renamed", "2 conversations pinned", "2 conversations tagged", "1 conversation moved",
        "1 conversation archived",
    ]  # fmt: skip
    for step in reversed(undo):
        await shelf.organizer.put_back(step)
    assert [await shelf.get(id_) for id_ in (one, two)] == before
    found = await shelf.store.read("select title_folded, titled_by from conversations where id = ?", (one,))
    assert tuple(found[0]) == ("q0", "prompt")


async def test_what_changes_nothing_is_not_told_and_undo_of_undo_is_redo(shelf: Shelf) -> None:
    (one,) = await shelf.made(1)
    undo = await shelf.organizer.tag([one], add=["a"])
    heard = shelf.bus.subscribe()
    assert await shelf.organizer.tag([one], add=["Á"], remove=["b"]) == (), "the tag is there in other letters"
    assert await shelf.organizer.pin([], pinned=True) == ()
    assert heard.drain() == []
    redo = await shelf.organizer.put_back(undo)
    assert (await shelf.get(one)).tags == ()
    await shelf.organizer.put_back(redo)
    assert (await shelf.get(one)).tags == ("a",)
    await shelf.organizer.tag([one], remove=["A"])
    assert (await shelf.get(one)).tags == ()


async def test_a_change_is_made_to_all_or_to_none(shelf: Shelf) -> None:
    one, two = await shelf.made(2)
    with pytest.raises(NotFoundError):
        await shelf.organizer.pin([one, "nobody"])
    await shelf.trash.delete_conversation(two)
    with pytest.raises(NotFoundError):
        await shelf.organizer.archive([one, two])
    await shelf.organizer.tag([one], add=[f"t{n}" for n in range(MOST_TAGS)])
    with pytest.raises(UsageError, match="at most"):
        await shelf.organizer.tag([one], add=["one more"])
    found = await shelf.get(one)
    assert (found.pinned, found.archived, len(found.tags)) == (False, False, MOST_TAGS)


async def test_a_folder_is_renamed_with_what_is_inside_it_and_nothing_else(shelf: Shelf) -> None:
    ids = await shelf.made(4)
    for id_, folder in zip(ids, ("work", "work/rust", "workshop", "private"), strict=True):
        await shelf.organizer.move([id_], folder)
    undo = await shelf.organizer.rename_folder("work", "job/now")
    assert await shelf.organizer.folders() == {"job/now": 1, "job/now/rust": 1, "private": 1, "workshop": 1}
    await shelf.organizer.put_back(undo)
    await shelf.organizer.rename_folder("work", None)
    assert await shelf.organizer.folders() == {"private": 1, "workshop": 1}


def test_names_that_cannot_be_tags_or_folders() -> None:
    for bad in ("", "  ", "#", "a,b", "x" * 61):
        with pytest.raises(UsageError):
            tag_of(bad)
    for bad in ("", "/", " / ", "x" * 201):
        with pytest.raises(UsageError):
            folder_of(bad)
    assert tag_of(" #Été\x1b[31m ") == "Été␛[31m"
    assert folder_of(" a / b\n/c ") == "a/b/c"


async def test_an_empty_title_is_refused(shelf: Shelf) -> None:
    (one,) = await shelf.made(1)
    with pytest.raises(UsageError):
        await shelf.organizer.rename(one, " \n")
    assert (await shelf.get(one)).title == "q0"


async def test_several_conversations_go_and_come_back_together(shelf: Shelf) -> None:
    one, two, three = await shelf.made(3)
    heard = shelf.bus.subscribe()
    assert await shelf.trash.delete_conversations([one, two, one]) == 2
    with pytest.raises(NotFoundError):
        await shelf.trash.delete_conversations([three, two])
    assert (await shelf.conversations.list())[0] == 1, "all or none"
    with pytest.raises(NotFoundError):
        await shelf.trash.restore_conversations([one, three])
    assert [found.id for found in await shelf.trash.restore_conversations([one])] == [one]
    assert (await shelf.trash.restore_conversation()).id == two
    told = [
        (type(event), event.count)
        for event in heard.drain()
        if isinstance(event, (ConversationsDeleted, ConversationsRestored))
    ]
    assert told == [(ConversationsDeleted, 2), (ConversationsRestored, 1), (ConversationsRestored, 1)]
