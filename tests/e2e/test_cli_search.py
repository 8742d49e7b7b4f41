"""`history search` and the filters of `history list`, without a terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.cli import invoke
from tests.support.in_process import Streams
from tests.support.storage import opened, plain
from workbench.config.paths import resolve_paths
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.values import MessageState
from workbench.core.clock import ManualClock

pytestmark = pytest.mark.usefixtures("no_input")


async def _fill(database: Path) -> None:
    async with opened(database) as store:
        clock = ManualClock(1_791_590_400_000)
        conversations = Conversations(store, clock, "0instance")
        for number in range(3):
            clock.advance(60)
            begun = await conversations.begin_turn(prompt=f"retry budget {number}", conversation_id=None)
            await conversations.finish_reply(
                begun.reply.id, state=MessageState.DONE, text="a\x1b[2J budget\nof retries"
            )


def test_what_was_said_is_found_from_the_command_line(isolation: Path, streams: Streams) -> None:
    database = resolve_paths(isolation, {}).database
    database.parent.mkdir(parents=True)
    asyncio.run(_fill(database))
    with plain(database) as connection:
        connection.execute("update conversations set tags = '[\"to do\"]', folder = 'work' where title like '%1'")
        connection.execute("update conversations set archived_at = 1 where title like '%0'")
    assert invoke("history", "search", "budget", "-nothing", "role:ai", "--json", "--limit", "1") == 0
    document = streams.json()
    (hit,) = document["hits"]
    assert (document["total"], document["capped"], document["notes"]) == (2, False, [])
    assert hit.keys() >= {"conversation_id", "message_id", "title", "role", "snippet", "created_at"}
    assert (hit["title"], hit["role"], hit["created_at"]) == ("retry budget 2", "assistant", "2026-10-10T00:03:00.000Z")
    assert invoke("history", "search", '"retry budget"', "foo:bar", "-n", "1") == 0
    assert streams.read() == ""
    assert "There is no filter foo:" in streams.err
    assert "Nothing found" in streams.err
    assert invoke("history", "search", "budget", "--offset", "1", "-n", "2", "--best") == 0
    assert "\x1b" not in streams.read()
    assert "4 found; 2 to 3 are shown, go on with --offset" in streams.err
    assert invoke("history", "search", "retries") == 0
    lines = streams.read().splitlines()
    assert [line for line in lines if line.startswith("retry")] == ["retry budget 2", "retry budget 1"], (
        "by conversation"
    )
    assert "  2026-10-10T00:03:00.000Z  user: retry budget 2" in lines
    assert "4 found in 2 conversations" in streams.err
    for options, title in ((("--tag", "to do"), "1"), (("--folder", "work"), "1"), (("--archived",), "0")):
        assert invoke("history", "list", *options, "--json") == 0
        listed = streams.json()
        assert (listed["total"], [c["title"] for c in listed["conversations"]]) == (1, [f"retry budget {title}"])
    assert invoke("history", "list", "--trash") == 0
    assert "No conversation is like this" in (streams.read(), streams.err)[1]
