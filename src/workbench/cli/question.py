"""Questions to the person at the terminal: whether it is meant so, and what to do with a broken answer."""

from __future__ import annotations

import contextlib
import sys

from workbench.cli import output
from workbench.core.errors import UsageError
from workbench.core.provider_events import ReplyBroken
from workbench.core.text import clean_line
from workbench.providers.values import Resume

_WORDS = {
    Resume.CONTINUE: ("c", "continue"),
    Resume.RESTART: ("r", "restart"),
    Resume.KEEP: ("k", "keep"),
}
"""What may be typed instead of a number."""


def person_present() -> bool:
    """Whether somebody can be asked: questions go to standard error, answers come from standard input."""
    return output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)


def agree(question: str, *, yes: bool, json: bool) -> None:
    """Ask on a terminal; raises UsageError where nobody can be asked, and when the answer is not yes."""
    if yes:
        return
    if json or not person_present():
        raise UsageError("That has to be confirmed", detail=question, hint="Say --yes")
    output.note(question)
    _forget_what_was_typed_ahead()
    output.prompt("Type y for yes: ")
    if sys.stdin.buffer.readline().decode("utf-8", "replace").strip().lower() not in {"y", "yes"}:
        raise UsageError("Nothing was done")


def ask_person(broken: ReplyBroken) -> Resume:
    """Ask until there is an answer; the end of the input keeps what came. Ctrl-C passes on."""
    following = "/".join(part for part in (broken.next_provider, broken.next_model) if part)
    name = clean_line(following, 80)
    ways = {Resume.CONTINUE: f"continue with {name}", Resume.RESTART: f"start again on {name}"} if name else {}
    ways[Resume.KEEP] = "keep what came"
    output.note(f"{broken.provider} broke off after {broken.characters} characters")
    for number, words in enumerate(ways.values(), 1):
        output.note(f"{number}. {words}")
    _forget_what_was_typed_ahead()
    while True:
        output.prompt(f"Which, 1 to {len(ways)}? " if len(ways) > 1 else "Type 1: ")
        typed = sys.stdin.buffer.readline()
        if not typed:
            output.note("")
            return Resume.KEEP
        answer = typed.decode("utf-8", "replace").strip().lower()
        for number, way in enumerate(ways, 1):
            if answer == str(number) or answer in _WORDS[way]:
                return way
        output.note(f"Type a number from 1 to {len(ways)}" if len(ways) > 1 else "Type 1")


def _forget_what_was_typed_ahead() -> None:
    """A key pressed before the question was there does not answer it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import termios

        with contextlib.suppress(termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
