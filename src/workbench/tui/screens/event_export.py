"""The dialog that writes events to a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input
from textual.worker import Worker

from workbench.core.errors import WorkbenchError
from workbench.tui.events.export import AlreadyThereError, EventExport, ExportTarget
from workbench.tui.events.surroundings import Surroundings
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, plain, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog


class EventExportScreen(Dialog[None]):
    """Asks where to, writes, tells how far it is; escape ends a running export and leaves no file."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/events.tcss"]
    HELP = (
        "A name ending in .ndjson gives a JSON document a line, any other plain text. Nothing is overwritten unasked."
    )

    def __init__(self, work: EventExport, around: Surroundings, count: int) -> None:
        """`count` events are shown at the moment."""
        super().__init__()
        self._work, self._around, self._count = work, around, count
        self._writing: Worker[None] | None = None
        self._refused = ""
        """The path that was there already; enter again overwrites that one."""

    def compose(self) -> ComposeResult:
        """The path, and what is told."""
        moment = datetime.fromtimestamp(self._around.now_ms() / 1000).astimezone()
        path = self._around.export_folder() / f"workbench-events-{moment:%Y%m%d-%H%M%S}.ndjson"
        with Vertical(classes="dialog", id="event-export") as frame:
            set_border_title(frame, "Export events")
            set_border_subtitle(frame, drawn("enter write · esc back"))
            yield Input(str(path), id="event-export-path")
            yield SafeStatic(id="event-export-told")

    def on_mount(self) -> None:
        """Say what will be written."""
        self._tell(f"Writes the {self._count:,} events of the filter. .ndjson gives JSON lines, .txt plain text.")

    def _tell(self, text: str, style: str = "$text-muted") -> None:
        self.query_one("#event-export-told", SafeStatic).show(Content.styled(plain(text).plain, style))

    @on(Input.Changed, "#event-export-path")
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._refused = ""

    @on(Input.Submitted, "#event-export-path")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        if self._writing is not None:
            return
        if not typed:
            self._tell(f"{glyphs().failed} Type the name of a file.", "$error")
            return
        target = ExportTarget(path=Path(typed).expanduser(), overwrite=typed == self._refused)
        frame = self.query_one("#event-export")
        set_border_subtitle(frame, "esc cancel")
        self._writing = self.run_worker(self._write(target, typed), group="events-export", exit_on_error=False)

    async def _write(self, target: ExportTarget, typed: str) -> None:
        try:
            written = await self._work.write(target, self._progress)
        except AlreadyThereError:
            self._refused = typed
            self._tell(f"{glyphs().slow} That file is there already. Enter again overwrites it.", "$warning")
        except (OSError, WorkbenchError) as problem:
            self._tell(f"{glyphs().failed} Not written: {problem}", "$error")
        else:
            self._around.tell(f"{written:,} events written to {target.path}")
            self.dismiss(None)
            return
        finally:
            self._writing = None
        set_border_subtitle(self.query_one("#event-export"), drawn("enter write · esc back"))

    def _progress(self, written: int) -> None:
        if self.is_mounted:
            share = f" of about {self._count:,}" if written <= self._count else ""
            self._tell(f"{glyphs().running} {written:,}{share} events written")

    def action_close(self) -> None:
        """End a running export, or close."""
        if self._writing is None:
            self.dismiss(None)
            return
        self._writing.cancel()
        self._writing = None
        set_border_subtitle(self.query_one("#event-export"), drawn("enter write · esc back"))
        self._tell("Cancelled; nothing was written.")
