"""How a streaming answer appears: live on a terminal, held back on a pipe, or as a line per event."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from workbench.cli import output
from workbench.cli.documents import event_document
from workbench.conversations.values import Seam
from workbench.core.events import (
    AttemptEnded,
    AttemptStarted,
    ClientLoading,
    Event,
    FirstToken,
    ReplyRestarted,
    TextDelta,
)
from workbench.core.provider_events import ReplyBroken, ReplyContinued, RequestWaiting
from workbench.core.text import clean, clean_line

if TYPE_CHECKING:
    from workbench.chat.values import TurnResult

TAB = "    "
_SURE_WIDTHS = ((0x20, 0x2FF), (0x370, 0x3FF), (0x400, 0x52F), (0x2010, 0x2027), (0x3041, 0x9FFF), (0xAC00, 0xD7A3))
"""Characters whose width terminals agree on: the height of text made of them can be told."""


class Narrator:
    """Tells, on standard error, what goes wrong on the way and what is being waited for."""

    def __init__(self) -> None:
        """A status line is shown only where it can be erased again."""
        self._can_erase = output.obeys_sequences(sys.stderr)
        self._status = False
        self._waiting = False

    def tell(self, event: Event) -> None:
        """Narrate what is worth it: failures, skipped providers, seams; show what is being waited for."""
        self.clear_status()
        match event:
            case AttemptEnded(state="failed") | AttemptEnded(state="skipped"):
                output.note(event.text(), output.YELLOW)
            case ClientLoading(seconds=None) | AttemptStarted():
                self._show_status(event.text())
            case RequestWaiting():
                self._tell_waiting(event)
            case ReplyContinued():
                seam = Seam(
                    at=event.at, after=event.after, provider=event.provider, model=event.model, ended=event.ended
                )  # fmt: skip
                output.note(f"[{seam.label}]", output.YELLOW)
            case _:
                pass

    def clear_status(self) -> None:
        """Take the status line away."""
        if self._status:
            self._status = False
            _to_stderr("\r\x1b[K")

    def _tell_waiting(self, event: RequestWaiting) -> None:
        if self._can_erase:
            self._show_status(event.text())
        elif not self._waiting:
            self._waiting = True
            output.note(event.text())

    def _show_status(self, text: str) -> None:
        if self._can_erase:
            self._status = True
            line = clean_line(text, max(_columns() - 2, 10))
            _to_stderr(output.styled(f"{line}…", output.DIM, sys.stderr))


class HeldView:
    """Shows nothing of the answer before it is complete; for output that cannot be taken back."""

    def __init__(self) -> None:
        """Narrates meanwhile."""
        self._narrator = Narrator()

    def show(self, event: Event) -> None:
        """Narrate."""
        if not isinstance(event, (TextDelta, FirstToken)):
            self._narrator.tell(event)

    def close(self, result: TurnResult | None) -> None:
        """The command writes what it needs from the result."""
        del result
        self._narrator.clear_status()


class EventLinesView:
    """A JSON line for every event of the turn, as it happens."""

    def show(self, event: Event) -> None:
        """Write it."""
        output.write_ndjson(event_document(event))

    def close(self, result: TurnResult | None) -> None:
        """The command writes the last line."""
        del result


class LiveView:
    """Writes text as it comes; on a terminal a broken part is struck out when another provider starts over."""

    def __init__(self) -> None:
        """Looks at the terminal once; a change of its size while text streams is noticed."""
        self._narrator = Narrator()
        self._terminal = output.is_terminal(sys.stdout)
        self._can_strike = output.obeys_sequences(sys.stdout) and not os.environ.get("NO_COLOR")
        self._raw: list[str] = []
        self._printed: list[str] = []
        self._paused = False
        """Whether the line was ended in the middle of the answer, so that something else could be said."""
        self._torn = False
        """Whether something else was said in the middle of what is printed."""
        self._size_at_start = _terminal_size()
        self._later: list[Event] = []

    def show(self, event: Event) -> None:
        """Print text; narrate at once between answers, after the text while one streams."""
        match event:
            case TextDelta(reasoning=False):
                self._print(event.delta)
            case TextDelta():
                pass
            case ReplyRestarted():
                self._restart()
            case ReplyBroken():
                self._pause()
            case ReplyContinued():
                self._pause()
                self._narrator.tell(event)
            case _ if self._raw and self._terminal and not self._paused:
                # A note in the middle of a line would tear the text, and make it impossible to strike out.
                self._later.append(event)
            case _:
                self._narrator.tell(event)

    def close(self, result: TurnResult | None) -> None:
        """Complete the text from the result, end its line, and tell what had to wait."""
        self._narrator.clear_status()
        if result is not None:
            so_far = "".join(self._raw)
            if result.message.text.startswith(so_far):
                self._print(result.message.text[len(so_far) :])
        self._end_line()
        self._tell_later()

    def _print(self, text: str) -> None:
        if not text:
            return
        if not self._raw or self._paused:
            self._narrator.clear_status()
        if not self._raw:
            self._size_at_start = _terminal_size()
        self._paused = False
        self._raw.append(text)
        shown = clean(text)
        if self._terminal:
            shown = shown.replace("\t", TAB)
        self._printed.append(shown)
        output.write(shown)
        output.flush()

    def _restart(self) -> None:
        shown = "".join(self._printed)
        if shown and self._terminal:
            rows = rows_of(shown, self._size_at_start[0])
            if self._can_strike and not self._torn and rows is not None and self._fits(rows):
                up = f"\x1b[{rows - 1}A" if rows > 1 else ""
                output.write_sequence(f"\r{up}\x1b[J")
                for line in struck(shown):
                    output.write_line(line, output.STRUCK)
            else:
                self._end_line()
                output.write_line("~~~ the answer above is void ~~~")
            output.flush()
        self._raw.clear()
        self._printed.clear()
        self._paused = self._torn = False
        self._tell_later()

    def _pause(self) -> None:
        """End the line of an answer that may go on, for a note or a question; then it can no longer be struck out."""
        self._narrator.clear_status()
        if self._raw and self._terminal:
            self._end_line()
            self._printed.append("\n")
            self._paused = self._torn = True
        self._tell_later()

    def _fits(self, rows: int) -> bool:
        size = _terminal_size()
        return size == self._size_at_start and rows < size[1]

    def _end_line(self) -> None:
        if self._printed and not self._printed[-1].endswith("\n"):
            output.write_line()
        output.flush()

    def _tell_later(self) -> None:
        later, self._later = self._later, []
        for event in later:
            if not isinstance(event, AttemptStarted):
                self._narrator.tell(event)


def struck(shown: str) -> list[str]:
    """The lines of text that is struck out again; one that ended its last line gets no empty line after it."""
    return shown.removesuffix("\n").split("\n")


def rows_of(shown: str, columns: int) -> int | None:
    """How many rows of a terminal cleaned text takes, cursor row included; None when that cannot be told for sure."""
    from rich.cells import cell_len

    if columns < 1 or not all(c == "\n" or any(a <= ord(c) <= b for a, b in _SURE_WIDTHS) for c in set(shown)):
        return None
    rows = 0
    for line in shown.split("\n"):
        rows, column = rows + 1, 0
        for character in line:
            width = cell_len(character)
            # A wide character that does not fit any more leaves the last column empty.
            rows, column = (rows + 1, width) if column + width > columns else (rows, column + width)
    return rows


def _terminal_size() -> tuple[int, int]:
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return (80, 24)
    return (size.columns or 80, size.lines or 24)


def _columns() -> int:
    return _terminal_size()[0]


def _to_stderr(sequence: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(sequence)
        sys.stderr.flush()
