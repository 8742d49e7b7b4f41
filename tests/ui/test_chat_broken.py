"""A reply that broke off: the question over the transcript, what answers it and what must not, seams, waiting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from workbench.chat.values import Turn
from workbench.conversations.values import MessageState, Role, Seam
from workbench.core import provider_events as pe
from workbench.core.clock import ManualClock
from workbench.tui.screens.broken_reply import QUIET_S, BrokenReplyScreen
from workbench.tui.screens.events import EventsScreen

CONVERSATION = "conversation-1"


def rest(d: Driven) -> None:
    """Nobody types for a while."""
    clock = d.engine.clock
    assert isinstance(clock, ManualClock)
    clock.advance(QUIET_S)


def tell_broken(d: Driven, turn: Turn, *, next_provider: str | None = "beta") -> None:
    event = pe.ReplyBroken(
        message_id=turn.message_id, provider="alpha", model="alpha-large", reason="the connection broke off",
        characters=1_234, next_provider=next_provider, next_model="beta-large" if next_provider else None,
    )  # fmt: skip
    d.engine.core.tell(turn, event)


async def break_off(d: Driven, *, next_provider: str | None = "beta") -> Turn:
    await d.send("the question")
    turn = d.engine.turn_in(CONVERSATION)
    d.engine.ask(turn, "alpha")
    d.engine.text(turn, "alpha", "The third rule is about dead")
    tell_broken(d, turn, next_provider=next_provider)
    await d.settle()
    return turn


@pytest.mark.parametrize(
    ("keys", "way"),
    [
        (["c"], "continue"), (["r"], "restart"), (["k"], "keep"), (["escape"], "keep"), (["enter"], "continue"),
        (["down", "enter"], "restart"), (["up", "enter"], "keep"),
    ],
)  # fmt: skip
async def test_one_key_decides(tmp_path: Path, keys: list[str], way: str) -> None:
    async with driven(tmp_path) as d:
        turn = await break_off(d)
        assert isinstance(d.app.screen, BrokenReplyScreen)
        shown = d.screen()
        assert "The third rule is about dead" in shown, "what came stays in sight"
        for expected in ("alpha/alpha-large broke off", "after 1,234 characters: the connection broke off",
                         "Continue with beta/beta-large", "Restart on beta/beta-large", "Keep as it is"):  # fmt: skip
            assert expected in shown
        for key in keys:
            rest(d)
            await d.pilot.press(key)
        await d.settle()
        assert d.engine.core.chat.decided == [(turn.id, way)]
        assert d.app.screen is d.app.chat
        assert d.app.chat.composer.has_focus
        assert ("Kept as it is" in d.screen()) == (way == "keep")


async def test_keys_of_somebody_who_is_typing_answer_nothing_and_are_not_lost(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("the question")
        await d.type("next I want")
        turn = d.engine.turn_in(CONVERSATION)
        tell_broken(d, turn)
        await d.settle()
        for key in ("space", "r", "i", "c", "k", "enter"):
            await d.pilot.press(key)
        await d.settle()
        assert d.engine.core.chat.decided == []
        assert isinstance(d.app.screen, BrokenReplyScreen)
        assert d.app.chat.composer.text == "next I want rick"
        rest(d)
        await d.pilot.press("c")
        await d.settle()
        assert d.engine.core.chat.decided == [(turn.id, "continue")]
        assert d.app.chat.composer.text == "next I want rick"


async def test_when_nobody_is_left_only_keeping_is_offered(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        turn = await break_off(d, next_provider=None)
        assert "nobody else is left" in d.screen()
        rest(d)
        await d.pilot.press("c")
        rest(d)
        await d.pilot.press("enter")
        await d.settle()
        assert d.engine.core.chat.decided == [(turn.id, "keep")]


@pytest.mark.parametrize("how", ["decided", "ended"])
async def test_the_question_goes_away_when_it_is_decided_elsewhere(tmp_path: Path, how: str) -> None:
    async with driven(tmp_path) as d:
        turn = await break_off(d)
        assert isinstance(d.app.screen, BrokenReplyScreen)
        if how == "decided":
            d.engine.core.tell(turn, pe.ReplyDecided(message_id=turn.message_id, decision="keep"))
        else:
            d.engine.core.finish(turn, state="stopped", reason="stopped by you")
        await d.until(lambda: d.app.screen is d.app.chat)
        assert d.engine.core.chat.decided == []


async def test_a_decision_that_came_too_late_is_told(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await break_off(d)
        d.engine.core.chat.turns.clear()
        rest(d)
        await d.pilot.press("c")
        await d.settle()
        assert "decided already" in d.screen()


async def test_another_pane_hides_the_question_and_coming_back_asks_again(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await break_off(d)
        await d.pilot.press("f5")
        await d.until(lambda: isinstance(d.app.screen, EventsScreen))
        assert d.engine.core.chat.decided == []
        await d.pilot.press("f2")
        await d.until(lambda: isinstance(d.app.screen, BrokenReplyScreen))


async def test_on_another_pane_a_notice_tells_and_the_question_waits(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("the question")
        await d.pilot.press("f5")
        await d.until(lambda: isinstance(d.app.screen, EventsScreen))
        tell_broken(d, d.engine.turn_in(CONVERSATION))
        await d.settle()
        assert isinstance(d.app.screen, EventsScreen)
        assert "broke off in mid-answer" in d.screen()
        await d.pilot.press("f2")
        await d.until(lambda: isinstance(d.app.screen, BrokenReplyScreen))


async def test_another_conversation_is_marked_and_asks_when_it_is_opened(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("the question")
        turn = d.engine.turn_in(CONVERSATION)
        await d.pilot.press("ctrl+n")
        await d.settle()
        tell_broken(d, turn)
        await d.settle()
        assert d.app.screen is d.app.chat
        assert "broke off in the question" in " ".join(d.screen().split())
        assert [row.undecided for row in d.app.chat.conversations.rows] == [True]
        d.app.chat.open_conversation(CONVERSATION)
        await d.until(lambda: isinstance(d.app.screen, BrokenReplyScreen))


async def test_another_provider_goes_on_after_a_marked_seam(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        turn = await break_off(d)
        d.engine.core.tell(turn, pe.ReplyDecided(message_id=turn.message_id, decision="continue"))
        d.engine.fail(turn, "alpha", "broken_stream", first_token_ms=800, next_step="continue with: beta/beta-large")
        d.engine.ask(turn, "beta", ord=1)
        at = len("The third rule is about dead")
        seam = pe.ReplyContinued(message_id=turn.message_id, at=at, after="alpha", provider="beta", model="beta-large")
        d.engine.core.tell(turn, seam)
        d.engine.text(turn, "beta", "lines.")
        d.engine.done(turn, "beta", ord=1)
        await d.until(lambda: d.app.screen is d.app.chat)
        await d.settle()
        column = [line[33:].strip("│┃ ") for line in d.lines()]
        place = column.index("The third rule is about dead")
        assert column[place + 1].startswith("── beta/beta-large goes on here")
        assert column[place + 2] == "lines."
        await d.pilot.press("escape", "y")
        await d.until(lambda: bool(d.app.clipboard))
        assert d.app.clipboard == "The third rule is about deadlines."
        await d.pilot.press("ctrl+t")
        await d.settle()
        assert "28 characters stand" in d.screen()


async def test_a_stored_seam_is_shown_and_not_copied_with_a_selection(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("kept")
    engine.core.store_message(made.id, Role.USER, "the question")
    seam = Seam(at=10, after="alpha", provider="beta", model="m")
    engine.core.store_message(made.id, Role.ASSISTANT, "about deadlines", state=MessageState.DONE, seams=(seam,))
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        assert seam.label in d.screen()
        # The field of the find bar comes soon after the first paint, and a field that comes takes every selection away.
        await d.until(lambda: bool(d.app.chat.query("#find-text")))
        await d.settle()
        d.app.screen.text_select_all()
        await d.settle()
        selected = d.app.screen.get_selected_text() or ""
        assert "about deadlines" in selected
        assert seam.label not in selected


async def test_waiting_for_a_place_is_visible_counts_down_and_can_be_cancelled(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("the question")
        waiting = pe.RequestWaiting(reason="all providers are full", ready_in_s=12.0, ahead=2)
        d.engine.core.tell(d.engine.turn_in(CONVERSATION), waiting)
        await d.settle()
        assert "waiting: all providers are full, about 12 s, 2 ahead" in d.screen()
        assert "esc cancels" in d.screen()
        clock = d.engine.clock
        assert isinstance(clock, ManualClock)
        clock.advance(5)
        d.app.chat.tick()
        await d.settle()
        assert "about 7 s" in d.screen()
        await d.pilot.press("escape")
        await d.settle()
        assert d.engine.core.chat.stopped == [CONVERSATION]
