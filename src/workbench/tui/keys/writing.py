"""What text fields and lists do with keys before a pane gets them; tests compare it with what they bind."""

from __future__ import annotations

from collections.abc import Mapping

OF_TEXT_FIELDS: Mapping[str, str] = {
    "up": "cursor up", "down": "cursor down", "left": "cursor left", "right": "cursor right",
    "ctrl+left": "cursor word left", "ctrl+right": "cursor word right", "home": "cursor line start",
    "ctrl+a": "cursor line start", "end": "cursor line end", "ctrl+e": "cursor line end",
    "pageup": "cursor page up", "pagedown": "cursor page down",
    "ctrl+shift+left": "cursor left word select", "ctrl+shift+right": "cursor right word select",
    "shift+home": "cursor line start select", "shift+end": "cursor line end select", "shift+up": "cursor up select",
    "shift+down": "cursor down select", "shift+left": "cursor left select", "shift+right": "cursor right select",
    "f6": "select line", "f7": "select all", "backspace": "delete character left",
    "ctrl+w": "delete left to start of word", "ctrl+backspace": "delete left to start of word",
    "alt+backspace": "delete left to start of word", "delete": "delete character right",
    "ctrl+d": "delete character right", "alt+delete": "delete right to start of word", "ctrl+x": "cut",
    "super+x": "cut", "ctrl+c": "copy", "super+c": "copy", "ctrl+v": "paste", "ctrl+u": "delete to line start",
    "super+backspace": "delete to line start", "ctrl+k": "delete to line end", "ctrl+shift+k": "delete line",
    "ctrl+z": "undo", "super+z": "undo", "ctrl+y": "redo", "super+y": "redo",
}  # fmt: skip
OF_LISTS = frozenset({"up", "down", "j", "k", "g", "G", "home", "end", "pageup", "pagedown"})
"""The keys that move in lists, tables and the transcript."""
