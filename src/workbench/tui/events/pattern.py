"""Regular expressions that people type, on the `regex` package: its search can be told to end."""

from __future__ import annotations

import math
import re
import warnings
from functools import lru_cache

TEXT_LIMIT = 500
"""Characters of a text that are looked at."""
PATTERN_LIMIT = 200
"""The longest expression."""
_TIMEOUT_S = 0.01
"""An ordinary expression needs a thousandth of it for the longest text."""
_TRIES = 3
"""The time is that of the clock: on a busy machine any search may run out of it once."""
_MOST_REPEATS = 10_000
"""Repetitions are copied while an expression is compiled, which no time limit ends."""
_REPEAT = re.compile(r"\{([\d\s,]+)\}")


class PatternError(ValueError):
    """The expression cannot be used; the message says why, for people."""


class Pattern:
    """A compiled expression; case does not matter. May be used on several threads."""

    def __init__(self, source: str) -> None:
        """Raises `PatternError`."""
        import regex

        if len(source) > PATTERN_LIMIT:
            raise PatternError(f"longer than {PATTERN_LIMIT} characters")
        counts = ("".join(bounds.split()).rpartition(",") for bounds in _REPEAT.findall(source))
        if math.prod(max(int(most or least or 1), 1) for least, _, most in counts) > _MOST_REPEATS:
            raise PatternError("too large: repeat less")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._compiled = regex.compile(source, regex.IGNORECASE)
        except (regex.error, RecursionError, OverflowError, ValueError) as error:
            raise PatternError(str(error)) from None
        self.is_too_slow = False
        """A search ran out of time. It has been given up: everything fits from then on."""

    def found_in(self, text: str) -> bool:
        """Whether it fits anywhere in the first 500 characters of `text`."""
        for _ in range(_TRIES):
            if self.is_too_slow:
                return True
            try:
                return self._compiled.search(text[:TEXT_LIMIT], timeout=_TIMEOUT_S, concurrent=True) is not None
            except TimeoutError:
                continue
        self.is_too_slow = True
        return True


@lru_cache(maxsize=32)
def pattern_of(source: str) -> Pattern:
    """The one `Pattern` of an expression, so that all who use it know when it is too slow. Raises `PatternError`."""
    return Pattern(source)
