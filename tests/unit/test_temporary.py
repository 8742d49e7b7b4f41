"""Temporary conversations: everything works in them, and no byte of the home tells of them."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.scripted_engine import scripted_engine
from tests.support.scripted_model import fails, says
from workbench.chat.values import Turn, TurnOptions, TurnResult
from workbench.config.paths import resolve_paths
from workbench.conversations.values import MessageState, Role
from workbench.core.errors import NotFoundError, UsageError
from workbench.core.events import AttemptEnded, ConversationChanged, TextDelta, TurnFinished
from workbench.engine.core import Core
from workbench.providers.values import ErrorKind

CANARY = "Kanarienvogel"
"""Stands in everything that is typed and received."""

BETA = f"beta says {CANARY}"


async def ended(core: Core, turn: Turn) -> TurnResult:
    """Wait for a turn."""
    return await core.chat.wait(turn.id)


def bytes_of(home: Path) -> bytes:
    """Everything in a home."""
    return b"\n".join(path.name.encode() + path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


def test_a_whole_temporary_conversation_leaves_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = [fails(ErrorKind.SERVER_ERROR, status=500)]
    with scripted_engine(tmp_path, monkeypatch, [says(f"alpha says {CANARY}"), failure], beta=BETA) as (engine, events):
        engine.run(lambda core: core.configured())

        async def live(core: Core) -> list[str]:
            memory = await core.in_memory()
            first = await memory.chat.send(f"tell me of {CANARY}")
            await ended(memory, first)
            again = await memory.chat.ask_again(first.conversation_id, first.message_id)
            assert (await ended(memory, again)).message.provider == "beta"
            other = await memory.chat.send(
                f"or of another {CANARY}", conversation_id=first.conversation_id, beside_id=first.user_message_id
            )
            await ended(memory, other)
            siblings = await memory.conversations.siblings([first.message_id])
            assert siblings[first.message_id] == (first.message_id, again.message_id)
            path = await memory.conversations.path(first.conversation_id)
            assert [message.role for message in path] == [Role.USER, Role.ASSISTANT]
            assert path[-1].text == BETA
            await memory.drafts.save(first.conversation_id, f"half a {CANARY}")
            assert await memory.drafts.load(first.conversation_id) == f"half a {CANARY}"
            await memory.organizer.rename(first.conversation_id, f"named {CANARY}")
            await memory.trash.delete_message(first.conversation_id, path[-1].id)
            await memory.trash.restore_message(first.conversation_id)
            assert (await memory.conversations.list())[0] == 1
            assert (await core.conversations.list())[0] == 0
            assert await core.prompts.newest() == []
            with pytest.raises(NotFoundError):
                await core.conversations.get(first.conversation_id)
            assert not (await core.search.find(CANARY)).hits
            return [first.conversation_id, *(turn.id for turn in (first, again, other)), first.message_id, path[-1].id]

        ids = engine.run(live)
        heard = events.drain()
        assert {CANARY in event.delta for event in heard if isinstance(event, TextDelta)} == {True}
        assert sum(isinstance(event, TurnFinished) for event in heard) == 3
        assert any(isinstance(event, AttemptEnded) and event.state == "failed" for event in heard)
        # What is recorded is written at most a fifth of a second later.
        until = time.monotonic() + 10
        while not engine.run(lambda core: core.events.page()) and time.monotonic() < until:
            time.sleep(0.02)
        while_running = bytes_of(tmp_path)
    for everything in (while_running, bytes_of(tmp_path)):
        assert b"engine.started" in everything
        assert [name for name in (CANARY, *ids) if name.encode() in everything] == []


def test_a_temporary_conversation_can_be_kept_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = [fails(ErrorKind.SERVER_ERROR, status=500)]
    with scripted_engine(tmp_path, monkeypatch, [failure, says("stored")], beta=BETA) as (engine, events):
        engine.run(lambda core: core.configured())

        async def live(core: Core) -> str:
            memory = await core.in_memory()
            first = await memory.chat.send(f"tell me of {CANARY}")
            await ended(memory, first)
            again = await memory.chat.ask_again(first.conversation_id, first.message_id)
            with pytest.raises(UsageError):
                await core.keep_temporary(first.conversation_id)
            await ended(memory, again)
            before = await memory.conversations.path(first.conversation_id)
            stored = await core.chat.send("somebody else has this second's first place")
            await ended(core, stored)
            await core.keep_temporary(first.conversation_id)
            assert await core.conversations.path(first.conversation_id) == before
            assert [attempt.provider for attempt in (await core.conversations.message(first.message_id)).attempts] == [
                "alpha", "beta",
            ]  # fmt: skip
            assert len((await core.conversations.siblings([first.message_id]))[first.message_id]) == 2
            assert [hit.conversation_id for hit in (await core.search.find("Kanarienvogel -beta")).hits]
            assert (await memory.conversations.list())[0] == 0
            with pytest.raises(NotFoundError):
                await core.keep_temporary(first.conversation_id)
            events.drain()
            later = await core.chat.send("and now?", conversation_id=first.conversation_id)
            assert (await ended(core, later)).message.state is MessageState.DONE
            return first.conversation_id

        conversation_id = engine.run(live)
        told = [event for event in events.drain() if isinstance(event, ConversationChanged)]
        assert {event.conversation_id for event in told} == {conversation_id}
    with closing(sqlite3.connect(resolve_paths(tmp_path, {}).database)) as connection:
        kinds = {
            row[0]
            for row in connection.execute("select kind from events where conversation_id = ?", (conversation_id,))
        }
    assert "turn.finished" in kinds


def test_a_stored_conversation_can_be_gone_on_with_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_engine(tmp_path, monkeypatch, [says("yes")]) as (engine, _):
        engine.run(lambda core: core.configured())

        async def live(core: Core) -> tuple[int, int]:
            memory = await core.in_memory()
            stored = await core.chat.send("remember this")
            await ended(core, stored)
            borrowed = await core.temporary.borrow(stored.conversation_id[:20])
            assert borrowed == await core.temporary.borrow("last") == stored.conversation_id
            turn = await memory.chat.send(CANARY, conversation_id=borrowed, options=TurnOptions())
            await ended(memory, turn)
            return len(await memory.conversations.path(borrowed)), len(await core.conversations.path(borrowed))

        assert engine.run(live) == (4, 2)
    assert CANARY.encode() not in bytes_of(tmp_path)
