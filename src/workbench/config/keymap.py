"""Reads `keymap.yaml` into entries that know their places; what the ids and the keys mean is the front end's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.config.tree import Node, Place, kind_of_value, problem_at
from workbench.config.values import Problem
from workbench.config.yaml_source import parse, read_file

_EXPECTED = "a key such as ctrl+f, a list of keys, or [] for none"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenKey:
    """One key as it is written."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class KeymapEntry:
    """One line of the file: an action and its keys."""

    action_id: str
    keys: tuple[WrittenKey, ...]
    """Empty for an action that is to have no key."""
    place: Place
    """Where the id stands."""


def read_keymap(file: Path) -> tuple[list[KeymapEntry], list[Problem]]:
    """The entries of a file in its order, and what is wrong with its form; no file has neither."""
    text, problem = read_file(file)
    if text is None:
        return [], [] if problem is None else [problem]
    root, problems = parse(text, str(file))
    entries: list[KeymapEntry] = []
    for action_id, node in root.entries().items():
        keys = [_written(item) for item in node.items()]
        wrong = next((place for place, item in enumerate(keys) if item is None), None)
        if isinstance(node.value, dict) or wrong is not None:
            found = node if wrong is None else node.items()[wrong]
            problems.append(problem_at(found.place, (action_id,), f"this is {kind_of_value(found.value)}", _EXPECTED))
            continue
        entries.append(
            KeymapEntry(action_id=action_id, keys=tuple(key for key in keys if key is not None), place=node.key_place)
        )
    return entries, problems


def _written(node: Node) -> WrittenKey | None:
    # `?` and `n` need no quotes, but YAML makes numbers of digits and, in its old version, truth values of letters.
    if isinstance(node.value, bool) or not isinstance(node.value, str | int):
        return None
    return WrittenKey(text=str(node.value), place=node.place)
