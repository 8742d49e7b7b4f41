"""Turns when something happens between the prompt and the reply: two senders, no sender, no disk, no conversation."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_room import Room, room, until
from tests.support.scripted_model import Step, says
from workbench.chat.values import TurnOptions
from workbench.conversations.values import Message, MessageState
from workbench.core.errors import StorageError, UsageError
from workbench.core.events import Event, StorageTrouble, TextDelta, TurnFinished
from workbench.providers.values import AttemptFailure, ErrorKind, TextPart
from workbench.storage.transaction import Transaction


async def refuse(*_args: object, **_options: object) -> None:
    """A disk that takes nothing."""
    raise StorageError("The disk is full")


async def states(r: Room) -> list[str]:
    """The states of all replies, oldest first."""
    _, conversations = await r.conversations.list()
    trees = [await r.conversations.tree(conversation.id) for conversation in reversed(conversations)]
    return [m.state.value for m in itertools.chain.from_iterable(trees) if m.role.value == "assistant"]


async def test_of_two_prompts_at_the_same_moment_one_is_refused(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        first = await r.chat.send("first")
        await r.chat.wait(first.id)
        sent = await asyncio.gather(
            *(r.chat.send(text, conversation_id=first.conversation_id) for text in ("a", "b")), return_exceptions=True
        )
        assert [type(each) for each in sent[1:]] == [UsageError]
        branch = await r.conversations.path(first.conversation_id)
        assert [m.text for m in branch if m.role.value == "user"] == ["first", "a"]


@pytest.mark.parametrize("turns_of_the_loop", [1, 2, 3, 5, 8])
async def test_a_prompt_whose_sender_is_gone_asks_nobody_and_its_reply_ends(
    tmp_path: Path, turns_of_the_loop: int
) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        sending = asyncio.create_task(r.chat.send("hello"))
        for _ in range(turns_of_the_loop):
            await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await until(lambda: any(isinstance(e, TurnFinished) for e in r.events.drain()))
        assert r.model.calls == []
        assert await states(r) == ["stopped"]


async def test_a_prompt_that_is_being_stored_when_the_program_closes_ends_too(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [[asyncio.Event()]]}) as r:
        sending = asyncio.create_task(r.chat.send("hello"))
        await asyncio.sleep(0)
        await r.chat.close()
        assert r.on_disk((await sending).message_id) == ("interrupted", "")
        assert r.chat.running() == []


async def test_a_branch_that_cannot_be_read_fails_the_turn_not_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:

        async def unreadable(*_args: object, **_options: object) -> list[Message]:
            raise StorageError("The database could not be read")

        monkeypatch.setattr(r.conversations, "path", unreadable)
        turn = await r.chat.send("hello")
        result = await r.chat.wait(turn.id)
        assert result.message.state is MessageState.FAILED
        assert "could not be read" in result.message.reason
        assert r.model.calls == []
        assert r.on_disk(turn.message_id) == ("failed", "")


async def test_a_turn_ends_also_when_its_conversation_is_deleted_meanwhile(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with room(tmp_path, {"one": [[TextPart(text="a"), gate, *says("b")]]}) as r:
        turn = await r.chat.send("hello")
        await until(lambda: any(isinstance(e, TextDelta) for e in r.events.drain()))

        async def delete(transaction: Transaction) -> None:
            await transaction.execute("delete from conversations")

        await r.store.write(delete)
        gate.set()
        result = await asyncio.wait_for(r.chat.wait(turn.id), 5)
        assert result.message.text == "ab"
        events = r.events.drain()
        assert [e.state for e in events if isinstance(e, TurnFinished)] == ["done"]
        assert [e.problem for e in events if isinstance(e, StorageTrouble)] != []


async def test_closing_tries_once_more_to_save_what_the_disk_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with room(tmp_path, {"one": [says("a whole answer")]}) as r:
        with monkeypatch.context() as full:
            full.setattr(r.conversations, "save_reply", refuse)
            full.setattr(r.conversations, "finish_reply", refuse)
            turn = await r.chat.send("hello")
            await r.chat.wait(turn.id)
            assert r.on_disk(turn.message_id) == ("streaming", "")
        await r.chat.close()
        assert r.on_disk(turn.message_id) == ("done", "a whole answer")


async def test_a_stopped_turn_tells_its_attempts(tmp_path: Path) -> None:
    down = AttemptFailure(ErrorKind.SERVER_ERROR, "boom", http_status=500)
    half: Sequence[Step] = [TextPart(text="half"), asyncio.Event()]
    async with room(tmp_path, {"one": [[down]], "two": [half]}) as r:
        turn = await r.chat.send("hello")
        await until(lambda: any(isinstance(e, TextDelta) for e in r.events.drain()))
        await r.chat.stop(turn.conversation_id)
        result = await r.chat.wait(turn.id)
    assert [(a.provider, a.state) for a in result.message.attempts] == [("one", "failed"), ("two", "cancelled")]


async def test_one_system_text_is_in_force_the_last_one(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        conversation = None
        for text, system in (("1", "be brief"), ("2", "be kind"), ("3", None), ("4", "  ")):
            turn = await r.chat.send(text, conversation_id=conversation, options=TurnOptions(system=system))
            await r.chat.wait(turn.id)
            conversation = turn.conversation_id
    in_force = [[m.text for m in call.messages if m.role == "system"] for call in r.model.calls]
    assert in_force == [["be brief"], ["be kind"], ["be kind"], ["be kind"]]


async def test_an_ending_that_was_saved_although_reported_as_failed_is_not_tried_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.chat.turn.RETRY_INTERVAL_S", 0.02)
    async with room(tmp_path, {"one": [says("x")]}) as r:
        finish = r.conversations.finish_reply
        tries = itertools.count()

        async def reported_as_failed(message_id: str, **values: Any) -> None:
            await finish(message_id, **values)
            if next(tries) == 0:
                raise StorageError("disk I/O error")

        monkeypatch.setattr(r.conversations, "finish_reply", reported_as_failed)
        turn = await r.chat.send("hello")
        await r.chat.wait(turn.id)
        troubles: list[bool] = []

        def over() -> bool:
            troubles.extend(bool(e.problem) for e in r.events.drain() if isinstance(e, StorageTrouble))
            return troubles == [True, False]

        await until(over)
        assert await states(r) == ["done"]


async def test_whoever_hears_of_a_turn_s_end_may_send_the_next_prompt(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [[TextPart(text="half"), asyncio.Event()], says("whole")]}) as r:
        first = await r.chat.send("hello")
        heard: list[bool] = []

        def hear(event: Event) -> bool:
            if isinstance(event, TurnFinished):
                heard.append(r.chat.running_in(first.conversation_id) is None)
            return False

        r.bus.subscribe(hear)
        await until(lambda: any(isinstance(e, TextDelta) for e in r.events.drain()))
        await r.chat.stop(first.conversation_id)
        second = await r.chat.send("again", conversation_id=first.conversation_id)
        await r.chat.wait(second.id)
        await until(lambda: len(heard) == 2)
    assert heard == [True, True]
