"""Names of keys: how people write them, how Textual calls them, and which a terminal can send at all.

What is impossible was measured on terminals without the kitty protocol (design notes, "Keys"); a test compares the
possible ones with the sequences that Textual reads.
"""

from __future__ import annotations

import unicodedata

_MODIFIERS = ("ctrl", "alt", "shift")
_ALIASES = {
    "esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown",
    "pgdown": "pagedown", "page_up": "pageup", "page_down": "pagedown", "spacebar": "space", "control": "ctrl",
    "option": "alt", "meta": "alt",
}  # fmt: skip
_UNICODE_NAMES = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
_ARROWS = frozenset({"up", "down", "left", "right"})
_PAGES = frozenset({"home", "end", "pageup", "pagedown", "insert", "delete"})
_ALONE = frozenset({"tab", "enter", "escape", "backspace"}) | _ARROWS | _PAGES
_FUNCTIONS = frozenset(f"f{number}" for number in range(1, 21))
_SAME_AS = {
    "ctrl+h": "backspace", "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+left_square_bracket": "escape",
    "alt+enter": "enter", "ctrl+enter": "enter", "shift+enter": "enter", "shift+escape": "escape",
    "shift+backspace": "backspace", "alt+b": "ctrl+left", "alt+f": "ctrl+right", "alt+backspace": "ctrl+w",
    "ctrl+space": "ctrl+@", "shift+space": "space",
}  # fmt: skip
_CONTROLS = frozenset({"backslash", "right_square_bracket", "circumflex_accent", "underscore", "@"})


class NoKeyError(ValueError):
    """A text names no key, or one that terminals cannot send; the message says which key arrives instead."""


def key_name(text: str) -> str:
    """Textual's name of a key as people write it: `Ctrl+F`, `esc`, `?`, `R`. Raises `NoKeyError`."""
    written = text.strip()
    if not written:
        raise NoKeyError("no key stands here")
    if len(written) == 1:
        return _character(written)
    *modifiers, last = _parts(written)
    held = {_ALIASES.get(modifier.lower(), modifier.lower()) for modifier in modifiers}
    strange = sorted(held - set(_MODIFIERS))
    if strange:
        raise NoKeyError(f"{strange[0]} is no modifier; there are ctrl, alt and shift")
    if len(last) == 1:
        if held == {"shift"} and last.isalpha():
            return last.upper()
        base = "@" if held and last == "@" else _character(last.lower())
    else:
        base = _ALIASES.get(last.lower(), last.lower())
    return "+".join([*(modifier for modifier in _MODIFIERS if modifier in held), base])


def _parts(written: str) -> list[str]:
    # The plus sign itself may be the key: `ctrl++`.
    return [*written[:-2].split("+"), "+"] if written.endswith("++") else written.split("+")


def _character(character: str) -> str:
    if character.isalnum():
        return character
    if character == " ":
        return "space"
    if not character.isprintable():
        raise NoKeyError("this character is no key")
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    if not name:
        raise NoKeyError("this character is no key")
    return _UNICODE_NAMES.get(name, name)


def printable(key: str) -> bool:
    """Whether a text field would write this key instead of passing it on."""
    if len(key) == 1 or key in _SIGNS:
        return True
    if "+" in key or key in _ALONE or key in _FUNCTIONS:
        return False
    try:
        unicodedata.lookup(key.replace("_", " "))
    except KeyError:
        return False
    return True


_SIGNS = frozenset(map(_character, map(chr, range(0x20, 0x7F))))
"""Of every sign of ASCII: some of these names are Textual's own and not Unicode's."""


def refuse_impossible(key: str) -> None:
    """Raise `NoKeyError` for a key that no terminal without the kitty protocol can send."""
    if key in _SAME_AS:
        raise NoKeyError(f"terminals send {_SAME_AS[key]} for it")
    *modifiers, last = key.split("+")
    held = set(modifiers)
    if not held:
        if not (printable(key) or key in _ALONE or key in _FUNCTIONS):
            raise NoKeyError("there is no such key")
    elif held == {"ctrl"}:
        letter = len(last) == 1 and last.isascii() and last.isalpha()
        if not (letter or last in _CONTROLS or last in _ARROWS or last in _PAGES or last in _FUNCTIONS):
            raise NoKeyError("terminals cannot send ctrl with this key")
    elif held == {"alt"}:
        letter = len(last) == 1 and last.isascii() and last.isalpha()
        if not letter and last not in _ARROWS:
            raise NoKeyError("alt with this key arrives as another key or as a sign")
    elif held == {"shift"}:
        if last not in _ARROWS and last not in _PAGES and last != "tab":
            raise NoKeyError("terminals cannot send shift with this key")
    elif held != {"ctrl", "shift"} or (last not in _ARROWS and last not in _PAGES):
        raise NoKeyError("terminals cannot send these modifiers together with this key")
