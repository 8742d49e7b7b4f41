"""When somebody who looks elsewhere is told of a reply: once for each, and not of short ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.core.text import clean_line
from workbench.tui.state.badges import seconds
from workbench.tui.state.chat import Phase

if TYPE_CHECKING:
    from workbench.tui.state.turns import TurnView

LONG_REPLY_MS = 10_000
"""Shorter replies are not worth a notification."""
_TITLE_LIMIT = 40
_ENDINGS = {Phase.DONE: "answered", Phase.FAILED: "failed"}


class Attention:
    """Remembers what was told or seen."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._settled: set[str] = set()
        """Turns that ended in sight or were told of."""
        self._asked: set[str] = set()
        """Turns whose question was told of since somebody looked last."""

    def due(self, turns: Iterable[TurnView], *, away: bool) -> list[TurnView]:
        """The turns to tell of now; empty while somebody looks."""
        told: list[TurnView] = []
        if not away:
            self._asked.clear()
        for turn in turns:
            if turn.phase.running:
                waits = turn.phase is Phase.BROKEN
                if away and waits and turn.turn_id not in self._asked:
                    self._asked.add(turn.turn_id)
                    told.append(turn)
            elif turn.turn_id not in self._settled:
                self._settled.add(turn.turn_id)
                # What was asked about and ended unseen was told of once already.
                worth_it = turn.phase in _ENDINGS and turn.duration_ms >= LONG_REPLY_MS
                if away and worth_it and turn.turn_id not in self._asked:
                    told.append(turn)
        return told


def notice_text(turn: TurnView, title: str) -> str:
    """One short clean line: `Retry budgets: answered after 12.6 s`."""
    what = clean_line(title, _TITLE_LIMIT).strip() or "workbench"
    if turn.broken is not None:
        return f"{what}: {clean_line(turn.broken.name, _TITLE_LIMIT)} broke off, a question waits"
    return f"{what}: {_ENDINGS.get(turn.phase, 'ended')} after {seconds(turn.duration_ms)}"


def notice_sequence(text: str, environ: dict[str, str]) -> str:
    """What makes the terminal tell: OSC 9 where it is known to understand that, else the bell.

    tmux hands a bell on by itself; everything else it lets through only in its passthrough.
    """
    if not _understands_osc_9(environ):
        return "\x07"
    # ConEmu and Windows Terminal take a digit and a semicolon at the beginning for another command.
    told = f"\x1b]9;workbench: {clean_line(text)}\x07"
    if environ.get("TMUX"):
        return "\x1bPtmux;" + told.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return told


_PROGRAMS = frozenset({"iTerm.app", "WezTerm", "ghostty", "rio", "WarpTerminal", "contour"})
_LEFT_BY_THEM = ("WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR", "KITTY_WINDOW_ID", "ITERM_SESSION_ID", "WT_SESSION")
"""Variables that these terminals set, and that survive inside tmux, where TERM_PROGRAM does not."""


def _understands_osc_9(environ: dict[str, str]) -> bool:
    if environ.get("TERM_PROGRAM") in _PROGRAMS or environ.get("LC_TERMINAL") == "iTerm2":
        return True
    return any(environ.get(name) for name in _LEFT_BY_THEM)
