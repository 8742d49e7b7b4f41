"""Putting conversations in order: in the chat's list, for the open one, and several at once in the history."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from workbench.conversations.values import Conversation, Role
from workbench.core.clock import ManualClock
from workbench.tui.organizing.tags import tags_asked
from workbench.tui.screens.history import HistoryScreen
from workbench.tui.screens.one_line import OneLineScreen
from workbench.tui.state.rows import lines_of, rows_of


def engine_with(*titles: str) -> FakeEngine:
    """Conversations of one prompt each, the last one the newest."""
    engine = FakeEngine(clock=ManualClock())
    for title in titles:
        stored = engine.core.store_conversation(title)
        engine.core.store_message(stored.id, Role.USER, f"what is {title}?")
    return engine


def of(engine: FakeEngine, title: str) -> Conversation:
    """The stored conversation of that title."""
    return next(one for one in engine.core.stored if one.title == title)


async def test_the_list_renames_pins_tags_moves_archives_and_takes_all_of_it_back(tmp_path: Path) -> None:
    engine = engine_with("oldest", "middle", "newest")
    async with driven(tmp_path, engine=engine) as d:
        listed = d.app.chat.conversations
        await d.until(lambda: listed.row_count == 3)
        assert "── recent" not in d.screen()
        listed.focus()
        await d.pilot.press("down", "down", "p")
        await d.until(lambda: "── pinned ──" in d.screen() and "── recent ──" in d.screen())
        assert [row.title for row in listed.rows] == ["oldest", "newest", "middle"]
        # A heading is no row: a click on it opens nothing, one under it opens its row.
        assert listed.cursor == 0
        await d.pilot.press("r")
        await d.until(lambda: isinstance(d.app.screen, OneLineScreen))
        await d.pilot.press("end", "!", "enter")
        await d.until(lambda: [row.title for row in listed.rows] == ["oldest!", "newest", "middle"])
        await d.pilot.press("down", "t")
        await d.until(lambda: isinstance(d.app.screen, OneLineScreen))
        await d.pilot.press(*"rust,go", "enter")
        await d.until(lambda: of(engine, "newest").tags == ("rust", "go"))
        await d.pilot.press("M")
        await d.until(lambda: isinstance(d.app.screen, OneLineScreen))
        await d.pilot.press(*"work", "enter")
        await d.until(lambda: of(engine, "newest").folder == "work")
        await d.pilot.press("a")
        await d.until(lambda: [row.title for row in listed.rows] == ["oldest!", "middle"])
        for _ in range(5):
            await d.settle()
            await d.pilot.press("u")
        await d.until(lambda: [row.title for row in listed.rows] == ["newest", "middle", "oldest"])
        assert (of(engine, "newest").tags, of(engine, "newest").folder) == ((), None)


async def test_slash_commands_put_the_open_conversation_in_order(tmp_path: Path) -> None:
    engine = engine_with("other", "open one")
    async with driven(tmp_path, engine=engine, conversation="last") as d:
        await d.until(lambda: d.app.desk.slot.title == "open one")
        await d.send("/rename A better name")
        await d.until(lambda: d.app.desk.slot.title == "A better name")
        await d.send("/tag rust, -old")
        await d.until(lambda: of(engine, "A better name").tags == ("rust",))
        await d.send("/folder work/rust")
        await d.until(lambda: of(engine, "A better name").folder == "work/rust")
        await d.send("/folder -")
        await d.until(lambda: of(engine, "A better name").folder is None)
        await d.send("/pin")
        await d.until(lambda: of(engine, "A better name").pinned)
        await d.send("/undo")
        await d.until(lambda: not of(engine, "A better name").pinned)
        d.app.chat.verbs.do("new_conversation")
        await d.until(lambda: not d.app.desk.slot.conversation_id)
        await d.send("/archive")
        await d.until(lambda: "There is no conversation to put in order" in d.screen())


async def test_several_are_selected_in_the_history_and_changed_at_once(tmp_path: Path) -> None:
    engine = engine_with("one", "two", "three")
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("f6")
        await d.until(lambda: isinstance(d.app.screen, HistoryScreen) and d.app.screen.results.row_count == 3)
        screen = d.app.screen
        assert isinstance(screen, HistoryScreen)
        screen.results.focus()
        await d.pilot.press("s", "s")
        assert screen.results.selected_ids == [of(engine, "three").id, of(engine, "two").id]
        assert "2 selected" in d.screen()
        await selected_are_tagged(d, engine)
        await d.pilot.press("r")
        assert not isinstance(d.app.screen, OneLineScreen)
        await d.pilot.press("d")
        await d.until(lambda: screen.results.row_count == 1)
        await d.pilot.press("u")
        await d.until(lambda: screen.results.row_count == 3)
        await d.pilot.press("escape")
        assert screen.results.selected_ids == []


async def selected_are_tagged(d: Driven, engine: FakeEngine) -> None:
    """`t` asks once for all of them."""
    await d.pilot.press("t")
    await d.until(lambda: isinstance(d.app.screen, OneLineScreen))
    assert "Tags of 2 conversations" in d.screen()
    await d.pilot.press(*"sql", "enter")
    await d.until(lambda: of(engine, "two").tags == of(engine, "three").tags == ("sql",))
    assert of(engine, "one").tags == ()
    await d.settle()


@pytest.mark.parametrize(
    ("line", "before", "add", "remove"),
    [
        ("rust, sql", None, ("rust", "sql"), ()),
        ("rust, -old , rust,,", None, ("rust",), ("old",)),
        ("a, c", ("a", "b"), ("c",), ("b",)),
        ("", ("a",), (), ("a",)),
        (" , -", None, (), ()),
    ],
)
def test_a_line_of_tags(
    line: str, before: tuple[str, ...] | None, add: tuple[str, ...], remove: tuple[str, ...]
) -> None:
    asked = tags_asked(line, before)
    assert (asked.add, asked.remove) == (add, remove)
    assert asked.nothing is (not add and not remove)


def test_sections_are_named_only_when_there_is_more_than_recent_ones() -> None:
    def one(name: str, *, pinned: bool = False) -> Conversation:
        return Conversation(id=name, title=name, created_at_ms=0, updated_at_ms=0, pinned=pinned)

    assert lines_of(rows_of([one("a"), one("b")], (), 0)) == [0, 1]
    rows = rows_of([one("t"), one("p", pinned=True), one("a")], (), 0, temporary={"t"})
    assert lines_of(rows) == ["temporary", 0, "pinned", 1, "recent", 2]
    assert lines_of([]) == []
