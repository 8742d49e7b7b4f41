"""The composer: what enter, arrows, escape and pastes do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine, provider
from workbench.config.values import Configuration
from workbench.conversations.values import Role
from workbench.core.clock import ManualClock
from workbench.tui.external import EditorError
from workbench.tui.ui_state import UiState

MEGABYTE = 1_048_576


async def paste(d: Driven, text: str) -> None:
    d.app.post_message(events.Paste(text))
    await d.settle()


async def test_enter_sends_and_ctrl_j_and_backslash_begin_a_new_line(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        composer = d.app.chat.composer
        await d.type("one")
        await d.pilot.press("ctrl+j")
        await d.type("two\\")
        await d.pilot.press("enter")
        await d.type("three")
        assert composer.text == "one\ntwo\nthree"
        await d.pilot.press("enter")
        await d.settle()
        assert d.engine.core.chat.sent[0][0] == "one\ntwo\nthree"
        assert composer.text == ""


async def test_an_empty_composer_sends_nothing(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.pilot.press("enter")
        await d.type("  ")
        await d.pilot.press("enter")
        await d.settle()
        assert d.engine.core.chat.sent == []


def type_ahead(d: Driven, *keys: str) -> None:
    """Keys that are all there before the first one has been dealt with."""
    for key in keys:
        d.app.chat.composer.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_what_is_typed_ahead_of_the_screen_is_neither_lost_nor_sent_twice(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        type_ahead(d, *"one", "enter", *"two", "enter", *"x")
        await d.settle()
        assert d.engine.core.chat.sent[0][0] == "one"
        assert (d.app.desk.slot.queue, d.app.chat.composer.text) == (["two"], "x")


async def test_a_prompt_typed_ahead_of_the_list_of_commands_is_no_command(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.type("/ne")
        assert "/new" in d.screen()
        type_ahead(d, *"ws about rain", "enter")
        await d.settle()
        assert "There is no command /news" in d.screen()
        assert d.app.chat.composer.text == "/news about rain"


@pytest.mark.parametrize(("command", "holds"), [
    ("/private", lambda d: d.engine.core.chat.sent[0][2].private is True),
    ("/model beta", lambda d: d.engine.core.chat.sent[0][2].provider == "beta"),
    ("/new", lambda d: d.engine.core.chat.sent[0][1] is None),
])  # fmt: skip
async def test_a_prompt_typed_ahead_of_a_command_goes_where_the_command_leads(
    tmp_path: Path, command: str, holds: Callable[[Driven], bool]
) -> None:
    chain = Configuration(providers=(provider("alpha"), provider("beta", priority=2, private=True)))
    engine = FakeEngine(clock=ManualClock(), configuration=chain)
    made = engine.core.store_conversation("talk")
    async with driven(tmp_path, engine=engine, conversation=made.id if command == "/new" else None) as d:
        await d.type(command)
        type_ahead(d, "enter", *"secret", "enter")
        await d.until(lambda: bool(d.engine.core.chat.sent))
        assert d.engine.core.chat.sent[0][0] == "secret"
        assert holds(d)


@pytest.mark.parametrize(("size", "most"), [((140, 42), 14), ((80, 24), 9), ((40, 12), 5)])
async def test_it_grows_to_a_third_of_the_screen_and_leaves_the_last_lines(
    tmp_path: Path, size: tuple[int, int], most: int
) -> None:
    async with driven(tmp_path, size=size) as d:
        assert d.app.chat.composer.region.height == 3
        await d.type("\n".join(map(str, range(60))))
        await d.settle()
        assert 3 < d.app.chat.composer.region.height <= most
        assert d.app.chat.transcript.region.height >= 3


async def test_a_megabyte_pasted_is_never_laid_out_and_arrives_whole(tmp_path: Path) -> None:
    text = "".join(f"{n:07x} " for n in range(MEGABYTE // 8))
    async with driven(tmp_path) as d:
        await paste(d, text)
        await d.type(" and a question")
        await d.until(lambda: d.engine.core.drafts.kept.get(None) == text + " and a question")
        assert "~262k tok" in d.screen()
        # The mark stands for the text, so no widget has to wrap a megabyte (benchmarks/paste.py times it).
        assert len(d.app.chat.composer.text) < 100
        await d.pilot.press("enter")
        await d.settle()
        assert d.engine.core.chat.sent[0][0] == text + " and a question"
        assert all(len(view.text) < MEGABYTE // 50 for view in d.app.chat.transcript.messages)


async def test_a_large_paste_is_one_mark_that_backspace_takes_away_whole(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.type("before ")
        await paste(d, "x" * 9_000)
        assert d.app.chat.composer.text == f"before ⟦paste 1: 9,000 characters · {'x' * 31}…⟧"
        await d.pilot.press("backspace")
        assert d.app.chat.composer.text == "before "
        assert d.app.chat.composer.whole_text == "before "


async def test_a_paste_is_unfolded_in_its_place_unless_it_is_too_long_to_be_shown(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        composer = d.app.chat.composer
        d.app.chat.action_do("unfold_paste")
        await d.settle()
        assert "There is no folded paste" in d.screen()
        await d.type("<")
        await paste(d, "line\n" * 2_000)
        await paste(d, "x" * 200_000)
        await d.type(">")
        d.app.chat.action_do("unfold_paste")
        await d.settle()
        assert "This paste is too long" in d.screen()
        first = composer.pastes.marks[0]
        composer.move_cursor((0, composer.text.index(first) + len(first)))
        await d.pilot.press("ctrl+down")
        assert composer.text.startswith("<line\nline\n")
        assert composer.whole_text == "<" + "line\n" * 2_000 + "x" * 200_000 + ">"


async def test_enter_and_ctrl_j_can_be_swapped_and_that_is_remembered(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.send("/enter")
        assert d.app.shell.remembered.enter_is_newline
        assert "ctrl+j send · enter newline" in d.screen()
        await d.type("one")
        await d.pilot.press("enter")
        await d.type("two\\")
        await d.pilot.press("ctrl+j")
        await d.settle()
        assert d.engine.core.chat.sent[0][0] == "one\ntwo\\"
    async with driven(tmp_path, remembered=UiState(enter_is_newline=True)) as d:
        await d.type("one")
        await d.pilot.press("enter")
        assert (d.app.chat.composer.text, d.engine.core.chat.sent) == ("one\n", [])


async def test_a_large_paste_has_lines_whatever_the_terminal_puts_between_them(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await paste(d, "one\r" * 2_000 + "two\r\n" + "three\n")
        assert d.app.chat.composer.whole_text == "one\n" * 2_000 + "two\nthree\n"


async def test_a_small_paste_is_text(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await paste(d, "two\nlines")
        assert d.app.chat.composer.text == "two\nlines"
        assert d.engine.core.chat.sent == []


async def test_a_large_draft_comes_back_as_a_mark_and_is_not_changed(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    engine.core.drafts.kept[None] = "y" * 50_000
    async with driven(tmp_path, engine=engine) as d:
        assert d.app.chat.composer.text.startswith("⟦paste 1: 50,000 characters · yyy")
        assert d.app.chat.composer.whole_text == "y" * 50_000


async def test_up_recalls_earlier_prompts_and_down_comes_back(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("talk")
    for text in ("first question", "second\nquestion"):
        engine.core.store_message(made.id, Role.USER, text)
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        composer = d.app.chat.composer
        await d.type("being typed")
        await d.pilot.press("up")
        assert composer.text == "second\nquestion"
        await d.pilot.press("up", "up")
        assert composer.text == "first question"
        await d.pilot.press("up")
        assert composer.text == "first question"
        await d.pilot.press("down", "down")
        assert composer.text == "being typed"


async def test_looking_at_an_earlier_prompt_leaves_the_draft_as_it_was(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("talk")
    engine.core.store_message(made.id, Role.USER, "first question")
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.type("being typed")
        await d.pilot.press("up")
        assert d.app.chat.composer.text == "first question"
        await d.pilot.press("ctrl+n")
        await d.settle()
        assert engine.core.drafts.kept[made.id] == "being typed"
        d.app.chat.open_conversation(made.id)
        await d.settle()
        assert d.app.chat.composer.text == "being typed"


async def test_sending_an_earlier_prompt_brings_back_what_was_typed_before(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("talk")
    engine.core.store_message(made.id, Role.USER, "first question")
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.type("being typed")
        await d.pilot.press("up")
        await d.type(", again")
        await d.pilot.press("enter")
        await d.settle()
        assert engine.core.chat.sent[-1][0] == "first question, again"
        assert d.app.chat.composer.text == "being typed"
        assert engine.core.drafts.kept[made.id] == "being typed"


async def test_a_command_leaves_no_draft(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.type("/theme workbench-ligh")
        await d.until(lambda: d.engine.core.drafts.kept.get(None) == "/theme workbench-ligh")
        await d.type("t")
        await d.pilot.press("enter")
        await d.until(lambda: d.engine.core.drafts.kept.get(None) == "")


async def test_an_editor_that_cannot_be_given_the_text_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async with driven(tmp_path) as d:
        await d.type("kept")
        monkeypatch.setattr("pathlib.Path.write_text", full)
        await d.pilot.press("ctrl+g")
        await d.settle()
        assert d.app.chat.composer.text == "kept"
        assert "No space left on device" in d.screen()


async def test_slash_lists_commands_and_keys_choose(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.type("/t")
        assert "/theme [NAME]" in d.screen()
        assert "/trace" in d.screen()
        await d.pilot.press("down", "up", "tab")
        assert d.app.chat.composer.text == "/theme "
        await d.type("workbench-light")
        await d.pilot.press("enter")
        await d.settle()
        assert d.app.theme == "workbench-light"
        assert d.app.chat.composer.text == ""
        assert d.engine.core.chat.sent == []


async def test_escape_closes_the_list_of_commands_and_nothing_else(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.type("/n")
        await d.pilot.press("escape")
        assert "/new" not in d.screen()
        assert d.app.chat.composer.text == "/n"
        assert d.app.chat.composer.has_focus


async def test_an_unknown_command_is_not_sent_and_a_path_is(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.type("/nonsense")
        await d.pilot.press("enter")
        await d.settle()
        assert d.engine.core.chat.sent == []
        assert "There is no command /nonsense" in d.screen()
        d.app.chat.composing.clear()
        await d.send("/etc/hosts has what?")
        assert d.engine.core.chat.sent[0][0] == "/etc/hosts has what?"


async def test_the_external_editor_changes_the_text_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def editor(app: object, text: str) -> str:
        return text.upper()

    def broken(app: object, text: str) -> str:
        raise EditorError("nano ended with code 1")

    async with driven(tmp_path) as d:
        await d.type("quiet")
        monkeypatch.setattr("workbench.tui.chat.writing.edit_text", editor)
        await d.pilot.press("ctrl+g")
        assert d.app.chat.composer.text == "QUIET"
        monkeypatch.setattr("workbench.tui.chat.writing.edit_text", broken)
        await d.pilot.press("ctrl+g")
        await d.settle()
        assert d.app.chat.composer.text == "QUIET"
        assert "nano ended with code 1" in d.screen()


async def test_what_an_earlier_run_left_unsent_in_a_new_conversation_comes_back(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    made = engine.core.store_conversation("talk")
    engine.core.drafts.kept[None] = "half a thought"
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        await d.pilot.press("ctrl+n")
        await d.settle()
        assert d.app.chat.composer.text == "half a thought"
        await d.pilot.press("!", "enter")
        await d.settle()
        assert d.engine.core.chat.sent[0][:2] == ("half a thought!", None)
        assert engine.core.drafts.kept.get(None, "") == ""
