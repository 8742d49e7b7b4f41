"""Regular expressions that take time in proportion to the text, whatever the expression.

Python's own engine backtracks: `(a+)+$` against forty letters never ends, and holds the interpreter meanwhile. This one
keeps the set of places an expression can be at (Thompson 1968) and remembers which set follows on which character, so
it looks at each character once. What cannot be matched that way (look-around, back references) is refused.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field

TEXT_LIMIT = 500
"""Characters of a text that are looked at."""
PATTERN_LIMIT = 200
"""The longest expression."""
_LARGEST_PROGRAM = 300
_MOST_REMEMBERED = 20_000
"""Transitions kept; beyond, they are found anew."""

_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|.)", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_QUANTIFIER = re.compile(r"([*+?])|\{(\d*)(,?)(\d*)\}")
_GROUP = re.compile(r"\((?:\?:|\?P<\w+>|(?!\?))")
_FLAGS = re.compile(r"\(\?[ims]+\)")
_ASSERTIONS = {"^": "start", "$": "end", r"\A": "start", r"\Z": "end", r"\b": "border", r"\B": "no border"}


class PatternError(ValueError):
    """The expression cannot be used; the message says why, for people."""


@dataclass(slots=True)
class _State(dict[str, "_State"]):
    """Where an expression can be before a character; the items are the states that follow on each."""

    places: frozenset[int]
    after_word: bool
    at_start: bool
    found: bool = False
    found_at_end: bool | None = None


_FOUND = _State(frozenset(), after_word=False, at_start=False, found=True)


@dataclass(slots=True)
class _Place:
    """One step of the program: a character to take, an assertion to hold, or a fork; the last one takes nothing."""

    takes: re.Pattern[str] | None = None
    holds: str = ""
    then: list[int] = field(default_factory=list[int])


class Pattern:
    """A compiled expression; case does not matter."""

    def __init__(self, source: str) -> None:
        """Raises `PatternError`."""
        if len(source) > PATTERN_LIMIT:
            raise PatternError(f"longer than {PATTERN_LIMIT} characters")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                re.compile(source)
        except (re.error, RecursionError, OverflowError) as error:
            raise PatternError(str(error)) from None
        self.source = source
        self._places, self._first = _Compiler(source).program()
        self._known: dict[tuple[frozenset[int], bool, bool], _State] = {}
        self._remembered = 0

    def found_in(self, text: str) -> bool:
        """Whether it fits anywhere in the first 500 characters of `text`."""
        state = self._state(frozenset([self._first]), after_word=False, at_start=True)
        for character in text[:TEXT_LIMIT]:
            following = state.get(character)
            if following is None:
                following = self._follow(state, character)
            if following.found:
                return True
            state = following
        if state.found_at_end is None:
            state.found_at_end = self._reach(state, None) is None
        return state.found_at_end

    def _state(self, places: frozenset[int], *, after_word: bool, at_start: bool) -> _State:
        key = (places, after_word, at_start)
        state = self._known.get(key)
        if state is None:
            state = self._known[key] = _State(places, after_word, at_start)
        return state

    def _follow(self, state: _State, character: str) -> _State:
        self._remembered += 1
        if self._remembered > _MOST_REMEMBERED:
            self._remembered = 0
            self._known.clear()
            # A state in use keeps what it knows; only what it leads to would be kept alive by that.
            state.clear()
        reached = self._reach(state, character)
        if reached is None:
            following = _FOUND
        else:
            taken = [self._places[place] for place in reached]
            after = [one.then[0] for one in taken if one.takes is not None and one.takes.fullmatch(character)]
            following = self._state(
                frozenset([self._first, *after]), after_word=_is_word(character), at_start=False
            )  # fmt: skip
        state[character] = following
        return following

    def _reach(self, state: _State, following: str | None) -> set[int] | None:
        """The places that take a character, reached from `state` before `following`; None when the end is reached."""
        border = state.after_word != (following is not None and _is_word(following))
        holding = {"start": state.at_start, "end": following is None, "border": border, "no border": not border}
        waiting, seen, taking = list(state.places), set[int](), set[int]()
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            place = self._places[number]
            if place.takes is not None:
                taking.add(number)
            elif not place.then:
                return None
            elif not place.holds or holding[place.holds]:
                waiting.extend(place.then)
        return taking


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """A piece of an expression: a character to `take`, an assertion to `hold`, a row, a choice, or a repetition."""

    kind: str
    text: str = ""
    parts: tuple[_Tree, ...] = ()
    least: int = 0
    most: int | None = None


class _Compiler:
    """Reads an expression that Python's own engine accepts."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._places: list[_Place] = []

    def program(self) -> tuple[list[_Place], int]:
        """The places, and the first one."""
        flags = _FLAGS.match(self._source)
        if flags is not None:
            self._at = flags.end()
        tree = self._either()
        if self._at < len(self._source):
            raise PatternError("unbalanced parenthesis")
        end = self._place(_Place())
        return self._places, self._emit(tree, end)

    def _either(self) -> _Tree:
        branches = [self._row()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._row())
        return _Tree(kind="either", parts=tuple(branches)) if len(branches) > 1 else branches[0]

    def _row(self) -> _Tree:
        parts: list[_Tree] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return _Tree(kind="row", parts=tuple(parts))

    def _repeated(self, tree: _Tree) -> _Tree:
        while (found := _QUANTIFIER.match(self._source, self._at)) is not None:
            sign, least, comma, most = found.groups()
            if sign is None and not least and not most:
                # Braces around nothing are braces.
                break
            self._at = found.end()
            if self._peek() == "+":
                raise PatternError("possessive quantifiers are not available")
            if self._peek() == "?":
                # Lazy or greedy decides how much is taken, not whether it fits.
                self._at += 1
            if sign is not None:
                bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
            else:
                low = int(least or 0)
                bounds = (low, (int(most) if most else None) if comma else low)
            tree = _Tree(kind="repeat", parts=(tree,), least=bounds[0], most=bounds[1])
        return tree

    def _atom(self) -> _Tree:
        character = self._peek()
        if character == "(":
            return self._group()
        token = character
        if character in "\\[":
            found = (_ESCAPE if character == "\\" else _CLASS).match(self._source, self._at)
            token = found[0] if found is not None else character
        self._at += len(token)
        if token in _ASSERTIONS:
            return _Tree(kind="hold", text=_ASSERTIONS[token])
        if len(token) > 1 and token[0] == "\\" and token[1].isdigit():
            raise PatternError("back references are not available")
        return _Tree(kind="take", text=re.escape(token) if token in "{}]" else token)

    def _group(self) -> _Tree:
        opened = _GROUP.match(self._source, self._at)
        if opened is None:
            raise PatternError("look-around, conditions and inner flags are not available")
        self._at = opened.end()
        tree = self._either()
        self._at += 1
        return tree

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _place(self, place: _Place) -> int:
        if len(self._places) >= _LARGEST_PROGRAM:
            raise PatternError("too large: repeat less")
        self._places.append(place)
        return len(self._places) - 1

    def _emit(self, tree: _Tree, then: int) -> int:
        """Write the places of `tree`, before place `then`; the number of the first one."""
        match tree.kind:
            case "take":
                return self._place(_Place(takes=_taker(tree.text), then=[then]))
            case "hold":
                return self._place(_Place(holds=tree.text, then=[then]))
            case "either":
                return self._place(_Place(then=[self._emit(branch, then) for branch in tree.parts]))
            case "repeat":
                return self._emit_repeat(tree.parts[0], tree.least, tree.most, then)
            case _:
                for part in reversed(tree.parts):
                    then = self._emit(part, then)
                return then

    def _emit_repeat(self, inner: _Tree, least: int, most: int | None, then: int) -> int:
        if max(least, most or 0) > _LARGEST_PROGRAM:
            raise PatternError("too large: repeat less")
        if most is None:
            loop = self._place(_Place())
            self._places[loop].then = [self._emit(inner, loop), then]
            then = loop
        else:
            for _ in range(most - least):
                then = self._place(_Place(then=[self._emit(inner, then), then]))
        for _ in range(least):
            then = self._emit(inner, then)
        return then


def _taker(token: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(token, re.IGNORECASE)
