"""Which events are shown: a value, the words it is written in, and its test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from workbench.core.events import Event, Level
from workbench.tui.events.pattern import PatternError, pattern_of
from workbench.tui.events.values import provider_of

if TYPE_CHECKING:
    from workbench.storage.event_log import EventQuery

LEVEL_NAMES = {Level.DEBUG: "debug", Level.INFO: "info", Level.WARNING: "warn", Level.ERROR: "error"}
_LEVELS = {name: level for level, name in LEVEL_NAMES.items()} | {"warning": Level.WARNING}
NAMES = ("level", "source", "conversation", "task", "provider", "turn")
"""What can stand before a colon, in the order of the chips."""
_SHORT_NAMES = {"conv": "conversation", "conversation_id": "conversation", "task_id": "task", "from": "source"}
TOO_SLOW = "takes too long to look for"
_MOST_OFFERED = 8
_KINDS = 500
_EXPRESSION = re.compile(r"/((?:[^/\\]|\\.)*\\?)/?")
"""Between slashes; the second one may still be missing."""


class FilterError(ValueError):
    """What was typed is no filter; the message says why, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Conditions that all must hold; what is empty asks for nothing."""

    level: Level = Level.DEBUG
    """The least level."""
    source: tuple[str, ...] = ()
    """Any of these parts of the program."""
    conversation: str = ""
    """An id or its beginning, as in the two that follow."""
    task: str = ""
    turn: str = ""
    provider: str = ""
    """The provider that the event names."""
    text: str = ""
    """Stands in its text or kind; case does not matter."""
    pattern: str = ""
    """Fits somewhere in its text, or in its kind; case does not matter."""

    @property
    def is_open(self) -> bool:
        """Whether it lets everything through."""
        return self == EventFilter()

    @property
    def is_too_slow(self) -> bool:
        """Whether its expression was given up, so that it lets through what does not fit. Raises `PatternError`."""
        return bool(self.pattern) and pattern_of(self.pattern).is_too_slow

    def test(self) -> Callable[[Event], bool]:
        """The test of a live event. Raises `PatternError`."""
        fits = self.text_test()

        def passes(event: Event) -> bool:
            return (
                event.severity >= self.level
                and (not self.source or event.source in self.source)
                and (event.conversation_id or "").startswith(self.conversation)
                and (event.task_id or "").startswith(self.task)
                and event.correlation.startswith(self.turn)
                and (not self.provider or provider_of(event) == self.provider)
                and (fits is None or fits(event.text(), event.kind))
            )

        return passes

    def text_test(self) -> Callable[[str, str], bool] | None:
        """The test of text and kind; None when neither matters. Raises `PatternError`."""
        needle = self.text.casefold()
        pattern = pattern_of(self.pattern) if self.pattern else None
        if pattern is None and not needle:
            return None
        # Kinds are few, and a search costs as much for one of them as for a text.
        found_in_kind = lru_cache(maxsize=_KINDS)(pattern.found_in) if pattern is not None else None

        def fits(text: str, kind: str) -> bool:
            if needle and needle not in f"{text} {kind}".casefold():
                return False
            return pattern is None or found_in_kind is None or pattern.found_in(text) or found_in_kind(kind)

        return fits

    def query(self) -> EventQuery:
        """The same for the stored events. Raises `PatternError`."""
        from workbench.storage.event_log import EventQuery

        # SQLite knows the case of ASCII letters only, and no expressions.
        in_python = bool(self.pattern) or not self.text.isascii()
        return EventQuery(
            level=self.level if self.level > Level.DEBUG else None, sources=self.source,
            conversation_id=self.conversation, task_id=self.task, correlation=self.turn, provider=self.provider,
            text="" if in_python else self.text, fits=self.text_test() if in_python else None,
        )  # fmt: skip

    def __str__(self) -> str:
        """As it is typed; `parse` reads it."""
        return " ".join(chip.typed for chip in chips(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One condition as it is shown."""

    name: str
    """One of `NAMES`, `text` or `pattern`."""
    value: str
    typed: str
    """As it is typed."""


def chips(chosen: EventFilter) -> list[Chip]:
    """The conditions of a filter."""
    values = {
        "level": LEVEL_NAMES[chosen.level] if chosen.level > Level.DEBUG else "",
        "source": ",".join(chosen.source), "conversation": chosen.conversation, "task": chosen.task,
        "provider": chosen.provider, "turn": chosen.turn,
    }  # fmt: skip
    found = [
        Chip(name=name, value=value, typed=f"{name}:{_quoted(value)}") for name, value in values.items() if value
    ]  # fmt: skip
    if chosen.pattern:
        found.append(Chip(name="pattern", value=f"/{chosen.pattern}/", typed=f"/{chosen.pattern}/"))
    if chosen.text:
        found.append(Chip(name="text", value=chosen.text, typed=_quoted(chosen.text, text=True)))
    return found


