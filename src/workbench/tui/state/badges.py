"""The lines in words: the badge under a reply, the live line, ages and amounts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.state.chat import ClientPhase, Phase
from workbench.tui.state.trail import Step, choice_number, trail_of, tries_of_answer

if TYPE_CHECKING:
    from workbench.conversations.values import Message
    from workbench.tui.state.turns import TurnView

_CHARACTERS_A_TOKEN = 4
"""The usual rule of thumb for running text; a speed made with it is marked `~`."""
_NANO = 1_000_000_000
_MOST_REASON = 120
_ALL_FAILED = "no provider "
_CUT_TO_LENGTH = "length"
_EARLY = frozenset({"stopped", "interrupted"})


class Severity(StrEnum):
    """How a line is marked: each has a glyph, a word and a colour."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    RUNNING = "running"
    MUTED = "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line for people, with how much it matters."""

    text: str
    severity: Severity
    stop: str = "stop"
    """What escape does meanwhile, in one word, where the line is about something running."""
    short: str = ""
    """What is said where there is no room for `text`; empty when that is cut instead."""
    can_go_on: bool = False
    """Whether it is about a reply that ended early and can be gone on with."""


def seconds(milliseconds: int | None) -> str:
    """`0.8 s`; hundredths below a tenth; minutes from 100 s on; empty when unknown."""
    if milliseconds is None:
        return ""
    if milliseconds < 100:
        return f"{milliseconds / 1000:.2f} s"
    if milliseconds < 100_000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds // 60_000} min {milliseconds // 1000 % 60:02d} s"


def money(cost_nano: int | None) -> str:
    """`$0.004`; two significant digits below a cent; empty when unknown."""
    if cost_nano is None:
        return ""
    dollars = cost_nano / _NANO
    if dollars == 0:
        return "$0"
    if dollars >= 0.01:
        return f"${dollars:.2f}"
    if dollars < 0.000001:
        return "<$0.000001"
    digits = f"{dollars:.6f}".rstrip("0")
    return f"${digits}" if dollars < 0.0001 else f"${dollars:.4f}".rstrip("0")


