"""What to do with a broken answer: a question to the person at the terminal."""

from __future__ import annotations

import contextlib
import sys

from workbench.cli import output
from workbench.core.provider_events import ReplyBroken
from workbench.core.text import clean_line
from workbench.providers.values import Resume

_ANSWERS = {
    "c": Resume.CONTINUE,
    "continue": Resume.CONTINUE,
    "r": Resume.RESTART,
    "restart": Resume.RESTART,
    "k": Resume.KEEP,
    "keep": Resume.KEEP,
}


def person_present() -> bool:
    """Whether somebody can be asked: questions go to standard error, answers come from standard input."""
    return output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)


def ask_person(broken: ReplyBroken) -> Resume:
    """Ask until there is an answer; the end of the input keeps what came. Ctrl-C passes on."""
    following = clean_line(f"{broken.next_provider}/{broken.next_model}", 80)
    output.note(f"{broken.provider} broke off after {broken.characters} characters", output.YELLOW)
    _forget_what_was_typed_ahead()
    while True:
        output.prompt(f"[c]ontinue with {following}, [r]estart on {following}, [k]eep? ")
        typed = sys.stdin.buffer.readline()
        if not typed:
            output.note("")
            return Resume.KEEP
        answer = _ANSWERS.get(typed.decode("utf-8", "replace").strip().lower())
        if answer is not None:
            return answer
        output.note("Type c, r or k")


def _forget_what_was_typed_ahead() -> None:
    """A key pressed before the question was there does not answer it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import termios

        with contextlib.suppress(termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
