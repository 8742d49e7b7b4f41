"""Titles by a model: when one is asked for, what becomes of the answer, and that nothing waits for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.chat_room import Room, room, until
from tests.support.scripted_model import Step, fails, provider, says
from tests.support.told_answers import ALPHA, ToldAnswers, whole
from tests.support.turn_events import message
from workbench.chat.titling import MAX_TOKENS, Titler, first_exchange, title_in
from workbench.chat.values import TurnOptions
from workbench.config.values import Configuration, FallbackStrategy, Provider, Settings
from workbench.conversations.ordering.organizing import Organizer
from workbench.conversations.values import MessageState, Role
from workbench.core.clock import SystemClock
from workbench.core.events import Event, TurnFinished
from workbench.core.history_events import ConversationsOrganized, TitleFailed
from workbench.providers.answering.attempt_log import AttemptLog
from workbench.providers.answering.failover import Failover
from workbench.providers.values import AnswerPart, AnswerRequest, ErrorKind, TextPart, Urgency

ON = Settings(model_titles=True)
ANSWER = says("The moon pulls the sea.")
TITLE = says("**Title: “Tides and", " the moon.”**\n")


@dataclass
class Desk:
    """A room with a titler over the same model."""

    room: Room
    titler: Titler
    organizer: Organizer
    read: list[Settings]
    """The settings that the titler has read, one each time."""
    seen: list[Event] = field(default_factory=list[Event])

    async def say(self, prompt: str, conversation_id: str | None = None, *, private: bool = False) -> str:
        """A prompt with its whole answer; the conversation's id."""
        options = TurnOptions(private=private)
        turn = await self.room.chat.send(prompt, conversation_id=conversation_id, options=options)
        assert (await self.room.chat.wait(turn.id)).complete
        return turn.conversation_id

    async def title(self, conversation_id: str) -> tuple[str, str | None]:
        """The title, and who gave it."""
        conversation = await self.room.conversations.get(conversation_id)
        return conversation.title, await self.organizer.titled_by(conversation_id)

    async def heard(self, kind: type[Event]) -> Event:
        """Wait for the first event of a kind."""

        def there() -> bool:
            self.seen += self.room.events.drain()
            return any(isinstance(event, kind) for event in self.seen)

        await until(there)
        return next(event for event in self.seen if isinstance(event, kind))

    async def attempts(self) -> list[tuple[str, str, bool]]:
        """Provider and state of all attempts, and whether they belong to a message."""
        sql = "select provider, state, message_id is not null from attempts order by started_at, id"
        return [(row[0], row[1], bool(row[2])) for row in await self.room.store.read(sql)]


@asynccontextmanager
async def desk(
    tmp_path: Path,
    scripts: dict[str, list[Sequence[Step]]],
    *,
    settings: Settings = ON,
    providers: tuple[Provider, ...] | None = None,
    told: ToldAnswers | None = None,
    titles: ToldAnswers | None = None,
) -> AsyncIterator[Desk]:
    """`told` stands in for the attempt loop of turns, `titles` for that of titles."""
    async with room(tmp_path, scripts, answers=told) as r:
        clock = SystemClock()
        organizer = Organizer(r.store, clock, r.bus)
        configuration = Configuration(settings=settings, providers=providers or tuple(map(provider, scripts)))
        read: list[Settings] = []

        async def configured() -> Configuration:
            read.append(configuration.settings)
            return configuration

        log = AttemptLog(r.store, of_messages=False)
        titler = Titler(
            answers=titles or Failover(r.model, log, r.bus, clock, random.Random(1)),
            conversations=r.conversations,
            organizer=organizer,
            configuration=configured,
            bus=r.bus,
            busy=r.chat.running,
        )
        titler.start()
        try:
            yield Desk(r, titler, organizer, read)
        finally:
            await titler.close()


async def thinking(_: AnswerRequest) -> AsyncGenerator[AnswerPart, None]:
    """A whole answer, with reasoning before it."""
    yield ALPHA
    yield TextPart(text="they want a title", reasoning=True)
    yield TextPart(text="Quiet harbours")
    yield whole(ALPHA)


