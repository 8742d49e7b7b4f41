"""Asking again: another reply to the same prompt, and every earlier one kept as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_room import room, until
from tests.support.scripted_model import Step, says
from tests.support.told_answers import ToldAnswers, whole
from workbench.chat.values import TurnOptions
from workbench.config.values import Settings
from workbench.conversations.values import MessageState
from workbench.core.errors import NotFoundError, StorageError, UsageError
from workbench.core.events import ConversationChanged, TextDelta, TurnFinished, TurnStarted
from workbench.providers.values import (
    Answering,
    AnswerPart,
    AnswerRequest,
    AttemptFailure,
    ErrorKind,
    TextPart,
    Urgency,
)

DOWN = AttemptFailure(ErrorKind.SERVER_ERROR, "boom", http_status=500)


async def test_another_provider_answers_the_same_prompt_and_both_answers_are_kept(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("first"), says("again")], "two": [says("second")]}) as r:
        turn = await r.chat.send("hi", options=TurnOptions(system="be brief"))
        first = (await r.chat.wait(turn.id)).message
        again = await r.chat.ask_again(
            turn.conversation_id, turn.message_id, options=TurnOptions(provider="two", model="two-1")
        )
        second = (await r.chat.wait(again.id)).message
        assert [m.text for m in r.model.calls[1].messages] == ["be brief", "hi"]
        assert (again.user_message_id, second.text, second.provider) == (turn.user_message_id, "second", "two")
        beside = (await r.conversations.siblings([turn.message_id]))[turn.message_id]
        assert beside == (first.id, second.id)
        assert await r.conversations.message(first.id) == first
        conversation = await r.conversations.get(turn.conversation_id)
        assert (conversation.active_leaf_id, conversation.provider, conversation.model) == (second.id, None, None)
        third = await r.chat.ask_again(turn.conversation_id, turn.user_message_id)
        assert (await r.chat.wait(third.id)).message.provider == "one"
        assert len(await r.conversations.tree(turn.conversation_id)) == 5


async def test_a_pin_stays_when_another_provider_is_asked_once(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("1")], "two": [says("2")]}) as r:
        turn = await r.chat.send("hi", options=TurnOptions(provider="two"))
        await r.chat.wait(turn.id)
        again = await r.chat.ask_again(turn.conversation_id, turn.message_id, options=TurnOptions(provider="one"))
        assert (await r.chat.wait(again.id)).message.provider == "one"
        assert again.conversation_id == turn.conversation_id
        following = await r.chat.send("more", conversation_id=turn.conversation_id)
        assert (await r.chat.wait(following.id)).message.provider == "two"


async def test_the_model_reads_the_branch_up_to_the_prompt_only(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("1"), says("2"), says("2b"), says("3")]}) as r:
        first = await r.chat.send("first")
        await r.chat.wait(first.id)
        second = await r.chat.send("second", conversation_id=first.conversation_id)
        await r.chat.wait(second.id)
        await r.chat.wait((await r.chat.ask_again(first.conversation_id, second.message_id)).id)
        await r.chat.wait((await r.chat.send("third", conversation_id=first.conversation_id)).id)
        sent = [[m.text for m in call.messages] for call in r.model.calls]
    assert sent[2] == ["first", "1", "second"]
    assert sent[3] == ["first", "1", "second", "2b", "third"]


async def test_a_failed_reply_is_sent_again_without_typing_it_again(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [[DOWN], says("now")]}) as r:
        turn = await r.chat.send("hi")
        failed = (await r.chat.wait(turn.id)).message
        assert failed.state is MessageState.FAILED
        again = await r.chat.ask_again(turn.conversation_id, turn.message_id)
        assert (await r.chat.wait(again.id)).message.text == "now"
        assert await r.conversations.message(failed.id) == failed
        assert [m.state.value for m in await r.conversations.path(turn.conversation_id)] == ["done", "done"]


async def test_a_stopped_and_an_interrupted_reply_can_be_asked_again(tmp_path: Path) -> None:
    half: list[Step] = [TextPart(text="half"), asyncio.Event()]
    async with room(tmp_path, {"one": [half, says("whole")]}) as r:
        turn = await r.chat.send("hi")
        await until(lambda: any(isinstance(e, TextDelta) for e in r.events.drain()))
        await r.chat.stop(turn.conversation_id)
        again = await r.chat.ask_again(turn.conversation_id, turn.message_id)
        assert (await r.chat.wait(again.id)).message.text == "whole"
        assert r.on_disk(turn.message_id) == ("stopped", "half")


async def test_the_turn_is_told_like_any_other(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        turn = await r.chat.send("hi")
        await r.chat.wait(turn.id)
        r.events.drain()
        again = await r.chat.ask_again(turn.conversation_id, turn.message_id)
        await r.chat.wait(again.id)
        events = r.events.drain()
    started = [e for e in events if isinstance(e, TurnStarted)]
    assert [(e.user_message_id, e.message_id, e.correlation) for e in started] == [
        (turn.user_message_id, again.message_id, again.id)
    ]
    assert [e.message_id for e in events if isinstance(e, TurnFinished)] == [again.message_id]
    assert any(isinstance(e, ConversationChanged) for e in events)


async def test_refused_while_a_reply_streams_and_nothing_is_stored(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with room(tmp_path, {"one": [[TextPart(text="a"), gate, *says("b")]]}) as r:
        turn = await r.chat.send("hi")
        with pytest.raises(UsageError, match="still streaming"):
            await r.chat.ask_again(turn.conversation_id, turn.user_message_id)
        gate.set()
        await r.chat.wait(turn.id)
        both = await asyncio.gather(
            *(r.chat.ask_again(turn.conversation_id, turn.message_id) for _ in range(2)), return_exceptions=True
        )
        assert [isinstance(one, UsageError) for one in both] == [False, True]
        assert len(await r.conversations.tree(turn.conversation_id)) == 3


async def test_refused_for_what_is_not_there_and_after_the_end(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        turn = await r.chat.send("hi")
        other = await r.chat.send("other")
        await r.chat.wait(turn.id)
        await r.chat.wait(other.id)
        asked = len(r.model.calls)
        for conversation, message in [
            (turn.conversation_id, "nobody"),
            ("nobody", turn.message_id),
            (turn.conversation_id, other.message_id),
        ]:
            with pytest.raises(NotFoundError):
                await r.chat.ask_again(conversation, message)
        with pytest.raises(UsageError, match="no provider named nobody"):
            await r.chat.ask_again(turn.conversation_id, turn.message_id, options=TurnOptions(provider="nobody"))
        await r.chat.close()
        with pytest.raises(UsageError, match="closing"):
            await r.chat.ask_again(turn.conversation_id, turn.message_id)
        assert len(r.model.calls) == asked
        assert len(await r.conversations.tree(turn.conversation_id)) == 2


async def test_refused_offline(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}, offline=True) as r:
        begun = await r.conversations.begin_turn(prompt="hi", conversation_id=None)
        with pytest.raises(UsageError, match="Offline"):
            await r.chat.ask_again(begun.conversation.id, begun.reply.id)


@pytest.mark.parametrize("turns_of_the_loop", [1, 2, 3, 5, 8])
async def test_a_reply_whose_asker_is_gone_asks_nobody_and_ends(tmp_path: Path, turns_of_the_loop: int) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        turn = await r.chat.send("hi")
        await r.chat.wait(turn.id)
        r.events.drain()
        asking = asyncio.create_task(r.chat.ask_again(turn.conversation_id, turn.message_id))
        for _ in range(turns_of_the_loop):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: any(isinstance(e, TurnFinished) for e in r.events.drain()))
        assert len(r.model.calls) == 1
        states = [m.state.value for m in await r.conversations.tree(turn.conversation_id)]
    assert states == ["done", "done", "stopped"]


async def test_a_disk_that_refuses_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with room(tmp_path, {"one": [says("x")]}) as r:
        turn = await r.chat.send("hi")
        await r.chat.wait(turn.id)

        async def refuse(*_args: object, **_options: object) -> None:
            raise StorageError("The disk is full")

        with monkeypatch.context() as full:
            full.setattr(r.conversations, "begin_reply", refuse)
            with pytest.raises(StorageError):
                await r.chat.ask_again(turn.conversation_id, turn.message_id)
        again = await r.chat.ask_again(turn.conversation_id, turn.message_id)
        assert (await r.chat.wait(again.id)).complete


async def answered_by_one(request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
    del request
    by = Answering(provider="one", model="one-1")
    yield by
    yield TextPart(text="fine")
    yield whole(by)


async def test_what_is_said_in_private_is_asked_for_in_private_ever_after(tmp_path: Path) -> None:
    answers = ToldAnswers(answered_by_one)
    async with room(tmp_path, {"one": [says("x")]}, answers=answers) as r:

        async def send(conversation_id: str | None = None, **options: Any) -> str:
            turn = await r.chat.send("hi", conversation_id=conversation_id, options=TurnOptions(**options))
            await r.chat.wait(turn.id)
            return turn.conversation_id

        public = await send()
        private = await send(private=True)
        await send(private)
        await send(private, private=False)
        leaf = (await r.conversations.get(private)).active_leaf_id
        again = await r.chat.ask_again(private, leaf or "", options=TurnOptions(provider="one"))
        await r.chat.wait(again.id)
        await send(public, private=True)
        await send(public)
        assert (await r.conversations.get(private)).private
        assert (await r.conversations.get(public)).private
    expected = [False, True, True, True, True, True, True]
    assert [request.private for request in answers.requests] == expected


async def test_the_request_carries_urgency_and_the_fallbacks_of_the_configuration(tmp_path: Path) -> None:
    answers = ToldAnswers(answered_by_one)
    settings = Settings(context_window_fallback=("large",), content_policy_fallback=("open/model",))
    async with room(tmp_path, {"one": [says("x")]}, settings=settings, answers=answers) as r:
        for options in (TurnOptions(), TurnOptions(urgency=Urgency.BACKGROUND)):
            await r.chat.wait((await r.chat.send("hi", options=options)).id)
    assert [request.urgency for request in answers.requests] == [Urgency.INTERACTIVE, Urgency.BACKGROUND]
    for request in answers.requests:
        assert request.context_window_fallback == ("large",)
        assert request.content_policy_fallback == ("open/model",)
