"""Messages and turns as the transcript shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from workbench.core.clock import local_time
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.state.badges import Line, Severity, badge_of_message, badge_of_turn, place_among
from workbench.tui.state.chat import Phase
from workbench.tui.state.trail import Step, trail_of
from workbench.tui.widgets.message_view import MessageView

if TYPE_CHECKING:
    from workbench.conversations.values import Message, Seam
    from workbench.tui.state.turns import TurnView

SENDING_ID = "sending"
"""Id of the prompt that is on its way; it has no stored id yet."""

_PASSES_BY_ITSELF = frozenset({
    "rate_limited", "timeout", "first_token_timeout", "stalled", "connection", "server_error", "broken_stream", "empty",
})  # fmt: skip
"""Failures after which nothing needs to be changed before the provider is asked again."""
_RATINGS: dict[int | None, str] = {None: "", 1: "+ good", -1: "- bad"}
_LONGEST_PROMPT = 10_000
"""Characters of a prompt that are shown; all of it is stored and sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a message is shown with, beside itself."""

    now_ms: int
    scripted: Collection[str] = ()
    """Names of the demonstration providers."""
    siblings: Mapping[str, Sequence[str]] = field(default_factory=dict[str, "Sequence[str]"])
    """Ids of all answers to the prompt of a reply, oldest first, by the id of the reply."""
    next_tries: Mapping[str, int] = field(default_factory=dict[str, int])
    """When a provider that rests may be asked again; wall-clock milliseconds."""
    awaited: str = ""
    """Id of the reply that was begun from here last: until its events come it is being written, not left behind."""


def view_of_message(message: Message, around: Around) -> MessageView:
    """A stored message."""
    if message.role == "user":
        siblings = around.siblings.get(message.id, ())
        return prompt_view(message.id, message.text, message.created_at_ms, around.now_ms, siblings)
    if message.role == "tool":
        return MessageView(id=message.id, role="note", text=message.text, fold="tool output")
    if message.role != "assistant":
        return MessageView(id=message.id, role="note", text=message.text, header=message.role.value)
    if message.state == "streaming" and message.id == around.awaited:
        return MessageView(id=message.id, role="assistant", text=message.text, streaming=True)
    badge = badge_of_message(message, around.scripted)
    trail = trail_of(message)
    failed = message.state == "failed"
    return MessageView(
        id=message.id,
        role="assistant",
        text=message.text,
        reasoning=message.reasoning,
        header=broken_off(trail),
        seams=_seams(message.seams),
        notes=everybody_failed(trail, around) if failed else (),
        badge=_badge_text(badge, trail, message.id, around, rating=_RATINGS[message.rating]),
        badge_severity=_severity(badge),
    )


def prompt_view(message_id: str, text: str, at_ms: int, now_ms: int, siblings: Sequence[str] = ()) -> MessageView:
    """What the user asked; of a very long prompt only the beginning, because laying it out would take seconds."""
    header = f"you {glyphs().dot} {moment(at_ms, now_ms)}"
    if len(text) > _LONGEST_PROMPT:
        header = f"{header} {glyphs().dot} the first {_LONGEST_PROMPT:,} of {len(text):,} characters"
        text = text[:_LONGEST_PROMPT]
    if len(siblings) > 1 and message_id in siblings:
        header = f"{header}\tbranch {siblings.index(message_id) + 1}/{len(siblings)} {drawn('←→')}"
    return MessageView(id=message_id, role="user", text=text, header=header)


def view_of_turn(turn: TurnView, around: Around) -> MessageView:
    """The reply of a turn, as far as it has come."""
    running = turn.phase.running
    badge = None if running else badge_of_turn(turn, around.scripted)
    failed = turn.phase is Phase.FAILED
    return MessageView(
        id=turn.message_id,
        role="assistant",
        text=turn.text,
        reasoning=turn.reasoning,
        streaming=running,
        header=broken_off(turn.trail),
        seams=_seams(turn.seams),
        notes=everybody_failed(turn.trail, around) if failed else (),
        badge=_badge_text(badge, turn.trail, turn.message_id, around) if badge else "",
        badge_severity=_severity(badge) if badge else "",
    )


def _seams(seams: Collection[Seam]) -> tuple[tuple[int, str], ...]:
    return tuple((seam.at, seam.label) for seam in seams)


def everybody_failed(trail: Sequence[Step], around: Around) -> tuple[str, ...]:
    """A line for each provider that was asked in vain, with when it can be tried again as far as that is known.

    Those that were passed over come last.
    """
    last = {step.name: step for step in trail if step.state in ("failed", "skipped")}
    lines: list[str] = []
    for step in sorted(last.values(), key=lambda step: step.state == "skipped"):
        why = step.error_kind.replace("_", " ")
        status = f"HTTP {step.http_status}" if step.http_status else ""
        words = f" {glyphs().dot} ".join(part for part in (why, status, step.reason, _next_try(step, around)) if part)
        sign = glyphs().failed if step.state == "failed" else glyphs().unknown
        lines.append(f"{sign} {step.name}: {words}")
    return (*lines, "The question is kept. Outside of the composer r asks again, R asks another; inside, /retry.")


def _next_try(step: Step, around: Around) -> str:
    at_ms = around.next_tries.get(step.provider, 0)
    if at_ms <= around.now_ms:
        # Of an older reply it is not known what has become of its providers.
        return "can be asked again now" if step.started_at_ms and step.error_kind in _PASSES_BY_ITSELF else ""
    return f"next try {local_time(at_ms):%H:%M:%S}"


def broken_off(trail: Collection[Step]) -> str:
    """Which providers broke off, so that an answer begun anew says why; empty when none did."""
    broken = [step for step in trail if step.broken_characters]
    return "; ".join(
        f"{step.name} broke off after {step.broken_characters:,} characters, answered again from the start"
        for step in broken
    )


def moment(at_ms: int, now_ms: int) -> str:
    """`09:38`, with the day before it when that is not today."""
    then, now = local_time(at_ms), local_time(now_ms)
    if then.date() == now.date():
        return f"{then:%H:%M}"
    day = f"{then.day} {then:%b}"
    return f"{day} {then:%H:%M}" if then.year == now.year else f"{day} {then.year} {then:%H:%M}"


def _badge_text(
    badge: Line, trail: Collection[Step], message_id: str, around: Around, *, rating: str = ""
) -> str:  # fmt: skip
    signs = glyphs()
    sign = {
        Severity.OK: signs.ok, Severity.WARNING: signs.slow, Severity.ERROR: signs.failed,
        Severity.RUNNING: signs.running,
    }.get(badge.severity, signs.unknown)  # fmt: skip
    place = place_among(message_id, around.siblings.get(message_id, ()))
    text = f" {signs.dot} ".join(part for part in (badge.text, rating, place) if part)
    # One hint is all there is room for.
    traced = "ctrl+t trace" if any(step.state == "failed" for step in trail) else ""
    hint = "/continue" if badge.can_go_on else traced
    return f"{sign} {text}\t{hint}" if hint else f"{sign} {text}"


def _severity(badge: Line) -> Literal["", "success", "warning", "error"]:
    match badge.severity:
        case Severity.OK:
            return "success"
        case Severity.WARNING:
            return "warning"
        case Severity.ERROR:
            return "error"
        case _:
            return ""
