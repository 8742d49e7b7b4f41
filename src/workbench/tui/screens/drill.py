"""The failover drill over whatever pane is shown: its rows as they come; escape ends it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.worker import Worker, WorkerState

from workbench.core.text import clean_line
from workbench.providers.scripted.drill_rows import DrillRow, rows_of
from workbench.providers.scripted.drill_values import DrillEnded, DrillStep, Tone
from workbench.tui.glyphs import drawn
from workbench.tui.markdown.textlines import wrap
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.widgets.following_scroll import FollowingScroll
from workbench.tui.work import run_beside

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

_LEAD_WIDTH: Final = 7
_LONGEST_ROW: Final = 1000
_STYLES: Final = {
    Tone.PLAIN: "$foreground",
    Tone.GOOD: "$success",
    Tone.TROUBLE: "$warning",
    Tone.BAD: "bold $error",
    Tone.HEADING: "bold $accent",
    Tone.NOTE: "$text-muted",
}


class DrillScreen(Dialog[None]):
    """Shows a drill that runs in the core."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/drill.tcss"]
    HELP = "Plays what can go wrong with providers, on stand-ins on this machine; escape ends it at any time."
    AUTO_FOCUS = "#drill-scroll"

    def __init__(self, host: WorkbenchApp) -> None:
        """Nothing is played before it is shown."""
        super().__init__()
        self._host = host
        self._rows: list[DrillRow] = []
        self._drawing = False

    def compose(self) -> ComposeResult:
        """The rows, following their end."""
        with Vertical(classes="dialog", id="drill") as frame:
            set_border_title(frame, "Failover drill")
            set_border_subtitle(frame, drawn("↑↓ scroll · esc end the drill"))
            with FollowingScroll(id="drill-scroll"):
                yield SafeStatic(id="drill-rows")

    def on_mount(self) -> None:
        """Begin."""
        self.query_one(FollowingScroll).anchor()
        run_beside(self, self._play(), group="drill", exclusive=True)

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()

        def tell(step: DrillStep) -> None:
            # The screens may have ended while the core goes on for a moment.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._take, step)

        await self._host.shell.call(lambda core: core.drill(tell))

    def _take(self, step: DrillStep) -> None:
        self._rows += rows_of(step)
        if not self.is_mounted:
            return
        if isinstance(step, DrillEnded):
            set_border_subtitle(self.query_one("#drill"), drawn("↑↓ scroll · esc close"))
        self._draw_soon()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A drill that could not go on says why, where its rows are."""
        worker = cast("Worker[object]", cast("Any", event).worker)
        if event.state is WorkerState.ERROR and worker.error is not None:
            set_border_subtitle(self.query_one("#drill"), drawn("esc close"))
            self._rows.append(DrillRow(text="The drill could not go on.", tone=Tone.BAD))
            self._draw_soon()
            self._host.show_failure(worker.error)

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self._draw_soon()

    def _draw_soon(self) -> None:
        # Steps come in bursts: one drawing for each of them would be wasted.
        if not self._drawing:
            self._drawing = True
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        self._drawing = False
        width = self.query_one(FollowingScroll).scrollable_content_region.width
        lines = [line for row in self._rows for line in _lines(row, width)]
        self.query_one("#drill-rows", SafeStatic).show(Content("\n").join(lines))


def _lines(row: DrillRow, width: int) -> list[Content]:
    """A row, wrapped beside its lead."""
    lead_width = 0 if row.tone is Tone.HEADING else _LEAD_WIDTH
    text = drawn(clean_line(row.text, _LONGEST_ROW))
    spans = wrap(text, max(width - lead_width - 1, 12))
    lead = f"{drawn(row.lead):>{lead_width}} " if lead_width else ""
    lines: list[Content] = []
    for place, (start, end, _) in enumerate(spans):
        before = lead if place == 0 else " " * len(lead)
        lines.append(Content.assemble((before, "$text-muted"), (text[start:end], _STYLES[row.tone])))
    return lines
