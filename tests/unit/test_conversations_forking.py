"""Branches made from a message: a conversation of its own, and the place where the next prompt hangs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.storage import opened
from workbench.conversations.branching.forking import Forking
from workbench.conversations.branching.outlines import Outlines
from workbench.conversations.keeping.repository import BegunTurn, Conversations
from workbench.conversations.ordering.trash import Trash
from workbench.conversations.search.search import Search
from workbench.conversations.values import MessageState
from workbench.core.bus import EventBus
from workbench.core.clock import ManualClock
from workbench.core.errors import NotFoundError, UsageError
from workbench.storage.store import Store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path / "workbench.db") as one:
        yield one


@pytest.fixture
def conversations(store: Store, clock: ManualClock) -> Conversations:
    return Conversations(store, clock, "0instance")


@pytest.fixture
def forking(store: Store, clock: ManualClock) -> Forking:
    return Forking(store, clock, EventBus(clock))


async def turn(
    conversations: Conversations,
    prompt: str,
    conversation_id: str | None = None,
    *,
    private: bool = False,
    parent_id: str | None = None,
) -> BegunTurn:
    begun = await conversations.begin_turn(
        prompt=prompt, conversation_id=conversation_id, parent_id=parent_id, private=private
    )
    await conversations.finish_reply(
        begun.reply.id, state=MessageState.DONE, text=f"to {prompt}", reasoning="why", provider="main", model="m-1"
    )
    return begun


async def test_a_branch_becomes_a_conversation_of_its_own_and_the_old_one_stays_as_it_was(
    conversations: Conversations, forking: Forking, store: Store, clock: ManualClock
) -> None:
    one = await turn(conversations, "one", private=True)
    here = one.conversation.id
    two = await turn(conversations, "two", here)
    await turn(conversations, "three", here)
    before = await conversations.tree(here)
    clock.advance(60)
    fork = await forking.fork(here, two.reply.id)
    path = await conversations.path(fork.id)
    assert [m.text for m in path] == ["one", "to one", "two", "to two"]
    assert [(m.provider, m.model, m.reasoning) for m in path[1::2]] == [("main", "m-1", "why")] * 2
    assert [m.created_at_ms for m in path] == [m.created_at_ms for m in before[:4]], "it was said when it was said"
    assert (fork.title, fork.forked_from_id, fork.private) == ("one (branch)", two.reply.id, True)
    assert fork.updated_at_ms == clock.now_ms()
    assert not {m.id for m in path} & {m.id for m in before}
    assert await conversations.tree(here) == before
    again = await forking.fork(fork.id, path[-1].id)
    assert again.title == "one (branch)"
    # Each copy has a place of its own, after the one above it.
    places = await store.read("select n from messages where conversation_id = ? order by n", (again.id,))
    assert len({row["n"] for row in places}) == 4
    found = await Search(store).find("two")
    assert {hit.conversation_id for hit in found.hits} == {here, fork.id, again.id}
    assert [m.text for m in await conversations.tree(again.id)] == ["one", "to one", "two", "to two"]


async def test_a_prompt_may_follow_a_message_inside_of_a_branch(conversations: Conversations, store: Store) -> None:
    one = await turn(conversations, "one")
    here = one.conversation.id
    two = await turn(conversations, "two", here)
    other = await turn(conversations, "another way", here, parent_id=one.reply.id)
    assert other.user_message.parent_id == one.reply.id
    beside = await conversations.siblings([other.user_message.id])
    assert beside[other.user_message.id] == (two.user_message.id, other.user_message.id)
    outline = await Outlines(store).of(here)
    assert [node.beginning for node in outline.nodes] == [
        "one",
        "to one",
        "two",
        "to two",
        "another way",
        "to another way",
    ]
    assert outline.conversation.active_leaf_id == other.reply.id


async def test_what_is_written_deleted_or_elsewhere_is_refused(
    conversations: Conversations, forking: Forking, store: Store, clock: ManualClock
) -> None:
    begun = await conversations.begin_turn(prompt="one", conversation_id=None)
    here = begun.conversation.id
    with pytest.raises(UsageError, match="still being written"):
        await forking.fork(here, begun.reply.id)
    await conversations.finish_reply(begun.reply.id, state=MessageState.STOPPED, text="to", reason="stopped by you")
    other = await turn(conversations, "elsewhere")
    with pytest.raises(NotFoundError):
        await forking.fork(here, other.reply.id)
    assert (await forking.fork(here, begun.reply.id)).messages == 2, "one that ended early can be copied"
    await Trash(store, clock, EventBus(clock)).delete_conversation(here)
    with pytest.raises(NotFoundError):
        await forking.fork(here, begun.reply.id)
    outline = await Outlines(store).of(here)
    assert outline.conversation.deleted_at_ms is not None, "what lies in the trash can be read"
    assert len(outline.nodes) == 2
