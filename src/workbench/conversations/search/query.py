"""What somebody typed into a search field, as a value. Pure; no input is an error.

The language: `word`, `"a phrase"`, `begin*`, `-not`, and filters `name:value`, `-name:value`, `name:"two words"`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from workbench.conversations.search import terms
from workbench.conversations.values import Role
from workbench.core.text import safe_for_storage

LONGEST: Final = 1_000
"""Characters of a query that are read."""
MOST_TERMS: Final = 32
"""Words, phrases and filters that are read."""
SHORTEST_BEGINNING: Final = 3
"""Characters from which on the beginning of a word stands for all words that begin so."""

_ITEM: Final = re.compile(
    r'(?P<minus>-?)(?:(?P<name>[a-zA-Z]+):)?(?:"(?P<quoted>[^"]*)(?:"|$)(?P<after>\*?)|(?P<bare>\S*))'
)
_ROLES: Final = {
    "user": Role.USER, "you": Role.USER, "me": Role.USER, "human": Role.USER,
    "assistant": Role.ASSISTANT, "ai": Role.ASSISTANT, "model": Role.ASSISTANT,
    "system": Role.SYSTEM, "tool": Role.TOOL,
}  # fmt: skip
_HAS: Final = {
    "code": "code", "error": "error", "errors": "error", "attachment": "attachment", "attachments": "attachment",
    "file": "attachment",
}  # fmt: skip
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$")


class Flag(StrEnum):
    """What `is:` asks of a conversation."""

    PINNED = "pinned"
    ARCHIVED = "archived"
    TRASH = "trash"
    PRIVATE = "private"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word or a phrase."""

    text: str
    beginning: bool = False
    """Whether its last word is the beginning of one."""

    @property
    def mark(self) -> str:
        """The term as `marks_in` takes it."""
        return terms.leveled(self.text) + ("*" if self.beginning else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """`tag`, `folder` or `is`, and what it must or must not be."""

    name: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetFilter:
    """What a message must be or have, or must not: one of the values of one name."""

    name: str
    """`role`, `has`, `provider` or `model`."""
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search."""

    terms: tuple[Term, ...] = ()
    without: tuple[Term, ...] = ()
    facets: tuple[FacetFilter, ...] = ()
    filters: tuple[ConversationFilter, ...] = ()
    after_ms: int | None = None
    """Said at this moment or later."""
    before_ms: int | None = None
    """Said earlier."""
    in_title: bool = False
    notes: tuple[str, ...] = ()

    @property
    def for_conversations(self) -> bool:
        """Whether it is answered with conversations: it asks for no words of messages, no role, nothing they have."""
        of_messages = any(facet.name in ("role", "has") for facet in self.facets)
        return self.in_title or not (self.terms or self.without or of_messages)

    def flag(self, flag: Flag) -> bool:
        """Whether `is:` asks for it."""
        return any(f.name == "is" and f.value == flag and not f.negated for f in self.filters)


def parsed(text: str, *, typing: bool = False) -> Query:
    """The query that `text` is; with `typing` the last word may be the beginning of one. Dates are local ones."""
    text = safe_for_storage(text[:LONGEST])
    reading = _Reading()
    found = [item for item in _ITEM.finditer(text) if item[0].strip("-")]
    for item in found[:MOST_TERMS]:
        unfinished = typing and item is found[-1] and item.end() == len(text)
        reading.take(item, unfinished=unfinished)
    if len(found) > MOST_TERMS:
        reading.note(f"Only the first {MOST_TERMS} words and filters are used")
    return reading.query()


@dataclass(slots=True)
class _Reading:
    terms: list[Term] = field(default_factory=list[Term])
    without: list[Term] = field(default_factory=list[Term])
    facets: dict[tuple[str, bool], list[str]] = field(default_factory=dict[tuple[str, bool], list[str]])
    filters: list[ConversationFilter] = field(default_factory=list[ConversationFilter])
    after: list[int] = field(default_factory=list[int])
    before: list[int] = field(default_factory=list[int])
    in_title: bool = False
    notes: list[str] = field(default_factory=list[str])

    def note(self, text: str) -> None:
        """Say how something was taken."""
        if text not in self.notes:
            self.notes.append(text)

    def take(self, item: re.Match[str], *, unfinished: bool) -> None:
        """Read one word, phrase or filter."""
        name = (item["name"] or "").lower()
        quoted = item["quoted"] is not None
        value = item["quoted"] if quoted else item["bare"]
        if not name:
            self._word(value, item, unfinished=unfinished and not quoted)
            return
        reader = _FILTERS.get(name)
        if reader is None:
            if not (unfinished or value.startswith("/")):
                self.note(f"There is no filter {name}: - it was searched for as words")
        elif not value.strip():
            if not unfinished:
                self.note(f"{name}: needs a value")
            return
        elif (problem := reader(self, value.strip(), bool(item["minus"]))) is None or unfinished:
            return
        else:
            self.note(f"{problem} - it was searched for as words")
        self._word(f"{item['name']}:{value}", item, unfinished=unfinished and not quoted)

    def query(self) -> Query:
        """All that was read."""
        return Query(
            terms=tuple(self.terms),
            without=tuple(self.without),
            facets=tuple(
                FacetFilter(name=name, values=tuple(values), negated=negated)
                for (name, negated), values in self.facets.items()
            ),
            filters=tuple(self.filters),
            after_ms=max(self.after, default=None),
            before_ms=min(self.before, default=None),
            in_title=self.in_title,
            notes=tuple(self.notes),
        )

    def _word(self, value: str, item: re.Match[str], *, unfinished: bool) -> None:
        starred = bool(item["after"]) or (item["quoted"] is None and value.endswith("*"))
        text = value.rstrip("*") if starred else value
        if not terms.has_words(text):
            if text:
                self.note(f"Nothing can be searched for in {text}")
            return
        last_word = re.split(r"[\W_]+", text)[-1]
        beginning = (
            (starred or (unfinished and not item["minus"]))
            and len(last_word) >= SHORTEST_BEGINNING
            and not terms.stands_alone(last_word[-1])
        )
        (self.without if item["minus"] else self.terms).append(Term(text=text, beginning=beginning))

    def role(self, value: str, negated: bool) -> str | None:
        """Read `role:`; what is wrong with it."""
        role = _ROLES.get(value.lower())
        if role is None:
            return "role: is user, assistant, system or tool"
        return self._facet("role", role.value, negated)

    def has(self, value: str, negated: bool) -> str | None:
        """Read `has:`."""
        what = _HAS.get(value.lower())
        return self._facet("has", what, negated) if what is not None else "has: is code, error or attachment"

    def provider(self, value: str, negated: bool) -> str | None:
        """Read `provider:`."""
        return self._facet("provider", value, negated) if terms.has_words(value) else "provider: needs a name"

    def model(self, value: str, negated: bool) -> str | None:
        """Read `model:`."""
        return self._facet("model", value, negated) if terms.has_words(value) else "model: needs a name"

    def _facet(self, name: str, value: str, negated: bool) -> None:
        self.facets.setdefault((name, negated), []).append(value)

    def since(self, value: str, negated: bool) -> str | None:
        """Read `after:`."""
        return self._date("before" if negated else "after", value)

    def until(self, value: str, negated: bool) -> str | None:
        """Read `before:`."""
        return self._date("after" if negated else "before", value)

    def _date(self, name: str, value: str) -> str | None:
        moment = start_of(value)
        if moment is None:
            return f"{name}: is a year, a month or a day, e.g. 2026-10"
        (self.after if name == "after" else self.before).append(moment)
        return None

    def tag(self, value: str, negated: bool) -> str | None:
        """Read `tag:`."""
        self.filters.append(ConversationFilter(name="tag", value=value, negated=negated))
        return None

    def folder(self, value: str, negated: bool) -> str | None:
        """Read `folder:`."""
        self.filters.append(ConversationFilter(name="folder", value=value.strip("/"), negated=negated))
        return None

    def state(self, value: str, negated: bool) -> str | None:
        """Read `is:`."""
        if value.lower() not in list(Flag):
            return "is: is pinned, archived, trash or private"
        self.filters.append(ConversationFilter(name="is", value=value.lower(), negated=negated))
        return None

    def place(self, value: str, negated: bool) -> str | None:
        """Read `in:`."""
        if value.lower() != "title" or negated:
            return "in: is title"
        self.in_title = True
        return None


_FILTERS: Final[dict[str, Callable[[_Reading, str, bool], str | None]]] = {
    "role": _Reading.role,
    "has": _Reading.has,
    "provider": _Reading.provider,
    "model": _Reading.model,
    "after": _Reading.since,
    "before": _Reading.until,
    "tag": _Reading.tag,
    "folder": _Reading.folder,
    "is": _Reading.state,
    "in": _Reading.place,
}
FILTERS: Final = tuple(_FILTERS)
"""The names of all filters."""


def start_of(date: str) -> int | None:
    """Milliseconds since 1970 at which a local year (`2026`), month or day begins; None for what is none of these."""
    found = _DATE.match(date)
    if found is None:
        return None
    year, month, day = (int(part) if part else 1 for part in found.groups())
    try:
        return max(int(datetime(year, month, day).astimezone().timestamp() * 1000), 0)
    except (ValueError, OverflowError, OSError):
        return None
