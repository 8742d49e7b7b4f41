"""Several replies to one prompt, the branch in force, and conversations that are private for good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.storage import opened
from workbench.conversations.keeping import rows
from workbench.conversations.keeping.repository import BegunTurn, Conversations
from workbench.conversations.telling.documents import conversation_document
from workbench.conversations.values import MessageState, Role
from workbench.core.clock import ManualClock
from workbench.core.errors import NotFoundError, UsageError
from workbench.core.ids import new_id
from workbench.storage.store import Store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db") as one:
        yield one


@pytest.fixture
def conversations(store: Store) -> Conversations:
    return Conversations(store, ManualClock(), "0instance")


async def answered(
    conversations: Conversations, begun: BegunTurn, text: str, state: MessageState = MessageState.DONE
) -> None:
    await conversations.finish_reply(begun.reply.id, state=state, text=text, provider="main", model="m-1")


@pytest.mark.parametrize("state", [MessageState.DONE, MessageState.FAILED, MessageState.STOPPED])
async def test_another_reply_stands_beside_the_first_and_becomes_the_active_leaf(
    conversations: Conversations, state: MessageState
) -> None:
    first = await conversations.begin_turn(prompt="q", conversation_id=None, system="s", provider="main")
    await answered(conversations, first, "one", state)
    id_ = first.conversation.id
    before = await conversations.tree(id_)
    for through in (first.reply.id, first.user_message.id):
        again = await conversations.begin_reply(id_, through)
        assert again.user_message == first.user_message
        assert (again.reply.parent_id, again.reply.role) == (first.user_message.id, Role.ASSISTANT)
        assert (again.reply.state, again.reply.text) == (MessageState.STREAMING, "")
        assert again.conversation.active_leaf_id == again.reply.id
        assert again.conversation.provider == "main"
    tree = await conversations.tree(id_)
    assert tree[: len(before)] == before
    assert len(tree) == len(before) + 2


async def test_a_reply_below_others_answers_its_own_prompt(conversations: Conversations) -> None:
    first = await conversations.begin_turn(prompt="one", conversation_id=None)
    await answered(conversations, first, "1")
    id_ = first.conversation.id
    second = await conversations.begin_turn(prompt="two", conversation_id=id_)
    again = await conversations.begin_reply(id_, first.reply.id)
    assert again.user_message.id == first.user_message.id
    assert [m.text for m in await conversations.path(id_)] == ["one", ""]
    beside = await conversations.begin_reply(id_, second.reply.id)
    assert beside.user_message.id == second.user_message.id


async def test_what_is_no_reply_and_no_prompt_is_refused_and_nothing_is_stored(
    conversations: Conversations, store: Store
) -> None:
    mine = await conversations.begin_turn(prompt="mine", conversation_id=None, system="s")
    other = await conversations.begin_turn(prompt="other", conversation_id=None)
    count = "select count(*), max(updated_at) from messages, conversations"
    before = tuple((await store.read(count))[0])
    id_ = mine.conversation.id
    for conversation, message in [(id_, other.reply.id), (id_, "nobody"), ("nobody", mine.reply.id), (id_, "\ud800")]:
        with pytest.raises(NotFoundError):
            await conversations.begin_reply(conversation, message, private=True)
        with pytest.raises(NotFoundError):
            await conversations.choose(conversation, message)
    assert mine.user_message.parent_id is not None
    with pytest.raises(UsageError, match="no prompt"):
        await conversations.begin_reply(id_, mine.user_message.parent_id, private=True)
    assert tuple((await store.read(count))[0]) == before
    assert not (await conversations.get(id_)).private


async def test_siblings_are_all_replies_to_one_prompt_oldest_first(conversations: Conversations) -> None:
    first = await conversations.begin_turn(prompt="q", conversation_id=None)
    id_ = first.conversation.id
    begun = [first, *[await conversations.begin_reply(id_, first.user_message.id) for _ in range(3)]]
    replies = [one.reply.id for one in begun]
    await conversations.begin_turn(prompt="below", conversation_id=id_)
    assert await conversations.siblings([*replies, "nobody", "\ud800"]) == dict.fromkeys(replies, tuple(replies))


async def test_siblings_of_a_first_prompt_are_those_of_its_own_conversation(conversations: Conversations) -> None:
    first = await conversations.begin_turn(prompt="q", conversation_id=None)
    await conversations.begin_turn(prompt="elsewhere", conversation_id=None)
    id_ = first.conversation.id
    edited = await conversations.begin_turn(prompt="q, edited", conversation_id=id_, beside_id=first.user_message.id)
    beside = first.user_message.id
    await conversations.begin_turn(prompt="with a system text", conversation_id=id_, beside_id=beside, system="s")
    expected = (first.user_message.id, edited.user_message.id)
    assert (await conversations.siblings([edited.user_message.id])) == {edited.user_message.id: expected}


async def test_more_siblings_than_a_page(conversations: Conversations, store: Store) -> None:
    first = await conversations.begin_turn(prompt="q", conversation_id=None)
    sql = "insert into messages(id, conversation_id, parent_id, role, created_at) values (?, ?, ?, 'assistant', 1)"
    made = [(new_id(), first.conversation.id, first.user_message.id) for _ in range(1100)]
    await store.write(lambda t: t.executemany(sql, made))
    found = await conversations.siblings([first.reply.id, *(id_ for id_, *_ in made[:600])])
    assert set(map(len, found.values())) == {1101}
    assert len(found) == 601


async def test_siblings_are_found_through_an_index(store: Store) -> None:
    plan = [str(tuple(row)) for row in await store.read(f"explain query plan {rows.SIBLINGS}", {"ids": "[]"})]
    assert all(any(index in line for line in plan) for index in ("messages_children", "messages_conv")), plan


async def test_choosing_makes_the_branch_active_down_to_its_newest_leaf(conversations: Conversations) -> None:
    first = await conversations.begin_turn(prompt="one", conversation_id=None)
    await answered(conversations, first, "1")
    id_ = first.conversation.id
    old = await conversations.begin_turn(prompt="two", conversation_id=id_)
    await answered(conversations, old, "2")
    newer = await conversations.begin_turn(prompt="two, edited", conversation_id=id_, parent_id=first.reply.id)
    await answered(conversations, newer, "2b")
    beside = await conversations.begin_reply(id_, first.user_message.id)
    await answered(conversations, beside, "1b")
    updated = (await conversations.get(id_)).updated_at_ms
    for chosen, leaf in [
        (first.reply, newer.reply),
        (beside.reply, beside.reply),
        (old.user_message, old.reply),
        (first.user_message, beside.reply),
    ]:
        await conversations.choose(id_, chosen.id)
        assert (await conversations.path(id_))[-1].id == leaf.id
    assert (await conversations.get(id_)).updated_at_ms == updated, "looking at another branch is no news"
    following = await conversations.begin_turn(prompt="go on", conversation_id=id_)
    assert following.user_message.parent_id == beside.reply.id


async def test_choosing_another_branch_leaves_a_streaming_reply_where_it_is(conversations: Conversations) -> None:
    first = await conversations.begin_turn(prompt="q", conversation_id=None)
    await answered(conversations, first, "one")
    id_ = first.conversation.id
    streaming = await conversations.begin_reply(id_, first.reply.id)
    await conversations.choose(id_, first.reply.id)
    await conversations.save_reply(streaming.reply.id, text="two")
    await answered(conversations, streaming, "two")
    assert [m.text for m in await conversations.path(id_)] == ["q", "one"]
    assert (await conversations.message(streaming.reply.id)).text == "two"


async def test_a_conversation_is_private_for_good(conversations: Conversations) -> None:
    private = await conversations.begin_turn(prompt="q", conversation_id=None, provider="main", private=True)
    assert private.conversation.private
    assert conversation_document(private.conversation)["private"] is True
    id_ = private.conversation.id
    await conversations.pin(id_, provider="other", model="m")
    await conversations.pin(id_, provider=None, model=None)
    assert (await conversations.begin_turn(prompt="more", conversation_id=id_)).conversation.private
    assert (await conversations.begin_reply(id_, private.reply.id)).conversation.private
    assert (await conversations.get(id_)).private


async def test_a_public_conversation_can_become_private(conversations: Conversations) -> None:
    made = [await conversations.begin_turn(prompt="q", conversation_id=None, provider="main") for _ in range(4)]
    ids = [begun.conversation.id for begun in made]
    assert not any(begun.conversation.private for begun in made)
    await conversations.make_private(ids[0])
    await conversations.make_private(ids[0])
    assert (
        await conversations.begin_turn(prompt="in private", conversation_id=ids[1], private=True)
    ).conversation.private
    assert (await conversations.begin_reply(ids[2], made[2].reply.id, private=True)).conversation.private
    listed = {c.id: (c.private, c.provider) for c in (await conversations.list())[1]}
    assert [listed[id_] for id_ in ids] == [(True, "main"), (True, "main"), (True, "main"), (False, "main")]
    with pytest.raises(NotFoundError):
        await conversations.make_private("nobody")
