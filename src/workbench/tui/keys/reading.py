"""Reads and checks a key map; imports the YAML library only when it is called."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.tui.actions.registry import ACTIONS
from workbench.tui.keys.keymap import Keymap, checked
from workbench.tui.keys.terminals import around

if TYPE_CHECKING:
    from workbench.config.values import Problem

TEMPLATE = """\
# Your keys: the id of an action, and its key or a list of keys. Everything left out keeps its own.
# The ids are in the help (f1) and in docs/keys.md; /keys shows what arrives when you press a key.
# What cannot work is told with its line and left out; the rest takes effect as soon as this file is saved.

# chat.new: ctrl+n
# chat.switch_model: [ctrl+l, f12]
# chat.trace: []                  # no key; /trace still does it
"""


def read_keys(file: Path, environ: Mapping[str, str] | None = None) -> Keymap:
    """The key map of a file; without one, nothing is changed and nothing is wrong."""
    from workbench.config.keymap import read_keymap

    entries, problems = read_keymap(file)
    return checked(entries, ACTIONS, problems=problems, here=around(os.environ if environ is None else environ))


def told_of_keymap(file: Path) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """What is wrong in a key map, and what only speaks against some of its keys, for the command line."""
    keymap = read_keys(file)
    return tuple(keymap.problems), tuple(keymap.warnings)