def age(then_ms: int, now_ms: int) -> str:
    """`now`, `5 m`, `2 h`, `3 d`, `5 w`, `2 y`: how long ago, in one word."""
    minutes = max(0, now_ms - then_ms) // 60_000
    for limit, unit, word in (
        (1, 1, ""), (60, 1, "m"), (60 * 24, 60, "h"), (60 * 24 * 14, 60 * 24, "d"), (60 * 24 * 365, 60 * 24 * 7, "w"),
    ):  # fmt: skip
        if minutes < limit:
            return f"{minutes // unit} {word}" if word else "now"
    return f"{minutes // (60 * 24 * 365)} y"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, `11th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def scripted_label(provider: str, scripted: Collection[str]) -> str:
    """` scripted` behind the name of a demonstration provider that does not say so itself."""
    return " scripted" if provider in scripted and "scripted" not in provider else ""


def place_among(message_id: str, siblings: Sequence[str]) -> str:
    """`answer 2 of 3` for one of several answers to the same prompt; empty for the only one."""
    if len(siblings) < 2 or message_id not in siblings:
        return ""
    return f"answer {siblings.index(message_id) + 1} of {len(siblings)} {drawn('←→')}"


def badge_of_message(message: Message, scripted: Collection[str]) -> Line:
    """The badge of a stored reply. `scripted` names the demonstration providers."""
    trail = trail_of(message)
    answer = next((attempt for attempt in message.attempts if attempt.state == "ok"), None)
    return _badge(
        state=message.state.value,
        provider=message.provider or "",
        model=message.model or "",
        reason=message.reason,
        text=message.text,
        finish_reason=message.finish_reason,
        trail=trail,
        output_tokens=answer.output_tokens if answer else None,
        cost_nano=answer.cost_nano if answer else None,
        scripted=scripted,
    )


def badge_of_turn(turn: TurnView, scripted: Collection[str]) -> Line:
    """The badge of a reply whose turn has just ended."""
    return _badge(
        state=turn.phase.value,
        provider=turn.provider,
        model=turn.model,
        reason=turn.reason,
        text=turn.text,
        finish_reason=turn.finish_reason,
        trail=turn.trail,
        output_tokens=turn.output_tokens,
        cost_nano=turn.cost_nano,
        scripted=scripted,
    )


def _badge(
    *,
    state: str,
    provider: str,
    model: str,
    reason: str,
    text: str,
    finish_reason: str | None,
    trail: tuple[Step, ...],
    output_tokens: int | None,
    cost_nano: int | None,
    scripted: Collection[str],
) -> Line:
    name = f"{provider}/{model}" if provider and model else provider
    parts: list[str] = [_WORDS.get(state, state), name, scripted_label(provider, scripted).strip()]
    if state == "done" and finish_reason == _CUT_TO_LENGTH:
        parts[0] = "cut to length, not complete"
    if state == "done":
        choice, tries = choice_number(trail), tries_of_answer(trail)
        if choice > 1:
            parts.append(f"{ordinal(choice)} choice")
        if tries > 1:
            parts.append(f"{ordinal(tries)} try")
    step = next((one for one in reversed(trail) if one.state != "skipped"), None)
    if step is not None and state != "failed":
        if step.first_token_ms is not None:
            parts.append(f"first token {seconds(step.first_token_ms)}")
        if step.duration_ms is not None:
            parts.append(seconds(step.duration_ms))
    if output_tokens is not None:
        parts.append(f"{output_tokens} tok")
    parts.append(money(cost_nano))
    if state == "failed" and trail and reason.startswith(_ALL_FAILED):
        # Each of them stands in a line of its own above.
        reason = reason.partition(": ")[0]
    if state != "done" and reason:
        parts.append(reason if len(reason) <= _MOST_REASON else reason[: _MOST_REASON - 1] + glyphs().ellipsis)
    severity = _SEVERITIES.get(state, Severity.MUTED)
    cut = state == "done" and finish_reason == _CUT_TO_LENGTH
    can_go_on = bool(text.strip()) and (cut or state in _EARLY)
    return Line(text=_joined(parts), severity=Severity.WARNING if cut else severity, can_go_on=can_go_on)


_WORDS = {
    "done": "done",
    "stopped": "stopped, not complete",
    "failed": "failed",
    "interrupted": "interrupted, not complete",
    "streaming": "still being written elsewhere",
}
_SEVERITIES = {
    "done": Severity.OK,
    "stopped": Severity.WARNING,
    "failed": Severity.ERROR,
    "interrupted": Severity.WARNING,
    "streaming": Severity.RUNNING,
}


def live_line(turn: TurnView, client: ClientPhase, now_ms: int, scripted: Collection[str]) -> Line:
    """What a running turn is doing at this moment."""
    step = turn.current
    if turn.phase is Phase.QUEUED:
        return _queued_line(turn, now_ms)
    if turn.broken is not None:
        text = f"{turn.broken.name} broke off: waiting for your decision"
        return Line(text=text, severity=Severity.WARNING)
    if turn.phase is Phase.ROUTING or step is None:
        if client is ClientPhase.LOADING:
            return Line(text="loading providers", severity=Severity.RUNNING)
        return Line(text="choosing a provider", severity=Severity.RUNNING)
    name = step.name + scripted_label(step.provider, scripted)
    if turn.phase is Phase.STREAMING:
        speed = turn.characters_a_second
        rate = f" ~{speed / _CHARACTERS_A_TOKEN:.0f} tok/s" if speed is not None else ""
        return Line(text=f"{name} streaming{rate}", severity=Severity.RUNNING)
    if turn.phase is Phase.ASKING:
        waited = now_ms - step.started_at_ms if step.started_at_ms else 0
        since = f" {glyphs().dot} {waited // 1000} s" if waited >= 1000 else ""
        loading = "loading providers, then " if client is ClientPhase.LOADING else ""
        return Line(text=f"{loading}asking {name}{since}", severity=Severity.RUNNING)
    why = " ".join(part for part in (step.error_kind, str(step.http_status or "")) if part)
    if turn.retry_at_ms:
        left = max(0, turn.retry_at_ms - now_ms) / 1000
        return Line(text=_joined([f"{name} {why}", f"retrying in {left:.0f} s"]), severity=Severity.WARNING)
    return Line(text=_joined([f"{name} {why}", step.next_step]), severity=Severity.WARNING)


def _queued_line(turn: TurnView, now_ms: int) -> Line:
    left = max(0, turn.ready_at_ms - now_ms) / 1000
    when = "" if not turn.ready_at_ms else f"about {left:.0f} s" if left >= 1 else "any moment"
    ahead = f"{turn.ahead} ahead" if turn.ahead else ""
    told = ", ".join(part for part in (turn.queued_for, when, ahead) if part)
    short = ", ".join(part for part in (when, ahead) if part)
    return Line(text=f"waiting: {told}", severity=Severity.WARNING, stop="cancels", short=f"waiting {short}".strip())


def _joined(parts: Iterable[str]) -> str:
    return f" {glyphs().dot} ".join(part for part in parts if part)
