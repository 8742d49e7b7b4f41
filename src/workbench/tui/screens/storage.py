"""The Storage page: where the space goes, and what can be had back; everything that destroys asks first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.worker import Worker

from workbench.core.errors import WorkbenchError
from workbench.core.sizes import size_words
from workbench.core.text import clean_line
from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.telling import keys_that_fit
from workbench.tui.actions.values import Scope
from workbench.tui.application.restoring import START_RESTORED
from workbench.tui.core_link import CorePort
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.safe import SafeStatic, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.storage.rows import Measured, question_of, rows_of
from workbench.tui.verbs import Verb, Verbs
from workbench.tui.widgets.row_list import RowList
from workbench.tui.widgets.storage_list import StorageList

if TYPE_CHECKING:
    from workbench.core.progress import Progress
    from workbench.storage.upkeep.values import Backup, Pruned, Pruning
    from workbench.tui.app import WorkbenchApp

T = TypeVar("T")

DRAW_S = 0.1
"""How often progress is drawn."""
_LARGEST = 20


class StorageScreen(Dialog[None]):
    """Measures when it opens; one piece of work at a time, which escape cancels."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/storage.tcss"]
    HELP = "Where the space goes. Nothing is removed unasked; escape cancels what runs, then closes."
    SCOPE = Scope.STORAGE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(Scope.STORAGE)]
    AUTO_FOCUS = "#storage-list"

    listed = query_one(StorageList)
    told = query_one("#storage-told", SafeStatic)

    def __init__(self, host: WorkbenchApp) -> None:
        """Nothing is measured yet."""
        super().__init__()
        self._host = host
        self._measured: Measured | None = None
        self._work: Worker[None] | None = None
        self._doing = ""
        self._progress: Progress | None = None
        """Told on the core's thread, drawn on ours."""
        self.verbs = Verbs()
        self.verbs.add(self._own_verbs())

    def compose(self) -> ComposeResult:
        """The lines, and what there is to say."""
        with Vertical(classes="dialog", id="storage") as frame:
            set_border_title(frame, "Storage")
            yield StorageList(id="storage-list")
            yield SafeStatic(id="storage-told")

    def on_mount(self) -> None:
        """Measure."""
        self.set_interval(DRAW_S, self._draw_progress)
        self._measure()

    def on_resize(self) -> None:
        """Keys for the new width."""
        self._show_keys()

    def _own_verbs(self) -> Mapping[str, Verb]:
        return {
            "prune": self._prune, "compact": self._compact, "back_up": self._back_up, "check": self._check,
            "open": self._open, "measure": self._measure,
        }  # fmt: skip

    def action_do(self, verb: str, *arguments: object) -> None:
        """Do what a key asks."""
        self.verbs.do(verb, *arguments)

    def action_close(self) -> None:
        """Cancel what runs; else close."""
        if self._work is not None and not self._work.is_cancelled:
            self._work.cancel()
        elif self._work is None:
            self.dismiss(None)

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self._open()

    # -- work --------------------------------------------------------------------------------------------------

    def _begin(self, doing: str, work: Callable[[], Awaitable[str]]) -> None:
        """Do a piece of work, which gives a sentence; refused while another one runs."""
        if self._work is not None:
            self._say("One thing at a time: escape cancels what runs.", glyphs().slow)
            return
        self._doing, self._progress = doing, None
        self._work = self.run_worker(self._carried_out(work), group="storage", exit_on_error=False)
        self._show_keys()
        self._draw_progress()

    async def _carried_out(self, step: Callable[[], Awaitable[str]]) -> None:
        said, sign = "", ""
        try:
            said, sign = await step(), glyphs().ok
        except WorkbenchError as problem:
            said, sign = str(problem), glyphs().failed
        except asyncio.CancelledError:
            said, sign = f"Cancelled: {self._doing}. The database is as it should be.", glyphs().slow
            raise
        finally:
            self._work = None
            if self.is_attached:
                self._say(said, sign)
                self._show_keys()

    def _tell(self, progress: Progress) -> None:
        self._progress = progress

    async def _call(self, work: Callable[[CorePort], Awaitable[T]]) -> T:
        return await self._host.shell.call(work)

    def _measure(self) -> None:
        self._begin("measuring", self._read)

    async def _read(self, said: str = "") -> str:
        from workbench.storage.upkeep.values import EVENT_DAYS, TRASH_DAYS, Prunable, Pruning

        possible = (
            Pruning(what=Prunable.TRASH, days=TRASH_DAYS),
            Pruning(what=Prunable.EVENTS, days=EVENT_DAYS),
            Pruning(what=Prunable.DAMAGED),
        )

        async def read(core: CorePort) -> Measured:
            return Measured(
                sizes=await core.upkeep.sizes(self._tell),
                largest=await core.upkeep.largest_conversations(offset=0, limit=_LARGEST, tell=self._tell),
                backups=await core.upkeep.backups(),
                prunable=[(pruning, await core.upkeep.preview(pruning)) for pruning in possible],
            )

        self._measured = await self._call(read)
        self.listed.show(rows_of(self._measured, self._host.shell.clock.now_ms()))
        return said

    # -- what a person can do ----------------------------------------------------------------------------------

    def _prune(self) -> None:
        if self._measured is None or self._work is not None:
            return
        row = self.listed.row
        worth = self._measured.worth_pruning
        if row is not None and row.pruning is not None:
            worth = [(pruning, pruned) for pruning, pruned in worth if pruning == row.pruning]
        if not worth:
            self._say("There is nothing to prune here.")
            return

        def answered(sure: bool | None) -> None:
            if sure:
                self._begin("pruning", lambda: self._pruned([pruning for pruning, _ in worth]))

        self._ask("Remove for good?", question_of(worth), "Remove", answered)

    async def _pruned(self, prunings: list[Pruning]) -> str:
        async def prune(core: CorePort) -> list[Pruned]:
            return [await core.upkeep.prune(pruning, self._tell) for pruning in prunings]

        removed = [one.words for one in await self._call(prune) if not one.nothing]
        return await self._read(f"Removed {', '.join(removed) or 'nothing'}. c gives the space back to the disk.")

    def _compact(self) -> None:
        self._begin("compacting", self._compacted)

    async def _compacted(self) -> str:
        done = await self._call(lambda core: core.upkeep.compact(self._tell))
        return await self._read(f"{size_words(done.before)} became {size_words(done.after)}.")

    def _back_up(self) -> None:
        self._begin("backing up", self._backed_up)

    async def _backed_up(self) -> str:
        made = await self._call(lambda core: core.upkeep.back_up(None, self._tell))
        return await self._read(f"Backed up and verified: {made.path.name}")

    def _check(self) -> None:
        self._begin("checking", self._checked)

    async def _checked(self) -> str:
        checked = await self._call(lambda core: core.upkeep.check(self._tell))
        if checked.sound:
            return f"Sound: {len(checked.findings)} checks found nothing wrong."
        wrong = [f"{one.check}: {one.detail or one.state}" for one in checked.findings if one.state != "ok"]
        raise WorkbenchError(
            f"Wrong: {'; '.join(wrong)}", hint="Quit, then `workbench restore --salvage` brings over what can be read"
        )

    def _open(self) -> None:
        row = self.listed.row
        if row is None or self._work is not None:
            return
        if row.backup is not None:
            self._restore(row.backup)
        elif row.pruning is not None:
            self._prune()
        elif row.conversation is not None and row.conversation.deleted:
            self._say("This conversation lies in the trash; is:trash in the history finds it.")
        elif row.conversation is not None:
            self._host.open_from_anywhere(row.conversation.id)

    def _restore(self, backup: Backup) -> None:
        if self._host.shell.demo:
            self._say("This is the demonstration: nothing of it is kept.")
            return

        def answered(sure: bool | None) -> None:
            if sure:
                self._host.to_restore = backup.path
                self._host.end_asking(START_RESTORED, "Restore the backup?", "Restore")

        question = (
            f"{backup.path.name} takes the place of all conversations. What is here now is backed up first, and "
            "workbench begins anew."
        )
        self._ask("Restore this backup?", question, "Restore", answered)

    def _ask(self, title: str, question: str, yes: str, answered: Callable[[bool | None], None]) -> None:
        from workbench.tui.screens.confirm import ConfirmScreen

        self._host.push_screen(ConfirmScreen(title, question, yes=yes, no="Keep"), answered)

    # -- telling -----------------------------------------------------------------------------------------------

    def _draw_progress(self) -> None:
        if self._work is None:
            return
        progress = self._progress
        told = self._doing if progress is None else progress.doing
        if progress is not None and progress.total:
            told = f"{told} {min(progress.done * 100 // progress.total, 100)} %"
        self._say(told, glyphs().running)

    def _show_keys(self) -> None:
        frame = self.query_one("#storage")
        keys = keys_that_fit(Scope.STORAGE, max(frame.size.width - 16, 8))
        running = self._work is not None
        set_border_subtitle(frame, drawn("esc cancel") if running else drawn(f"{keys} · esc close"))

    def _say(self, words: str, sign: str = "") -> None:
        signs = glyphs()
        style = {signs.slow: "$warning", signs.failed: "$error", signs.ok: "$success"}.get(sign, "$accent")
        lead = (f"{sign} ", style) if sign and words else ""
        self.told.show(Content.assemble(lead, (clean_line(words, 600), "")))
