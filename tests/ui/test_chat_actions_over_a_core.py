"""Continuing, rewording, deleting and exporting over the real chat service and database."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.support.scripted_model import says
from tests.ui.test_chat_over_a_core import Scripts, over_a_core
from workbench.providers.values import TextPart
from workbench.tui.screens.export import ExportScreen

BEGINNING = "Count retries per destination, not per call. The third rule is about dead"


async def test_a_branch_is_stopped_continued_reworded_deleted_and_brought_back(tmp_path: Path) -> None:
    held = asyncio.Event()
    scripts: Scripts = {
        "alpha": [
            [TextPart(text=BEGINNING), held],
            says("lines: a late retry helps nobody.", reason="length"),
            says("Answer to the other wording."),
        ]
    }
    async with over_a_core(tmp_path, scripts) as (d, room, _):
        chat, slot = d.app.chat, d.app.desk.slot
        await d.send("the question")
        await d.until(lambda: "about dead" in d.screen())
        await d.pilot.press("escape")
        await d.until(lambda: "/continue" in d.screen())
        chat.transcript.focus()
        await d.pilot.press("c")
        await d.until(lambda: "cut to length, not complete" in d.screen())
        joined = chat.transcript.messages[-1]
        assert joined.text == BEGINNING + "lines: a late retry helps nobody."
        assert joined.seams == ((len(BEGINNING), "alpha/alpha-1 goes on here; alpha was stopped"),)
        assert "goes on here; alpha was stopped" in d.screen()
        await d.until(lambda: "answer 2 of 2" in d.screen())
        await d.pilot.press("left")
        await d.until(lambda: "stopped by you" in d.screen())
        assert chat.transcript.messages[-1].text == BEGINNING, "nothing was written into the first one"
        await d.pilot.press("e")
        await d.until(lambda: chat.composer.text == "the question")
        await d.type(", reworded")
        await d.pilot.press("enter")
        await d.until(lambda: "Answer to the other wording." in d.screen())
        await d.until(lambda: "branch 2/2" in chat.transcript.messages[0].header)
        await d.until(lambda: not d.app.desk.anything_running())
        # Without this wording the one before it is shown, down to its newest reply.
        chat.transcript.focus()
        await d.settle()
        await d.pilot.press("up", "up", "d")
        await d.until(lambda: chat.transcript.messages[-1].text == joined.text)
        await d.pilot.press("u")
        await d.until(lambda: "Answer to the other wording." in d.screen())
        assert len(await room.conversations.tree(slot.conversation_id)) == 5


async def test_a_branch_is_exported_and_nothing_is_replaced_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with over_a_core(tmp_path / "home", {"alpha": [says("the **answer**")]}) as (d, _, _clock):
        await d.pilot.press("escape", "x")
        d.app.chat.composer.focus()
        await d.send("why? [/]")
        await d.until(lambda: "● done" in d.screen())
        await d.pilot.press("escape", "x")
        await d.until(lambda: isinstance(d.app.screen, ExportScreen))
        assert d.app.screen.query_one(Input).value == "why.md"
        await d.pilot.press("enter")
        await d.until(lambda: not isinstance(d.app.screen, ExportScreen))
        assert "the **answer**" in (tmp_path / "why.md").read_text(encoding="utf-8")
        # As a command: at once where there is no file, else it asks.
        (tmp_path / "why.md").write_text("mine", encoding="utf-8")
        d.app.chat.composer.focus()
        await d.send("/export why.md")
        await d.until(lambda: "writes over it" in d.screen())
        assert (tmp_path / "why.md").read_text(encoding="utf-8") == "mine"
        await d.pilot.press("down")
        await d.pilot.pause()
        assert d.app.screen.query_one(Input).value == "why.html"
        assert "writes over it" not in d.screen()
        d.app.screen.query_one(Input).value = "nowhere/why.json"
        await d.pilot.press("enter")
        await d.until(lambda: "cannot be written" in d.screen())
        d.app.screen.query_one(Input).value = "why.md"
        for _ in range(2):
            await d.pilot.press("enter")
            await d.settle()
        await d.until(lambda: "the **answer**" in (tmp_path / "why.md").read_text(encoding="utf-8"))
        await d.send(f"/export {tmp_path}/other.json")
        await d.until((tmp_path / "other.json").exists)
        written = json.loads((tmp_path / "other.json").read_text())
        assert written["messages"][0]["text"] == "why? [/]"
