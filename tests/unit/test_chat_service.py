"""A turn: stored before it is sent, kept while it streams, never shown as more than it is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.chat_room import room, until
from tests.support.scripted_model import Step, says
from workbench.chat.values import TurnOptions
from workbench.config.values import OnBrokenStream, Settings
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.values import Message, MessageState, Role
from workbench.core.clock import SystemClock
from workbench.core.errors import StorageError, UsageError
from workbench.core.events import ReplyRestarted, StorageTrouble, TextDelta, TurnFinished, TurnStarted
from workbench.providers.values import AttemptFailure, ErrorKind, TextPart


async def test_the_prompt_is_on_disk_before_the_provider_is_called(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    async with room(tmp_path, {"one": [says("hi")]}) as r:

        def look(_call: object) -> None:
            with closing(sqlite3.connect(r.database)) as connection:
                seen.extend(connection.execute("select role, text from messages order by n"))

        r.model.on_call = look
        turn = await r.chat.send("what is up?")
        await r.chat.wait(turn.id)
    assert seen == [("user", "what is up?"), ("assistant", "")]


async def test_a_whole_answer_is_done_with_provider_and_attempts(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("Hel", "lo")]}) as r:
        turn = await r.chat.send("hi")
        result = await r.chat.wait(turn.id)
        stored = await r.conversations.message(turn.message_id)
        events = r.events.drain()
    assert result.complete and not result.unreachable
    assert (result.message.text, result.message.provider, result.message.model) == ("Hello", "one", "one-1")
    assert (stored.text, stored.state, stored.provider) == ("Hello", MessageState.DONE, "one")
    assert [a.state for a in stored.attempts] == ["ok"]
    assert "".join(e.delta for e in events if isinstance(e, TextDelta)) == "Hello"
    finished = [e for e in events if isinstance(e, TurnFinished)]
    assert [(e.state, e.correlation, e.output_tokens) for e in finished] == [("done", turn.id, 5)]


async def test_text_is_on_disk_within_half_a_second_while_the_stream_stalls(tmp_path: Path) -> None:
    gate = asyncio.Event()
    script: list[Step] = [TextPart(text="so far"), gate, *says(" and on")]
    async with room(tmp_path, {"one": [script]}) as r:
        turn = await r.chat.send("hi")
        await until(lambda: any(isinstance(e, TextDelta) for e in r.events.drain()))
        await until(lambda: r.on_disk(turn.message_id) == ("streaming", "so far"), within_s=0.5)
        gate.set()
        await r.chat.wait(turn.id)
        assert r.on_disk(turn.message_id) == ("done", "so far and on")


async def test_stopping_keeps_what_came_and_closes_the_stream(tmp_path: Path) -> None:
    script: list[Step] = [TextPart(text="half an "), asyncio.Event()]
    async with room(tmp_path, {"one": [script]}) as r:
        turn = await r.chat.send("hi")
        await until(lambda: any(isinstance(e, TextDelta) for e in r.events.drain()))
        assert await r.chat.stop(turn.conversation_id)
        assert r.model.closed == 1
        stored = await r.conversations.message(turn.message_id)
        assert (stored.state, stored.text, stored.provider) == (MessageState.STOPPED, "half an ", "one")
        assert [a.state for a in stored.attempts] == ["cancelled"]
        assert not await r.chat.stop(turn.conversation_id)


async def test_closing_the_program_marks_a_streaming_reply_interrupted(tmp_path: Path) -> None:
    script: list[Step] = [TextPart(text="half"), asyncio.Event()]
    async with room(tmp_path, {"one": [script]}) as r:
        turn = await r.chat.send("hi")
        await until(lambda: any(isinstance(e, TextDelta) for e in r.events.drain()))
        await r.chat.close()
        assert r.on_disk(turn.message_id) == ("interrupted", "half")
        with pytest.raises(UsageError):
            await r.chat.send("more", conversation_id=turn.conversation_id)


async def test_the_second_provider_answers_when_the_first_fails(tmp_path: Path) -> None:
    down = AttemptFailure(ErrorKind.SERVER_ERROR, "boom", http_status=500)
    async with room(tmp_path, {"one": [[down]], "two": [says("fine")]}) as r:
        turn = await r.chat.send("hi")
        result = await r.chat.wait(turn.id)
    assert (result.message.text, result.message.provider) == ("fine", "two")
    assert [(a.provider, a.state, a.error_kind) for a in result.message.attempts] == [
        ("one", "failed", "server_error"),
        ("two", "ok", None),
    ]


async def test_a_restart_sets_the_broken_text_aside_and_never_joins_it(tmp_path: Path) -> None:
    cut = says("broken ", "half", reason=None)
    async with room(tmp_path, {"one": [cut], "two": [says("whole")]}) as r:
        turn = await r.chat.send("hi")
        result = await r.chat.wait(turn.id)
        stored = await r.conversations.message(turn.message_id)
        restarts = [e for e in r.events.drain() if isinstance(e, ReplyRestarted)]
    assert result.message.text == stored.text == "whole"
    assert [(b.provider, b.text) for b in stored.broken] == [("one", "broken half")]
    assert [e.characters for e in restarts] == [len("broken half")]


async def test_a_cut_answer_that_is_kept_is_never_done(tmp_path: Path) -> None:
    cut = says("only a part", reason=None)
    settings = Settings(on_broken_stream=OnBrokenStream.STOP)
    async with room(tmp_path, {"one": [cut], "two": [says("unused")]}, settings=settings) as r:
        turn = await r.chat.send("hi")
        result = await r.chat.wait(turn.id)
        assert not result.complete
        assert r.on_disk(turn.message_id) == ("stopped", "only a part")
        assert result.message.reason
        assert len(r.model.calls) == 1


async def test_when_everybody_fails_the_prompt_stays_and_the_reply_says_why(tmp_path: Path) -> None:
    refused = AttemptFailure(ErrorKind.CONNECTION, "connection refused")
    async with room(tmp_path, {"one": [[refused]], "two": [[refused]]}) as r:
        turn = await r.chat.send("hi")
        result = await r.chat.wait(turn.id)
        branch = await r.conversations.path(turn.conversation_id)
    assert result.unreachable and result.message.state is MessageState.FAILED
    assert [(m.role, m.text, m.state.value) for m in branch] == [
        (Role.USER, "hi", "done"),
        (Role.ASSISTANT, "", "failed"),
    ]
    assert "refused" in branch[1].reason


async def test_the_next_prompt_carries_the_branch_but_no_empty_reply(tmp_path: Path) -> None:
    down = AttemptFailure(ErrorKind.SERVER_ERROR, "boom")
    async with room(tmp_path, {"one": [says("first answer"), [down], says("third")]}) as r:
        turn = await r.chat.send("first", options=TurnOptions(system="be brief"))
        await r.chat.wait(turn.id)
        for text in ("second", "third"):
            turn = await r.chat.send(text, conversation_id=turn.conversation_id)
            await r.chat.wait(turn.id)
    assert [(m.role, m.text) for m in r.model.calls[-1].messages] == [
        ("system", "be brief"),
        ("user", "first"),
        ("assistant", "first answer"),
        ("user", "second"),
        ("user", "third"),
    ]


@pytest.mark.parametrize("text", ["", "  \n"])
async def test_an_empty_prompt_is_refused(tmp_path: Path, text: str) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        with pytest.raises(UsageError):
            await r.chat.send(text)
        assert (await r.conversations.list())[0] == 0


async def test_an_unknown_provider_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        with pytest.raises(UsageError, match="nobody"):
            await r.chat.send("hi", options=TurnOptions(provider="nobody"))
        assert (await r.conversations.list())[0] == 0


async def test_offline_nothing_is_sent(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}, offline=True) as r:
        with pytest.raises(UsageError, match="Offline"):
            await r.chat.send("hi")
        assert r.model.calls == []


async def test_one_reply_at_a_time_in_a_conversation_many_across(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with room(tmp_path, {"one": [[TextPart(text="a"), gate, *says("b")]]}) as r:
        first = await r.chat.send("hi")
        with pytest.raises(UsageError, match="still streaming"):
            await r.chat.send("again", conversation_id=first.conversation_id)
        second = await r.chat.send("elsewhere")
        assert {t.id for t in r.chat.running()} == {first.id, second.id}
        gate.set()
        results = await asyncio.gather(r.chat.wait(first.id), r.chat.wait(second.id))
        assert [result.message.text for result in results] == ["ab", "ab"]


async def test_a_full_disk_does_not_end_the_reply_and_it_is_saved_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.chat.reply.RETRY_INTERVAL_S", 0.05)
    monkeypatch.setattr("workbench.chat.turn.RETRY_INTERVAL_S", 0.05)
    gate = asyncio.Event()
    async with room(tmp_path, {"one": [[TextPart(text="a"), gate, *says("b")]]}) as r:
        full = True

        def refusing(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
            async def write(*args: object, **options: object) -> None:
                if full:
                    raise StorageError("The disk is full")
                await original(*args, **options)

            return write

        monkeypatch.setattr(r.conversations, "save_reply", refusing(r.conversations.save_reply))
        monkeypatch.setattr(r.conversations, "finish_reply", refusing(r.conversations.finish_reply))
        turn = await r.chat.send("hi")
        gate.set()
        result = await r.chat.wait(turn.id)
        assert result.message.text == "ab"
        events = r.events.drain()
        assert [e.problem != "" for e in events if isinstance(e, StorageTrouble)] == [True]
        full = False
        await until(lambda: r.on_disk(turn.message_id) == ("done", "ab"))
        await until(lambda: any(isinstance(e, StorageTrouble) and not e.problem for e in r.events.drain()))


async def test_a_dead_process_s_reply_is_marked_interrupted_and_told(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        dead = Conversations(r.store, SystemClock(), "instance-0")
        begun = await dead.begin_turn(prompt="hi", conversation_id=None)
        await dead.save_reply(begun.reply.id, text="partial")
        marked: list[Message] = await r.chat.mark_interrupted(lambda _owner: False)
        assert [(m.id, m.text) for m in marked] == [(begun.reply.id, "partial")]
        assert r.on_disk(begun.reply.id) == ("interrupted", "partial")
        assert any(e.kind == "reply.interrupted" for e in r.events.drain())


async def test_turn_started_names_both_messages(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        turn = await r.chat.send("hi")
        await r.chat.wait(turn.id)
        started = [e for e in r.events.drain() if isinstance(e, TurnStarted)]
    assert [(e.user_message_id, e.message_id, e.conversation_id) for e in started] == [
        (turn.user_message_id, turn.message_id, turn.conversation_id)
    ]
