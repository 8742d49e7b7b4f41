"""Files behind `@`: the picker, the marks, what is sent, and what happens when a file cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from textual import events

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine
from workbench.core.clock import ManualClock


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with files; the home of the application lies elsewhere."""
    root = tmp_path / "work"
    for name, text in (("src/retry.py", "budget = 1\n"), ("src/route.py", "way = 2\n"), ("notes.md", "# Notes\n")):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.chdir(root)
    return root


async def mention(d: Driven, text: str) -> None:
    """Type a mention and wait for the list."""
    await d.type(text)
    await d.until(lambda: d.app.chat.composer.completing and "Reading the names" not in d.screen())


async def test_a_file_is_picked_marked_and_sent_with_its_text(tmp_path: Path, folder: Path) -> None:
    async with driven(tmp_path) as d:
        composer, sent = d.app.chat.composer, d.engine.core.chat.sent
        await mention(d, "explain @r")
        assert "src/retry.py" in d.screen() and "11 B" in d.screen()
        await d.type("etry")
        assert "src/route.py" not in d.screen()
        await d.pilot.press("enter")
        assert composer.text == "explain ⟦@src/retry.py 11 B⟧ "
        assert not sent
        await mention(d, "and @note")
        await d.pilot.press("tab")
        await d.pilot.press("backspace", "backspace")
        assert composer.text == "explain ⟦@src/retry.py 11 B⟧ and "
        (folder / "src/retry.py").write_text("budget = 3\n")
        await d.pilot.press("enter")
        await d.until(lambda: bool(sent))
        assert sent[0][0] == "explain src/retry.py and\n\nsrc/retry.py\n```py\nbudget = 3\n```"
        assert composer.text == ""
        # What was sent is what is shown, and what comes back with up.
        await d.until(lambda: "budget = 3" in d.screen())
        await d.pilot.press("up")
        assert composer.whole_text == sent[0][0]


async def test_a_file_that_cannot_be_read_refuses_the_send_and_loses_nothing(tmp_path: Path, folder: Path) -> None:
    async with driven(tmp_path) as d:
        composer = d.app.chat.composer
        await mention(d, "explain @retry")
        await d.pilot.press("enter")
        await d.type("well")
        (folder / "src/retry.py").unlink()
        await d.pilot.press("enter")
        await d.until(lambda: "cannot be read" in d.screen())
        assert "backspace takes the file away" in " ".join(d.screen().split())
        assert composer.text == "explain ⟦@src/retry.py 11 B⟧ well"
        assert (d.engine.core.chat.sent, d.app.desk.slot.sending) == ([], "")
        (folder / "src/retry.py").write_text("here again")
        await d.pilot.press("enter")
        await d.until(lambda: bool(d.engine.core.chat.sent))
        assert "here again" in d.engine.core.chat.sent[0][0]


async def test_marks_survive_with_the_draft_and_in_the_queue(tmp_path: Path, folder: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    async with driven(tmp_path, engine=engine) as d:
        await mention(d, "later @notes")
        await d.pilot.press("enter")
        await d.until(lambda: "notes.md" in engine.core.drafts.kept.get(None, ""))
    async with driven(tmp_path, engine=engine) as d:
        assert d.app.chat.composer.text == "later ⟦@notes.md⟧ "
        d.app.chat.composing.clear()
        await d.send("first")
        await mention(d, "then @notes")
        await d.pilot.press("enter", "enter")
        assert "then @notes.md" in d.screen()
        (folder / "notes.md").write_text("# Newer\n")
        engine.done(engine.turn_in("conversation-1"), "alpha")
        await d.until(lambda: len(engine.core.chat.sent) == 2)
        assert "# Newer" in engine.core.chat.sent[1][0]


async def test_a_working_folder_that_is_gone_has_no_files(tmp_path: Path, folder: Path) -> None:
    shutil.rmtree(folder)
    async with driven(tmp_path) as d:
        await d.type("explain @r")
        await d.until(lambda: not d.app.chat.composer.completing)
        d.app.chat.composer.show_text("\x1f@notes.md\x1f")
        await d.pilot.press("enter")
        await d.until(lambda: "notes.md cannot be read: No such file or directory" in d.screen())
        assert not d.engine.core.chat.sent
        assert d.app.chat.composer.text == "⟦@notes.md⟧"


async def test_nothing_pasted_names_a_file(tmp_path: Path, folder: Path) -> None:
    async with driven(tmp_path) as d:
        d.app.post_message(events.Paste("see \x1f@notes.md\x1f and ⟦@notes.md 8 B⟧"))
        await d.settle()
        await d.pilot.press("enter")
        await d.until(lambda: bool(d.engine.core.chat.sent))
        assert d.engine.core.chat.sent[0][0] == "see @notes.md and ⟦@notes.md 8 B⟧"


async def test_escape_closes_the_picker_for_this_word_and_places_are_walked(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "else" / "where").mkdir(parents=True)
    (tmp_path / "else" / "where" / "far.txt").write_text("far")
    async with driven(tmp_path) as d:
        composer = d.app.chat.composer
        await mention(d, "ask @not")
        await d.pilot.press("escape")
        await d.type("e")
        assert not composer.completing
        await d.pilot.press("enter")
        await d.until(lambda: bool(d.engine.core.chat.sent))
        assert d.engine.core.chat.sent[0][0] == "ask @note"
        await mention(d, f"@{tmp_path}/else/")
        await d.pilot.press("tab")
        await d.until(lambda: "far.txt" in d.screen())
        await d.pilot.press("enter")
        assert composer.text == f"⟦@{tmp_path}/else/where/far.txt 3 B⟧ "


async def test_the_editor_gets_marks_and_gives_them_back(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def editor(app: object, text: str) -> str:
        assert text == "explain ⟦@src/retry.py 11 B⟧ "
        return f"please {text}⟦@/etc/passwd⟧"

    monkeypatch.setattr("workbench.tui.chat.writing.edit_text", editor)
    async with driven(tmp_path) as d:
        await mention(d, "explain @retry")
        await d.pilot.press("enter", "ctrl+g", "enter")
        await d.until(lambda: bool(d.engine.core.chat.sent))
        assert d.engine.core.chat.sent[0][0].startswith("please explain src/retry.py ⟦@/etc/passwd⟧\n\nsrc/retry.py")
