"""Several answers to one question: asked again, asked elsewhere, walked through; and questions nobody answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from workbench.conversations.values import MessageState, Role
from workbench.core import provider_events as pe
from workbench.core.clock import ManualClock
from workbench.providers.values import Attempt
from workbench.tui.screens.switcher import SwitcherScreen

CONVERSATION = "conversation-1"


async def answered(d: Driven, name: str = "alpha", text: str = "first answer") -> None:
    """A provider gives a whole answer to the running turn."""
    turn = d.engine.turn_in(CONVERSATION)
    d.engine.ask(turn, name)
    d.engine.text(turn, name, text)
    d.engine.done(turn, name)
    await d.settle()


async def ask(d: Driven, text: str = "the question") -> None:
    await d.send(text)
    await answered(d)


async def test_another_is_asked_the_same_and_both_answers_are_kept(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.pilot.press("escape", "R")
        await d.settle()
        switch = d.app.screen
        assert isinstance(switch, SwitcherScreen)
        marked = switch.listed.marked
        assert marked is not None
        assert marked.title == "beta/beta-large", "the next best is marked, not the one that answered"
        assert switch.listed.choices[-1].pin.provider == "alpha"
        await d.pilot.press("enter")
        await d.settle()
        (conversation_id, message_id, options), = d.engine.core.chat.again  # fmt: skip
        assert (conversation_id, message_id) == (CONVERSATION, "message-2")
        assert options is not None
        assert (options.provider, options.model, options.ask_person) == ("beta", "beta-large", True)
        assert "first answer" not in d.screen(), "the new answer is a branch of its own"
        await answered(d, "beta", "second answer")
        assert "second answer" in d.screen()
        assert "answer 2 of 2" in d.screen()
        assert d.screen().count("the question") == 3, "title, list and one prompt"
        assert d.app.desk.slot.pin.provider is None, "asked this once, not pinned"


async def test_left_and_right_walk_through_the_answers_with_what_followed_each(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.send("a follow-up")
        await answered(d, "alpha", "answer to the follow-up")
        d.app.chat.transcript.focus()
        await d.pilot.press("up", "up", "up", "r")
        await d.settle()
        assert d.engine.core.chat.again[0][1] == "message-2"
        await answered(d, "beta", "second answer")
        assert "a follow-up" not in "\n".join(d.lines()[3:30])
        await d.pilot.press("left")
        await d.until(lambda: "answer to the follow-up" in d.screen())
        assert "first answer" in d.screen()
        assert "answer 1 of 2" in d.screen()
        assert d.app.chat.transcript.cursor_message_id == "message-2"
        await d.pilot.press("left")
        await d.settle()
        assert "first answer" in d.screen(), "before the first one there is none"
        await d.pilot.press("right")
        await d.until(lambda: "second answer" in d.screen())
        assert "answer to the follow-up" not in d.screen()
        assert d.engine.core.leaves[CONVERSATION] == "message-5"


async def test_an_answer_without_others_beside_it_says_so(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        assert "answer 1 of" not in d.screen()
        await d.pilot.press("escape", "left")
        await d.settle()
        assert "There is one answer to this question" in d.screen()


@pytest.mark.parametrize(("typed", "name"), [("/retry", "beta"), ("/retry gamma", "gamma"), ("/retry next", "beta")])
async def test_retry_takes_a_name_or_the_next_in_the_chain(tmp_path: Path, typed: str, name: str) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.send(typed)
        options = d.engine.core.chat.again[0][2]
        assert options is not None
        assert options.provider == name
        assert d.app.chat.composer.text == ""


async def test_retry_with_an_unknown_name_asks_nobody(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.send("/retry nobody")
        assert "No single provider or model fits nobody" in d.screen()
        assert d.engine.core.chat.again == []


async def test_nothing_is_asked_again_while_a_reply_is_written_or_before_anything_was_asked(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("/retry")
        assert "Nothing was asked here yet" in d.screen()
        await d.send("the question")
        d.app.chat.transcript.focus()
        for key in ("r", "R", "left"):
            await d.pilot.press(key)
        await d.settle()
        assert "A reply is being written" in d.screen()
        assert d.engine.core.chat.again == []
        assert d.app.screen is d.app.chat


async def test_a_question_nobody_answered_says_how_each_is_and_is_asked_again_with_one_key(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("the question")
        turn = d.engine.turn_in(CONVERSATION)
        for place, (name, kind, reason) in enumerate(
            (("alpha", "rate_limited", "slow down"), ("beta", "connection", "nobody there"))
        ):
            d.engine.ask(turn, name, ord=place)
            d.engine.fail(turn, name, kind, ord=place, reason=reason, next_step="stop")
        probe_at_ms = d.engine.clock.now_ms() + 42_000
        d.engine.bus.publish(
            pe.BreakerChanged(provider="alpha", before="closed", after="open", probe_at_ms=probe_at_ms)
        )
        d.engine.core.finish(turn, state="failed", reason="every provider failed")
        await d.settle()
        shown = " ".join(line.strip("│┃ ") for line in d.lines())
        assert "alpha/alpha-large: rate limited · slow down · next try" in shown
        assert "beta/beta-large: connection · nobody there" in shown
        assert "r asks again" in shown
        await d.pilot.press("escape", "r")
        await d.settle()
        assert [message_id for _, message_id, _ in d.engine.core.chat.again] == [turn.message_id]
        await answered(d, "alpha", "at last")
        assert "at last" in d.screen()
        assert "answer 2 of 2" in d.screen()


async def test_answers_beside_a_stored_one_are_found_when_a_conversation_is_opened(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("kept")
    prompt = engine.core.store_message(made.id, Role.USER, "the question")
    for name in ("alpha", "beta", "gamma"):
        attempts = (Attempt(ord=0, provider=name, model="m", state="ok"),)
        engine.core.store_message(made.id, Role.ASSISTANT, f"by {name}", attempts=attempts, parent_id=prompt.id)
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.until(lambda: "answer 3 of 3" in d.screen())
        d.app.chat.transcript.focus()
        await d.pilot.press("left")
        await d.until(lambda: "answer 2 of 3" in d.screen())
        assert "by beta" in d.screen()


async def test_an_interrupted_reply_can_be_asked_again(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("cut")
    engine.core.store_message(made.id, Role.USER, "the question")
    engine.core.store_message(made.id, Role.ASSISTANT, "half an ans", state=MessageState.INTERRUPTED)
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.pilot.press("escape", "r")
        await d.settle()
        await answered(d, "alpha", "a whole answer")
        assert "a whole answer" in d.screen()
