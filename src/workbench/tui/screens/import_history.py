"""The import dialog: a file is counted first, then added, then shown in the history."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Input
from textual.worker import Worker

from workbench.core.errors import WorkbenchError
from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.importing.telling import progress_line, report_lines
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.widgets.path_suggester import PathSuggester

if TYPE_CHECKING:
    from workbench.conversations.importing.values import ImportProgress, ImportReport
    from workbench.tui.app import WorkbenchApp

DRAW_S = 0.1
"""How often progress is drawn."""
IMPORTED = "is:imported"
"""The search that lists what was imported."""
_FORMATS = (
    "A file of workbench, ChatGPT, Claude, Gemini, Open WebUI, LibreChat, Claude Code, llm, Elia, oterm, aichat, "
    "OpenAI messages or ShareGPT. It is counted first; nothing is added before you agree."
)


class _Stage(Enum):
    """What enter does next."""

    COUNT = auto()
    ADD = auto()
    SHOW = auto()


_KEYS = {
    _Stage.COUNT: "enter look into it · → complete · esc close",
    _Stage.ADD: "enter import · esc close",
    _Stage.SHOW: "enter show them · esc close",
}


class ImportScreen(Dialog[None]):
    """Counts what a file has, then adds it; escape cancels what runs."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/import_history.tcss"]
    HELP = f"{_FORMATS} Importing twice adds nothing, and what is there is never changed. Escape cancels."

    field = query_one("#import-path", Input)
    told = query_one("#import-told", SafeStatic)

    def __init__(self, host: WorkbenchApp, path: str = "") -> None:
        """With a `path` it is counted at once."""
        super().__init__()
        self._host, self._path = host, path
        self._stage = _Stage.COUNT
        self._counted: ImportReport | None = None
        self._own = False
        """Whether the file is one of workbench's own."""
        self._work: Worker[None] | None = None
        self._progress: ImportProgress | None = None
        """Told on the core's thread, drawn on ours."""

    def compose(self) -> ComposeResult:
        """The field, and what there is to say."""
        with Vertical(classes="dialog", id="import") as frame:
            set_border_title(frame, "Import conversations")
            yield Input(
                self._path, id="import-path", placeholder="path of an export", select_on_focus=False,
                suggester=PathSuggester(),
            )  # fmt: skip
            with VerticalScroll(id="import-scroll", can_focus=False):
                yield SafeStatic(_FORMATS, id="import-told")

    def on_mount(self) -> None:
        """Ready to type."""
        self.field.focus()
        self.set_interval(DRAW_S, self._draw_progress)
        self._show_keys()
        if self._path.strip():
            self._begin()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._path:
            self._path = event.value
            if self._work is None:
                self._stage, self._counted = _Stage.COUNT, None
                self.told.show(_FORMATS)
                self._show_keys()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._work is not None:
            return
        if self._stage is _Stage.SHOW:
            self.dismiss(None)
            # What was begun in workbench, and comes back, counts as its own again.
            self._host.verbs.do("search_history", "" if self._own else IMPORTED)
        elif not event.value.strip():
            self._say("Type the path of a file.", glyphs().slow)
        else:
            self._begin()

    def _begin(self) -> None:
        self._progress = None
        self._work = self.run_worker(self._run(self._path.strip()), group="import", exit_on_error=False)
        self._show_keys()
        self._say("reading", glyphs().running)

    async def _run(self, path: str) -> None:
        counted = self._counted
        told: Content | None = None
        try:
            file = _file(path)
            report = await self._host.shell.call(
                lambda core: core.importer.run(file, dry_run=counted is None, counted=counted, tell=self._tell)
            )
            told = report_lines(report)
            self._own = report.format == "workbench"
            self._counted = report if counted is None and report.anything_new else None
            adds = _Stage.ADD if report.anything_new else _Stage.COUNT
            self._stage = adds if counted is None else _Stage.SHOW
        except (WorkbenchError, RuntimeError) as problem:
            # `~name` of nobody is a RuntimeError.
            told = _line(str(problem), glyphs().failed)
            self._stage, self._counted = _Stage.COUNT, None
        except asyncio.CancelledError:
            stays = "What has been added stays; importing again adds the rest." if counted is not None else ""
            told = _line(f"Cancelled. {stays or 'Nothing was changed.'}", glyphs().slow)
            self._stage, self._counted = _Stage.COUNT, None
            raise
        finally:
            self._work = None
            if self.is_attached:
                self.told.show(told or "")
                self._show_keys()

    def _tell(self, progress: ImportProgress) -> None:
        self._progress = progress

    def action_close(self) -> None:
        """Cancel what runs; else close."""
        if self._work is None:
            self.dismiss(None)
        elif not self._work.is_cancelled:
            self._work.cancel()

    def _draw_progress(self) -> None:
        if self._work is not None and self._progress is not None:
            self._say(progress_line(self._progress), glyphs().running)

    def _show_keys(self) -> None:
        keys = "esc cancel" if self._work is not None else _KEYS[self._stage]
        set_border_subtitle(self.query_one("#import"), drawn(keys))

    def _say(self, words: str, sign: str) -> None:
        self.told.show(_line(words, sign))


def _file(path: str) -> Path:
    return Path(path).expanduser().absolute()


def _line(words: str, sign: str) -> Content:
    signs = glyphs()
    style = {signs.slow: "$warning", signs.failed: "$error"}.get(sign, "$accent")
    return Content.assemble((f"{sign} ", style), clean_line(words, 600))
