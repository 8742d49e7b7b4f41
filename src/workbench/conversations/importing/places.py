"""Places in time for messages that come all at once."""

from __future__ import annotations

import json
from collections.abc import Sequence

from workbench.conversations.branching.placing import free_place
from workbench.storage.transaction import Transaction

_TAKEN = "select m.n as n from json_each(?) w cross join messages m on m.n = w.value"


class Places:
    """Finds free places near those that are wanted; remembers which stretches are full."""

    def __init__(self) -> None:
        """Knows of none yet."""
        self._full: dict[int, int] = {}
        """From a place that is taken to one after which there may be a free one."""

    async def find(self, transaction: Transaction, wanted: Sequence[Sequence[int]]) -> list[list[int]]:
        """For each row of wanted places free ones, growing, none before what is wanted."""
        while True:
            found = self._tried(wanted)
            everything = json.dumps([place for row in found for place in row])
            taken = [row["n"] for row in await transaction.fetch(_TAKEN, (everything,))]
            if not taken:
                return found
            for place in taken:
                if place not in self._full:
                    self._full[place] = await free_place(transaction, place)

    def _tried(self, wanted: Sequence[Sequence[int]]) -> list[list[int]]:
        used: set[int] = set()
        found: list[list[int]] = []
        for row in wanted:
            last = -1
            places: list[int] = []
            for want in row:
                last = self._free(max(want, last + 1), used)
                used.add(last)
                places.append(last)
            found.append(places)
        return found

    def _free(self, place: int, used: set[int]) -> int:
        while place in self._full or place in used:
            way: list[int] = []
            while (after := self._full.get(place)) is not None:
                way.append(place)
                place = after
            # So that the way over many full stretches is gone once.
            self._full |= dict.fromkeys(way, place)
            if place in used:
                place += 1
        return place
