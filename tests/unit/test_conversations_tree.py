"""Whatever branches a conversation grows, its tree, its paths and its active leaf agree."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.storage import opened
from workbench.conversations.repository import Conversations
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
            paths = {
                begun.user_message.id: [begun.user_message.id],
                begun.reply.id: [begun.user_message.id, begun.reply.id],
            }
            for choice, system, at_root in turns:
                parent = list(paths)[choice % len(paths)]
                begun = await conversations.begin_turn(
                    prompt="more", conversation_id=id_, parent_id=parent, system=system, at_root=at_root
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
