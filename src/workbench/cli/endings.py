"""What is said, and with which exit code, once an answer has ended."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.cli import output
from workbench.cli.failures import ExitCode, error_document
from workbench.conversations.values import MessageState
from workbench.providers.values import Attempt, ErrorKind

if TYPE_CHECKING:
    from workbench.chat.values import TurnResult

MOST_HINTS = 2
"""More are no advice any more."""

_TAKES_TOO_LONG = "Ask another provider (--provider), or raise the timeouts of the settings or of {name}"
_ASK_AGAIN = "Ask again, or another provider: --provider"
_ADVICE: dict[str, str] = {
    ErrorKind.QUOTA: "Top up the account of {name}, or ask another provider: --provider",
    ErrorKind.TIMEOUT: _TAKES_TOO_LONG,
    ErrorKind.FIRST_TOKEN_TIMEOUT: _TAKES_TOO_LONG,
    ErrorKind.STALLED: _TAKES_TOO_LONG,
    ErrorKind.CONTEXT_WINDOW: "Use a model with a larger context window: --model, or settings.context_window_fallback",
    ErrorKind.BAD_REQUEST: "Check the models of {name}: workbench providers test {name} lists what it offers",
    ErrorKind.SERVER_ERROR: _ASK_AGAIN,
    ErrorKind.BROKEN_STREAM: _ASK_AGAIN,
    ErrorKind.BREAKER_OPEN: "Wait for its probe, or close its breaker: workbench providers reset {name}",
    ErrorKind.DISABLED: "Switch it on: workbench providers enable {name}",
}
"""Where an attempt's own hint names keys of the full screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The exit code of an answer and the words that go with it."""

    code: ExitCode
    problem: dict[str, object] | None = None
    """The error document; None for a complete answer."""
    remark: str = ""
    """Who took over, for a complete answer that took more than one attempt."""
    badge: str = ""
    """Who answered, in which time, at what cost; for people."""


def ending_of(result: TurnResult, *, interrupted: bool, kept: bool) -> Ending:
    """Judge a result; `kept` says whether it can be read in the history later."""
    message = result.message
    failed = sum(attempt.state == "failed" for attempt in message.attempts)
    name = f"{message.provider}/{message.model}" if message.provider else ""
    if result.complete:
        remark = f"{name} answered after {failed} failed attempt{'s' if failed > 1 else ''}" if failed else ""
        if message.seams:
            remark = f"{name} went on where {message.seams[-1].after} broke off"
        return Ending(code=ExitCode.DONE, remark=remark, badge=_badge(result, name))
    characters = len(message.text)
    where = f"workbench history show {message.conversation_id}" if kept else ""
    if interrupted or (message.state is MessageState.STOPPED and not failed):
        kept_words = f"{characters} characters had arrived and are kept" if kept else ""
        problem = error_document("interrupted", "Interrupted", kept_words, where)
        return Ending(code=ExitCode.INTERRUPTED, problem=problem)
    if characters:
        title = f"The answer is not complete: {characters} characters arrived"
        return Ending(code=ExitCode.FAILED, problem=error_document("incomplete", title, message.reason, where))
    if result.unreachable:
        problem = error_document("unreachable", "No provider could be reached", message.reason, "Try again later")
        return Ending(code=ExitCode.UNREACHABLE, problem=problem)
    hints = dict.fromkeys(_advice(attempt) for attempt in message.attempts if attempt.hint)
    hint = "; ".join(hints) if 0 < len(hints) <= MOST_HINTS else "workbench doctor"
    problem = error_document("providers", "No provider answered", message.reason, hint)
    return Ending(code=ExitCode.FAILED, problem=problem)


def _advice(attempt: Attempt) -> str:
    """What to do about an attempt, for somebody at a command line."""
    instead = _ADVICE.get(attempt.error_kind or "")
    if instead is not None:
        return instead.format(name=attempt.provider)
    # What can be done without the full screen stands first.
    return attempt.hint.partition(", or ")[0] if "F4" in attempt.hint else attempt.hint


def without_code(ending: Ending, result: TurnResult) -> Ending:
    """The same answer when its code was wanted and there is none."""
    hint = f"The whole answer: workbench history show {result.message.conversation_id}"
    problem = error_document("no_code", "The answer holds no fenced code block", hint=hint)
    return replace(ending, code=ExitCode.FAILED, problem=problem)


def tell_ending(ending: Ending) -> None:
    """Say it on standard error."""
    if ending.problem is not None:
        parts = [str(ending.problem[name]).rstrip(".") for name in ("title", "detail") if ending.problem[name]]
        output.note(". ".join(parts), output.RED)
        if ending.problem["hint"]:
            output.note(f"  {ending.problem['hint']}")
    elif output.is_terminal(sys.stderr):
        output.note(ending.badge, output.DIM)
    elif ending.remark:
        output.note(ending.remark)


def tell_ending_plainly(ending: Ending) -> None:
    """Say it on standard error in words alone, wherever that goes."""
    if ending.problem is not None:
        tell_ending(ending)
    else:
        output.note(f"End of the answer: {ending.badge.removeprefix(_SIGN).replace(_BETWEEN, ', ')}")
        if ending.remark:
            output.note(ending.remark)


_SIGN, _BETWEEN = "↳ ", " · "


def _badge(result: TurnResult, name: str) -> str:
    attempts = result.message.attempts
    parts = [f"{_SIGN}{name}"]
    tried = [attempt for attempt in attempts if attempt.state != "skipped"]
    if len(tried) > 1:
        parts.append(f"attempt {len(tried)}")
    answered = next((attempt for attempt in reversed(attempts) if attempt.state == "ok"), None)
    if answered is not None and answered.first_token_ms is not None:
        parts.append(f"first token {answered.first_token_ms / 1000:.2f} s")
    if result.usage.output_tokens is not None:
        parts.append(f"{result.usage.output_tokens} tokens")
    cost = output.dollars(result.usage.cost_nano)
    if cost is not None:
        parts.append(f"${cost:.4f}")
    return _BETWEEN.join(parts)
