"""A value that must never be seen: masked wherever Python would show it."""

from __future__ import annotations

import hmac

MASK = "••••"
_SHOWN = 4
_LONG_ENOUGH_TO_SHOW = 12


class Secret:
    """Holds a key; `reveal()` is the only way to its value.

    `repr`, `str`, `format`, `json.dumps(default=str)` and `pickle` give a mask.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap `value`."""
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one call that needs it."""
        return self._value

    def tail(self) -> str:
        """At most the last four characters, for telling keys apart; a short key shows none."""
        return f"…{self._value[-_SHOWN:]}" if len(self._value) >= _LONG_ENOUGH_TO_SHOW else MASK

    def __repr__(self) -> str:
        """A mask."""
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        """A mask."""
        return MASK

    def __format__(self, spec: str) -> str:
        """A mask, whatever the format says."""
        return MASK

    def __bool__(self) -> bool:
        """Whether there is any value."""
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Equal values, compared in constant time."""
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes(), other._bytes())

    def _bytes(self) -> bytes:
        # Variables that are no UTF-8 reach Python with lone surrogates.
        return self._value.encode("utf-8", "surrogatepass")

    def __hash__(self) -> int:
        """Of the value, so that equal secrets are one set member."""
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        """Itself: a secret does not change."""
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        """Itself, so that `dataclasses.asdict` neither masks nor doubles it."""
        return self

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        """Pickle the mask: what is written down never holds the value."""
        return (Secret, (MASK,))
