"""What can be done with a message: edit it, quote it, rate it, delete it, read it in an editor."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from workbench.tui.screens.chat import ChatScreen

CONVERSATION = "conversation-1"


async def answered(d: Driven, text: str, name: str = "alpha") -> None:
    """A provider gives a whole answer to the running turn."""
    turn = d.engine.turn_in(CONVERSATION)
    d.engine.ask(turn, name)
    d.engine.text(turn, name, text)
    d.engine.done(turn, name)
    await d.settle()


async def ask(d: Driven, prompt: str, answer: str) -> ChatScreen:
    await d.send(prompt)
    await answered(d, answer)
    return d.app.chat


def title(d: Driven) -> str:
    return str(d.app.chat.composer.border_title)


async def test_a_prompt_is_put_in_other_words_on_a_branch_of_its_own(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        chat = await ask(d, "first wording", "first answer")
        await d.type("a draft")
        await d.pilot.press("escape", "e")
        await d.until(lambda: chat.composer.text == "first wording")
        assert "new branch" in title(d)
        assert chat.composer.has_focus
        await d.until(lambda: d.engine.core.drafts.kept.get(CONVERSATION) == "a draft")
        # Escape keeps the old wording, the new one for the next time, and what stood in the composer.
        await d.type(", bettered")
        await d.pilot.press("escape")
        assert (chat.composer.text, "new branch" in title(d)) == ("a draft", False)
        await d.pilot.press("escape", "e")
        await d.until(lambda: chat.composer.text == "first wording, bettered")
        await d.pilot.press("enter")
        await d.until(lambda: chat.composer.text == "a draft")
        assert d.engine.core.chat.beside == [None, "message-1"]
        assert "first answer" not in d.screen()
        await answered(d, "second answer", "beta")
        # A toast lies over that corner of the screen.
        await d.until(lambda: "branch 2/2" in chat.transcript.messages[0].header)
        # At a reply without others beside it, left and right mean the wordings of its prompt.
        await d.pilot.press("escape", "left")
        await d.until(lambda: "first answer" in d.screen())
        assert "branch 1/2" in chat.transcript.messages[0].header
        assert chat.transcript.cursor_message_id == "message-1"
        await d.pilot.press("right")
        await d.until(lambda: "second answer" in d.screen())


async def test_a_wording_is_not_lost_when_it_cannot_be_sent(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        chat = await ask(d, "first wording", "first answer")
        await d.pilot.press("escape", "e")
        await d.until(lambda: chat.composer.text == "first wording")
        chat.transcript.focus()
        await d.pilot.press("r")
        await d.settle()
        chat.composer.focus()
        await d.pilot.press("enter")
        await d.settle()
        assert len(d.engine.core.chat.sent) == 1, "a reply is being written: nothing waits, nothing is sent"
        await answered(d, "another answer")
        await d.pilot.press("escape", "escape", "e")
        await d.until(lambda: "new branch" in title(d))
        d.engine.core.chat.refuse = OSError("the disk is gone")
        await d.pilot.press("enter")
        await d.until(lambda: chat.composer.text == "first wording")
        assert "new branch" in title(d)


async def test_escape_does_not_change_what_a_wording_on_its_way_is(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        chat = await ask(d, "first wording", "first answer")
        await d.pilot.press("escape", "e")
        await d.until(lambda: chat.composer.text == "first wording")
        d.engine.core.chat.hold = on_its_way = asyncio.Event()
        await d.pilot.press("enter")
        await d.until(lambda: bool(d.app.desk.slot.sending))
        await d.pilot.press("escape")
        d.engine.core.chat.hold = None
        on_its_way.set()
        await d.until(lambda: d.engine.core.chat.beside == [None, "message-1"])
        await d.until(lambda: "first answer" not in d.screen())
        assert "new branch" not in title(d)


async def test_messages_are_deleted_and_brought_back(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.pilot.press("escape", "d", "u", "e", "Q", "plus", "v", "c")
        await d.settle()
        d.app.chat.composer.focus()
        chat = await ask(d, "one", "answer to one")
        await ask(d, "two", "answer to two")
        await d.pilot.press("escape", "up", "up", "d")
        await d.until(lambda: "answer to two" not in d.screen())
        assert "answer to one" in d.screen()
        assert "2 messages deleted. u, or /undo" in d.screen()
        assert chat.transcript.cursor_message_id == "message-2"
        await d.pilot.press("u")
        await d.until(lambda: "answer to two" in d.screen())
        assert chat.transcript.cursor_message_id == "message-3"
        # All of it, and the next prompt begins the conversation anew.
        await d.pilot.press("up", "up", "d")
        await d.until(lambda: not chat.transcript.messages)
        chat.composer.focus()
        await d.send("/undo")
        await d.until(lambda: len(chat.transcript.messages) == 4)


async def test_nothing_is_deleted_or_edited_while_a_reply_is_written(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        chat = d.app.chat
        await d.send("one")
        for verb in ("delete_message", "edit_prompt", "undo_delete", "delete_conversation", "go_on"):
            chat.verbs.do(verb)
        await d.settle()
        assert (len(chat.transcript.messages), chat.composer.text) == (2, "")
        assert [c.id for c in d.engine.core.stored] == [CONVERSATION]


async def test_conversations_are_deleted_from_the_list_and_brought_back(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        chat = await ask(d, "the [/] first", "an answer")
        await d.until(lambda: len(chat.conversations.rows) == 1)
        chat.conversations.focus()
        await d.pilot.press("d")
        await d.until(lambda: not chat.conversations.rows)
        assert "Deleted: the [/] first. u in the list" in d.screen()
        assert chat.conversations.has_focus
        assert d.app.desk.slot.conversation_id == ""
        await d.pilot.press("u")
        await d.until(lambda: "an answer" in d.screen())
        assert len(chat.conversations.rows) == 1
        chat.conversations.focus()
        await d.pilot.press("n")
        await d.until(lambda: d.app.desk.slot.conversation_id == "" and chat.composer.has_focus)
        chat.conversations.focus()
        await d.pilot.press("enter")
        await d.until(lambda: "an answer" in d.screen())
        chat.composer.focus()
        await d.send("/delete-conversation")
        await d.until(lambda: d.app.desk.slot.conversation_id == "")
        await d.send("/undo")
        await d.until(lambda: "an answer" in d.screen())
        # One that was brought back elsewhere does not keep undo from the messages of this one.
        await d.send("/delete-conversation")
        await d.until(lambda: d.app.desk.slot.conversation_id == "")
        restored = await d.engine.core.trash.restore_conversation()
        chat.opening.open(restored.id)
        await d.until(lambda: "an answer" in d.screen())
        await d.send("/undo")
        await d.until(lambda: "No conversation was deleted" in d.screen())
        await d.send("/undo")
        await d.until(lambda: "Nothing was deleted here" in d.screen())


async def test_a_reply_is_quoted_rated_and_read_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []

    def look(_: object, file: Path, **__: object) -> None:
        seen.append((file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777))

    monkeypatch.setattr("workbench.tui.chat.quoting.edit_file", look)
    async with driven(tmp_path) as d:
        chat = await ask(d, "one", "first line\n\nsecond \x1b[2Jline")
        await d.type("about this:")
        await d.pilot.press("escape", "Q")
        assert chat.composer.text == "about this:\n\n> first line\n>\n> second ␛[2Jline\n\n"
        assert chat.composer.has_focus
        await d.pilot.press("escape", "plus")
        await d.until(lambda: "+ good" in d.screen())
        await d.pilot.press("minus")
        await d.until(lambda: "- bad" in d.screen())
        await d.pilot.press("minus")
        await d.until(lambda: "- bad" not in d.screen())
        assert (await d.engine.core.conversations.message("message-2")).rating is None
        chat.composer.clear_all()
        chat.composer.focus()
        await d.send("/rate good")
        await d.until(lambda: "+ good" in d.screen())
        await d.send("/rate excellent")
        await d.pilot.press("escape", "up", "up", "v")
        assert seen == [("one", 0o400)]
        await d.pilot.press("down", "v")
        assert seen[1:] == [("first line\n\nsecond ␛[2Jline", 0o400)]
