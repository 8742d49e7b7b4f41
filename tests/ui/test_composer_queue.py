"""Prompts that wait for the running reply: seen, moved, edited, removed and brought back."""

from __future__ import annotations

from pathlib import Path

from tests.support.app import Driven, driven
from workbench.tui.widgets.queue_list import QueueList


async def three_waiting(d: Driven) -> None:
    """A reply is being written and three prompts wait."""
    for text in ("asked", "one", "two\nlines", "three"):
        await d.send(text)


async def test_what_waits_is_listed_and_can_be_reordered_and_edited(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await three_waiting(d)
        slot, composer, queue = d.app.desk.slot, d.app.chat.composer, d.app.chat.queue
        assert [f"waiting {text}" in d.screen() for text in ("one", "two lines", "three")] == [True] * 3
        await d.pilot.press("up")
        await d.settle()
        assert queue.has_focus and queue.cursor == 2
        assert "enter edit · del remove" in d.screen()
        await d.pilot.press("ctrl+up", "ctrl+up", "ctrl+up")
        assert slot.queue == ["three", "one", "two\nlines"]
        assert queue.cursor == 0
        await d.pilot.press("ctrl+down")
        assert slot.queue == ["one", "three", "two\nlines"]
        await d.pilot.press("down", "enter")
        await d.settle()
        assert (slot.queue, composer.text) == (["one", "three"], "two\nlines")
        assert composer.has_focus
        d.engine.done(d.engine.turn_in("conversation-1"), "alpha")
        await d.until(lambda: len(d.engine.core.chat.sent) == 2)
        assert d.engine.core.chat.sent[1][0] == "one"


async def test_a_removed_prompt_comes_back_until_the_list_is_left(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await three_waiting(d)
        slot, queue = d.app.desk.slot, d.app.chat.queue
        await d.pilot.press("up", "up", "delete")
        assert slot.queue == ["one", "three"]
        assert "removed two lines" in d.screen() and "u brings it back" in d.screen()
        await d.until(lambda: "two" not in d.engine.core.drafts.kept.get("conversation-1", "two"))
        # On the line of the removed one nothing else is removed by one press more.
        await d.pilot.press("delete", "u")
        assert slot.queue == ["one", "two\nlines", "three"]
        await d.until(lambda: "two" in d.engine.core.drafts.kept["conversation-1"])
        await d.pilot.press("up", "backspace", "down", "delete")
        assert slot.queue == ["three"]
        await d.pilot.press("u", "u")
        assert slot.queue == ["one", "two\nlines", "three"]
        await d.pilot.press("up", "up", "delete", "escape")
        await d.settle()
        assert d.app.chat.composer.has_focus
        assert "removed" not in d.screen()
        await d.pilot.press("up", "u", "escape")
        assert slot.queue == ["two\nlines", "three"]
        for _ in range(2):
            await d.pilot.press("up", "delete", "down")
        await d.settle()
        assert not slot.queue and not queue.display
        assert d.app.chat.composer.has_focus


async def test_the_list_is_short_where_the_screen_is_and_says_how_many_there_are(tmp_path: Path) -> None:
    async with driven(tmp_path, size=(40, 12)) as d:
        await three_waiting(d)
        assert d.app.chat.queue.region.height == 1
        assert "waiting one" in d.screen()
        await d.send("/queue")
        assert isinstance(d.app.chat.focused, QueueList)
        assert "waiting three" in d.screen()
        await d.pilot.press("ctrl+n")
        await d.settle()
        assert not d.app.chat.queue.display


async def test_a_prompt_that_is_brought_back_after_the_reply_has_ended_does_not_wait_for_nothing(
    tmp_path: Path,
) -> None:
    async with driven(tmp_path) as d:
        await d.send("asked")
        await d.send("one")
        await d.pilot.press("up", "delete")
        d.engine.done(d.engine.turn_in("conversation-1"), "alpha")
        await d.settle()
        assert d.app.chat.queue.has_focus
        await d.pilot.press("u")
        await d.settle()
        assert (d.app.desk.slot.queue, d.app.chat.composer.text) == ([], "one")
        assert d.app.chat.composer.has_focus
        assert "waiting" not in d.screen()
