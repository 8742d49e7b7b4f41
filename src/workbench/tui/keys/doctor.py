"""What the key doctor says of a key press."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from workbench.tui.actions.values import Action, Scope, readable_key
from workbench.tui.keys.names import NoKeyError, printable, refuse_impossible
from workbench.tui.keys.terminals import ALT_ON_MACS, TAKERS, who_takes
from workbench.tui.keys.writing import OF_TEXT_FIELDS

SCOPE_TITLES: Mapping[Scope, str] = {
    Scope.EVERYWHERE: "Everywhere", Scope.CHAT: "Chat", Scope.COMPOSER: "Composer", Scope.QUEUE: "Waiting prompts",
    Scope.TRANSCRIPT: "Transcript", Scope.CONVERSATIONS: "Conversation list", Scope.PROVIDERS: "Providers",
    Scope.EVENTS: "Events", Scope.HISTORY: "History", Scope.STORAGE: "Storage",
}  # fmt: skip
"""What people call the places where keys work."""


class Tone(StrEnum):
    """How a line is meant."""

    PLAIN = "plain"
    GOOD = "good"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPress:
    """What the terminal's bytes came to."""

    key: str
    """Textual's name."""
    character: str | None = None
    """The character that came, if it is one."""
    aliases: tuple[str, ...] = ()
    """Other names of the same bytes: tab is ctrl+i too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line about a key."""

    title: str
    text: str
    tone: Tone = Tone.PLAIN


def findings(press: KeyPress, actions: Iterable[Action], here: tuple[str, ...]) -> list[Finding]:
    """Everything known of a key press; `here` names the programs around us."""
    found = [Finding(title="arrives as", text=_arrival(press))]
    of_key = [action for action in actions if press.key in action.keys_in_force]
    for action in of_key:
        place = SCOPE_TITLES[action.scope]
        found.append(Finding(title="does", text=f"{place}: {action.title} ({action.id})", tone=Tone.GOOD))
    if printable(press.key):
        found.append(Finding(title="does", text="in a text field: it is written"))
    elif press.key in OF_TEXT_FIELDS:
        found.append(Finding(title="does", text=f"in a text field: {OF_TEXT_FIELDS[press.key]}"))
    elif not of_key:
        found.append(Finding(title="does", text=_free(press.key)))
    for takes in who_takes(press.key, here):
        text = f"{takes.taker.title}: {takes.what}"
        if takes.here:
            found.append(Finding(title="taken here", text=f"{text}; {takes.taker.advice}", tone=Tone.TROUBLE))
        else:
            found.append(Finding(title="taken by", text=f"{text} ({takes.taker.source})"))
    if press.key.startswith("alt+") and len(press.key) == len("alt+x"):
        found.append(Finding(title="taken by", text=ALT_ON_MACS))
    return found


def _arrival(press: KeyPress) -> str:
    parts = [press.key if press.key == readable_key(press.key) else f"{press.key} ({readable_key(press.key)})"]
    others = [alias for alias in press.aliases if alias != press.key]
    if others:
        parts.append(f"the same bytes as {', '.join(others)}")
    if press.character:
        codes = " ".join(f"U+{ord(character):04X}" for character in press.character)
        name = unicodedata.name(press.character, "") if len(press.character) == 1 else ""
        parts.append(f"character {codes} {name.lower()}".rstrip())
    return ", ".join(parts)


def _free(key: str) -> str:
    try:
        refuse_impossible(key)
    except NoKeyError:
        return "nothing; only this terminal sends it, so it is no key for a key map"
    return f"nothing yet; in keymap.yaml (/keymap) a line such as chat.find: {key} gives it to an action"


def surroundings(environ: Mapping[str, str], here: tuple[str, ...]) -> str:
    """Who is around workbench, as far as the environment tells."""
    names = [taker.title for taker in TAKERS if taker.name in here]
    terminal = environ.get("TERM_PROGRAM") or environ.get("TERM") or "an unknown terminal"
    if not names:
        return f"Runs in {terminal}; nothing around it is known to take keys."
    return f"Runs inside {' and '.join(names)}."


def taken_here(actions: Iterable[Action], here: tuple[str, ...]) -> str:
    """One sentence about our keys that somebody around us takes; empty when nobody does."""
    taken: dict[str, list[str]] = {}
    for action in actions:
        for key in action.keys_in_force:
            for takes in who_takes(key, here):
                listed = taken.setdefault(takes.taker.title, []) if takes.here else []
                if readable_key(key) not in listed:
                    listed.append(readable_key(key))
    return " ".join(f"{title} keeps {', '.join(sorted(keys))}; /keys tells more." for title, keys in taken.items())
