"""The places of messages: one integer that grows with time, and down every branch."""

from __future__ import annotations

from workbench.storage.schema import PLACES_A_SECOND
from workbench.storage.transaction import Transaction

_SOME = 256
"""Places that are looked at in one read."""

_FIRST = """
    select max(:wanted, coalesce((select max(n) + 1 from messages where conversation_id = :conversation), 0)) as n
"""
_TAKEN = "select n from messages where n >= ? order by n limit ?"


def first_place_of(at_ms: int) -> int:
    """The first place of the second in which `at_ms` lies: no message of a later one has a smaller place."""
    return max(at_ms, 0) // 1000 * PLACES_A_SECOND


async def place_of(transaction: Transaction, conversation_id: str, at_ms: int) -> int:
    """A free place for a message of `at_ms`, after all others of its conversation.

    `at_ms` is in milliseconds since 1970. Where the clock was set back, or a second is full, the place is that of a
    later second: order comes before time.
    """
    values = {"wanted": first_place_of(at_ms), "conversation": conversation_id}
    place = int((await transaction.fetch(_FIRST, values))[0]["n"])
    return await free_place(transaction, place)


async def free_place(transaction: Transaction, place: int) -> int:
    """The first place from `place` on that no message has."""
    while True:
        taken = [row["n"] for row in await transaction.fetch(_TAKEN, (place, _SOME))]
        for n in taken:
            if n != place:
                return place
            place += 1
        if len(taken) < _SOME:
            return place
