"""Every surface beside the transcript and the events, with every text that tries to command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from textual.app import ComposeResult
from textual.command import CommandPalette
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input

from tests.support.app import driven
from tests.support.fake_engine import FakeEngine
from tests.support.hostile import PAYLOADS, forbidden_in
from tests.support.transcript_host import HostApp, assert_harmless, screen_text, until
from workbench.core.clock import ManualClock
from workbench.core.text import clean, clean_line
from workbench.tui.actions.values import Scope
from workbench.tui.events.filters import Chip
from workbench.tui.markdown.parts import CodeBlock
from workbench.tui.screens.code_blocks import CodeBlocksScreen
from workbench.tui.state.badges import Line, Severity
from workbench.tui.state.chips import ProviderChip
from workbench.tui.state.files import FoundFile
from workbench.tui.state.pins import Pin
from workbench.tui.state.rows import Row
from workbench.tui.state.switching import Choice
from workbench.tui.state.trail import Step
from workbench.tui.widgets.banner import Banner
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.completion_list import CompletionList, Offer
from workbench.tui.widgets.conversation_list import ConversationList
from workbench.tui.widgets.event_chips import EventChips
from workbench.tui.widgets.failover_trace import FailoverTrace
from workbench.tui.widgets.find_bar import FindBar, FindKeys
from workbench.tui.widgets.live_line import LiveLine
from workbench.tui.widgets.queue_list import QueueList, Waiting
from workbench.tui.widgets.status_bar import StatusBar

AT_ONCE = 5
"""Payloads on the screen at the same time: as many as the shortest list shows."""


def squeezed(text: str) -> str:
    return "".join(text.split())


class SurfacesApp(HostApp):
    CSS = """
    #left { width: 90; }
    ConversationList, FailoverTrace, ChoiceList { height: 1fr; border: round white; }
    QueueList, CompletionList, Banner { height: auto; }
    LiveLine, StatusBar, EventChips { height: 1; }
    """

    def compose(self) -> ComposeResult:
        keys = FindKeys(changed=lambda text: None, step=lambda by: None, close=lambda: None, look_again=lambda: None)
        yield StatusBar((Scope.EVERYWHERE,))
        yield Banner()
        yield EventChips()
        yield LiveLine()
        yield FindBar(keys)
        with Horizontal():
            with Vertical(id="left"):
                yield ConversationList()
                yield ChoiceList()
                yield QueueList()
                yield CompletionList()
            yield FailoverTrace()

    def fill(self, texts: dict[str, str]) -> None:
        names = [f"{name} {text}" for name, text in texts.items()]
        rows = [
            Row(conversation_id=name, title=clean_line(name), mark="", age="1 h", running=False) for name in names
        ]  # fmt: skip
        self.query_one(ConversationList).show_rows(rows, len(rows), names[0])
        choices = [
            Choice(pin=Pin(provider=name, model=name), title=name, note=name, usable=True) for name in names
        ]  # fmt: skip
        self.query_one(ChoiceList).show_choices(choices, choices[0].pin, None)
        self.query_one(QueueList).show_rows([Waiting(text=name) for name in names])
        self.query_one(CompletionList).offer([Offer.of_file(FoundFile(name)) for name in names])
        self.query_one(Banner).show_problems([(Severity.ERROR, name) for name in names])
        self.query_one(LiveLine).say(Line(text=" ".join(names), severity=Severity.WARNING))
        self.query_one(StatusBar).set_state([ProviderChip(name=name, state="ok") for name in names[:1]], names)
        chips = [Chip(name="text", value=name, typed=name) for name in names]
        self.query_one(EventChips).show(chips, Content("state"))
        bar = self.query_one(FindBar)
        bar.open(names[0])
        bar.say(names[0])
        trail = tuple(
            Step(
                ord=place, provider=name, model=name, state="failed", error_kind=text, reason=name, hint=name,
                next_step=name,
            )
            for place, (name, text) in enumerate(texts.items())
        )  # fmt: skip
        self.query_one(FailoverTrace).show_trail(trail, {name: name for name in names}, [names[0]], summary=names[0])


def chunks() -> Iterator[dict[str, str]]:
    names = list(PAYLOADS)
    for start in range(0, len(names), AT_ONCE):
        yield {name: PAYLOADS[name] for name in names[start : start + AT_ONCE]}


async def test_lists_trace_queue_picker_bars_and_chips_are_harmless_and_show_the_same_text() -> None:
    app = SurfacesApp()
    async with app.run_test(size=(200, 90)) as pilot:
        for texts in chunks():
            app.fill(texts)
            last = list(texts)[-1]
            await until(pilot, lambda last=last: screen_text(app).count(last) >= 4)
            assert_harmless(app)
            shown = squeezed(screen_text(app))
            for name, text in texts.items():
                assert shown.count(squeezed(clean_line(f"{name} {text}"))) >= 3, screen_text(app)


async def test_a_preview_of_code_shows_code_as_it_is() -> None:
    app = HostApp()
    blocks = [
        CodeBlock(language=" ".join(texts.values()), code="\n".join(f"begin {text} end" for text in texts.values()))
        for texts in chunks()
    ]  # fmt: skip
    async with app.run_test(size=(100, 40)) as pilot:
        await app.push_screen(CodeBlocksScreen(blocks))
        screen = app.screen
        assert isinstance(screen, CodeBlocksScreen)
        for index, block in enumerate(blocks):
            screen.listed.highlighted = index
            await pilot.pause()
            assert str(screen.whole.content) == clean(block.code)
            assert_harmless(app)


async def test_titles_in_the_list_and_in_the_palette_are_harmless(tmp_path: Path) -> None:
    engine = FakeEngine(clock=ManualClock())
    for name, payload in PAYLOADS.items():
        engine.core.store_conversation(f"begin {name} {payload}")
    async with driven(tmp_path, engine=engine, size=(140, 60)) as d:
        await d.until(lambda: "begin" in d.screen())
        await d.pilot.press("ctrl+p")
        await d.until(lambda: isinstance(d.app.screen, CommandPalette))
        line = d.app.screen.query_one(Input)
        listed = 0
        for typed in ("begin", "begin osc", "begin c1", "begin bidi", "begin click", *list(PAYLOADS.values())[:3]):
            line.value = typed
            await d.settle()
            # One search after the other: what is cut short by the next one is Textual's own affair.
            await d.until(lambda: all(worker.is_finished for worker in d.app.workers if worker.node is d.app.screen))
            await d.settle()
            assert not any(forbidden_in(row) for row in d.lines())
            listed += sum("begin" in row and "conversation" in row for row in d.lines())
        assert listed > 20, "titles were on the screen"
        assert d.app.is_running
