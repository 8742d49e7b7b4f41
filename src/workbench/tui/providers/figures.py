"""Figures in a few cells: seconds, shares, money, times left, and the line of the last minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.palette import Role
from workbench.tui.state.badges import age

if TYPE_CHECKING:
    from workbench.providers.health.values import Minute
    from workbench.tui.markdown.textlines import Run

SPARK_CELLS = 15
"""One for each of the last minutes."""
_LEVELS, _LEVELS_ASCII = "▁▂▃▄▅▆▇█", "_.:-=+*#"
_FAILED_MINUTE, _FAILED_MINUTE_ASCII = "·", "x"
_FULL, _REST = "▓", "▒"
_FULL_ASCII, _REST_ASCII = "#", "-"
_NANO = 1_000_000_000
_SPAN_AT_LEAST = 2
"""The top of a sparkline is at least this many times its bottom: less is jitter and stays flat."""


def nothing() -> str:
    """Stands for a figure that is not known."""
    return drawn("–")


def seconds_cell(milliseconds: int | None) -> str:
    """`1.1`; hundredths below a tenth, whole seconds from 100 on."""
    if milliseconds is None:
        return nothing()
    if milliseconds < 100:
        return f"{milliseconds / 1000:.2f}"
    return f"{milliseconds / 1000:.1f}" if milliseconds < 99_950 else f"{milliseconds / 1000:.0f}"


def share_cell(rate: float | None) -> str:
    """`12 %` of a share from 0 to 1; 0 and 100 only when it is exactly that."""
    if rate is None:
        return nothing()
    if rate <= 0 or rate >= 1:
        return f"{100 * (rate >= 1)} %"
    return f"{min(max(round(rate * 100), 1), 99)} %"


def money_cell(nano: int | None) -> str:
    """`$0.21` of nano-dollars, in at most six cells; empty sums are `$0.00`, tiny ones `<$0.01`."""
    if nano is None:
        return nothing()
    dollars = nano / _NANO
    if 0 < dollars < 0.01:
        return "<$0.01"
    if dollars < 99.995:
        return f"${dollars:.2f}"
    return f"${dollars:.0f}" if dollars < 9_999.5 else f"${dollars / 1000:.0f}k"


def time_left(milliseconds: int) -> str:
    """`00:31`, `59:59`, then `1 h 05`; never below zero."""
    seconds = max(0, -(-milliseconds // 1000))
    if seconds < 3600:
        return f"{seconds // 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d}"


def clock(at_ms: int) -> str:
    """Local time of day, `09:40:11`."""
    return f"{datetime.fromtimestamp(at_ms / 1000).astimezone():%H:%M:%S}"


def ago(then_ms: int, now_ms: int) -> str:
    """`just now`, `12 s ago`, `5 m ago`."""
    passed = max(0, now_ms - then_ms)
    if passed < 1000:
        return "just now"
    return f"{passed // 1000} s ago" if passed < 60_000 else f"{age(then_ms, now_ms)} ago"


def bar(share: float, cells: int) -> str:
    """A bar of which `share` is full."""
    full = round(min(max(share, 0.0), 1.0) * cells)
    signs = (_FULL_ASCII, _REST_ASCII) if glyphs().ascii else (_FULL, _REST)
    return signs[0] * full + signs[1] * (cells - full)


def spark(minutes: Sequence[Minute]) -> list[Run]:
    """The median of each minute, scaled within the row; a minute of failures only is a gap, an idle one is blank.

    A minute in which some failed has the colour of a warning.
    """
    shown = list(minutes[-SPARK_CELLS:])
    medians = [minute.p50_ms for minute in shown if minute.p50_ms is not None]
    lowest = min(medians, default=0)
    span = max(max(medians, default=0), _SPAN_AT_LEAST * lowest) - lowest
    levels = _LEVELS_ASCII if glyphs().ascii else _LEVELS
    gap = _FAILED_MINUTE_ASCII if glyphs().ascii else _FAILED_MINUTE
    runs: list[Run] = [(" " * (SPARK_CELLS - len(shown)), Role.TEXT)]
    for minute in shown:
        if minute.p50_ms is not None:
            level = round((minute.p50_ms - lowest) / span * (len(levels) - 1)) if span else 0
            runs.append((levels[level], Role.WARNING if minute.failures else Role.MUTED))
        else:
            runs.append((gap, Role.ERROR) if minute.failures else (" ", Role.TEXT))
    return _joined(runs)


def _joined(runs: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for text, role in runs:
        if joined and joined[-1][1] == role:
            joined[-1] = (joined[-1][0] + text, role)
        elif text:
            joined.append((text, role))
    return joined