def without(chosen: EventFilter, name: str) -> EventFilter:
    """The filter without one of its chips."""
    return replace(chosen, **{name: getattr(EventFilter(), name)})


def next_level(level: Level) -> Level:
    """The level above, after the highest the lowest."""
    levels = sorted(LEVEL_NAMES)
    return levels[(levels.index(level) + 1) % len(levels)]


def parse(typed: str) -> EventFilter:
    """`level:warn source:provider,chat provider:openai "too many" /4[0-9]+/` as a filter. Raises `FilterError`."""
    values: dict[str, object] = {}
    words: list[str] = []
    for token in _tokens(typed):
        expression = _EXPRESSION.fullmatch(token)
        if expression is not None:
            try:
                known = pattern_of(expression[1])
            except PatternError as error:
                raise FilterError(f"{token}: {error}") from None
            if known.is_too_slow:
                raise FilterError(f"{token}: {TOO_SLOW}")
            values["pattern"] = expression[1]
            continue
        name, colon, value = token.partition(":")
        name = _SHORT_NAMES.get(name.lower(), name.lower())
        if not colon or name not in NAMES:
            words.append(_unquoted(token))
        elif value := _unquoted(value):
            values[name] = _value(name, value)
    if words:
        values["text"] = " ".join(words)
    return replace(EventFilter(), **values)


def _value(name: str, value: str) -> object:
    if name == "source":
        return tuple(dict.fromkeys(part for part in value.split(",") if part))
    if name != "level":
        return value
    level = _LEVELS.get(value.lower().lstrip(">=≥"))
    if level is None:
        raise FilterError(f"level:{value}: a level is debug, info, warn or error")
    return level


def _tokens(typed: str) -> list[str]:
    """Split at blanks outside of quotes and of an expression, which goes to its second slash or to the end."""
    tokens: list[str] = []
    word, within = "", ""
    for character in typed:
        if within:
            word += character
            # A slash ends an expression only where a word could end: `/a\/b/` has one inside.
            if character == within and not (within == "/" and word.endswith("\\/")):
                within = ""
        elif character.isspace():
            tokens.append(word)
            word = ""
        else:
            if character == '"' or (character == "/" and not word):
                within = character
            word += character
    return [token for token in (*tokens, word) if token]


def _quoted(value: str, *, text: bool = False) -> str:
    marked = text and (value.partition(":")[0].lower() in NAMES or value.startswith("/"))
    return f'"{value}"' if marked or not value or any(map(str.isspace, value)) else value


def _unquoted(value: str) -> str:
    return value.replace('"', "")


@dataclass(slots=True)
class KnownNames:
    """Names that events have had, for completion."""

    names: dict[str, dict[str, None]] = field(default_factory=lambda: {name: {} for name in NAMES})

    def learn(self, events: Iterable[Event]) -> None:
        """Remember what these name."""
        sources, conversations = self.names["source"], self.names["conversation"]
        for event in events:
            sources[event.source] = None
            if event.conversation_id:
                conversations[event.conversation_id] = None
            if event.task_id:
                self.names["task"][event.task_id] = None
            if provider := provider_of(event):
                self.names["provider"][provider] = None


def completions(typed: str, known: Mapping[str, Iterable[str]]) -> Sequence[str]:
    """Whole texts that the last word of `typed` could be completed to, the likeliest first."""
    start = typed.rfind(" ") + 1
    before, word = typed[:start], typed[start:]
    name, colon, value = word.partition(":")
    if not colon:
        offered = [f"{before}{each}:" for each in NAMES if word and each.startswith(word.lower()) and each != word]
        return offered[:_MOST_OFFERED]
    name = _SHORT_NAMES.get(name.lower(), name.lower())
    values = list(LEVEL_NAMES.values()) if name == "level" else list(known.get(name, ()))
    head, comma, last = value.rpartition(",") if name == "source" else ("", "", value)
    fitting = [each for each in values if each.lower().startswith(last.lower()) and each != last]
    fitting += [each for each in values if last and last.lower() in each.lower()[1:] and each not in fitting]
    return [f"{before}{name}:{head}{comma}{_quoted(each)}" for each in fitting[:_MOST_OFFERED]]
