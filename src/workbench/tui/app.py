"""The full-screen application: panes, theme, pump, workers, and an orderly end. What is shown is the screens' work."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Coroutine, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from workbench.core.clock import RUN_TIME
from workbench.core.errors import WorkbenchError
from workbench.tui.actions.registry import action_by_id, bindings_of
from workbench.tui.actions.values import Action, Scope
from workbench.tui.application.keys import Keys
from workbench.tui.application.looks import Looks
from workbench.tui.application.panes import PanedApp, add_panes, pane_of, verbs_of_panes
from workbench.tui.application.restoring import START_RESTORED
from workbench.tui.application.setup import START_DEMONSTRATION, Setup
from workbench.tui.application.terminal import Job, Notifying, WindowTitle, too_small, too_small_picture
from workbench.tui.application.user_files import UserFiles
from workbench.tui.chat.desk import Desk
from workbench.tui.core_link import configuration_of
from workbench.tui.failures import EXIT_CRASH, crash_notice, report_crash, show_failure, stands_in_banner
from workbench.tui.pump import Pump, Rhythm
from workbench.tui.safe import line_filters, toast
from workbench.tui.screens.chat import ChatScreen
from workbench.tui.screens.chat_chrome import chips, status_notes
from workbench.tui.shell import Shell
from workbench.tui.signals import SignalWatch
from workbench.tui.state.chat import Part
from workbench.tui.verbs import Verbs
from workbench.tui.widgets.status_bar import StatusBar
from workbench.tui.widgets.tab_bar import TabBar
from workbench.tui.work import run_beside

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType
    from textual.command import Provider

    from workbench.providers.health.values import ProviderStatus

_SAVE_WITHIN_S = 0.4
_SETTLED_AFTER_S = 0.15
_WIDTHS = [(0, "-narrow"), (100, "-medium"), (130, "-wide")]
_HEIGHTS = [(0, "-short"), (30, "-tall")]

logger = logging.getLogger(__name__)


def _command_provider() -> type[Provider]:
    from workbench.tui.commands import WorkbenchCommands

    return WorkbenchCommands


class WorkbenchApp(PanedApp):
    """One window onto one engine."""

    TITLE = "workbench"
    DEFAULT_MODE = "chat"
    CSS_PATH = ["styles/base.tcss", "styles/chat.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(Scope.EVERYWHERE)]
    COMMANDS = {_command_provider}
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    def __init__(
        self, shell: Shell, *, conversation: str | None = None, told: str = "", in_terminal: bool = False
    ) -> None:
        """`conversation` is opened first, `told` said. `in_terminal`: a timer drives the pump; signals are handled."""
        super().__init__()
        self.shell = shell
        self.desk = Desk(shell)
        self.first_conversation = conversation or shell.remembered.conversation_id
        self.pump = Pump(shell, self._parts_changed)
        self._rhythm = Rhythm(self, self._pump_once, lambda: self.pump.busy)
        self.chat = ChatScreen(self)
        self.to_restore: Path | None = None
        """The backup that takes the place of the database when this run has ended with `START_RESTORED`."""
        self._told = told
        self._in_terminal = in_terminal
        self._signals: SignalWatch | None = None
        self._ending = False
        self._settling: Timer | None = None
        self.looks = Looks(self, shell)
        self.verbs = Verbs()
        self.verbs.add(self.looks.verbs())
        self.keys = Keys(self, shell)
        self.verbs.add(self.keys.verbs())
        self.user_files = UserFiles(self, (self.looks.watched, self.keys.watched))
        self.verbs.add({"quit": self.end_asking, "copy_or_stop": self._copy_or_stop})
        self.setup = Setup(self, shell)
        self.verbs.add(self.setup.verbs())
        self.window_title = WindowTitle(self)
        self._job = Job(self)
        self.notifying = Notifying(self, shell)
        self.verbs.add(self.notifying.verbs())
        self.verbs.add(verbs_of_panes(self))

    def get_default_screen(self) -> Screen[Any]:
        """The chat pane; as a mode it would be styled and painted twice before it is seen."""
        # Textual sets these classes only on the first resize, and would lay everything out again right after the paint.
        across = max(point for point in _WIDTHS if point[0] <= self.size.width)
        down = max(point for point in _HEIGHTS if point[0] <= self.size.height)
        self.chat.add_class(across[1], down[1], update=False)
        return self.chat

    def on_mount(self) -> None:
        """What takes longer follows the first paint."""
        # Textual declares its screens without their result type.
        untyped = cast("Any", self)
        add_panes(self)
        # Textual paints everything again after an editor, but not after `fg`.
        untyped.app_resume_signal.subscribe(self, self._back_again)
        self.keys.begin()
        self.window_title.show()
        if self._in_terminal:
            loop = asyncio.get_running_loop()
            self._signals = SignalWatch(loop, self.end_soon, self._close_core, self._job.stop_asked)
            self._signals.install()
        self.chat.call_after_refresh(self._start_engine)
        if self._told:
            self.tell(self._told)

    def _close_core(self, within_s: float) -> None:
        if self.shell.link is not None:
            self.shell.link.stop(within_s)

    def _back_again(self, _: object) -> None:
        RUN_TIME.go_on()
        self.window_title.show()
        self._paint_again()

    def _paint_again(self) -> None:
        self.refresh(layout=True)

    def on_resize(self) -> None:
        """Paint everything once more when the sizes have settled.

        A storm that ends where it began is no change to Textual, but the terminal may have lost its content meanwhile.
        """
        if self.shell.link is None:
            return
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(_SETTLED_AFTER_S, self._paint_again)

    def _start_engine(self) -> None:
        self.shell.link = self.shell.make_link()
        self.pump.listen_to(self.shell.link.bus, self._rhythm.wake)
        self.shell.link.start()
        self.shell.started.set()
        self.start_work(self.read_configuration(), group="configuration", exclusive=True)
        self.looks.painted()
        self.keys.painted()
        self.user_files.watch(again=self._in_terminal)
        if self._in_terminal:
            # What the first screen is made of lives as long as the program: later collections need not look at it.
            gc.freeze()
            gc.enable()
            self._rhythm.begin()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, then ours: no control character of any text reaches the terminal."""
        return [*super().get_line_filters(), *line_filters()]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """None: the registry feeds the palette."""
        return ()

    async def _pump_once(self) -> None:
        if self._ending or not self.chat.is_complete:
            # The screens are being taken down, and a timer that was due comes too late.
            return
        await self.pump.flush()
        self.chat.tick()
        self._show_around()

    async def _parts_changed(self, parts: frozenset[Part]) -> None:
        if Part.PROVIDERS in parts:
            self.start_work(self.read_configuration(), group="configuration", exclusive=True)
        if self.chat.is_mounted:
            await self.chat.parts_changed(parts)
        self._show_around()

    def _show_around(self) -> None:
        self.window_title.show()
        self.notifying.look()
        # Every pane has these two lines; those of the chat pane say more and are its own work.
        if self.screen is self.chat:
            self.chat.tabs.set_trouble(self.shell.provider_states)
            return
        for tabs in self.screen.query(TabBar):
            tabs.set_state(offline=self.shell.offline, now_ms=self.shell.clock.now_ms())
            tabs.set_trouble(self.shell.provider_states)
        for status in self.screen.query(StatusBar):
            status.set_state(chips(self.shell), status_notes(self.shell))

    async def read_configuration(self) -> None:
        """Read the configuration that is in force, and how its providers are."""
        try:
            configuration = await self.shell.call(configuration_of)
            nobody_before = self.shell.nobody_can_answer
            self.shell.configuration = configuration
            if nobody_before and not self.shell.nobody_can_answer:
                self.setup.tell_ready()
            self.shell.take_statuses(await self.shell.call(lambda core: core.providers.list()))
        except WorkbenchError as problem:
            if self.shell.configuration is None:
                self.shell.start_problem = str(problem)
            else:
                self.show_failure(problem)
        self.chat.refresh_chrome()
        self._show_around()

    def start_work(self, work: Coroutine[Any, Any, object], *, group: str, exclusive: bool = False) -> None:
        """Run `work` beside the screen; its failure is shown and ends nothing else."""
        run_beside(self, work, group=group, exclusive=exclusive)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The one place where a failed piece of work is told."""
        worker = cast("Worker[object]", cast("Any", event).worker)
        if event.state is not WorkerState.ERROR or worker.error is None:
            return
        if not stands_in_banner(worker.error, worker.group, self.shell):
            self.show_failure(worker.error)

    def show_failure(self, error: BaseException) -> None:
        """Tell of a failure."""
        show_failure(self, error, self.shell)

    def tell(self, text: str, *, warning: bool = False) -> None:
        """A short notice that goes away by itself."""
        toast(self, text, "warning" if warning else "information")

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, and say which way it went."""
        self.start_work(self._copy(text), group="copy")

    async def _copy(self, text: str) -> None:
        from workbench.tui.clipboard import copy_text

        stored = self.screen is not self.chat or not self.desk.slot.temporary
        copied = await copy_text(self, text, self.shell.files.state_dir if stored else None)
        self.tell(copied.told)

    def perform(self, action: Action, argument: str = "") -> None:
        """Do what a slash command or the palette asks."""
        self.start_work(self._perform(action, argument), group="perform")

    async def _perform(self, action: Action, argument: str) -> None:
        if action.scope is not Scope.EVERYWHERE:
            await self.show_pane(pane_of(action.scope))
        if action.command and action.scope is Scope.EVERYWHERE:
            self.verbs.do(action.command, argument)
        else:
            await self.run_action(action.handler, self.screen)

    async def show_pane(self, pane: str) -> None:
        """Show a pane, closing dialogs that lie over the present one."""
        with self.chat.broken.put_off():
            while isinstance(self.screen, ModalScreen):
                await self.screen.dismiss(None)
            await self.go_to_pane(pane)
        self._show_around()
        if pane == "chat":
            self.setup.look_quietly()

    def on_app_focus(self) -> None:
        """Somebody is back, perhaps from starting a model server or writing a key into a file."""
        self.setup.look_quietly()

    def open_from_anywhere(self, conversation_id: str, message_id: str = "", *, back_to: str = "") -> None:
        """Open a conversation, whatever pane is shown, at a message; escape then goes `back_to` a pane."""

        async def opening() -> None:
            await self.show_pane("chat")
            self.chat.open_conversation(conversation_id, message_id, back_to=back_to)

        self.start_work(opening(), group="pane", exclusive=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether an action may run: none of ours while a screen wants to see every key itself."""
        return not getattr(self.screen, "TAKES_EVERY_KEY", False)

    def take_statuses(self, statuses: Iterable[ProviderStatus]) -> None:
        """What the core told of the providers, for every pane."""
        if self.shell.take_statuses(statuses):
            self._show_around()

    @on(TabBar.Chosen)
    def _tab_chosen(self, event: TabBar.Chosen) -> None:
        self.action_show_pane(event.pane)

    def action_do(self, verb: str, *arguments: object) -> None:
        """Do what a part of the application can do."""
        self.verbs.do(verb, *arguments)

    def action_show_pane(self, pane: str) -> None:
        """Show a pane."""
        self.start_work(self.show_pane(pane), group="pane", exclusive=True)

    def _copy_or_stop(self) -> None:
        """Copy what is selected, else stop the reply, else say how to quit."""
        from workbench.tui.clipboard import selected_text

        selected = selected_text(self.screen)
        if selected:
            self.copy(selected)
        elif not self.chat.sender.stop_running():
            self.tell(f"{action_by_id('app.quit').way} quits; nothing is selected and no reply is being written.")

    def end_asking(self, code: int = 0, title: str = "Quit workbench?", yes: str = "Quit") -> None:
        """End with `code`; ask, with `title`, while a reply is being written or what is stored nowhere would go."""
        running, temporary = self.desk.anything_running(), len(self.desk.temporary())
        if not running and not temporary:
            self.end_soon(code)
            return
        from workbench.tui.chat.temporary import question_of_end
        from workbench.tui.screens.confirm import ConfirmScreen

        if isinstance(self.screen, ConfirmScreen):
            return

        def answered(sure: bool | None) -> None:
            if sure:
                self.end_soon(code)

        told = "A reply is being written. What has come is kept, and marked as interrupted." if running else ""
        question = " ".join(part for part in (told, question_of_end(temporary)) if part)
        self.push_screen(ConfirmScreen(title, question, yes=yes, no="Stay"), answered)

    def end_soon(self, code: int) -> None:
        """Save what is unsent and end with `code`; a second call changes nothing."""
        if not self._ending:
            self._ending = True
            self.start_work(self._end(code), group="end")

    async def _end(self, code: int) -> None:
        try:
            with contextlib.suppress(TimeoutError, WorkbenchError):
                await asyncio.wait_for(self.chat.drafts.save_now(), _SAVE_WITHIN_S)
        finally:
            self.window_title.end(for_good=True)
            self.pump.close()
            self.exit(code, return_code=0 if code in (START_DEMONSTRATION, START_RESTORED) else code)

    def ended_in_order(self) -> None:
        """The engine has ended too: no deadline is needed any more."""
        if self._signals is not None:
            self._signals.disarm()
            self._signals.remove()

    @contextlib.contextmanager
    def suspend(self) -> Generator[None]:
        """Put the screen aside for another program."""
        # Textual tells of it only afterwards, when the terminal is no longer ours to write to.
        self.window_title.end()
        with super().suspend():
            yield

    def action_suspend_process(self) -> None:
        """Go back to the shell until `fg`."""
        self._job.put_aside()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        size = self.size
        small = renderable is not None and too_small(size)
        cast("Any", super())._display(screen, too_small_picture(size) if small else renderable)

    def _handle_exception(self, error: Exception) -> None:
        # Textual's own would print every local variable, and with them prompts and keys.
        if self._exception is None:
            self._exception = error
            self.window_title.end(for_good=True)
            cast("Any", self)._exception_event.set()
            notice = crash_notice(error, report_crash(self.shell.files.state_dir, error))
            self._exit_renderables.append(notice)
        self._return_code = EXIT_CRASH
        self._close_messages_no_wait()
