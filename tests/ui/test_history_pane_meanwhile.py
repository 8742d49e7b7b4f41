"""The history pane while other things happen: keys faster than it reads, what is gone, stopped or grown meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.app import Driven
from tests.support.fake_said import Said
from tests.ui.test_history_pane import history, look_for
from workbench.conversations.branching.outlines import Outline
from workbench.conversations.values import Role
from workbench.core.errors import StorageError
from workbench.tui.history import searching
from workbench.tui.screens.history import HistoryScreen


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.tui.history.searching.DEBOUNCE_S", 0.01)
    monkeypatch.setattr("workbench.tui.history.showing.PREVIEW_S", 0.0)


def titled(d: Driven, title: str) -> str:
    return next(one.id for one in d.engine.core.stored if one.title == title)


def read(screen: HistoryScreen) -> str:
    return screen.reading.conversation.id if screen.reading.conversation is not None else ""


async def test_keys_mean_the_line_under_the_cursor_although_the_reader_shows_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with history(tmp_path) as (d, screen, said):
        monkeypatch.setattr("workbench.tui.history.showing.PREVIEW_S", 3_600.0)
        await d.pilot.press("escape", "down", "g")
        await d.until(lambda: d.app.screen is d.app.chat)
        await d.until(lambda: d.app.desk.slot.conversation_id == titled(d, "Postgres vacuum"))
        await d.pilot.press("f6", "escape", "down", "b")
        await d.until(lambda: screen.focused is screen.branches and read(screen) == titled(d, "Log schema"))
        # Where there is no room for the reader nothing was read yet.
        await d.pilot.resize_terminal(80, 24)
        await d.pilot.press("escape", "home", "y")
        await d.until(lambda: read(screen) == said.conversation.id)
        assert screen.focused is screen.results
        # n goes to the hits, which are seen in the reader; its title has room again there.
        await look_for(d, screen, "retry")
        await d.pilot.press("n")
        await d.until(lambda: screen.reader.has_focus and "Retry budgets · read only" in d.screen())
        await d.until(lambda: screen.reading.message_id == said.last.id)
        await d.pilot.press("b", "n")
        await d.until(lambda: screen.reader.has_focus and screen.reading.message_id == said.last.id)


async def test_what_is_gone_or_cannot_be_read_is_never_taken_for_what_was_read_before(tmp_path: Path) -> None:
    async with history(tmp_path) as (d, screen, _):
        core = d.engine.core
        gone = titled(d, "Postgres vacuum")
        core.stored = [one for one in core.stored if one.id != gone]
        await d.pilot.press("escape", "down")
        await d.until(lambda: "This conversation is not there any more." in d.screen())
        await d.until(lambda: "3 chats" in d.screen() and read(screen) == titled(d, "Log schema"))
        row = screen.results.row
        assert row is not None
        assert row.group.title == "Log schema", "the cursor stays near"

        async def locked(_: str, /) -> Outline:
            raise StorageError("The database is locked", hint="Close the other program")

        core.outlines.of = locked
        await d.pilot.press("down")
        await d.until(lambda: "The database is locked" in d.screen())
        assert not read(screen)
        await d.pilot.press("c", "g")
        await d.settle()
        assert d.app.screen is screen


async def test_more_is_read_of_what_is_listed_also_after_another_search_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SLOW_S", 0.01)
    said = Said()
    for n in range(150):
        said.engine.core.store_message(said.engine.core.stored[n % 3].id, Role.USER, f"needle number {n}")
    async with history(tmp_path, said) as (d, screen, _):
        fake = said.engine.core.search
        await look_for(d, screen, "needle")
        assert screen.searching.results.next is not None
        fake.hold = asyncio.Event()
        screen.query_line.value = "vacuum"
        await d.until(lambda: fake.asked[-1][0] == "vacuum" and "still searching" in d.screen())
        await d.pilot.press("escape")
        await d.until(lambda: "The search was stopped" in d.screen())
        fake.hold = None
        screen.searching.read_on()
        await d.until(lambda: screen.searching.results.next is None)
        assert fake.asked[-1][0] == "needle"
        assert {hit.snippet[:6] for group in screen.searching.results.groups for hit in group.hits} == {"needle"}
        # Enter asks for what stands in the field.
        await d.pilot.press("enter")
        await d.until(lambda: fake.asked[-1][0] == "vacuum" and "1 hit in 1 chat" in d.screen())
        assert "stopped" not in d.screen()


async def test_what_is_said_elsewhere_moves_nobody_who_reads_and_folds_nothing(tmp_path: Path) -> None:
    said = Said()
    core = said.engine.core
    for n in range(4):
        core.store_message(
            said.conversation.id, Role.USER, f"retry {n}\n\n" + "a line\n\n" * 60, parent_id=said.last.id
        )
    async with history(tmp_path, said) as (d, screen, _):
        await look_for(d, screen, "retry")
        await d.pilot.press("escape", "space", "down")
        await d.until(lambda: screen.reading.message_id != "")
        await d.settle()
        rows, place = len(screen.results._results.rows), screen.results.cursor
        assert rows > 3, "unfolded"
        screen.reader.scroll_to(y=screen.reader.scroll_offset.y + 9, animate=False, force=True)
        await d.settle()
        before = screen.reader.scroll_offset.y
        asked = len(core.search.asked)
        core.stored = [replace(one, pinned=True) if one.title == "Retry budgets" else one for one in core.stored]
        screen.search_again()
        await d.until(lambda: len(core.search.asked) > asked and not screen.searching.running)
        await d.until(lambda: screen.reading.conversation is not None and screen.reading.conversation.pinned)
        await d.settle()
        assert screen.reader.scroll_offset.y == before
        assert (len(screen.results._results.rows), screen.results.cursor) == (rows, place)
        # What was said in it is read.
        core.store_message(said.conversation.id, Role.USER, "something new", parent_id=said.last.id)
        screen.search_again()
        await d.until(lambda: any(row.node.beginning == "something new" for row in screen.reading.tree.rows))
