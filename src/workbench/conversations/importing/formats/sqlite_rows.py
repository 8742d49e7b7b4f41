"""What the formats that are SQLite databases share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from workbench.conversations.importing.limits import MESSAGES
from workbench.storage.foreign import ForeignDatabase
from workbench.storage.transaction import Row


def cell(row: Row, name: str) -> object:
    """A column of a row, None where the table has none of that name."""
    names = row.keys()
    return row[name] if name in names else None


def grouped(database: ForeignDatabase, sql: str, column: str) -> Iterator[tuple[object, list[Row]]]:
    """The rows of a query that is sorted by `column`, those of each of its values together."""
    for value, rows in groupby(database.rows(sql), key=lambda row: row[column]):
        taken: list[Row] = []
        for row in rows:
            # One more than a conversation may have tells that it has too many.
            if len(taken) <= MESSAGES:
                taken.append(row)
        yield value, taken
