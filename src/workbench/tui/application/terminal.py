"""What is said to the terminal itself: its title, its attention, and that it is too small."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from rich.segment import Segment
from textual.app import App
from textual.geometry import Region, Size
from textual.strip import Strip

from workbench.core.clock import RUN_TIME
from workbench.core.text import clean_line
from workbench.tui.shell import Shell
from workbench.tui.state.attention import Attention, notice_sequence, notice_text
from workbench.tui.verbs import Verb

if TYPE_CHECKING:
    from textual._compositor import LayoutUpdate

    from workbench.tui.app import WorkbenchApp

LEAST_SIZE = Size(20, 5)
"""Below it nothing useful fits."""
_TITLE_LIMIT = 80
_KEEP_TITLE, _RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"


def say_to_terminal(app: App[Any], sequence: str) -> None:
    """Write a sequence of our own; never text from outside unless cleaned."""
    driver = cast("Any", app)._driver
    if driver is not None:
        driver.write(sequence)


def too_small(size: Size) -> bool:
    """Whether a terminal of this size shows nothing useful."""
    return size.width < LEAST_SIZE.width or size.height < LEAST_SIZE.height


def too_small_picture(size: Size) -> LayoutUpdate:
    """The whole screen of a terminal that is too small: what would be enough."""
    from textual._compositor import LayoutUpdate

    words = ["too small", f"{LEAST_SIZE.width}x{LEAST_SIZE.height} is", "enough"][: size.height]
    lines = [*words, *[""] * (size.height - len(words))]
    strips = [[Strip([Segment(line[: size.width].ljust(size.width))])] for line in lines]
    return LayoutUpdate(cast("Any", strips), Region(0, 0, size.width, size.height))


class WindowTitle:
    """Shows what is open in the title of the terminal's window, and gives the old one back."""

    def __init__(self, app: WorkbenchApp) -> None:
        """Nothing is shown before `show`."""
        self._app = app
        self._shown: str | None = None
        self._kept = False
        self._over = False

    def show(self) -> None:
        """Bring the title in line with the open conversation."""
        named = clean_line(self._app.desk.slot.title, _TITLE_LIMIT).strip()
        title = f"workbench - {named}" if named else "workbench"
        if self._over or title == self._shown:
            return
        self._shown = title
        keep = "" if self._kept else _KEEP_TITLE
        self._kept = True
        say_to_terminal(self._app, f"{keep}\x1b]2;{title}\x07")

    def end(self, *, for_good: bool = False) -> None:
        """Give the terminal its own title back; `for_good`: nothing is shown any more."""
        self._over = self._over or for_good
        if self._kept:
            self._kept, self._shown = False, None
            say_to_terminal(self._app, _RESTORE_TITLE)


class Job:
    """The program as a job of the shell's: put aside by ctrl+z or by SIGTSTP, brought back by `fg`."""

    def __init__(self, app: WorkbenchApp) -> None:
        """In the foreground."""
        self._app = app

    def put_aside(self) -> None:
        """Give the terminal back and stop until `fg`."""
        app = cast("Any", self._app)
        if app._driver is None or not app._driver.can_suspend:
            return
        if os.getpgrp() == os.getsid(0):
            self._app.tell("There is no shell to go back to here; ctrl+q quits.", warning=True)
            return
        self._app.window_title.end()
        RUN_TIME.stop()
        app._suspend_signal()
        app._driver.suspend_application_mode()
        app._driver._must_signal_resume = True
        # The whole group, as the terminal would: else a `make run` around us went on, and no shell came. Textual
        # stops only this process.
        os.killpg(0, signal.SIGSTOP)

    def stop_asked(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGTSTP came, between two instructions of the main thread."""
        driver = cast("Any", self._app)._driver
        if driver is None or driver._auto_restart:
            loop.call_soon_threadsafe(self.put_aside)
            return
        # The terminal is an editor's, which was put aside with us, and the loop waits for its end.
        RUN_TIME.stop()
        os.kill(os.getpid(), signal.SIGSTOP)
        RUN_TIME.go_on()


class Notifying:
    """Tells, when wished, of long replies and of questions while the terminal is not looked at."""

    def __init__(self, app: WorkbenchApp, shell: Shell) -> None:
        """Off unless it was switched on before."""
        self._app, self._shell = app, shell
        self._attention = Attention()

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"toggle_notify": self.toggle}

    def toggle(self) -> None:
        """Switch it on or off, and remember that."""
        on = not self._shell.remembered.notify
        self._app.start_work(self._shell.remember(notify=on), group="remember")
        if on:
            focus = "; tmux needs `set -g focus-events on`" if os.environ.get("TMUX") else ""
            told = "The terminal tells of replies over 10 s and of questions while you look elsewhere"
            self._app.tell(f"{told}{focus}. /notify switches it off.")
        else:
            self._app.tell("The terminal is no longer told of replies.")

    def look(self) -> None:
        """See whether something is to be told."""
        state = self._shell.state
        due = self._attention.due(state.turns.values(), away=not self._app.app_focus)
        if not due or not self._shell.remembered.notify:
            return
        turn = due[-1]
        slot = self._app.desk.known(turn.conversation_id)
        text = notice_text(turn, slot.title if slot else "")
        say_to_terminal(self._app, notice_sequence(text, dict(os.environ)))
