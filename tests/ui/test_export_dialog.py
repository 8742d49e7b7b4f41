"""The dialog that writes a file: how far it is, escape while it writes, and a file that is there."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tests.support.app import driven
from tests.support.fake_events import FakeEventLog, stored
from workbench.core.export_file import FileExistsAlreadyError
from workbench.tui.events.export import EventExport
from workbench.tui.events.filters import EventFilter
from workbench.tui.events.model import EventsModel
from workbench.tui.screens.export import ExportScreen, Kind

KINDS = (Kind(suffix=".txt", words="plain"), Kind(suffix=".json", words="for programs"))


async def test_escape_ends_a_running_export_and_what_became_of_it_is_told(tmp_path: Path) -> None:
    goes_on, asked, told = asyncio.Event(), list[tuple[str, bool]](), list[str]()

    async def save(path: str, overwrite: bool, tell: Callable[[str], None]) -> str:
        asked.append((path, overwrite))
        if not overwrite and path == "taken.txt":
            raise FileExistsAlreadyError("There is a file of that name already")
        tell("5 of about 9 [/] written")
        await goes_on.wait()
        return "9 written"

    async with driven(tmp_path) as d:
        dialog = ExportScreen(
            "a.json", save, told.append, title="Export [/]", kinds=KINDS, note="Writes all of it.",
            kind_of=lambda name: KINDS[name.endswith(".json")],
        )  # fmt: skip
        d.app.push_screen(dialog)
        await d.until(lambda: "Writes all of it." in d.screen() and "▸ for programs" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: "5 of about 9 [/] written" in d.screen() and "esc cancel" in d.screen())
        await d.pilot.press("enter", "escape")
        await d.until(lambda: "Cancelled; nothing was written." in d.screen() and "esc back" in d.screen())
        assert asked == [("a.json", False)], "a second enter does not write twice"
        # Agreed to for this name only: with another one in between it is asked anew.
        field = dialog.query_one(Input)
        field.value = "taken.txt"
        await d.pilot.press("enter")
        await d.until(lambda: "enter writes over it" in d.screen())
        await d.pilot.press("down")
        await d.until(lambda: field.value == "taken.json" and "Writes all of it." in d.screen())
        await d.pilot.press("down", "enter")
        await d.until(lambda: "enter writes over it" in d.screen())
        await d.pilot.press("enter")
        await d.until(lambda: "esc cancel" in d.screen())
        assert asked[1:] == [("taken.txt", False), ("taken.txt", False), ("taken.txt", True)]
        goes_on.set()
        await d.until(lambda: d.app.screen is d.app.chat)
        assert told == ["9 written"]


async def test_an_export_cancelled_while_it_begins_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    make = tempfile.mkstemp

    def slowly(**how: Any) -> tuple[int, str]:
        begun.set()
        may_go_on.wait(5)
        return make(**how)

    monkeypatch.setattr(tempfile, "mkstemp", slowly)
    exporting = EventExport(FakeEventLog(events=[stored(1)]), EventsModel(), EventFilter())
    work = asyncio.create_task(exporting.write(tmp_path / "events.txt", lambda _: None, overwrite=False))
    await asyncio.to_thread(begun.wait, 5)
    work.cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert list(tmp_path.iterdir()) == []
