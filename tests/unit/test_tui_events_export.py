from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.fake_events import FakeEventLog, stored
from workbench.core.export_file import FileExistsAlreadyError
from workbench.tui.events.export import EventExport, ExpressionGivenUpError
from workbench.tui.events.filters import EventFilter, parse
from workbench.tui.events.model import EventsModel

HELD = [stored(number) for number in range(1, 1_201)]


def export(log: FakeEventLog, chosen: EventFilter | None = None) -> EventExport:
    return EventExport(log, EventsModel(), chosen or EventFilter())


@pytest.mark.parametrize("overwrite", [False, True])
async def test_an_export_cancelled_in_the_middle_leaves_nothing_behind(tmp_path: Path, overwrite: bool) -> None:
    file = tmp_path / "events.ndjson"
    if overwrite:
        file.write_text("mine")
    before = {path: path.read_text() for path in tmp_path.iterdir()}
    half, seen = asyncio.Event(), list[int]()

    class SlowLog(FakeEventLog):
        async def _asked(self) -> None:
            if seen:
                half.set()
                await asyncio.Event().wait()

    work = asyncio.create_task(export(SlowLog(events=HELD), None).write(file, seen.append, overwrite=overwrite))
    await half.wait()
    assert seen == [500]
    assert set(tmp_path.iterdir()) > set(before), "some of it is written"
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert {path: path.read_text() for path in tmp_path.iterdir()} == before


async def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "events.txt"

    def told(written: int) -> None:
        file.write_text("mine")

    with pytest.raises(FileExistsAlreadyError):
        await export(FakeEventLog(events=HELD)).write(file, told, overwrite=False)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


async def test_an_expression_that_takes_too_long_exports_nothing(tmp_path: Path) -> None:
    log = FakeEventLog(events=[stored(1, "a" * 400 + "!")])
    with pytest.raises(ExpressionGivenUpError, match="takes too long"):
        await export(log, parse("/(a+)+x?$/")).write(tmp_path / "events.txt", lambda _: None, overwrite=False)
    assert list(tmp_path.iterdir()) == []
