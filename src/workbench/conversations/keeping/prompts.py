"""What was asked before, in all conversations, and how much a conversation's next prompt brings along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workbench.core.text import safe_for_storage
from workbench.storage.store import Store

_READ_AT_ONCE: Final = 200
_MOST_READ: Final = 5_000
"""Prompts that are looked through for `limit` different ones."""
_BEGINNING: Final = 400
"""Characters of a prompt that a list gets."""

_NEWEST = """
    select m.n, m.id, m.created_at, substr(m.text, 1, :beginning) as beginning, length(m.text) as characters,
      c.title, coalesce(json_extract(c.settings, '$.private'), 0) as private
    from messages m join conversations c on c.id = m.conversation_id
    where m.role = 'user' and m.n < :before and m.deleted_at is null and c.deleted_at is null
      and (:containing = '' or instr(lower(m.text), lower(:containing)) > 0)
    order by m.n desc limit :limit
"""
_BRANCH = """
    with recursive chosen(id) as (
      select case when :beside is null then coalesce(:after, c.active_leaf_id)
        else (select parent_id from messages where id = :beside and conversation_id = c.id) end
      from conversations c where c.id = :conversation
      union all
      select m.parent_id from chosen c join messages m on m.id = c.id where m.parent_id is not null
    )
    select count(*) as messages, coalesce(sum(length(m.text)), 0) as characters,
      coalesce(sum(length(cast(m.text as blob))), 0) as bytes
    from chosen join messages m on m.id = chosen.id
    where m.text != ''
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierPrompt:
    """Something that was asked."""

    message_id: str
    beginning: str
    """All of a short one; at most 400 characters."""
    characters: int
    """Of the whole prompt."""
    at_ms: int
    conversation: str
    """Title of the conversation it was asked in."""
    private: bool = False
    """Whether that conversation is private."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchSize:
    """What goes to the model before the next prompt."""

    messages: int = 0
    characters: int = 0
    bytes: int = 0
    """In UTF-8."""


class Prompts:
    """Reads prompts across conversations; deleted ones are left out."""

    def __init__(self, store: Store) -> None:
        """Prompts live in `store`."""
        self._store = store

    async def newest(self, *, limit: int = 100, containing: str = "") -> list[EarlierPrompt]:
        """At most `limit` different prompts, the newest first; those that contain a text, in either case (of ASCII).

        Raises StorageError.
        """
        found: dict[tuple[str, int], EarlierPrompt] = {}
        before, read = 2**62, 0
        while len(found) < limit and read < _MOST_READ:
            page = await self._store.read(_NEWEST, {
                "before": before, "containing": safe_for_storage(containing), "beginning": _BEGINNING,
                "limit": _READ_AT_ONCE,
            })  # fmt: skip
            for row in page:
                prompt = EarlierPrompt(
                    message_id=row["id"],
                    beginning=row["beginning"],
                    characters=row["characters"],
                    at_ms=row["created_at"],
                    conversation=row["title"],
                    private=bool(row["private"]),
                )
                found.setdefault((prompt.beginning, prompt.characters), prompt)
            if len(page) < _READ_AT_ONCE:
                break
            before, read = page[-1]["n"], read + len(page)
        return list(found.values())[:limit]

    async def branch_size(
        self, conversation_id: str, *, beside_id: str | None = None, after_id: str | None = None
    ) -> BranchSize:
        """How much the active branch of a conversation is; nothing for one that is not there. Raises StorageError.

        With `beside_id` it is what stands above that prompt: what goes along with another wording of it; with
        `after_id` the branch that ends at that message.
        """
        values = {"conversation": conversation_id, "beside": beside_id, "after": after_id}
        (row,) = await self._store.read(_BRANCH, values)
        return BranchSize(messages=row["messages"], characters=row["characters"], bytes=row["bytes"])
