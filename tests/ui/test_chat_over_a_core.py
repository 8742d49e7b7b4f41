"""The chat pane over the real chat service, attempt loop and database: decisions and branches come true."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from tests.support.app import Driven, shell_files
from tests.support.chat_room import Room, room
from tests.support.fake_engine import FakeEngine
from tests.support.room_link import RoomLink
from tests.support.scripted_model import Step, provider, says
from workbench.config.values import Configuration, OnBrokenStream, Settings
from workbench.conversations.ordering.organizing import Organizer
from workbench.core.clock import ManualClock
from workbench.core.events import ConversationChanged
from workbench.providers.values import AttemptFailure, ErrorKind, TextPart
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.broken_reply import QUIET_S, BrokenReplyScreen
from workbench.tui.shell import Shell

BEGINNING = "Count retries per destination, not per call. The third rule is about dead"
CUT: list[Step] = [
    TextPart(text=BEGINNING), AttemptFailure(ErrorKind.BROKEN_STREAM, "the connection broke off"),
]  # fmt: skip
Scripts = dict[str, list[Sequence[Step]]]


@asynccontextmanager
async def over_a_core(home: Path, scripts: Scripts) -> AsyncIterator[tuple[Driven, Room, ManualClock]]:
    """The application over a room whose providers are asked what to do with broken answers."""
    settings = Settings(on_broken_stream=OnBrokenStream.ASK)
    configuration = Configuration(
        settings=settings, providers=tuple(provider(name, priority=n) for n, name in enumerate(scripts, 1))
    )
    clock = ManualClock()
    async with room(home, scripts, settings=settings) as opened:
        link = RoomLink(opened, configuration, clock)
        app = WorkbenchApp(Shell(make_link=lambda: link, files=shell_files(home), clock=clock))
        async with app.run_test(size=(140, 42), notifications=True) as pilot:
            await pilot.pause()
            d = Driven(app, pilot, cast("FakeEngine", link))
            await d.until(app.desk.opened.is_set)
            await d.settle()
            yield d, opened, clock


async def decide(d: Driven, clock: ManualClock, key: str) -> None:
    """Ask, wait for the question, answer it after a moment."""
    await d.send("how should a client pick a retry budget?")
    await d.until(lambda: isinstance(d.app.screen, BrokenReplyScreen))
    clock.advance(QUIET_S)
    await d.pilot.press(key)
    await d.until(lambda: not d.app.desk.anything_running())
    await d.settle()


async def test_continuing_joins_two_providers_at_a_marked_seam_for_good(tmp_path: Path) -> None:
    scripts: Scripts = {"alpha": [CUT], "beta": [says("lines: a late retry helps nobody.")]}
    async with over_a_core(tmp_path, scripts) as (d, opened, clock):
        await decide(d, clock, "c")
        column = [line[33:].strip("│┃ ") for line in d.lines()]
        place = next(n for n, line in enumerate(column) if line.startswith("── beta/beta-1 goes on here"))
        assert column[place - 1] == BEGINNING
        assert column[place + 1] == "lines: a late retry helps nobody."
        await d.until(lambda: bool(d.app.desk.slot.messages))
        _, message = d.app.desk.slot.messages.values()
        assert opened.on_disk(message.id) == ("done", BEGINNING + "lines: a late retry helps nobody.")
        d.app.chat.open_conversation(d.app.desk.slot.conversation_id)
        await d.until(lambda: len(d.app.desk.slot.messages) == 2)
        await d.settle()
        assert "── beta/beta-1 goes on here" in d.screen(), "as it was stored, so it is shown again"


async def test_restarting_answers_from_the_start_and_sets_the_broken_text_aside(tmp_path: Path) -> None:
    scripts: Scripts = {"alpha": [CUT], "beta": [says("A whole answer.")]}
    async with over_a_core(tmp_path, scripts) as (d, _, clock):
        await decide(d, clock, "r")
        assert "A whole answer." in d.screen()
        assert BEGINNING not in d.screen()
        assert "alpha/alpha-1 broke off after 73 characters" in d.screen()


async def test_a_title_that_a_model_gives_shows_at_once(tmp_path: Path) -> None:
    async with over_a_core(tmp_path, {"alpha": [says("Three, and add jitter.")]}) as (d, opened, clock):
        await d.send("how should a client retry?")
        await d.until(lambda: bool(d.app.desk.slot.conversation_id) and not d.app.desk.anything_running())
        await d.settle()
        assert "─ how should a client retry? ─" in d.screen()
        id_ = d.app.desk.slot.conversation_id
        await Organizer(opened.store, clock, opened.bus).rename(id_, "Retry budgets", by="model")
        opened.bus.publish(ConversationChanged(conversation_id=id_))
        await d.until(lambda: "─ Retry budgets ─" in d.screen())


async def test_keeping_ends_the_reply_as_not_complete_and_asks_nobody(tmp_path: Path) -> None:
    scripts: Scripts = {"alpha": [CUT], "beta": [says("never")]}
    async with over_a_core(tmp_path, scripts) as (d, opened, clock):
        await decide(d, clock, "escape")
        assert BEGINNING in d.screen()
        assert "not complete" in d.screen()
        assert [call.provider.name for call in opened.model.calls] == ["alpha"]


async def test_stopping_while_the_question_stands_takes_it_away(tmp_path: Path) -> None:
    async with over_a_core(tmp_path, {"alpha": [CUT], "beta": [says("never")]}) as (d, _, _clock):
        await d.send("how should a client pick a retry budget?")
        await d.until(lambda: isinstance(d.app.screen, BrokenReplyScreen))
        await d.pilot.press("ctrl+c")
        await d.until(lambda: d.app.screen is d.app.chat)
        assert BEGINNING in d.screen()


async def test_another_answer_is_a_branch_that_can_be_walked_to_and_back(tmp_path: Path) -> None:
    scripts: Scripts = {"alpha": [says("by alpha")], "beta": [says("by beta")]}
    async with over_a_core(tmp_path, scripts) as (d, opened, _):
        await d.send("the question")
        await d.until(lambda: "by alpha" in d.screen() and not d.app.desk.anything_running())
        await d.send("/retry")
        await d.until(lambda: "by beta" in d.screen() and not d.app.desk.anything_running())
        await d.until(lambda: "answer 2 of 2" in d.screen())
        d.app.chat.transcript.focus()
        await d.pilot.press("left")
        await d.until(lambda: "answer 1 of 2" in d.screen())
        assert "by alpha" in d.screen()
        conversation = await opened.conversations.get(d.app.desk.slot.conversation_id)
        path = await opened.conversations.path(conversation.id)
        assert [message.text for message in path] == ["the question", "by alpha"]
        assert conversation.provider is None, "asked once, not pinned"


async def test_a_private_conversation_is_private_on_disk_from_its_first_prompt(tmp_path: Path) -> None:
    async with over_a_core(tmp_path, {"alpha": [says("an answer")]}) as (d, opened, _):
        await d.send("the question")
        await d.until(lambda: "an answer" in d.screen() and not d.app.desk.anything_running())
        await d.send("/private")
        await d.pilot.press("y")
        await d.until(lambda: d.app.desk.slot.private)
        assert (await opened.conversations.get(d.app.desk.slot.conversation_id)).private
        assert "private: nobody can be asked" in d.screen()
