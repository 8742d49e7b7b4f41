"""The application over a fake engine, for tests that press keys and look at the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from tests.support.fake_engine import FakeEngine
from workbench.core.clock import ManualClock
from workbench.tui.app import WorkbenchApp
from workbench.tui.shell import Shell, ShellFiles
from workbench.tui.ui_state import UiState

MOST_ROUNDS = 600


def shell_files(home: Path) -> ShellFiles:
    """Files under a home of the test's own."""
    return ShellFiles(
        config_file=home / "config" / "config.yaml",
        ui_state_file=home / "state" / "ui.json",
        state_dir=home / "state",
        themes_dir=home / "config" / "themes",
    )


class Driven:
    """A running application with what a test needs to drive it."""

    def __init__(self, app: WorkbenchApp, pilot: Pilot[int], engine: FakeEngine) -> None:
        self.app = app
        self.pilot = pilot
        self.engine = engine

    async def settle(self) -> None:
        """Bring all pending events to the screen and let workers end."""
        for _ in range(3):
            await self.app.pump.flush()
            await self.pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition, at most `MOST_ROUNDS` rounds."""
        for _ in range(MOST_ROUNDS):
            if holds():
                return
            await self.app.pump.flush()
            await self.pilot.pause(0.01)
        raise AssertionError(f"the condition never held; the screen shows\n{self.screen()}")

    async def type(self, text: str) -> None:
        """Put text into the composer as if typed."""
        self.app.chat.composer.insert(text)
        await self.pilot.pause()

    async def send(self, text: str) -> None:
        """Type and press enter."""
        await self.type(text)
        await self.pilot.press("enter")
        await self.settle()

    def lines(self) -> list[str]:
        """The screen as plain text."""
        return screen_lines(self.app)

    def screen(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines())


def screen_lines(app: WorkbenchApp) -> list[str]:
    """What the terminal would show, without colours."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


@asynccontextmanager
async def driven(
    home: Path,
    *,
    engine: FakeEngine | None = None,
    size: tuple[int, int] = (140, 42),
    conversation: str | None = None,
    offline: bool = False,
    remembered: UiState | None = None,
) -> AsyncIterator[Driven]:
    """Run the application headless; times come from the engine's manual clock."""
    engine = engine or FakeEngine(clock=ManualClock())
    shell = Shell(
        make_link=lambda: engine, files=shell_files(home), clock=engine.clock, offline=offline,
        remembered=remembered or UiState(),
    )  # fmt: skip
    app = WorkbenchApp(shell, conversation=conversation)
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        both = Driven(app, pilot, engine)
        await both.settle()
        yield both
