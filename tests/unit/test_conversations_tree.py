"""Whatever branches a conversation grows, its tree, its paths and its active leaf agree."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.storage import opened
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.values import Message, MessageState, Role
from workbench.core.clock import ManualClock

TURNS = st.lists(
    st.tuples(st.integers(min_value=0, max_value=200), st.sampled_from([None, "a", "b"]), st.booleans()),
    min_size=1,
    max_size=12,
)
"""For each turn: which message it hangs under, its system text, whether it begins a new root."""


@given(turns=TURNS, newest=st.integers(min_value=1, max_value=40))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_tree_and_paths_agree(turns: list[tuple[int, str | None, bool]], newest: int) -> None:
    asyncio.run(grow_and_compare(turns, newest))


async def grow_and_compare(turns: list[tuple[int, str | None, bool]], newest: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder) / "workbench.db") as store:
            conversations = Conversations(store, ManualClock(), "0me")
            begun = await conversations.begin_turn(prompt="root", conversation_id=None)
            id_ = begun.conversation.id
            root = begun.user_message.id
            paths = {
                begun.user_message.id: [begun.user_message.id],
                begun.reply.id: [begun.user_message.id, begun.reply.id],
            }
            for choice, system, at_root in turns:
                parent = list(paths)[choice % len(paths)]
                begun = await conversations.begin_turn(
                    prompt="more",
                    conversation_id=id_,
                    parent_id=parent,
                    system=system,
                    beside_id=root if at_root else None,
                )
                above = [] if at_root else paths[parent]
                between = begun.user_message.parent_id
                if between is not None and between not in paths:
                    paths[between] = above = [*above, between]
                assert ([*above] or [None])[-1] == between
                paths[begun.user_message.id] = [*above, begun.user_message.id]
                paths[begun.reply.id] = [*above, begun.user_message.id, begun.reply.id]
                assert begun.conversation.active_leaf_id == begun.reply.id
            tree = await conversations.tree(id_)
            assert {m.id for m in tree} == paths.keys()
            assert sorted(m.id for m in tree) == [m.id for m in tree], "in the order they were written"
            parents = {m.id: m.parent_id for m in tree}
            for leaf, expected in paths.items():
                path = await conversations.path(id_, leaf_id=leaf)
                assert [m.id for m in path] == expected
                assert [parents[m.id] for m in path] == [None, *expected[:-1]]
                assert [m.id for m in await conversations.path(id_, leaf_id=leaf, newest=newest)] == expected[-newest:]
                systems = [m.text for m in path if m.role == "system"]
                assert all(one != other for one, other in itertools.pairwise(systems))
            assert [m.id for m in await conversations.path(id_)] == paths[begun.reply.id]
            assert (await conversations.get(id_)).messages == len(paths)


STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "again", "choose", "finish"]), st.integers(min_value=0, max_value=200)),
    min_size=1,
    max_size=25,
)
"""What somebody does, and to which message."""


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_asking_again_and_choosing_change_no_message_and_lose_none(steps: list[tuple[str, int]]) -> None:
    asyncio.run(ask_and_choose(steps))


async def ask_and_choose(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder) / "workbench.db") as store:
            conversations = Conversations(store, ManualClock(), "0me")
            begun = await conversations.begin_turn(prompt="root", conversation_id=None)
            id_ = begun.conversation.id
            known = {m.id: m for m in await conversations.tree(id_)}
            leaf = begun.reply.id
            for number, (step, choice) in enumerate(steps):
                message = list(known.values())[choice % len(known)]
                match step:
                    case "send":
                        leaf = (await conversations.begin_turn(prompt=f"p{number}", conversation_id=id_)).reply.id
                    case "again":
                        again = await conversations.begin_reply(id_, message.id)
                        prompt = message.id if message.role is Role.USER else message.parent_id
                        assert again.reply.parent_id == prompt
                        leaf = again.reply.id
                    case "choose":
                        await conversations.choose(id_, message.id)
                        leaf = newest_below(message.id, list(known.values()))
                    case _ if message.state is MessageState.STREAMING:
                        state = list(MessageState)[1 + choice % 4]
                        await conversations.finish_reply(message.id, state=state, text=f"t{number}")
                        known[message.id] = await conversations.message(message.id)
                        assert known[message.id].text == f"t{number}"
                tree = {m.id: m for m in await conversations.tree(id_)}
                assert {key: tree.get(key) for key in known} == known
                known = tree
                path = await conversations.path(id_)
                assert path[-1].id == leaf
                assert all(upper.id == lower.parent_id for upper, lower in itertools.pairwise(path))
            for message in known.values():
                beside = [m.id for m in known.values() if (m.parent_id, m.role) == (message.parent_id, message.role)]
                assert (await conversations.siblings([message.id]))[message.id] == tuple(beside)


def newest_below(message_id: str, messages: list[Message]) -> str:
    below, newest = {message_id}, message_id
    for message in messages:
        if message.parent_id in below:
            below.add(message.id)
            newest = message.id
    return newest