async def test_the_first_whole_answer_gives_the_conversation_a_title(tmp_path: Path) -> None:
    async with desk(tmp_path, {"one": [ANSWER, TITLE, ANSWER]}) as d:
        id_ = await d.say("why are there tides?\n" + "x" * 5_000)
        await d.heard(ConversationsOrganized)
        assert await d.title(id_) == ("Tides and the moon", "model")
        call = d.room.model.calls[1]
        assert call.max_tokens == MAX_TOKENS
        assert "why are there tides?" in call.messages[-1].text
        assert "The moon pulls the sea." in call.messages[-1].text
        assert len(call.messages[-1].text) < 1_300, "a title needs no whole conversation"
        assert await d.attempts() == [("one", "ok", True), ("one", "ok", False)], "the cost is seen, but of no message"
        (reply,) = [m for m in await d.room.conversations.path(id_) if m.role is Role.ASSISTANT]
        assert len(reply.attempts) == 1
        await d.say("and the sun?", id_)
        other = await d.say("something else")
        await until(lambda: len(d.room.model.calls) == 5)
        assert (await d.title(id_))[0] == "Tides and the moon", "asked once"
        assert "something else" in d.room.model.calls[4].messages[-1].text
        assert (await d.title(other))[1] in ("prompt", "model")


async def test_the_cheapest_is_asked_in_the_background_and_only_where_it_is_wished(tmp_path: Path) -> None:
    titles = ToldAnswers(thinking)
    async with desk(tmp_path, {"one": [ANSWER]}, titles=titles) as d:
        id_ = await d.say("hello")
        await d.heard(ConversationsOrganized)
        (request,) = titles.requests
        assert (request.strategy, request.urgency) == (FallbackStrategy.CHEAPEST, Urgency.BACKGROUND)
        assert (request.private, request.pinned_provider, request.default_provider) == (False, None, None)
        assert await d.title(id_) == ("Quiet harbours", "model")
        # An answer that is in no stored conversation: a temporary one's.
        d.room.bus.publish(TurnFinished(message_id="m", state="done", conversation_id="c"))
        await until(lambda: len(d.read) == 2)
        await d.say("more", id_)
        await until(lambda: len(d.read) == 3)
        assert len(titles.requests) == 1
    quiet = ToldAnswers(thinking)
    (tmp_path / "off").mkdir()
    async with desk(tmp_path / "off", {"one": [ANSWER]}, settings=Settings(), titles=quiet) as d:
        id_ = await d.say("hello")
        await until(lambda: len(d.read) == 1)
        await d.say("more", id_)
        assert quiet.requests == []
        assert (await d.title(id_)) == ("hello", "prompt")


async def test_a_private_conversation_is_shown_to_private_providers_only(tmp_path: Path) -> None:
    scripts: dict[str, list[Sequence[Step]]] = {"one": [TITLE], "two": [TITLE]}
    providers = (provider("one"), replace(provider("two"), private=True))
    async with desk(tmp_path, scripts, providers=providers, told=ToldAnswers(thinking)) as d:
        id_ = await d.say("my secret", private=True)
        await d.heard(ConversationsOrganized)
        assert [call.provider.name for call in d.room.model.calls] == ["two"]
        assert (await d.title(id_))[1] == "model"
    (tmp_path / "none").mkdir()
    async with desk(tmp_path / "none", scripts, told=ToldAnswers(thinking)) as d:
        id_ = await d.say("my secret", private=True)
        failed = await d.heard(TitleFailed)
        assert failed.conversation_id == id_
        assert d.room.model.calls == []


