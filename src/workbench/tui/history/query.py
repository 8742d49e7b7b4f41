"""What is asked of the history: words in a field, and conditions that stand under it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

NAMES = ("role", "provider", "model", "after", "before", "tag", "folder", "has", "in", "is")
"""Conditions that are told from words; the search itself reads them."""

_TOKEN = re.compile(
    rf"""
    -?"[^"]*"?
    | (?P<minus>-?)(?P<name>{"|".join(NAMES)}):(?P<value>"[^"]*"|[^\s"]\S*)(?=\s)
    | \S+
    | \s+
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One of them, e.g. `-tag:"to do"`."""

    name: str
    value: str
    negated: bool = False

    @property
    def text(self) -> str:
        """As it is typed."""
        value = f'"{self.value}"' if re.search(r"\s", self.value) else self.value
        return f"{'-' if self.negated else ''}{self.name}:{value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything that is asked for at one time."""

    words: str = ""
    """What stands in the field."""
    conditions: tuple[Condition, ...] = ()

    @property
    def text(self) -> str:
        """The whole query, as the search takes it."""
        return " ".join(part for part in (*(one.text for one in self.conditions), self.words.strip()) if part)

    @property
    def is_typing(self) -> bool:
        """Whether the last word may be the beginning of one."""
        return bool(self.words) and not self.words[-1].isspace()

    def typed(self, field: str, *, ended: bool = False) -> Asked:
        """With what stands in the field now; conditions that are whole there, all if it `ended`, leave it."""
        found, rest = taken_out(f"{field} " if ended else field)
        return replace(self, words=rest.strip() if ended else rest).having(*found)

    def having(self, *conditions: Condition) -> Asked:
        """With these conditions too, each of them once."""
        return replace(self, conditions=tuple(dict.fromkeys([*self.conditions, *conditions])))

    def without(self, place: int) -> Asked:
        """Without the condition at a place; -1 is the last one."""
        kept = list(self.conditions)
        if kept:
            kept.pop(place)
        return replace(self, conditions=tuple(kept))


def taken_out(text: str) -> tuple[tuple[Condition, ...], str]:
    """The conditions in a text that are followed by a blank, and the text without them."""
    found: list[Condition] = []
    rest: list[str] = []
    for token in _TOKEN.finditer(text):
        name = token["name"]
        value = (token["value"] or "").strip('"')
        if name and value:
            found.append(Condition(name=name.lower(), value=value, negated=token["minus"] == "-"))
        elif not (token.group().isspace() and (not rest or rest[-1].isspace()) and found):
            rest.append(token.group())
    return tuple(found), "".join(rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A condition that can be chosen."""

    condition: Condition
    told: str
    """What it does, in few words."""


_FIXED = (
    ("role", "you", "what you asked"),
    ("role", "assistant", "what was answered"),
    ("has", "code", "messages with a block of code"),
    ("has", "error", "replies that failed or ended early"),
    ("has", "attachment", "messages with a file"),
    ("in", "title", "only titles of conversations"),
    ("is", "pinned", "pinned conversations"),
    ("is", "archived", "archived conversations, which are left out else"),
    ("is", "trash", "deleted conversations, which are left out else"),
    ("is", "private", "private conversations"),
    ("is", "imported", "conversations of other programs"),
)


def offers(names: Mapping[str, Iterable[str]], today: date) -> list[Offer]:
    """What the chooser lists; `names` are known values by the name of a condition."""
    week = today - timedelta(days=6)
    listed = [
        *_FIXED,
        ("after", f"{today:%Y-%m-%d}", "today"),
        ("after", f"{week:%Y-%m-%d}", "the last seven days"),
        ("after", f"{today:%Y-%m}", "this month"),
        ("after", f"{today:%Y}", "this year"),
        ("before", f"{today:%Y}", "before this year"),
        *((name, value, "") for name in NAMES for value in dict.fromkeys(names.get(name, ()))),
    ]
    return [Offer(condition=Condition(name=name, value=value), told=told) for name, value, told in listed]


def narrowed(listed: Sequence[Offer], typed: str) -> list[Offer]:
    """Those that have every typed word somewhere; a condition that is typed as a whole comes first."""
    words = typed.casefold().split()
    kept = [one for one in listed if all(word in f"{one.condition.text} {one.told}".casefold() for word in words)]
    own, _ = taken_out(f"{typed.strip()} ")
    fresh = [Offer(condition=one, told="as typed") for one in own if all(one != known.condition for known in kept)]
    return [*fresh, *kept]
