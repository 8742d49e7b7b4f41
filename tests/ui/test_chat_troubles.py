"""The chat pane in trouble: nobody to ask, a broken configuration, foreign text, failures and crashes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.driver import Driver
from textual.events import Resize

from tests.support.app import Driven, driven
from tests.support.fake_engine import FakeEngine, provider
from workbench.config.values import Configuration, Problem
from workbench.conversations.values import Role
from workbench.core import events as ev
from workbench.core.clock import ManualClock
from workbench.core.errors import EngineError, StorageError
from workbench.providers.values import Attempt
from workbench.tui.glyphs import choose_glyphs
from workbench.tui.screens.confirm import ConfirmScreen

NOBODY = Configuration(providers=(provider("alpha", needs_key=True, missing_keys=("ALPHA_KEY",)),))


async def ask(d: Driven, text: str = "hello there") -> None:
    await d.send(text)
    turn = d.engine.turn_in("conversation-1")
    d.engine.ask(turn, "alpha")
    d.engine.text(turn, "alpha", "Hello, ")
    await d.settle()


async def test_nobody_to_ask_offers_two_ways_on(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=FakeEngine(configuration=NOBODY)) as d:
        assert "No provider can be asked yet" in d.screen()
        assert d.app.chat.first_run.has_focus
        await d.pilot.press("d")
        await d.pilot.pause()
    assert d.app.return_value == 1_000


async def test_nobody_to_ask_keeps_what_is_typed(tmp_path: Path) -> None:
    async with driven(tmp_path, engine=FakeEngine(configuration=NOBODY)) as d:
        d.app.chat.composer.focus()
        await d.send("what now")
        assert d.app.chat.composer.text == "what now"
        assert d.engine.core.chat.sent == []


async def test_the_configuration_is_edited_and_its_problems_are_shown_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(configuration=NOBODY)
    file = tmp_path / "config" / "config.yaml"
    problem = Problem(
        file=str(file), line=3, column=5, key="settings.max_tokens", problem="not a number", expected="a number"
    )
    engine.core.next_configuration = replace(NOBODY, problems=(problem,))
    edited: list[Path] = []

    def write(app: object, path: Path) -> None:
        edited.append(path)

    monkeypatch.setattr("workbench.tui.external.edit_file", write)
    async with driven(tmp_path, engine=engine) as d:
        await d.pilot.press("e")
        await d.settle()
        assert edited == [file]
        assert file.stat().st_mode & 0o777 == 0o600
        assert "config.yaml:3:5" in d.screen()
        engine.core.next_configuration = Configuration(providers=(provider("alpha"),))
        await d.pilot.press("e")
        await d.settle()
        assert not d.app.chat.first_run.display
        assert d.app.chat.composer.has_focus


async def test_configuration_problems_are_a_line_and_the_rest_works(tmp_path: Path) -> None:
    problem = Problem(file="c.yaml", line=2, column=1, key="providers.x", problem="unknown key", expected="")
    configuration = Configuration(providers=(provider("alpha"),), problems=(problem,))
    async with driven(tmp_path, engine=FakeEngine(configuration=configuration)) as d:
        assert "▲ configuration: c.yaml:2:1: providers.x: unknown key" in d.screen()
        await d.send("hi")
        assert len(d.engine.core.chat.sent) == 1


async def test_offline_refuses_to_send_and_says_so(tmp_path: Path) -> None:
    async with driven(tmp_path, offline=True) as d:
        assert "○ offline" in d.screen()
        await d.send("hi")
        assert "nothing is sent" in d.screen()
        assert d.app.chat.composer.text == "hi"
        assert d.engine.core.chat.sent == []


async def test_ascii_has_no_other_frame_when_nothing_can_be_sent(tmp_path: Path) -> None:
    choose_glyphs(ascii_only=True)
    try:
        async with driven(tmp_path, offline=True) as d:
            assert d.app.chat.composer.has_class("-blocked")
            assert d.screen().isascii()
    finally:
        choose_glyphs(encoding="utf-8")


async def test_a_core_that_cannot_start_is_told_and_the_screen_stays(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.broken = EngineError("The core could not start", detail="database is locked")
    async with driven(tmp_path, engine=engine) as d:
        assert any("database is locked" in line for line in d.app.chat.banner.lines)
        assert d.app.is_running
        await d.settle()
        assert d.screen().count("database is locked") == 1, "the banner says it, and no toast again"
        await d.send("what now")
        await d.until(lambda: d.screen().count("database is locked") == 2)
        assert "draft not saved" not in d.screen()


async def test_a_prompt_comes_back_when_the_core_cannot_start(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.broken = StorageError("The database is damaged")
    async with driven(tmp_path, engine=engine) as d:
        await d.send("what now")
        await d.until(lambda: d.app.chat.composer.text == "what now")
        await d.pilot.press("ctrl+n")
        await d.settle()
        assert "The database is damaged" in d.screen()


async def test_everything_is_painted_again_after_fg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with driven(tmp_path) as d:
        asked: list[bool] = []
        monkeypatch.setattr(d.app.screen, "refresh", lambda *_, layout=False, **__: asked.append(layout))
        d.app.post_message(Driver.SignalResume())
        await d.settle()
        assert True in asked


async def test_everything_is_painted_again_when_sizes_have_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driven(tmp_path) as d:
        painted: list[bool] = []
        monkeypatch.setattr(d.app, "refresh", lambda *_, **options: painted.append(options.get("layout", False)))
        # The size is the one it had: to Textual nothing has changed.
        d.app.post_message(Resize(d.app.size, d.app.size))
        await d.until(lambda: True in painted)


async def test_quitting_asks_only_while_a_reply_is_written(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await ask(d)
        await d.pilot.press("ctrl+q")
        assert isinstance(d.app.screen, ConfirmScreen)
        await d.pilot.press("n")
        await d.pilot.pause()
        assert not isinstance(d.app.screen, ConfirmScreen)
        d.engine.done(d.engine.turn_in("conversation-1"), "alpha")
        await d.settle()
        await d.type("a draft")
        await d.pilot.press("ctrl+q")
        await d.pilot.pause()
    assert d.app.return_code == 0
    assert d.engine.core.drafts.kept["conversation-1"] == "a draft"


async def test_ctrl_c_copies_else_stops_else_tells_how_to_quit(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        await d.pilot.press("ctrl+c")
        await d.pilot.pause()
        assert "ctrl+q quits" in d.screen()
        await ask(d)
        await d.type("some words")
        d.app.chat.composer.select_all()
        await d.pilot.press("ctrl+c")
        await d.pilot.pause()
        assert d.app.clipboard == "some words"
        assert d.app.chat.composer.text == "some words"
        assert d.engine.core.chat.stopped == []
        d.app.chat.composer.move_cursor((0, 0))
        await d.pilot.press("ctrl+c")
        await d.settle()
        assert d.engine.core.chat.stopped == ["conversation-1"]


async def test_foreign_text_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    evil = "[/] [@click=app.do('quit')]x[/] \x1b[?1049l \x1b]52;c;eA==\x07 \u202egnp\x9b31m"
    engine = FakeEngine(clock=ManualClock(), configuration=Configuration(providers=(provider(evil), provider("beta"))))
    made = engine.core.store_conversation(evil)
    engine.core.store_message(made.id, Role.USER, evil)
    attempts = (
        Attempt(ord=0, provider=evil, model=evil, state="failed", error_kind="server_error", reason=evil),
        Attempt(ord=1, provider="beta", model=evil, state="ok"),
    )
    engine.core.store_message(made.id, Role.ASSISTANT, evil, attempts=attempts)
    engine.core.drafts.kept[made.id] = evil
    async with driven(tmp_path, engine=engine, conversation=made.id) as d:
        d.engine.bus.publish(ev.StorageTrouble(problem=evil))
        d.app.show_failure(StorageError(evil, detail=evil, hint=evil))
        d.app.chat.composer.focus()
        await d.pilot.press("ctrl+t")
        await d.settle()
        for press in ("ctrl+l", "escape", "f5", "f2"):
            await d.pilot.press(press)
            await d.settle()
            for line in d.lines():
                assert line.isprintable(), repr(line)
            styles = [segment.style for strip in d.app.screen._compositor.render_strips() for segment in strip]
            actions = [style.meta.get("@click") for style in styles if style is not None]
            assert not any("quit" in str(action) for action in actions)
        assert "[@click=app.do('quit')]x[/]" in d.screen()
        assert d.app.is_running


async def test_an_unexpected_failure_of_one_piece_of_work_ends_nothing(tmp_path: Path) -> None:
    async with driven(tmp_path) as d:
        d.engine.core.chat.refuse = RuntimeError("sk-verysecretvalue123456")
        await d.send("hello")
        await d.until(lambda: "RuntimeError" in d.screen())
        assert "sk-verysecretvalue" not in d.screen()
        assert d.app.chat.composer.text == "hello"
        assert list((tmp_path / "state").glob("*crash*"))


async def test_a_crash_shows_no_local_variables_and_exits_70(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash() -> None:
        secret_local = "sk-local-variable-0123456789"  # its value must be nowhere
        raise RuntimeError("boom " + secret_local[:0])

    codes: list[int | None] = []

    async def run_into_it() -> None:
        async with driven(tmp_path) as d:
            try:
                d.app.call_next(crash)
                await d.pilot.pause()
            finally:
                codes.append(d.app.return_code)

    with pytest.raises(RuntimeError, match="boom"):
        await run_into_it()
    assert codes == [70]
    told = capsys.readouterr()
    assert "sk-local-variable" not in told.out + told.err
    reports = list((tmp_path / "state").glob("*crash*"))
    assert reports
    assert all("sk-local-variable-0123456789" not in report.read_text() for report in reports)
