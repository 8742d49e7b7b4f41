from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from workbench.conversations.values import Role
from workbench.core.clock import ManualClock
from workbench.core.errors import StorageError
from workbench.tui.widgets.find_bar import FindBar

SIZE = (100, 24)


def filled(exchanges: int) -> tuple[FakeEngine, str]:
    """An engine with one conversation of that many questions and answers."""
    engine = FakeEngine(clock=ManualClock())
    conversation = engine.core.store_conversation("long")
    for number in range(exchanges):
        engine.core.store_message(conversation.id, Role.USER, f"question {number}")
        special = " with a Café **in it**" if number in (2, exchanges - 1) else ""
        engine.core.store_message(
            conversation.id, Role.ASSISTANT, f"answer {number}{special}",
            reasoning="secret musing" if number == 1 else "",
        )  # fmt: skip
    return engine, conversation.id


def told(d: Driven) -> str:
    """What the bar says."""
    return d.app.chat.query_one(FindBar).told


async def open_find(d: Driven, text: str) -> None:
    """Press ctrl+f and type."""
    await d.pilot.press("ctrl+f")
    await d.until(lambda: isinstance(d.app.focused, FindBar) or getattr(d.app.focused, "id", "") == "find-text")
    await d.pilot.press(*text)


async def test_find_goes_through_all_of_a_conversation_and_walks_from_hit_to_hit(tmp_path: Path) -> None:
    engine, conversation = filled(40)
    async with driven(tmp_path, engine=engine, size=SIZE, conversation=conversation) as d:
        transcript = d.app.chat.transcript
        await d.until(lambda: "answer 39" in d.screen())
        await open_find(d, "cafe in")
        # The last page holds one; the other one is 70 messages up, and is read for it.
        await d.until(lambda: told(d) == "2/2")
        assert len(transcript.messages) == 80
        assert "Café in it" in d.screen()
        marked = transcript.cursor_message_id

        await d.pilot.press("enter")
        await d.until(lambda: told(d) == "1/2" and "answer 2 with a Café in it" in d.screen())
        assert not transcript.following
        # Between the two lie messages that were never mounted.
        assert len(transcript.query("MessageBody")) < 80
        await d.pilot.press("up")
        await d.until(lambda: told(d) == "2/2" and transcript.cursor_message_id == marked)
        await d.until(lambda: "answer 39" in d.screen())

        d.app.chat.query_one(FindBar).open("musing")
        await d.until(lambda: told(d) == "1/1" and "secret musing" in d.screen())

        d.app.chat.query_one(FindBar).open("nowhere")
        await d.until(lambda: told(d) == "not found")
        d.app.chat.query_one(FindBar).open("answer 1")
        await d.until(lambda: told(d).endswith("/11"))
        await d.pilot.press("escape")
        assert not d.app.chat.parts.finding.is_open
        assert d.app.focused is transcript
        assert transcript.cursor_message_id is not None
        # The cursor stays, and what was looked for comes back.
        await d.pilot.press("N")
        await d.until(lambda: "ctrl+f finds words" in d.screen())
        await d.pilot.press("f")
        await d.until(lambda: told(d).endswith("/11"))
        await d.pilot.press("tab", "N")
        await d.pilot.press("escape")
        assert not d.app.chat.parts.finding.is_open
        # While nothing is looked for it means what it means in lists.
        transcript.focus()
        await d.pilot.press("n")
        await d.until(lambda: d.app.desk.slot.conversation_id == "" and d.app.focused is d.app.chat.composer)


async def test_the_slash_command_finds_and_another_conversation_closes_it(tmp_path: Path) -> None:
    engine, conversation = filled(3)
    other = engine.core.store_conversation("other")
    engine.core.store_message(other.id, Role.USER, "elsewhere")
    async with driven(tmp_path, engine=engine, size=(60, 16), conversation=conversation) as d:
        await d.until(lambda: "answer 2" in d.screen())
        await d.send("/find Café")
        await d.until(lambda: told(d) == "1/1")
        bar = d.app.chat.query_one(FindBar)
        assert bar.typed == "Café"
        assert any("Find" in line and "1/1" in line for line in d.lines())
        d.app.chat.open_conversation(other.id)
        await d.until(lambda: "elsewhere" in d.screen() and not bar.display)


async def test_what_a_running_reply_brings_is_counted_and_found(tmp_path: Path) -> None:
    engine, conversation = filled(3)
    async with driven(tmp_path, engine=engine, size=SIZE, conversation=conversation) as d:
        await d.until(lambda: "answer 2" in d.screen())
        await d.send("go on")
        turn = d.engine.turn_in(conversation)
        d.engine.ask(turn, "alpha")
        d.engine.text(turn, "alpha", "a marmot, ")
        await open_find(d, "marmot")
        await d.until(lambda: told(d) in ("0/1", "1/1"))
        await d.pilot.press("down")
        await d.until(lambda: told(d) == "1/1")
        d.engine.text(turn, "alpha", "and another Marmot")
        await d.until(lambda: told(d) == "1/2")
        await d.pilot.press("down")
        await d.until(lambda: told(d) == "2/2")
        d.engine.text(turn, "alpha", ", and a third marmot")
        d.engine.done(turn, "alpha")
        await d.settle()
        await d.pilot.press("down")
        await d.until(lambda: told(d) == "3/3")


async def test_earlier_messages_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, conversation = filled(40)
    async with driven(tmp_path, engine=engine, size=SIZE, conversation=conversation) as d:
        await d.until(lambda: "answer 39" in d.screen())

        async def broken(*_: object, **__: object) -> None:
            raise StorageError("The disk is gone")

        monkeypatch.setattr(engine.core.conversations, "path", broken)
        await open_find(d, "cafe in")
        await d.until(lambda: told(d) == "1/1 · earlier ones cannot be read")
        await d.until(lambda: "The disk is gone" in d.screen())