async def test_a_turn_that_begins_comes_first(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with desk(tmp_path, {"one": [ANSWER, [gate], ANSWER, says("One title")]}) as d:
        first = await d.say("first")
        await until(lambda: len(d.room.model.calls) == 2)
        second = await d.say("second")
        await until(lambda: len(d.room.model.calls) == 5)
        assert [(state, own) for _, state, own in (await d.attempts())[:3]] == [
            ("ok", True),
            ("cancelled", False),
            ("ok", True),
        ]
        await d.heard(ConversationsOrganized)
        for id_ in (first, second):
            async with asyncio.timeout(5):
                while await d.title(id_) != ("One title", "model"):
                    await asyncio.sleep(0.01)
        assert not gate.is_set()
        assert not any(isinstance(event, TitleFailed) for event in d.seen)


async def test_a_failure_and_a_title_of_the_users_own_leave_everything_as_it_is(tmp_path: Path) -> None:
    gate = asyncio.Event()
    bad = [fails(ErrorKind.SERVER_ERROR, status=500)]
    async with desk(tmp_path, {"one": [ANSWER, bad, ANSWER, says("“”"), ANSWER, [gate, *TITLE]]}) as d:
        id_ = await d.say("first")
        assert "one" in (await d.heard(TitleFailed)).text()
        d.seen.clear()
        second = await d.say("second")
        assert "holds no title" in (await d.heard(TitleFailed)).text()
        assert [await d.title(id_), await d.title(second)] == [("first", "prompt"), ("second", "prompt")]
        third = await d.say("third")
        await until(lambda: len(d.room.model.calls) == 6)
        await d.organizer.rename(third, "Mine")
        gate.set()
        # One after the other: when it looks at this one, it is done with the third.
        d.room.bus.publish(TurnFinished(message_id="m", state="done", conversation_id="c"))
        await until(lambda: len(d.read) == 4)
        assert d.room.model.closed == 6
        assert await d.title(third) == ("Mine", "user")


async def test_closing_gives_a_request_up(tmp_path: Path) -> None:
    async with desk(tmp_path, {"one": [ANSWER, [asyncio.Event()]]}) as d:
        id_ = await d.say("first")
        await until(lambda: len(d.room.model.calls) == 2)
        async with asyncio.timeout(5):
            await d.titler.close()
        assert d.room.model.closed == 2
        assert (await d.title(id_))[1] == "prompt"
        assert [state for _, state, _ in await d.attempts()] == ["ok", "cancelled"]


def test_only_the_first_whole_answer_of_a_branch_counts() -> None:
    prompt = message(role=Role.USER, text="why?")
    failed, reply = message(MessageState.FAILED, text=""), message(text="because")
    assert first_exchange([message(role=Role.SYSTEM), prompt, reply]) == ("why?", "because")
    assert first_exchange([prompt, failed, message(role=Role.USER, text="again"), reply]) == ("again", "because")
    assert first_exchange([prompt, message(), prompt, reply]) is None
    assert first_exchange([prompt, message(MessageState.STOPPED)]) is None
    assert first_exchange([prompt, reply, prompt]) is None
    assert first_exchange([prompt, failed] * 6 + [prompt, reply]) is None
    assert first_exchange([reply]) is None


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Tides and the moon", "Tides and the moon"),
        ("\n\n## Title: *Tides*.\nIt is about tides.", "Tides"),
        ('"Tides and the moon."', "Tides and the moon"),
        ("„Ebbe und Flut“.", "Ebbe und Flut"),
        ("标题：「潮汐」。", "潮汐"),
        ("<think>They ask\nfor a title</think>\n`Tides`", "Tides"),
        ("<think>no end", ""),
        ('"Ebb" and "flow"', '"Ebb" and "flow"'),
        ("Sorting in C#", "Sorting in C#"),
        ("To be continued...", "To be continued..."),
        ("Et cetera\x1b[2J\u202e", "Et cetera␛[2J\N{REPLACEMENT CHARACTER}"),
        ("***", ""),
        ("", ""),
        ("word " * 40, ("word " * 40)[:59] + "…"),
    ],
)
def test_what_a_model_says_becomes_one_clean_line(answer: str, title: str) -> None:
    assert title_in(answer) == title
