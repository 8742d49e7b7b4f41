"""SQLite's full-text index in memory, with the tokenizer of the real one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from workbench.conversations.search.terms import spaced

TABLE = """
    create virtual table messages_fts using fts5(
      text, facets, content='', tokenize='porter unicode61 remove_diacritics 2'
    )
"""


@contextmanager
def full_text(texts: Sequence[str] = (), facets: str = "") -> Iterator[sqlite3.Connection]:
    """An index of these texts, numbered from 1, all with the same facets; and a view of its words."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(TABLE)
        connection.execute("create virtual table words using fts5vocab(messages_fts, 'instance')")
        connection.executemany(
            "insert into messages_fts(rowid, text, facets) values (?, ?, ?)",
            [(number, spaced(text), facets) for number, text in enumerate(texts, 1)],
        )
        yield connection
    finally:
        connection.close()


def matching(connection: sqlite3.Connection, expression: str) -> set[int]:
    """The numbers of the texts that a MATCH expression finds."""
    return {
        row[0] for row in connection.execute("select rowid from messages_fts where messages_fts match ?", (expression,))
    }
