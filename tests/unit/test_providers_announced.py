"""Loading the model library: once, told from beginning to end, whoever gives up waiting."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.scripted_model import ScriptedModel
from workbench.core.bus import EventBus
from workbench.core.clock import SystemClock
from workbench.core.errors import WorkbenchError
from workbench.core.events import ClientLoading
from workbench.providers.calling.announced import AnnouncedModel


class _SlowModel(ScriptedModel):
    """Loads when told to; fails as often as told."""

    def __init__(self, *, failures: int = 0) -> None:
        super().__init__({})
        self.may_load = asyncio.Event()
        self.failures = failures

    async def prepare(self) -> None:
        """Wait, then succeed or fail."""
        await super().prepare()
        await self.may_load.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("no such library")


def announced(model: ScriptedModel) -> tuple[AnnouncedModel, EventBus]:
    """The model with its loading told on a bus of its own."""
    bus = EventBus()
    return AnnouncedModel(model, bus, SystemClock()), bus


async def test_a_caller_that_gives_up_does_not_end_the_load() -> None:
    slow = _SlowModel()
    model, bus = announced(slow)
    events = bus.subscribe(kinds=[ClientLoading])
    impatient, patient = asyncio.create_task(model.prepare()), asyncio.create_task(model.prepare())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait([impatient])
    slow.may_load.set()
    await patient
    await model.prepare()
    assert slow.prepared == 1
    told = [event for event in events.drain() if isinstance(event, ClientLoading)]
    assert [event.seconds is not None for event in told] == [False, True]


async def test_a_failed_load_is_told_and_tried_again() -> None:
    slow = _SlowModel(failures=1)
    slow.may_load.set()
    model, bus = announced(slow)
    events = bus.subscribe(kinds=[ClientLoading])
    with pytest.raises(WorkbenchError, match="could not be loaded"):
        await model.prepare()
    await model.prepare()
    told = [event for event in events.drain() if isinstance(event, ClientLoading)]
    assert ["no such library" in event.problem for event in told] == [False, True, False, False]


async def test_closing_ends_a_load() -> None:
    model, _ = announced(_SlowModel())
    waiting = asyncio.create_task(model.prepare())
    await asyncio.sleep(0)
    await model.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
