"""A configuration before it is checked: values that know where they were written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from workbench.config.values import Problem
from workbench.core.redaction import REDACTOR
from workbench.core.text import clean_line

Scalar: TypeAlias = str | int | float | bool | None
Value: TypeAlias = "Scalar | dict[str, Node] | list[Node]"
KeyPath: TypeAlias = tuple[str | int, ...]

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LIKE_A_KEY = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_.+/=-]{20,}")


class Loose(str):
    """Text that stands for a number or a truth value, because it comes from a place that has nothing but text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is written; line and column count from 1, 0 when there are none."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(slots=True, kw_only=True)
class Node:
    """A value with its place; `key_place` is where its key stands, `under` what it was laid over."""

    value: Value
    place: Place
    key_place: Place
    under: Node | None = None

    def entries(self) -> dict[str, Node]:
        """What a mapping holds; nothing when it is none."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> list[Node]:
        """What a list holds; the node itself when it is a single value."""
        if isinstance(self.value, list):
            return self.value
        return [] if self.value is None else [self]


def empty_mapping(place: Place) -> Node:
    """A mapping without entries."""
    return Node(value={}, place=place, key_place=place)


def plain(node: Node) -> object:
    """The value without places."""
    if isinstance(node.value, dict):
        return {key: plain(entry) for key, entry in node.value.items()}
    if isinstance(node.value, list):
        return [plain(item) for item in node.value]
    return node.value


def lay_over(lower: Node, upper: Node) -> Node:
    """Both merged: mappings entry by entry, anything else replaced as a whole."""
    if isinstance(lower.value, dict) and isinstance(upper.value, dict):
        merged = dict(lower.value)
        for key, entry in upper.value.items():
            merged[key] = lay_over(merged[key], entry) if key in merged else entry
        return Node(value=merged, place=upper.place, key_place=upper.key_place)
    return Node(value=upper.value, place=upper.place, key_place=upper.key_place, under=lower)


def kind_of_value(value: object) -> str:
    """What a value is, in words; never the value."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def looks_like_a_key(text: str) -> bool:
    """Whether a name could be a pasted secret, which must not be shown."""
    return _LIKE_A_KEY.fullmatch(text) is not None or REDACTOR.redact(text) != text


def shown_name(name: str) -> str:
    """A key's name as a problem may quote it: harmless, short, and no pasted secret."""
    if _PLAIN_NAME.fullmatch(name) and not looks_like_a_key(name):
        return name
    if len(name) > 40 or looks_like_a_key(name):
        return f"(a name of {len(name)} characters)"
    return REDACTOR.scrub(clean_line(name))


def shown_path(path: KeyPath) -> str:
    """A path as `providers.openai.models[2]`; the whole document is `(document)`."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            shown += f"{'.' if shown else ''}{shown_name(part)}"
    return shown or "(document)"


def problem_at(place: Place, path: KeyPath, problem: str, expected: str = "") -> Problem:
    """A problem at a place; the texts must not quote values."""
    return Problem(
        file=place.file, line=place.line, column=place.column, key=shown_path(path), problem=problem, expected=expected
    )


def unknown_key(place: Place, path: KeyPath, known: Iterable[str]) -> Problem:
    """The problem of a key that nothing reads, with the one that was probably meant."""
    names = sorted(known)
    meant = nearest(str(path[-1]), names)
    asked = f'; did you mean "{meant}"?' if meant else ""
    return problem_at(place, path, f"unknown key{asked}", "one of " + ", ".join(names))


def nearest(text: str, known: Iterable[str]) -> str | None:
    """The known word that `text` is most likely a slip of, or None."""
    found = difflib.get_close_matches(text[:80].lower().replace("-", "_"), list(known), 1, 0.6)
    return found[0] if found else None
