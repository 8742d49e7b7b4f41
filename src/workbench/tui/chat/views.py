"""Messages and turns as the transcript shows them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from workbench.tui.glyphs import glyphs
from workbench.tui.state.badges import Line, Severity, badge_of_message, badge_of_turn
from workbench.tui.state.chat import TurnView
from workbench.tui.state.trail import Step, trail_of
from workbench.tui.widgets.message_view import MessageView

if TYPE_CHECKING:
    from workbench.conversations.values import Message

SENDING_ID = "sending"
"""Id of the prompt that is on its way; it has no stored id yet."""


_LONGEST_PROMPT = 10_000
"""Characters of a prompt that are shown; all of it is stored and sent."""


def view_of_message(message: Message, scripted: Collection[str], now_ms: int) -> MessageView:
    """A stored message."""
    if message.role == "user":
        return prompt_view(message.id, message.text, message.created_at_ms, now_ms)
    if message.role != "assistant":
        return MessageView(id=message.id, role="note", text=message.text, header=message.role.value)
    badge = badge_of_message(message, scripted)
    return MessageView(
        id=message.id,
        role="assistant",
        text=message.text,
        reasoning=message.reasoning,
        header=seam(trail_of(message)),
        badge=_badge_text(badge, trail_of(message)),
        badge_severity=_severity(badge),
    )


def prompt_view(message_id: str, text: str, at_ms: int, now_ms: int) -> MessageView:
    """What the user asked; of a very long prompt only the beginning, because laying it out would take seconds."""
    header = f"you {glyphs().dot} {moment(at_ms, now_ms)}"
    if len(text) > _LONGEST_PROMPT:
        header = f"{header} {glyphs().dot} the first {_LONGEST_PROMPT:,} of {len(text):,} characters"
        text = text[:_LONGEST_PROMPT]
    return MessageView(id=message_id, role="user", text=text, header=header)


def view_of_turn(turn: TurnView, scripted: Collection[str]) -> MessageView:
    """The reply of a turn, as far as it has come."""
    running = turn.phase.running
    badge = None if running else badge_of_turn(turn, scripted)
    return MessageView(
        id=turn.message_id,
        role="assistant",
        text=turn.text,
        reasoning=turn.reasoning,
        streaming=running,
        header=seam(turn.trail),
        badge=_badge_text(badge, turn.trail) if badge else "",
        badge_severity=_severity(badge) if badge else "",
    )


def seam(trail: Collection[Step]) -> str:
    """Which providers broke off, so that an answer begun anew says why; empty when none did."""
    broken = [step for step in trail if step.broken_characters]
    return "; ".join(
        f"{step.name} broke off after {step.broken_characters:,} characters, answered again from the start"
        for step in broken
    )


def moment(at_ms: int, now_ms: int) -> str:
    """`09:38`, with the day before it when that is not today."""
    then, now = (datetime.fromtimestamp(ms / 1000).astimezone() for ms in (at_ms, now_ms))
    if then.date() == now.date():
        return f"{then:%H:%M}"
    day = f"{then.day} {then:%b}"
    return f"{day} {then:%H:%M}" if then.year == now.year else f"{day} {then.year} {then:%H:%M}"


def _badge_text(badge: Line, trail: Collection[Step]) -> str:
    signs = glyphs()
    sign = {
        Severity.OK: signs.ok, Severity.WARNING: signs.slow, Severity.ERROR: signs.failed,
        Severity.RUNNING: signs.running,
    }.get(badge.severity, signs.unknown)  # fmt: skip
    hint = "\tctrl+t trace" if any(step.state == "failed" for step in trail) else ""
    return f"{sign} {badge.text}{hint}"


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
