"""The history pane over a fake core: found while one types, read, walked through, and gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.app import Driven, driven
from tests.support.fake_said import Said
from workbench.conversations.values import Role
from workbench.core.errors import StorageError
from workbench.tui.history import searching
from workbench.tui.history.port import PAGE
from workbench.tui.screens.comparison import ComparisonScreen
from workbench.tui.screens.export import ExportScreen
from workbench.tui.screens.history import HistoryScreen
from workbench.tui.screens.history_filter import HistoryFilterScreen
from workbench.tui.screens.import_history import ImportScreen


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.tui.history.searching.DEBOUNCE_S", 0.01)
    monkeypatch.setattr("workbench.tui.history.showing.PREVIEW_S", 0.0)


@asynccontextmanager
async def history(
    home: Path, said: Said | None = None, *, size: tuple[int, int] = (140, 42), offline: bool = False
) -> AsyncIterator[tuple[Driven, HistoryScreen, Said]]:
    """The pane, with all conversations listed."""
    said = said or Said()
    async with driven(home, engine=said.engine, size=size, offline=offline) as d:
        await d.pilot.press("f6")
        await d.until(lambda: isinstance(d.app.screen, HistoryScreen) and d.app.screen.searching.is_answered)
        screen = d.app.screen
        assert isinstance(screen, HistoryScreen)
        await d.until(lambda: bool(screen.reading.path) or not screen.results.row_count or size[0] < 100)
        await d.settle()
        yield d, screen, said


async def look_for(d: Driven, screen: HistoryScreen, typed: str) -> None:
    """Type into the field, and wait for what is found."""
    before = len(d.engine.core.search.asked)
    screen.query_line.value = typed
    await d.until(lambda: len(d.engine.core.search.asked) > before and not screen.searching.running)
    await d.settle()


async def test_typing_finds_and_conditions_stand_under_the_field(tmp_path: Path) -> None:
    async with history(tmp_path) as (d, screen, said):
        assert "Postgres vacuum" in d.screen(), "all conversations, before anything is typed"
        assert "4 chats" in d.screen()
        assert screen.focused is screen.query_line
        await look_for(d, screen, "retry bud")
        assert "3 hits in 1 chat" in d.screen()
        assert said.engine.core.search.asked[-1][3], "the last word is still being typed"
        screen.query_line.value = ""
        # Faster than the pane looks.
        for character in "role:assistant retry":
            screen.query_line.insert_text_at_cursor(character)
        await d.until(lambda: said.engine.core.search.asked[-1][0] == "role:assistant retry")
        await d.settle()
        assert screen.query_line.value == "retry"
        assert "role assistant ×" in d.screen()
        assert len(said.engine.core.search.asked) < 10
        # Backspace at the beginning takes the condition away, and typed words stay.
        screen.query_line.cursor_position = 0
        await d.pilot.press("backspace")
        await d.until(lambda: said.engine.core.search.asked[-1][0] == "retry")
        await d.settle()
        assert "role assistant" not in d.screen()
        # The list, the order, and the way back.
        await d.pilot.press("enter", "o")
        await d.until(lambda: said.engine.core.search.asked[-1][1] == "best" and "best match first" in d.screen())
        await d.pilot.press("f")
        await d.until(lambda: isinstance(d.app.screen, HistoryFilterScreen))
        await d.pilot.press(*"code", "enter")
        await d.until(lambda: said.engine.core.search.asked[-1][0] == "has:code retry")
        await d.pilot.press("backspace", "escape")
        await d.until(lambda: said.engine.core.search.asked[-1][0] == "" and "4 chats" in d.screen())


async def test_nothing_found_a_problem_and_notes_say_what_helps(tmp_path: Path) -> None:
    async with history(tmp_path) as (d, screen, said):
        await look_for(d, screen, "role:you zebra")
        assert "Nothing was found. backspace takes" in d.screen()
        assert not screen.reading.path
        await d.pilot.press("enter", "escape")
        await d.until(lambda: "4 chats" in d.screen() and bool(screen.reading.path))
        said.engine.core.search.notes = ("`colour:` is no condition, and was taken as a word",)
        await look_for(d, screen, "jitter")
        assert "is no condition" in d.screen()
        said.engine.core.search.problem = StorageError("The database cannot be read", hint="`workbench doctor` looks")
        await look_for(d, screen, "jitte")
        assert "✖ The database cannot be read" in d.screen()
        assert screen.results.row_count, "what was found stays"


async def test_a_home_without_conversations(tmp_path: Path) -> None:
    said = Said()
    said.engine.core.stored.clear()
    async with history(tmp_path, said, offline=True) as (d, screen, _):
        assert "Nothing was said yet. f2 goes to the" in d.screen()
        assert "reading the local store only; no provider is contacted" in d.screen()
        await d.pilot.press("escape", "enter", "n", "c", "m", "v", "x", "y", "right", "space", "b", "end", "c", "g")
        await d.settle()
        assert d.app.screen is screen
        assert screen.focused is screen.branches
        assert not screen.query_line.value
        await d.pilot.press("escape", "escape", "i")
        await d.until(lambda: isinstance(d.app.screen, ImportScreen))


async def test_an_older_answer_never_replaces_a_newer_one_and_a_slow_search_ends_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "SLOW_S", 0.01)
    async with history(tmp_path) as (d, screen, said):
        fake = said.engine.core.search
        fake.hold = asyncio.Event()
        screen.query_line.value = "jitter"
        await d.until(lambda: fake.asked[-1][0] == "jitter")
        await d.until(lambda: "still searching · esc stops" in d.screen())
        held, fake.hold = fake.hold, None
        await look_for(d, screen, "hedged")
        held.set()
        await d.settle()
        assert screen.searching.results.words == ("hedged",)
        fake.hold = asyncio.Event()
        screen.query_line.value = "vacuum"
        await d.until(lambda: "still searching" in d.screen())
        await d.pilot.press("escape")
        await d.until(lambda: "still searching" not in d.screen())
        assert screen.focused is screen.query_line, "one press, one effect"
        assert screen.searching.results.words == ("hedged",)


async def test_ten_thousand_hits_are_read_page_by_page(tmp_path: Path) -> None:
    said = Said()
    for n in range(300):
        said.engine.core.store_message(said.engine.core.stored[n % 3].id, Role.USER, f"needle number {n}")
    async with history(tmp_path, said) as (d, screen, _):
        await look_for(d, screen, "needle")
        assert "300 hits in 3+ chats" in d.screen()
        assert sum(len(group.hits) for group in screen.searching.results.groups) in (PAGE, 2 * PAGE, 300)
        screen.results.focus()
        for _ in range(3):
            await d.pilot.press("space")
            await d.pilot.press("end")
            await d.settle()
        await d.until(lambda: screen.searching.results.next is None)
        assert sum(len(group.hits) for group in screen.searching.results.groups) == 300
        row = screen.results.row
        assert row is not None
        assert row.hit is not None
        await d.until(lambda: screen.reading.message_id == row.hit.message_id if row.hit else False)


async def test_hits_are_marked_and_n_goes_from_one_to_the_next_and_to_other_branches(tmp_path: Path) -> None:
    async with history(tmp_path) as (d, screen, said):
        await look_for(d, screen, "retry")
        await d.until(lambda: screen.reading.message_id == said.last.id)
        await d.pilot.press("enter", "enter")
        assert screen.focused is screen.reader
        await d.until(lambda: screen.reader._found[0] == said.last.id)
        first = screen.reader._found
        await d.pilot.press("n")
        await d.until(lambda: screen.reader._found != first)
        assert screen.reading.message_id == said.last.id, "there are two in this message"
        await d.pilot.press("n")
        await d.until(lambda: screen.reading.message_id == said.first.id)
        assert said.first.id in screen.reading.path, "the next result stands on another branch, which is shown"
        await d.pilot.press("N")
        await d.until(lambda: screen.reading.message_id == said.answer.id)


async def test_branches_are_walked_and_shown(tmp_path: Path) -> None:
    async with history(tmp_path) as (d, screen, said):
        await d.pilot.press("escape", "b")
        assert screen.focused is screen.branches
        assert "├─◦ 3 you and jitter?" in d.screen()
        screen.branches.move_to(screen.reading.tree.places[said.first.id])
        await d.until(lambda: screen.reading.path[-1] == said.first.id)
        await d.until(lambda: "├─● 4 ai beta/beta-large" in d.screen())
        assert "It is full or equal." in d.screen()
        await d.pilot.press("right")
        await d.until(lambda: screen.reading.path[-1] == said.second.id)
        await d.settle()
        assert "Use full jitter." in d.screen()
        await d.pilot.press("right", "enter")
        assert screen.focused is screen.reader
        assert screen.reading.path[-1] == said.second.id, "there is none after it"
        await d.pilot.press("up", "right")
        await d.until(lambda: screen.reading.path[-1] == said.last.id)


async def test_two_answers_are_compared_and_so_are_two_marked_messages(tmp_path: Path) -> None:
    async with history(tmp_path) as (d, screen, said):
        await d.pilot.press("escape", "b")
        screen.branches.move_to(screen.reading.tree.places[said.first.id])
        await d.until(lambda: screen.reading.message_id == said.first.id)
        await d.pilot.press("v")
        await d.until(lambda: isinstance(d.app.screen, ComparisonScreen) and "1 difference" in d.screen())
        assert "- beta/beta-large" in d.screen()
        assert "+ alpha/alpha-large" in d.screen()
        assert "$0.004" in d.screen()
        await d.pilot.press("escape")
        await d.until(lambda: d.app.screen is screen)
        await d.pilot.press("m")
        screen.branches.move_to(screen.reading.tree.places[said.last.id])
        await d.until(lambda: screen.reading.message_id == said.last.id)
        await d.pilot.press("m")
        await d.until(lambda: isinstance(d.app.screen, ComparisonScreen) and "Messages" in d.screen())
        await d.pilot.press("b")
        await d.until(lambda: "Branches" in d.screen() and "you:" in d.screen())
        assert "and jitter?" in d.screen()
        assert "and what about hedged requests?" in d.screen()
        assert "How should a client" not in d.screen(), "what both have is left out"
        assert not screen.comparing.marked_id


async def test_going_on_from_a_message_in_the_chat(tmp_path: Path) -> None:
    async with history(tmp_path) as (d, screen, said):
        await d.pilot.press("escape", "enter", "home")
        await d.until(lambda: screen.reading.message_id == said.question.id)
        await d.pilot.press("down", "c")
        await d.until(lambda: d.app.screen is d.app.chat and d.app.chat.composer.has_focus)
        await d.until(lambda: d.app.desk.slot.order == [said.question.id, said.answer.id])
        await d.until(lambda: "Your next prompt begins a branch here. 5" in d.screen())
        assert "A new branch from here" in d.screen()
        leaf = said.engine.core.leaves[said.conversation.id]
        assert leaf == said.last.id, "nothing is stored before the prompt is"
        await d.pilot.press("escape")
        await d.until(lambda: d.app.desk.slot.order[-1] == said.last.id and "A new branch" not in d.screen())
        assert d.app.chat.composer.has_focus, "one press, one effect"
        await d.pilot.press("f6", "escape", "c")
        await d.until(lambda: d.app.desk.slot.after_id == said.answer.id and d.app.chat.composer.has_focus)
        await d.send("another way on")
        assert not d.app.desk.slot.after_id
        sent = said.engine.core.messages[said.conversation.id][-2]
        assert (sent.text, sent.parent_id) == ("another way on", said.answer.id)
        # What was said meanwhile is there when one comes back, at the same place.
        await d.pilot.press("f6")
        await d.until(lambda: "another way on" in d.screen())


async def test_opening_forking_editing_exporting_and_copying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with history(tmp_path) as (d, screen, said):
        copied: list[str] = []
        monkeypatch.setattr(d.app, "copy", copied.append)
        await d.pilot.press("escape", "b")
        screen.branches.move_to(screen.reading.tree.places[said.first.id])
        await d.until(lambda: screen.reading.message_id == said.first.id)
        await d.pilot.press("y", "x")
        assert copied == [said.first.text]
        await d.until(lambda: isinstance(d.app.screen, ExportScreen))
        await d.pilot.press("escape")
        await d.until(lambda: d.app.screen is screen)
        await d.pilot.press("g")
        await d.until(lambda: d.app.screen is d.app.chat and d.app.chat.transcript.cursor_message_id == said.first.id)
        await d.pilot.press("escape")
        await d.until(lambda: d.app.screen is screen)
        await d.pilot.press("F")
        await d.until(lambda: d.app.screen is d.app.chat and d.app.desk.slot.title == "Retry budgets (branch)")
        assert len(d.app.desk.slot.order) == 4
        await d.pilot.press("f6", "escape")
        await d.until(lambda: d.app.screen is screen and not screen.searching.running)
        await d.until(lambda: screen.reading.message_id == said.first.id)
        await d.pilot.press("enter", "up", "c")
        await d.until(lambda: d.app.screen is d.app.chat and d.app.desk.slot.edit is not None)
        assert d.app.chat.composer.text == "and jitter?", "a prompt is put in other words"


async def test_one_region_at_a_time_where_there_is_no_room(tmp_path: Path) -> None:
    async with history(tmp_path, size=(80, 24)) as (d, screen, _):
        await d.pilot.press("down", "enter")
        await d.until(lambda: screen.reader.has_focus and bool(screen.reading.path))
        await d.settle()
        assert "Hedge only when" in d.screen()
        assert "Search" not in d.screen()
        await d.pilot.press("space")
        assert screen.focused is screen.reader
        screen.reader.move_cursor(1)
        await d.pilot.press("space")
        await d.until(lambda: "p50 p95" in d.screen())
        await d.pilot.press("b")
        await d.until(lambda: "├─◦ 3 you" in d.screen())
        assert "Hedge only when" not in d.screen()
        await d.pilot.press("escape")
        await d.until(lambda: "4 chats" in d.screen())
        await d.pilot.resize_terminal(20, 5)
        await d.pilot.press("enter", "b", "escape", "slash", "f1", "escape", "escape")
        await d.settle()
        await d.pilot.resize_terminal(110, 30)
        await d.pilot.press("escape")
        await d.until(lambda: "4 chats" in d.screen())
        assert "Retry budgets · read only" in d.screen(), "results and reader beside each other"


async def test_hostile_titles_and_texts_are_only_text(tmp_path: Path) -> None:
    said = Said()
    core = said.engine.core
    hostile = "[@click=app.quit]retry[/] \x1b[31m\x07 \u202e\n[/nope]"
    made = core.store_conversation(hostile)
    core.store_message(made.id, Role.USER, hostile, extra=('{"type": "[b]x[/]", "name": "\\u001b[2J[/]"}',))
    async with history(tmp_path, said) as (d, screen, _):
        await look_for(d, screen, "retry[/] colour:[/] tag:[/] ")
        await look_for(d, screen, "retry")
        await d.until(lambda: "[@click=app.quit]retry[/]" in d.screen())
        await d.pilot.press("enter", "enter", "down", "space", "m")
        await d.until(lambda: bool(screen.comparing.marked_id))
        assert "\x1b[31m" not in d.screen()
        assert "\u202e" not in d.screen()


async def test_slash_and_search_come_here(tmp_path: Path) -> None:
    said = Said()
    async with driven(tmp_path, engine=said.engine) as d:
        await d.send("/search role:you hedged")
        await d.until(lambda: isinstance(d.app.screen, HistoryScreen) and "role you ×" in d.screen())
        screen = d.app.screen
        assert isinstance(screen, HistoryScreen)
        assert screen.query_line.value == "hedged"
        assert screen.query_line.has_focus
        await d.pilot.press("f2", "escape")
        await d.until(lambda: d.app.screen is d.app.chat)
        await d.pilot.press("slash")
        await d.until(lambda: d.app.screen is screen and screen.query_line.has_focus)
