"""An answer told line by line: nothing moves, nothing is taken back, no colour carries a meaning.

For screen readers, dumb terminals and pipes: each event is a line of its own on standard error, and the text of the
answer goes to standard output in whole sentences.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.cli import output
from workbench.core.events import AttemptEnded, AttemptStarted, ClientLoading, Event, ReplyRestarted, TextDelta
from workbench.core.events import FirstToken as AnswerBegan
from workbench.core.provider_events import ReplyBroken, ReplyContinued, RequestWaiting
from workbench.core.text import clean

if TYPE_CHECKING:
    from workbench.chat.values import TurnResult

_NUMBERS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_SENTENCE_END = re.compile(r"[.!?:][\"')\]]*\s|\n")
_LONGEST_HELD = 400
"""Characters without the end of a sentence that are not held back any longer."""


def ordinal(number: int) -> str:
    """`third`; beyond the tenth `11th`, `22nd` and so on."""
    if number <= len(_NUMBERS):
        return _NUMBERS[number - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


class LinearView:
    """Tells one turn."""

    def __init__(self, *, held: bool) -> None:
        """`held`: the text is left to the caller, for output that cannot be taken back."""
        self._held = held
        self._raw: list[str] = []
        self._pending = ""
        self._at_line_start = True
        self._asked: list[str] = []
        self._failures: list[str] = []
        self._told_waiting = False
        self._told_thinking = False

    def show(self, event: Event) -> None:
        """Tell what happened."""
        match event:
            case TextDelta(reasoning=False):
                self._take(event.delta)
            case TextDelta():
                if not self._told_thinking:
                    self._told_thinking = True
                    self._say("It is thinking.")
            case AttemptStarted():
                self._tell_asked(event)
            case AnswerBegan():
                self._tell_answers(event)
            case AttemptEnded(state="failed") | AttemptEnded(state="skipped"):
                self._tell_failed(event)
            case ClientLoading(seconds=None):
                self._say("Loading the providers.")
            case RequestWaiting():
                if not self._told_waiting:
                    self._told_waiting = True
                    self._say(f"{event.text().capitalize()}.")
            case _:
                self._tell_seam(event)

    def close(self, result: TurnResult | None) -> None:
        """Complete the text from the result, and end its line."""
        if result is not None:
            so_far = "".join(self._raw)
            if result.message.text.startswith(so_far):
                self._take(result.message.text[len(so_far) :])
        self._end_line()

    def _tell_seam(self, event: Event) -> None:
        match event:
            case ReplyBroken():
                self._end_line()
            case ReplyContinued():
                self._say(f"[{event.provider}/{event.model} goes on here; {event.after} {event.ended}]")
            case ReplyRestarted():
                printed = bool(self._raw) and not self._held
                self._end_line()
                self._raw.clear()
                if printed:
                    self._say("What came so far is void. The answer begins anew.")
            case _:
                pass

    def _tell_asked(self, event: AttemptStarted) -> None:
        name = f"{event.provider}/{event.model}"
        if name not in self._asked:
            self._asked.append(name)
        self._told_thinking = False
        self._say(f"Asking {name}.")

    def _tell_answers(self, event: AnswerBegan) -> None:
        name = f"{event.provider}/{event.model}"
        if not self._failures or name not in self._asked:
            self._say(f"{name} answers.")
            return
        choice = ordinal(self._asked.index(name) + 1)
        self._say(f"{name} answers, {choice} choice, after {'; '.join(self._failures)}.")

    def _tell_failed(self, event: AttemptEnded) -> None:
        name = f"{event.provider}/{event.model}"
        kind = (event.error_kind or event.state).replace("_", " ")
        status = f", HTTP {event.http_status}" if event.http_status else ""
        if event.state == "failed":
            self._failures.append(f"{event.provider}: {kind}")
        why = f": {event.reason.rstrip('.')}" if event.reason else ""
        then = f". Then {event.next_step}" if event.next_step and event.next_step != "stop" else ""
        told = "" if kind == event.state else f", {kind}"
        self._say(f"{name} {event.state}{told}{status}{why}{then}.")

    def _take(self, text: str) -> None:
        self._raw.append(text)
        if self._held:
            return
        self._pending += text
        ends = [found.end() for found in _SENTENCE_END.finditer(self._pending)]
        cut = ends[-1] if ends else len(self._pending) if len(self._pending) > _LONGEST_HELD else 0
        self._write(self._pending[:cut])
        self._pending = self._pending[cut:]

    def _write(self, text: str) -> None:
        if text:
            shown = clean(text)
            output.write(shown)
            output.flush()
            self._at_line_start = shown.endswith("\n")

    def _end_line(self) -> None:
        self._write(self._pending)
        self._pending = ""
        if not self._at_line_start:
            output.write_line()
            self._at_line_start = True
        output.flush()

    def _say(self, text: str) -> None:
        self._end_line()
        output.note(text)
