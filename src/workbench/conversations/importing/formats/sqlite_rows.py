"""What the formats that are SQLite databases share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from workbench.conversations.importing.format import Outcome
from workbench.conversations.importing.limits import MESSAGES
from workbench.conversations.importing.shaping import text_of
from workbench.conversations.importing.values import ImportedConversation, MalformedError, Trouble
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


def chats_of(
    database: ForeignDatabase, conversation_of: Callable[[Row, list[Row]], ImportedConversation]
) -> Iterator[Outcome]:
    """The chats of a database with the tables `chat` and `message`; those without messages are left out."""
    for chat_id, rows in grouped(database, "select * from message order by chat_id, id", "chat_id"):
        for chat in database.rows("select * from chat where id = ?", (chat_id,)):
            try:
                yield conversation_of(chat, rows)
            except MalformedError as error:
                yield Trouble(text=f"chat {text_of(chat_id)}: {error}")
