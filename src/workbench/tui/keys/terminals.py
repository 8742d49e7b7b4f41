"""Which programs around workbench keep which keys to themselves, as they come, with where that is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_TMUX = "man tmux, DEFAULT KEY BINDINGS"
_SCREEN = "man screen, DEFAULT KEY BINDINGS"
_ZELLIJ = "zellij-utils/assets/config/default.kdl"
_VSCODE = "code.visualstudio.com, terminal.integrated.commandsToSkipShell"
_APPLE = "support.apple.com, Mac keyboard shortcuts; Terminal, Settings, Profiles, Keyboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """A program between the keyboard and workbench."""

    name: str
    title: str
    advice: str
    """What its user can do about a key that it takes."""
    source: str
    keys: Mapping[str, str]
    """Textual's name of a key to what the program does with it."""


TAKERS = (
    Taker(
        name="tmux", title="tmux", source=_TMUX,
        advice="press it twice, or change its prefix with `set -g prefix`",
        keys={"ctrl+b": "its prefix"},
    ),
    Taker(
        name="screen", title="GNU screen", source=_SCREEN,
        advice="press ctrl+a and then a, or change its key with `escape`",
        keys={"ctrl+a": "its command key"},
    ),
    Taker(
        name="zellij", title="Zellij", source=_ZELLIJ,
        advice="lock it with ctrl+g, or choose its Unlock-First preset",
        keys={
            "ctrl+g": "locks it", "ctrl+p": "pane mode", "ctrl+t": "tab mode", "ctrl+n": "resize mode",
            "ctrl+h": "move mode", "ctrl+s": "scroll mode", "ctrl+o": "session mode", "ctrl+q": "quits Zellij",
            "ctrl+b": "tmux mode", "alt+left": "focus left", "alt+right": "focus right", "alt+up": "focus up",
            "alt+down": "focus down", "alt+f": "floating panes", "alt+n": "new pane", "alt+i": "moves the tab",
            "alt+o": "moves the tab", "alt+h": "focus left", "alt+j": "focus down", "alt+k": "focus up",
            "alt+l": "focus right", "alt+p": "groups panes",
        },
    ),
    Taker(
        name="vscode", title="VS Code", source=_VSCODE,
        advice="set terminal.integrated.sendKeybindingsToShell, or take the command out of commandsToSkipShell with -",
        keys={
            "f1": "its command palette", "ctrl+p": "goes to a file", "ctrl+e": "goes to a file",
            "ctrl+f": "finds in the terminal", "ctrl+j": "folds the panel", "ctrl+k": "begins a chord",
            "ctrl+q": "opens a view (Linux, Windows)", "f5": "starts debugging", "f6": "goes to the next part",
            "f10": "steps, while debugging", "f11": "full screen", "ctrl+pageup": "the editor before",
            "ctrl+pagedown": "the next editor", "ctrl+up": "scrolls to a command", "ctrl+down": "scrolls to a command",
            "ctrl+home": "scrolls to the top", "ctrl+end": "scrolls to the end",
        },
    ),
    Taker(
        name="macos", title="macOS", source=_APPLE,
        advice="hold fn for function keys, and switch Mission Control's shortcuts off or choose another key",
        keys={
            "ctrl+up": "Mission Control", "ctrl+down": "its windows", "ctrl+left": "the space before",
            "ctrl+right": "the next space", "f11": "shows the desktop",
            **{f"f{number}": "brightness or sound, unless fn is held" for number in (*range(1, 11), 12)},
        },
    ),
)  # fmt: skip

ALT_ON_MACS = "macOS Terminal writes a sign instead, unless Option is used as Meta (Settings, Profiles, Keyboard)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """One program's use of one key."""

    taker: Taker
    what: str
    here: bool
    """Whether the program is around workbench now."""


def around(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the takers that the environment tells of."""
    program = environ.get("TERM_PROGRAM", "")
    found: list[str] = []
    if environ.get("TMUX"):
        found.append("tmux")
    if environ.get("STY"):
        found.append("screen")
    if environ.get("ZELLIJ") or environ.get("ZELLIJ_SESSION_NAME"):
        found.append("zellij")
    if program == "vscode" or environ.get("VSCODE_INJECTION"):
        found.append("vscode")
    if program in {"Apple_Terminal", "iTerm.app"} or environ.get("__CFBundleIdentifier"):
        found.append("macos")
    return tuple(found)


def who_takes(key: str, here: tuple[str, ...]) -> list[Takes]:
    """Who takes a key, those around us first."""
    found = [Takes(taker=taker, what=taker.keys[key], here=taker.name in here) for taker in TAKERS if key in taker.keys]
    return sorted(found, key=lambda takes: not takes.here)


def warning_for(key: str, here: tuple[str, ...]) -> str:
    """Why a key that can be sent may not arrive here; empty when nothing is known against it."""
    for takes in who_takes(key, here):
        # Elsewhere only tmux is worth a word: it is the one that people add later without thinking of keys.
        if takes.here or takes.taker.name == "tmux":
            return f"{takes.taker.title} takes it ({takes.what}): {takes.taker.advice}"
    *modifiers, last = key.split("+")
    if modifiers == ["alt"] and len(last) == 1:
        return ALT_ON_MACS
    return ""
