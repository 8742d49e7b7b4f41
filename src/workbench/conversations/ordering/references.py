"""What a person typed for a conversation: its id, or a unique part of the beginning."""

from __future__ import annotations

from workbench.conversations.keeping import rows
from workbench.conversations.values import Conversation
from workbench.core.errors import NotFoundError
from workbench.core.ids import ALPHABET
from workbench.core.text import clean_line
from workbench.storage.store import Store


async def conversation_named(store: Store, reference: str, by_prefix: str, *, title: str, hint: str) -> Conversation:
    """The one conversation that `by_prefix` (a query of `rows`) finds for `reference`.

    Raises NotFoundError, with `title` and `hint`, when there is none, and when there are several.
    """
    prefix = reference.strip().lower()
    if not prefix or set(prefix) - set(ALPHABET):
        raise NotFoundError(title, detail=clean_line(reference), hint=hint)
    found = await store.read(by_prefix, {"low": prefix, "high": f"{prefix}~"})
    if len(found) > 1 and found[0]["id"] != prefix:
        some = ", ".join(row["id"] for row in found)
        raise NotFoundError("Several conversations begin like this", detail=some, hint="Type more of the id")
    if not found:
        raise NotFoundError(title, detail=clean_line(reference), hint=hint)
    return rows.conversation_of(found[0])
