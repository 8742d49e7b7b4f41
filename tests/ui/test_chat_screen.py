"""The chat pane over a scripted core: what is shown, what keys do, what is never lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from workbench.conversations.values import MessageState, Role
from workbench.core import events as ev
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.core.storage_events import DatabaseNotice
from workbench.tui.ui_state import UiState


async def ask(d: Driven, text: str = "hello there") -> None:
    await d.send(text)
    turn = d.engine.turn_in("conversation-1")
    d.engine.ask(turn, "alpha")
    d.engine.text(turn, "alpha", "Hello, ")
    await d.settle()


async def test_a_prompt_streams_and_ends_with_its_badge(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        assert "hello there" in d.screen()
        assert "◐ alpha/alpha-large streaming" in d.screen()
        turn = d.engine.turn_in("conversation-1")
        d.engine.text(turn, "alpha", "world.", first_token_ms=None)
        d.engine.done(turn, "alpha", cost=4_000_000)
        await d.settle()
        assert "Hello, world." in d.screen()
        assert "● done · alpha/alpha-large · first token 0.8 s · 1.8 s · 412 tok · $0.004" in d.screen()
        assert "streaming" not in d.screen()


async def test_failover_is_told_live_in_the_badge_and_in_the_trace(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("question")
        turn = d.engine.turn_in("conversation-1")
        d.engine.ask(turn, "alpha")
        d.engine.fail(turn, "alpha", "rate_limited", http_status=429, reason="slow down", next_step="next: beta/x")
        await d.settle()
        assert "▲ alpha/alpha-large rate_limited 429 · next: beta/x" in d.screen()
        d.engine.ask(turn, "beta", ord=1)
        d.engine.text(turn, "beta", "broken off")
        d.engine.fail(turn, "beta", "broken_stream", ord=1, reason="cut", next_step="restart with: gamma/x")
        restart = ev.ReplyRestarted(message_id=turn.message_id, provider="beta", characters=10)
        d.engine.core.tell(turn, restart)
        d.engine.ask(turn, "gamma", ord=2)
        d.engine.text(turn, "gamma", "whole answer")
        d.engine.done(turn, "gamma", ord=2)
        await d.settle()
        assert "broken off" not in d.screen()
        assert "3rd choice" in d.screen()
        await d.pilot.press("ctrl+t")
        await d.settle()
        shown = d.screen()
        for expected in ("rate limited · HTTP 429", "slow down", "10 characters came and were", "answered"):
            assert expected in shown


async def test_escape_has_one_effect_a_press(tmp_path: Path) -> None:
    async with driven(tmp_path, size=(80, 24)) as d:
        await ask(d)
        await d.send("a second one")
        chat = d.app.chat
        await d.pilot.press("ctrl+t")
        assert chat.trace.display

        await d.pilot.press("escape")
        assert not chat.trace.display
        assert d.engine.core.chat.stopped == []

        await d.pilot.press("escape")
        await d.settle()
        assert chat.composer.text == "a second one"
        assert d.engine.core.chat.stopped == []

        await d.pilot.press("escape")
        await d.settle()
        assert d.engine.core.chat.stopped == ["conversation-1"]
        assert chat.composer.has_focus

        await d.pilot.press("escape")
        assert chat.transcript.has_focus
        assert d.app.is_running


async def test_a_stopped_reply_keeps_its_text_and_says_that_it_is_not_complete(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.pilot.press("escape")
        await d.settle()
        assert "Hello," in d.screen()
        assert "▲ stopped, not complete" in d.screen()


async def test_a_prompt_waits_for_the_running_reply_and_is_sent_after_it(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.send("and then this")
        assert "waiting and then this" in d.screen()
        assert [text for text, *_ in d.engine.core.chat.sent] == ["hello there"]
        d.engine.done(d.engine.turn_in("conversation-1"), "alpha")
        await d.settle()
        assert [text for text, *_ in d.engine.core.chat.sent] == ["hello there", "and then this"]
        assert "waiting" not in d.screen()


async def test_what_waits_for_a_reply_that_fails_comes_back(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.send("and then this")
        d.engine.core.finish(d.engine.turn_in("conversation-1"), state="failed", reason="every provider failed")
        await d.settle()
        assert d.app.chat.composer.text == "and then this"
        assert "every provider failed" in d.screen()
        assert len(d.engine.core.chat.sent) == 1


async def test_a_waiting_prompt_is_kept_in_the_draft(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.send("waits")
        await d.type("typed on")
        await d.until(lambda: d.engine.core.drafts.kept.get("conversation-1") == "waits\n\ntyped on")


async def test_a_refused_prompt_comes_back_to_the_composer(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        d.engine.core.chat.refuse = StorageError("The disk is full", hint="Make room")
        await d.send("precious words")
        assert d.app.chat.composer.text == "precious words"
        assert "The disk is full" in d.screen()
        assert d.app.chat.feed.is_empty


async def test_a_prompt_on_its_way_is_shown_at_once(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        hold = d.engine.core.chat.hold = asyncio.Event()
        await d.send("slow to store")
        assert "slow to store" in d.screen()
        assert "saving the prompt" in d.screen()
        hold.set()
        await d.until(lambda: "conversation-1" in d.engine.core.chat.turns)
        await d.settle()
        assert d.screen().count("slow to store") == 3, "title, list and one message"


async def test_conversations_are_listed_newest_first_and_open_by_key_and_click(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    for title in ("oldest", "middle", "newest"):
        made = engine.core.store_conversation(title)
        engine.core.store_message(made.id, Role.USER, f"about {title}")
        engine.core.store_message(made.id, Role.ASSISTANT, f"answer {title}")
    async with driven(tmp_path, engine=engine) as d:
        rows = [row.title for row in d.app.chat.conversations.rows]
        assert rows == ["newest", "middle", "oldest"]
        d.app.chat.conversations.focus()
        await d.pilot.press("down", "enter")
        await d.settle()
        assert "answer middle" in d.screen()
        await d.pilot.click("#conversations", offset=(6, 3))
        await d.settle()
        assert "answer oldest" in d.screen()


async def test_drafts_belong_to_their_conversation(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    for title in ("first", "second"):
        engine.core.store_conversation(title)
    engine.core.drafts.kept["conversation-2"] = "kept from before"
    async with driven(tmp_path, engine=engine, conversation="conversation-1") as d:
        await d.type("half a thought")
        d.app.chat.open_conversation("conversation-2")
        await d.until(lambda: d.app.chat.composer.text == "kept from before")
        assert engine.core.drafts.kept["conversation-1"] == "half a thought"
        d.app.chat.open_conversation("conversation-1")
        await d.until(lambda: d.app.chat.composer.text == "half a thought")


async def test_a_draft_is_saved_within_a_moment_and_restored(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    async with driven(tmp_path, engine=engine) as d:
        await d.type("never lost")
        await d.until(lambda: engine.core.drafts.kept.get(None) == "never lost")
    async with driven(tmp_path, engine=engine) as d:
        assert d.app.chat.composer.text == "never lost"
        await d.pilot.press("enter")
        await d.settle()
        assert engine.core.drafts.kept[None] == ""


async def test_a_draft_that_cannot_be_saved_is_told_until_it_can(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        d.engine.core.drafts.broken = True
        await d.type("x")
        await d.until(lambda: any("draft not saved" in line for line in d.app.chat.banner.lines))
        d.engine.core.drafts.broken = False
        await d.type("y")
        await d.until(lambda: not d.app.chat.banner.lines)


async def test_storage_trouble_stands_at_the_top_until_it_is_over(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        d.engine.bus.publish(ev.StorageTrouble(problem="no space left"))
        await d.settle()
        assert "✖ not saved: no space left" in d.screen()
        d.engine.bus.publish(ev.StorageTrouble())
        await d.settle()
        assert "not saved" not in d.screen()
        d.engine.bus.publish(DatabaseNotice(notice="The database was damaged. Recovered 3 [b]messages"))
        await d.settle()
        assert "▲ The database was damaged. Recovered 3 [b]messages" in d.screen()


async def test_the_list_folds_and_becomes_an_overlay_when_narrow(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    engine.core.store_conversation("the only one")
    async with driven(tmp_path, engine=engine, size=(80, 24)) as d:
        listing = d.app.chat.conversations
        assert not listing.display
        await d.pilot.press("f9")
        assert listing.display
        assert listing.has_focus
        await d.pilot.press("enter")
        await d.settle()
        assert not listing.display
        await d.pilot.resize_terminal(140, 42)
        await d.settle()
        assert listing.display
        await d.pilot.press("f9")
        assert not listing.display
        assert d.app.shell.remembered.list_hidden


async def test_earlier_messages_are_read_when_the_reader_reaches_the_top(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("long")
    for n in range(40):
        engine.core.store_message(made.id, Role.USER, f"question {n}")
        engine.core.store_message(made.id, Role.ASSISTANT, f"answer {n}")
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        assert len(d.app.chat.transcript.messages) == 30
        assert "answer 39" in d.screen()
        d.app.chat.transcript.focus()
        await d.pilot.press("home")
        await d.until(lambda: len(d.app.chat.transcript.messages) > 30)


async def test_an_interrupted_reply_is_marked_when_it_is_read(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("cut")
    engine.core.store_message(made.id, Role.USER, "question")
    engine.core.store_message(made.id, Role.ASSISTANT, "half an ans", state=MessageState.INTERRUPTED)
    async with driven(tmp_path, engine=engine, remembered=UiState(conversation_id=made.id)) as d:
        assert "half an ans" in d.screen()
        assert "▲ interrupted, not complete" in d.screen()


async def test_a_prompt_typed_before_the_core_is_up_waits_and_goes_to_the_opened_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("was open")
    engine.core.store_message(made.id, Role.USER, "from before")
    gate = asyncio.Event()
    get = engine.core.conversations.get

    async def slow_get(reference: str) -> object:
        await gate.wait()
        return await get(reference)

    monkeypatch.setattr(engine.core.conversations, "get", slow_get)
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.send("too early")
        assert "too early" in d.screen()
        assert engine.core.chat.sent == []
        gate.set()
        await d.until(lambda: bool(engine.core.chat.sent))
        await d.settle()
        assert engine.core.chat.sent[0][:2] == ("too early", made.id)
        assert "from before" in d.screen()
        assert "too early" in d.screen()


async def test_a_new_conversation_begun_before_the_core_is_up_ends_no_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(clock=ManualClock())
    gate = asyncio.Event()
    load = engine.core.drafts.load

    async def slow_load(conversation_id: str | None) -> str:
        await gate.wait()
        return await load(conversation_id)

    monkeypatch.setattr(engine.core.drafts, "load", slow_load)
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("ctrl+n")
        await d.type("too early")
        gate.set()
        await d.until(lambda: engine.core.drafts.kept.get(None) == "too early")
        await d.pilot.press("enter")
        await d.until(lambda: bool(engine.core.chat.sent))
        assert engine.core.chat.sent[0][0] == "too early"


async def test_the_frame_of_the_composer_follows_the_width(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        assert "ctrl+g $EDITOR" in d.screen()
        await d.pilot.resize_terminal(80, 24)
        await d.settle()
        assert "ctrl+g $EDITOR" not in d.screen()
        assert "model auto" in d.screen()


async def test_a_prompt_sent_before_the_events_of_the_last_one_arrived_waits_for_it(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.type("first")
        await d.pilot.press("enter")
        await d.pilot.pause()
        assert [text for text, *_ in d.engine.core.chat.sent] == ["first"]
        assert d.app.shell.state.turns == {}, "no event has been folded yet"
        await d.type("second")
        await d.pilot.press("enter")
        await d.pilot.pause()
        assert d.app.desk.slot.queue == ["second"]
        assert "choosing a provider" in d.screen()
        await d.settle()
        d.engine.done(d.engine.turn_in("conversation-1"), "alpha")
        await d.settle()
        assert [text for text, *_ in d.engine.core.chat.sent] == ["first", "second"]
