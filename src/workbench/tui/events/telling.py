"""What the lines around the events say."""

from __future__ import annotations

from textual.content import Content

from workbench.tui.actions.registry import actions_of
from workbench.tui.actions.values import Scope
from workbench.tui.events.reading import LogReading
from workbench.tui.events.shown import ShownEvents
from workbench.tui.glyphs import drawn, glyphs

WIDE = 100


def number(count: int) -> str:
    """A count for people."""
    return f"{count:,}".replace(",", "\u2009" if not glyphs().ascii else " ")


def state_text(shown: ShownEvents, reading: LogReading, rate: float, width: int) -> Content:
    """How many there are, and whether the list moves."""
    signs = glyphs()
    wide = width >= WIDE
    count, total = len(shown), shown.total + reading.total
    counts = number(count)
    if not shown.filter.is_open and count < total and wide:
        counts = f"{counts} of {number(total)}"
    if not reading.is_done:
        counts += f" {signs.running}" if not wide else f" {signs.running} searching"
    if shown.held_at is not None:
        waiting = shown.waiting
        state = (f"{signs.paused} paused" + (f" {signs.dot} {number(waiting)} new" if waiting else ""), "$warning")
    else:
        state = (f"{signs.ok} live" + (f"   {rate:.0f}/s" if wide and rate else ""), "$success")
    return Content.assemble((f"{counts}   ", "$text-muted"), state)


def keys_of_details() -> str:
    """The keys that help in the details."""
    words = {"events.next": "next", "events.previous": "before", "events.copy": "copy", "events.go_to": "message"}
    keys = {action.id: action.key_text for action in actions_of(Scope.EVENTS)}
    return drawn(" · ".join([f"{keys[name]} {word}" for name, word in words.items()] + ["esc close"]))
