"""A broken answer: what a person decides, where another provider goes on, and what is kept of it all."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.chat_room import Room, room, until
from tests.support.scripted_model import says
from tests.support.told_answers import ALPHA, BETA, BROKEN, ToldAnswers, kept, whole
from workbench.chat.values import Turn, TurnOptions
from workbench.config.values import OnBrokenStream, Settings
from workbench.conversations.values import MessageState, Seam
from workbench.core.events import Event, TextDelta, TurnFinished
from workbench.core.provider_events import ReplyBroken, ReplyContinued, ReplyDecided
from workbench.providers.values import (
    AnswerPart,
    AnswerRequest,
    Continued,
    Restarted,
    Resume,
    TextPart,
)

ASK = Settings(on_broken_stream=OnBrokenStream.ASK)
PERSON = TurnOptions(ask_person=True)
GOES_ON = Continued(provider="beta", model="b-1", after="alpha")
SEAM = Seam(at=8, after="alpha", provider="beta", model="b-1")


async def asking(request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
    """Alpha breaks off after eight characters; then what is decided."""
    yield ALPHA
    yield TextPart(text="one ")
    yield TextPart(text="two ")
    assert request.decide is not None
    match await request.decide(BROKEN):
        case Resume.CONTINUE:
            yield GOES_ON
            yield BETA
            yield TextPart(text="three")
            yield whole(BETA)
        case Resume.RESTART:
            yield Restarted(provider="alpha", model="a-1")
            yield BETA
            yield TextPart(text="1 2 3")
            yield whole(BETA)
        case Resume.KEEP:
            yield kept(ALPHA)


def parts_on_disk(r: Room, message_id: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{r.database}?mode=ro", uri=True)) as connection:
        (parts,) = connection.execute("select parts from messages where id = ?", (message_id,)).fetchone()
    return json.loads(parts) if parts else []


async def asked(r: Room, seen: list[Event] | None = None) -> Turn:
    """A turn that waits for a decision."""
    events: list[Event] = [] if seen is None else seen
    turn = await r.chat.send("count", options=PERSON)

    def broken() -> bool:
        events.extend(r.events.drain())
        return any(isinstance(e, ReplyBroken) for e in events)

    await until(broken)
    return turn


@pytest.mark.parametrize("resume", [Resume.CONTINUE, "restart", Resume.KEEP])
async def test_a_person_decides_and_the_decision_is_told(tmp_path: Path, resume: Resume | str) -> None:
    async with room(tmp_path, {"one": [says("x")]}, settings=ASK, answers=ToldAnswers(asking)) as r:
        seen: list[Event] = []
        turn = await asked(r, seen)
        (question,) = [e for e in seen if isinstance(e, ReplyBroken)]
        assert (question.correlation, question.conversation_id) == (turn.id, turn.conversation_id)
        assert (question.message_id, question.provider, question.model) == (turn.message_id, "alpha", "a-1")
        assert (question.reason, question.characters) == ("cut", 8)
        assert (question.next_provider, question.next_model) == ("beta", "b-1")
        assert await r.chat.decide(turn.id, resume)
        assert not await r.chat.decide(turn.id, Resume.KEEP), "decided already"
        result = await r.chat.wait(turn.id)
        assert not await r.chat.decide(turn.id, Resume.KEEP), "over"
        decided = [e for e in r.events.drain() if isinstance(e, ReplyDecided)]
        stored = await r.conversations.message(turn.message_id)
    assert [(e.decision, e.message_id, e.correlation) for e in decided] == [(resume, turn.message_id, turn.id)]
    texts = {"continue": "one two three", "restart": "1 2 3", "keep": "one two "}
    assert result.message.text == stored.text == texts[resume]
    assert result.message.state is stored.state is (MessageState.STOPPED if resume == "keep" else MessageState.DONE)
    assert result.message.seams == stored.seams == ((SEAM,) if resume == "continue" else ())
    assert [b.text for b in stored.broken] == (["one two "] if resume == "restart" else [])


async def test_nothing_is_decided_before_it_is_asked_and_in_no_other_turn(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}, settings=ASK, answers=ToldAnswers(asking)) as r:
        assert not await r.chat.decide("nobody", Resume.KEEP)
        turn = await r.chat.send("count", options=PERSON)
        assert not await r.chat.decide(turn.id, Resume.RESTART)
        await until(lambda: any(isinstance(e, ReplyBroken) for e in r.events.drain()))
        assert not await r.chat.decide("nobody", Resume.KEEP)
        assert await r.chat.decide(turn.id, Resume.KEEP)
        assert (await r.chat.wait(turn.id)).message.text == "one two "


async def test_what_came_is_on_disk_while_the_decision_is_waited_for(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}, settings=ASK, answers=ToldAnswers(asking)) as r:
        turn = await asked(r)
        await until(lambda: r.on_disk(turn.message_id) == ("streaming", "one two "), within_s=0.5)


async def test_stopping_while_the_decision_is_waited_for_keeps_the_text(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}, settings=ASK, answers=ToldAnswers(asking)) as r:
        turn = await asked(r)
        assert await r.chat.stop(turn.conversation_id)
        assert r.on_disk(turn.message_id) == ("stopped", "one two ")
        assert not await r.chat.decide(turn.id, Resume.CONTINUE)
        events = r.events.drain()
        assert [e.state for e in events if isinstance(e, TurnFinished)] == ["stopped"]
        assert not any(isinstance(e, ReplyDecided) for e in events)
        assert (await r.conversations.message(turn.message_id)).provider == "alpha"


async def test_closing_while_the_decision_is_waited_for_interrupts_and_keeps_the_text(tmp_path: Path) -> None:
    async with room(tmp_path, {"one": [says("x")]}, settings=ASK, answers=ToldAnswers(asking)) as r:
        turn = await asked(r)
        await r.chat.close()
        assert r.on_disk(turn.message_id) == ("interrupted", "one two ")


async def test_where_nobody_is_left_nobody_is_asked(tmp_path: Path) -> None:
    async def last(request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
        yield ALPHA
        yield TextPart(text="half")
        assert request.decide is not None
        alone = type(BROKEN)(
            provider="alpha", model="a-1", reason="cut", characters=4, next_provider=None, next_model=None
        )  # fmt: skip
        assert await request.decide(alone) is Resume.KEEP
        yield kept(ALPHA)

    async with room(tmp_path, {"one": [says("x")]}, settings=ASK, answers=ToldAnswers(last)) as r:
        turn = await r.chat.send("count", options=PERSON)
        assert (await r.chat.wait(turn.id)).message.text == "half"
        assert not any(isinstance(e, ReplyBroken) for e in r.events.drain())


async def just_answered(request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
    """Nothing special."""
    del request
    yield BETA
    yield TextPart(text="fine")
    yield whole(BETA)


@pytest.mark.parametrize(
    ("policy", "options", "expected"),
    [
        (OnBrokenStream.ASK, TurnOptions(ask_person=True), True),
        (OnBrokenStream.ASK, TurnOptions(), False),
        (OnBrokenStream.RESTART, TurnOptions(ask_person=True), False),
        (OnBrokenStream.RESTART, TurnOptions(ask_person=True, on_broken_stream=OnBrokenStream.ASK), True),
        (OnBrokenStream.ASK, TurnOptions(ask_person=True, on_broken_stream=OnBrokenStream.STOP), False),
    ],
)
async def test_a_person_is_asked_only_where_there_is_one_and_the_policy_is_ask(
    tmp_path: Path, policy: OnBrokenStream, options: TurnOptions, expected: bool
) -> None:
    answers = ToldAnswers(just_answered)
    async with room(
        tmp_path, {"one": [says("x")]}, settings=Settings(on_broken_stream=policy), answers=answers
    ) as r:  # fmt: skip
        await r.chat.wait((await r.chat.send("hi", options=options)).id)
    (request,) = answers.requests
    assert (request.decide is not None) is expected
    assert request.on_broken_stream is (options.on_broken_stream or policy)


async def test_a_seam_is_told_at_its_place_and_stored_while_the_reply_streams(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def continued(request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
        del request
        yield ALPHA
        yield TextPart(text="thinking", reasoning=True)
        yield TextPart(text="one two ")
        yield GOES_ON
        yield BETA
        yield TextPart(text="thr")
        await gate.wait()
        yield TextPart(text="ee")
        yield whole(BETA)

    async with room(tmp_path, {"one": [says("x")]}, answers=ToldAnswers(continued)) as r:
        turn = await r.chat.send("count")
        await until(lambda: r.on_disk(turn.message_id)[1] == "one two thr", within_s=0.5 + 0.25)
        seam = {"type": "seam", "at": 8, "after": "alpha", "provider": "beta", "model": "b-1"}
        assert seam in parts_on_disk(r, turn.message_id)
        gate.set()
        result = await r.chat.wait(turn.id)
        told = [
            (e.delta if isinstance(e, TextDelta) else e.at)
            for e in r.events.drain()
            if isinstance(e, (TextDelta, ReplyContinued))
        ]
        stored = await r.conversations.message(turn.message_id)
    assert told[:2] == ["thinking", "one two "]
    assert told[2] == 8
    assert "".join(str(each) for each in told[3:]) == "three"
    assert (stored.text, stored.reasoning, stored.seams) == ("one two three", "thinking", (SEAM,))
    assert (result.message.seams, result.message.provider) == ((SEAM,), "beta")


async def test_a_restart_takes_the_seams_with_the_text_and_keeps_each_provider_s_part(tmp_path: Path) -> None:
    async def restarted(request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
        del request
        yield ALPHA
        yield TextPart(text="from alpha, ")
        yield GOES_ON
        yield BETA
        yield TextPart(text="from beta")
        yield Restarted(provider="beta", model="b-1")
        yield ALPHA
        yield TextPart(text="first half, ")
        yield GOES_ON
        yield BETA
        yield TextPart(text="second half")
        yield whole(BETA)

    async with room(tmp_path, {"one": [says("x")]}, answers=ToldAnswers(restarted)) as r:
        turn = await r.chat.send("count")
        await r.chat.wait(turn.id)
        stored = await r.conversations.message(turn.message_id)
    assert stored.text == "first half, second half"
    assert stored.seams == (Seam(at=12, after="alpha", provider="beta", model="b-1"),)
    assert [(b.provider, b.model, b.text) for b in stored.broken] == [
        ("alpha", "a-1", "from alpha, "),
        ("beta", "b-1", "from beta"),
    ]


async def test_a_provider_that_went_on_without_a_word_leaves_no_empty_part(tmp_path: Path) -> None:
    async def restarted(request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
        del request
        yield ALPHA
        yield TextPart(text="from alpha")
        yield GOES_ON
        yield Restarted(provider="beta", model="b-1")
        yield ALPHA
        yield TextPart(text="whole")
        yield whole(ALPHA)

    async with room(tmp_path, {"one": [says("x")]}, answers=ToldAnswers(restarted)) as r:
        turn = await r.chat.send("count")
        message = (await r.chat.wait(turn.id)).message
    assert (message.text, message.seams) == ("whole", ())
    assert [(b.provider, b.text) for b in message.broken] == [("alpha", "from alpha")]


async def test_a_reply_stopped_after_a_seam_is_by_who_went_on(tmp_path: Path) -> None:
    async def continued(request: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
        del request
        yield ALPHA
        yield TextPart(text="one two ")
        yield GOES_ON
        yield TextPart(text="thr")
        await asyncio.Event().wait()

    async with room(tmp_path, {"one": [says("x")]}, answers=ToldAnswers(continued)) as r:
        turn = await r.chat.send("count")
        await until(lambda: any(isinstance(e, ReplyContinued) for e in r.events.drain()))
        await until(lambda: r.on_disk(turn.message_id)[1] == "one two thr")
        await r.chat.stop(turn.conversation_id)
        stored = await r.conversations.message(turn.message_id)
    assert (stored.state, stored.provider, stored.model) == (MessageState.STOPPED, "beta", "b-1")
    assert stored.seams == (SEAM,)
