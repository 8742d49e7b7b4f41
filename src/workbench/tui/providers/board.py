"""What the providers pane knows, and which row is looked at; no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.providers.health.values import ProviderDetail, ProviderStatus, RouteNow


class Board:
    """The rows in their order, the one under the cursor, and what goes on with them."""

    def __init__(self) -> None:
        """Nothing has been read."""
        self._statuses: list[ProviderStatus] = []
        self._order: tuple[str, ...] | None = None
        """The order somebody made that is not in what was read yet."""
        self._before: tuple[str, ...] | None = None
        """What `undo` goes back to."""
        self._moved = ""
        self._chosen = ""
        self._detail: ProviderDetail | None = None
        self.route: RouteNow | None = None
        self.has_read = False
        self.problem = ""
        """Why the figures could not be read last time; empty while all is well."""
        self.testing: set[str] = set()
        """Names of those that are being tested."""
        self.test_count = 0
        """How many the running test began with."""

    @property
    def rows(self) -> Sequence[ProviderStatus]:
        """All providers, in order of priority."""
        return tuple(self._statuses)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(status.name for status in self._statuses)

    @property
    def cursor(self) -> int:
        """Index of the row under the cursor; 0 when there is none."""
        names = self.names
        return names.index(self._chosen) if self._chosen in names else 0

    @property
    def current(self) -> ProviderStatus | None:
        """The row under the cursor."""
        return self._statuses[self.cursor] if self._statuses else None

    @property
    def detail(self) -> ProviderDetail | None:
        """What was read of the row under the cursor, if anything was."""
        detail, current = self._detail, self.current
        return detail if detail is not None and current is not None and detail.status.name == current.name else None

    def take(self, statuses: Sequence[ProviderStatus]) -> None:
        """Show what was read; the cursor stays on its provider, near its place when that one is gone."""
        place, name = self.cursor, self._chosen
        self._statuses = list(statuses)
        self._arrange()
        self.has_read, self.problem = True, ""
        if name not in self.names:
            self.move_to(place)

    def take_detail(self, detail: ProviderDetail | None) -> None:
        """What was read of one provider."""
        self._detail = detail

    def move_to(self, index: int) -> None:
        """Put the cursor on a row."""
        if self._statuses:
            self._chosen = self._statuses[min(max(index, 0), len(self._statuses) - 1)].name
            self._moved = ""

    def choose(self, name: str) -> None:
        """Put the cursor on a provider, at once or when it has been read."""
        self._chosen, self._moved = name, ""

    def _arrange(self) -> None:
        if self._order is not None:
            places = {name: place for place, name in enumerate(self._order)}
            self._statuses.sort(key=lambda status: places.get(status.name, len(places)))

    def move_row(self, step: int) -> tuple[str, ...] | None:
        """Move the row under the cursor; the new order of names, None at the ends.

        Moves of one row in a row are one step for `undo`.
        """
        order = list(self.names)
        place = self.cursor
        if not 0 <= place + step < len(order):
            return None
        name = order[place]
        if self._before is None or self._moved != name:
            self._before = tuple(order)
        order.insert(place + step, order.pop(place))
        self._put(tuple(order))
        self._chosen = self._moved = name
        return tuple(order)

    def undo(self) -> tuple[str, ...] | None:
        """Go back to the order before the last move; that order, None when nothing was moved."""
        before, self._before, self._moved = self._before, None, ""
        if before is None:
            return None
        known = self.names
        self._chosen = known[self.cursor] if known else ""
        order = (*(name for name in before if name in known), *(name for name in known if name not in before))
        self._put(order)
        return order

    def _put(self, order: tuple[str, ...]) -> None:
        self._order = order
        self._arrange()

    def order_settled(self) -> None:
        """What was ordered is stored, or refused: what is read next counts."""
        self._order = None

    def forget_undo(self) -> None:
        """Nothing can be taken back any more."""
        self._before, self._moved = None, ""
