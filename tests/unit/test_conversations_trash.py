"""What was deleted is hidden at once, everywhere, and comes back as it was."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.storage import child, end, opened
from workbench.conversations.keeping.repository import BegunTurn, Conversations
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.values import MessageState
from workbench.core.bus import EventBus
from workbench.core.clock import ManualClock
from workbench.core.errors import NotFoundError, UsageError
from workbench.storage.schema import STEPS
from workbench.storage.store import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db") as one:
        yield one


@pytest.fixture
def conversations(store: Store) -> Conversations:
    return Conversations(store, ManualClock(), "0instance")


@pytest.fixture
def trash(store: Store) -> Trash:
    return Trash(store, ManualClock(), EventBus(ManualClock()))


async def answered(conversations: Conversations, begun: BegunTurn, text: str = "answer") -> BegunTurn:
    await conversations.finish_reply(
        begun.reply.id, state=MessageState.DONE, text=text, provider="main", model=f"model of {text}"
    )
    return begun


async def turn(
    conversations: Conversations, prompt: str, conversation_id: str | None = None, beside_id: str | None = None
) -> BegunTurn:
    begun = await conversations.begin_turn(prompt=prompt, conversation_id=conversation_id, beside_id=beside_id)
    return await answered(conversations, begun, f"to {prompt}")


async def texts(conversations: Conversations, conversation_id: str) -> list[str]:
    return [message.text for message in await conversations.path(conversation_id)]


async def test_a_message_goes_with_all_below_it_and_comes_back_with_its_branch(
    conversations: Conversations, trash: Trash
) -> None:
    first = await turn(conversations, "one")
    id_ = first.conversation.id
    second = await turn(conversations, "two", id_)
    again = await answered(conversations, await conversations.begin_reply(id_, second.user_message.id), "again")
    await turn(conversations, "three", id_)
    # Not the newest branch is in force: undo must find it all the same.
    await conversations.choose(id_, second.reply.id)
    tree, before = await conversations.tree(id_), await conversations.get(id_)

    deleted = await trash.delete_message(id_, second.user_message.id)
    assert (deleted.messages, deleted.active_leaf_id) == (5, first.reply.id)
    assert await texts(conversations, id_) == ["one", "to one"]
    assert [m.text for m in await conversations.tree(id_)] == ["one", "to one"]
    after = await conversations.get(id_)
    assert (after.messages, after.models) == (2, ("model of to one",))
    for hidden in (second.user_message.id, again.reply.id):
        for looked in (conversations.message(hidden), conversations.path(id_, leaf_id=hidden)):
            with pytest.raises(NotFoundError):
                await looked
        for used in (
            conversations.choose(id_, hidden),
            conversations.begin_reply(id_, hidden),
            conversations.begin_continuation(id_, hidden),
            conversations.begin_turn(prompt="x", conversation_id=id_, parent_id=hidden),
            conversations.begin_turn(prompt="x", conversation_id=id_, beside_id=hidden),
            conversations.rate(hidden, 1),
            trash.delete_message(id_, hidden),
        ):
            with pytest.raises(NotFoundError):
                await used
    assert await conversations.siblings([second.reply.id]) == {}

    restored = await trash.restore_message(id_)
    assert (restored.message_id, restored.messages) == (second.user_message.id, 5)
    assert await conversations.tree(id_) == tree
    assert await conversations.get(id_) == before
    with pytest.raises(NotFoundError):
        await trash.restore_message(id_)


async def test_undo_goes_back_step_by_step_though_the_clock_stands(conversations: Conversations, trash: Trash) -> None:
    first = await turn(conversations, "one")
    id_ = first.conversation.id
    second = await turn(conversations, "two", id_)
    for message_id in (second.reply.id, second.user_message.id, first.user_message.id):
        await trash.delete_message(id_, message_id)
    assert await conversations.tree(id_) == []
    assert (await conversations.get(id_)).active_leaf_id is None
    counts = [(await trash.restore_message(id_)).messages for _ in range(3)]
    assert counts == [2, 1, 1]
    assert await texts(conversations, id_) == ["one", "to one", "two", "to two"]


async def test_the_version_before_is_in_force_then_else_the_one_after(
    conversations: Conversations, trash: Trash
) -> None:
    first = await turn(conversations, "a")
    id_, top = first.conversation.id, first.user_message.id
    second = await turn(conversations, "b", id_, top)
    third = await turn(conversations, "c", id_, top)
    await trash.delete_message(id_, third.user_message.id)
    assert await texts(conversations, id_) == ["b", "to b"]
    assert await conversations.siblings([top]) == {top: (top, second.user_message.id)}
    await conversations.choose(id_, top)
    await trash.delete_message(id_, top)
    assert await texts(conversations, id_) == ["b", "to b"]
    # A branch that is not in force goes without a change of what is shown.
    await trash.restore_message(id_)
    await conversations.choose(id_, second.user_message.id)
    await trash.delete_message(id_, top)
    assert await texts(conversations, id_) == ["b", "to b"]


async def test_nothing_is_deleted_under_a_reply_that_is_being_written(
    conversations: Conversations, trash: Trash
) -> None:
    first = await turn(conversations, "one")
    id_ = first.conversation.id
    await conversations.begin_turn(prompt="two", conversation_id=id_)
    for refused in (trash.delete_message(id_, first.user_message.id), trash.delete_conversation(id_)):
        with pytest.raises(UsageError, match="still being written"):
            await refused
    assert (await conversations.get(id_)).messages == 4
    with pytest.raises(NotFoundError):
        await trash.delete_message(id_, "nobody")
    with pytest.raises(NotFoundError):
        await trash.delete_message("nobody", first.reply.id)


async def test_a_conversation_goes_and_comes_back_the_last_one_first(
    conversations: Conversations, trash: Trash
) -> None:
    kept, one, two = [await turn(conversations, prompt) for prompt in ("kept", "one", "two")]
    for begun in (one, two):
        await trash.delete_conversation(begun.conversation.id)
    total, listed = await conversations.list()
    assert (total, [c.id for c in listed]) == (1, [kept.conversation.id])
    assert (await conversations.get("last")).id == kept.conversation.id
    for used in (
        conversations.get(one.conversation.id),
        conversations.path(one.conversation.id),
        conversations.begin_turn(prompt="x", conversation_id=one.conversation.id),
        trash.delete_conversation(one.conversation.id),
        trash.restore_message(one.conversation.id),
    ):
        with pytest.raises(NotFoundError):
            await used
    assert [(await trash.restore_conversation()).title for _ in range(2)] == ["two", "one"]
    assert (await conversations.list())[0] == 3
    with pytest.raises(NotFoundError):
        await trash.restore_conversation()


async def test_a_rating_is_kept_on_a_finished_reply_and_taken_back(conversations: Conversations) -> None:
    begun = await turn(conversations, "one")
    for rating in (1, -1, None):
        await conversations.rate(begun.reply.id, rating)
        assert (await conversations.message(begun.reply.id)).rating == rating
    with pytest.raises(NotFoundError):
        await conversations.rate(begun.user_message.id, 1)


async def test_lists_are_read_through_their_index(store: Store) -> None:
    sql = (
        "select id from conversations where archived_at is null and deleted_at is null"
        " order by updated_at desc, id desc limit 5"
    )
    plan = " ".join(str(tuple(row)) for row in await store.read(f"explain query plan {sql}"))
    assert "conversations_recent" in plan
    assert "TEMP B-TREE" not in plan


async def test_conversations_of_the_version_before_can_be_deleted_too(tmp_path: Path) -> None:
    path = tmp_path / "before.db"
    async with opened(path, steps=STEPS[:2]) as before:
        sql = "insert into conversations(id, title, created_at, updated_at) values ('0c', 'old', 1, 1)"
        await before.write(lambda t: t.execute(sql))
        sql = "insert into messages(id, conversation_id, role, created_at, text) values ('0m', '0c', 'user', 1, 'hi')"
        await before.write(lambda t: t.execute(sql))
    async with opened(path) as store:
        deleted = await Trash(store, ManualClock(), EventBus(ManualClock())).delete_message("0c", "0m")
        found = await Conversations(store, ManualClock(), "0instance").get("0c")
        assert (deleted.messages, found.messages, found.title) == (1, 0, "old")


async def test_nothing_is_begun_or_read_in_a_conversation_that_was_deleted_elsewhere(
    conversations: Conversations, trash: Trash
) -> None:
    begun = await conversations.begin_turn(prompt="one", conversation_id=None)
    id_ = begun.conversation.id
    await conversations.finish_reply(begun.reply.id, state=MessageState.STOPPED, text="half of")
    await trash.delete_conversation(id_)
    for used in (
        conversations.begin_reply(id_, begun.reply.id),
        conversations.begin_continuation(id_, begun.reply.id),
        conversations.begin_turn(prompt="x", conversation_id=id_, beside_id=begun.user_message.id),
        conversations.choose(id_, begun.reply.id),
        conversations.tree(id_),
    ):
        with pytest.raises(NotFoundError):
            await used
    await trash.restore_conversation()
    assert [message.text for message in await conversations.tree(id_)] == ["one", "half of"]


def test_a_deletion_is_whole_or_none_after_kill_9(tmp_path: Path) -> None:
    process = child("delete-and-undo", tmp_path / "workbench.db")
    try:
        assert process.stdout is not None
        id_ = [json.loads(process.stdout.readline()) for _ in range(5)][-1]
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    finally:
        end(process)

    async def read() -> None:
        async with opened(tmp_path / "workbench.db") as store:
            conversations = Conversations(store, ManualClock(), "0other")
            trash = Trash(store, ManualClock(), EventBus(ManualClock()))
            shown = [message.text for message in await conversations.path(id_)]
            assert shown == [message.text for message in await conversations.tree(id_)]
            assert shown in ([], ["tell me", "once upon a time"])
            if not shown:
                await trash.restore_message(id_)
            assert await texts(conversations, id_) == ["tell me", "once upon a time"]
            with pytest.raises(NotFoundError, match="Nothing was deleted"):
                await trash.restore_message(id_)

    asyncio.run(read())
