"""Going on with replies that ended early, and other wordings of a prompt: nothing is overwritten, nothing doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.chat_room import Room, room, until
from tests.support.scripted_model import Step, says
from workbench.chat.values import Turn, TurnOptions
from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.values import Message, MessageState, Seam
from workbench.core.clock import SystemClock
from workbench.core.errors import NotFoundError, UsageError
from workbench.core.events import TextDelta
from workbench.core.provider_events import ReplyContinued
from workbench.providers.values import AttemptFailure, ErrorKind, TextPart

BEGINNING = "Count retries per destination, not per call. The third rule is about dead"
END = "lines: a late retry helps nobody."
Scripts = dict[str, list[Sequence[Step]]]
DOWN = AttemptFailure(ErrorKind.SERVER_ERROR, "boom", http_status=500)


async def stopped(r: Room) -> Turn:
    """A reply that its reader stopped after `BEGINNING`."""
    turn = await r.chat.send("hi")
    await until(lambda: r.on_disk(turn.message_id)[1] == BEGINNING)
    await r.chat.stop(turn.conversation_id)
    return turn


async def gone_on(r: Room, turn: Turn, options: TurnOptions | None = None) -> Message:
    again = await r.chat.go_on(turn.conversation_id, turn.message_id, options=options)
    assert r.on_disk(again.message_id) == ("streaming", BEGINNING), "the text is there before anybody is asked"
    return (await r.chat.wait(again.id)).message


async def test_a_stopped_reply_is_gone_on_with_beside_itself(tmp_path: Path) -> None:
    held = asyncio.Event()
    scripts: Scripts = {
        "one": [[TextPart(text=BEGINNING), held], says(f"third rule is about dead{END}")],
        "two": [says("no")],
    }
    async with room(tmp_path, scripts) as r:
        turn = await stopped(r)
        before = await r.conversations.message(turn.message_id)
        reply = await gone_on(r, turn)
        assert reply.text == BEGINNING + END, "what the model repeats is cut off"
        assert (reply.state, reply.provider, reply.parent_id) == (MessageState.DONE, "one", turn.user_message_id)
        seam = Seam(at=len(BEGINNING), after="one", provider="one", model="one-1", ended="was stopped")
        assert reply.seams == (seam,)
        assert await r.conversations.message(reply.id) == reply
        assert await r.conversations.message(turn.message_id) == before
        assert [m.role for m in r.model.calls[1].messages][:2] == ["user", "assistant"]
        assert r.model.calls[1].messages[1].text == BEGINNING
        told = r.events.drain()
        assert "".join(e.delta for e in told if isinstance(e, TextDelta) and e.message_id == reply.id) == reply.text
        assert [(e.at, e.ended) for e in told if isinstance(e, ReplyContinued)] == [(len(BEGINNING), "was stopped")]
        with pytest.raises(UsageError, match="whole"):
            await r.chat.go_on(turn.conversation_id, reply.id)
        with pytest.raises(UsageError, match="no text"):
            await r.chat.go_on(turn.conversation_id, turn.user_message_id)
        with pytest.raises(NotFoundError):
            await r.chat.go_on(turn.conversation_id, "nobody")


async def test_an_answer_that_was_cut_to_length_is_gone_on_with_by_whoever_is_named(tmp_path: Path) -> None:
    scripts: Scripts = {"one": [says(BEGINNING, reason="length")], "two": [says(END, reason="length"), says(" More.")]}
    async with room(tmp_path, scripts) as r:
        turn = await r.chat.send("hi")
        first = (await r.chat.wait(turn.id)).message
        assert (first.state, first.cut_to_length) == (MessageState.DONE, True)
        second = await gone_on(r, turn, TurnOptions(provider="two"))
        assert second.text == BEGINNING + END
        third = await r.chat.go_on(turn.conversation_id, second.id)
        reply = (await r.chat.wait(third.id)).message
        assert reply.text == f"{BEGINNING}{END} More."
        seams = [(seam.at, seam.after, seam.provider, seam.ended) for seam in reply.seams]
        ended = "was cut to length"
        assert seams == [(len(BEGINNING), "one", "two", ended), (len(BEGINNING + END), "two", "two", ended)]


async def test_when_nobody_goes_on_the_text_stands_and_is_not_called_whole(tmp_path: Path) -> None:
    held = asyncio.Event()
    async with room(tmp_path, {"one": [[TextPart(text=BEGINNING), held], [DOWN]], "two": [[DOWN]]}) as r:
        reply = await gone_on(r, await stopped(r))
        assert (reply.text, reply.state, reply.provider) == (BEGINNING, MessageState.STOPPED, "one")
        assert reply.reason.startswith("nobody went on with it: one: 500")
        assert reply.seams == ()


async def test_a_model_that_answers_anew_sets_the_beginning_aside_in_its_own_copy_only(tmp_path: Path) -> None:
    held = asyncio.Event()
    scripts: Scripts = {"one": [[TextPart(text=BEGINNING), held], says(BEGINNING[:50] + " Something else entirely.")]}
    async with room(tmp_path, scripts) as r:
        turn = await stopped(r)
        reply = await gone_on(r, turn)
        assert reply.text == BEGINNING[:50] + " Something else entirely."
        assert [part.text for part in reply.broken] == [BEGINNING]
        assert r.on_disk(turn.message_id) == ("stopped", BEGINNING)


async def test_another_wording_is_a_branch_of_its_own(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("a"), says("b"), says("c")]}) as r:
        turn = await r.chat.send("first wording")
        await r.chat.wait(turn.id)
        id_ = turn.conversation_id
        follow_up = await r.chat.send("and then?", conversation_id=id_)
        await r.chat.wait(follow_up.id)
        tree = await r.conversations.tree(id_)
        other = await r.chat.send("second wording", conversation_id=id_, beside_id=turn.user_message_id)
        await r.chat.wait(other.id)
        assert [m.text for m in r.model.calls[2].messages] == ["second wording"], "nothing of the other branch is sent"
        assert [m.text for m in await r.conversations.path(id_)] == ["second wording", "c"]
        beside = (await r.conversations.siblings([turn.user_message_id]))[turn.user_message_id]
        assert beside == (turn.user_message_id, other.user_message_id)
        assert (await r.conversations.tree(id_))[: len(tree)] == tree
        with pytest.raises(UsageError, match="no prompt"):
            await r.chat.send("x", conversation_id=id_, beside_id=turn.message_id)


async def test_a_private_conversation_is_private_on_every_branch(tmp_path: Path) -> None:
    held = asyncio.Event()
    async with room(tmp_path, {"one": [[TextPart(text=BEGINNING), held], says(END)]}) as r:
        turn = await stopped(r)
        await r.conversations.make_private(turn.conversation_id)
        reply = await gone_on(r, turn)
        assert (reply.state, reply.text) == (MessageState.STOPPED, BEGINNING)
        other = await r.chat.send("reworded", conversation_id=turn.conversation_id, beside_id=turn.user_message_id)
        assert (await r.chat.wait(other.id)).message.state is MessageState.FAILED
        assert len(r.model.calls) == 1, "one is not a private provider: it gets neither"


async def test_a_continuation_whose_program_died_keeps_all_and_can_be_gone_on_with(tmp_path: Path) -> None:
    held = asyncio.Event()
    scripts: Scripts = {"one": [[TextPart(text=BEGINNING), held], says(END)]}
    async with room(tmp_path, scripts) as r:
        turn = await stopped(r)
        dead = Conversations(r.store, SystemClock(), "dead")
        begun = await dead.begin_continuation(turn.conversation_id, turn.message_id)
        (interrupted,) = await r.chat.mark_interrupted(lambda owner: False)
        assert (interrupted.id, interrupted.text, interrupted.provider) == (begun.reply.id, BEGINNING, "one")
        again = await r.chat.go_on(turn.conversation_id, begun.reply.id)
        reply = (await r.chat.wait(again.id)).message
        assert reply.text == BEGINNING + END
        assert [(seam.after, seam.ended) for seam in reply.seams] == [("one", "was interrupted")]
