"""Putting conversations in order: titles, pins, tags, folders, the archive. Every change can be taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.conversations.keeping.writes import no_conversation, one_line
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import UsageError
from workbench.core.history_events import TOLD, ConversationsOrganized
from workbench.core.text import folded
from workbench.storage.store import Store
from workbench.storage.transaction import Row, Transaction

LONGEST_TITLE = 200
LONGEST_TAG = 60
MOST_TAGS = 50
LONGEST_FOLDER = 200
AT_ONCE = 200
"""Conversations of one read."""

_READ = """
    select id, title, titled_by, pinned, tags, folder, archived_at from conversations
    where id in (select value from json_each(?)) and deleted_at is null
"""
_WRITE = """
    update conversations set title = ?, title_folded = ?, titled_by = ?, pinned = ?, tags = ?, folder = ?,
      archived_at = ?
    where id = ?
"""
_TAGS = """
    select value as name, count(*) as count from conversations, json_each(tags) where deleted_at is null
    group by value order by count(*) desc, value limit 500
"""
_FOLDERS = """
    select folder as name, count(*) as count from conversations where folder is not null and deleted_at is null
    group by folder order by folder limit 500
"""
_INSIDE = """
    select id from conversations
    where deleted_at is null and (folder = :folder or substr(folder, 1, length(:folder) + 1) = :folder || '/')
      and id > :after order by id limit :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How one conversation is put in order; given back by every change as it was before, for `Organizer.put_back`."""

    conversation_id: str
    title: str
    titled_by: str
    """Who chose the title: `prompt`, `user`, `model` or `import`."""
    pinned: bool
    tags: tuple[str, ...]
    folder: str | None
    archived_at_ms: int | None


Before = tuple[Placement, ...]
"""The placements of the conversations that a change has altered, as they were."""


class Organizer:
    """Changes how conversations are ordered, several at once; nothing of what was said is touched.

    All methods raise UsageError for what cannot be a name, NotFoundError for a conversation that is not there (nothing
    is changed then), StorageError.
    """

    def __init__(self, store: Store, clock: Clock, bus: EventBus) -> None:
        """Of the conversations in `store`; changes are told on `bus`."""
        self._store = store
        self._clock = clock
        self._bus = bus

    async def rename(
        self, conversation_id: str, title: str, *, by: str = "user", instead_of: str | None = None
    ) -> Before:  # fmt: skip
        """Give a conversation another title, on one line; with `instead_of` only while the one it has is by that."""
        line = one_line(title, LONGEST_TITLE)
        if not line:
            raise UsageError("A title needs a letter", hint="Type some words")

        def change(was: Placement) -> Placement:
            return was if instead_of not in (None, was.titled_by) else replace(was, title=line, titled_by=by)

        what = "renamed" if by == "user" else f"titled by a {by}"
        return await self._change([conversation_id], what, change)

    async def pin(self, conversation_ids: Sequence[str], *, pinned: bool = True) -> Before:
        """Let conversations stand first in lists, or no longer."""
        what = "pinned" if pinned else "unpinned"
        return await self._change(conversation_ids, what, lambda was: replace(was, pinned=pinned))

    async def tag(
        self, conversation_ids: Sequence[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Before:  # fmt: skip
        """Give conversations these tags and take those away; tags that differ in case or accents only are the same."""
        added = [tag_of(tag) for tag in add]
        removed = {folded(tag_of(tag)) for tag in remove}

        def change(was: Placement) -> Placement:
            kept = [tag for tag in was.tags if folded(tag) not in removed]
            spelled: dict[str, str] = {}
            for tag in (*kept, *added):
                spelled.setdefault(folded(tag), tag)
            kept = list(spelled.values())
            if len(kept) > MOST_TAGS:
                raise UsageError(f"A conversation has at most {MOST_TAGS} tags", hint="Take another one away first")
            return replace(was, tags=tuple(kept))

        return await self._change(conversation_ids, "tagged", change)

    async def move(self, conversation_ids: Sequence[str], folder: str | None) -> Before:
        """Lay conversations into a folder such as `work/rust`, or, with None, into none."""
        target = None if folder is None else folder_of(folder)
        return await self._change(conversation_ids, "moved", lambda was: replace(was, folder=target))

    async def rename_folder(self, folder: str, new: str | None) -> Before:
        """Move all conversations of a folder, and of those inside it, to `new`; with None into no folder."""
        old, target = folder_of(folder), None if new is None else folder_of(new)

        def change(was: Placement) -> Placement:
            inside = (was.folder or "")[len(old) :]
            moved = None if target is None else folder_of(target + inside)
            return replace(was, folder=moved)

        ids: list[str] = []
        page = [""]
        while page:
            values = {"folder": old, "after": page[-1], "limit": AT_ONCE}
            page = [row["id"] for row in await self._store.read(_INSIDE, values)]
            ids += page
        return await self._change(ids, "moved", change)

    async def archive(self, conversation_ids: Sequence[str], *, archived: bool = True) -> Before:
        """Leave conversations out of lists, but not out of searches with `is:archived`; or take them back in."""
        now = self._clock.now_ms() if archived else None

        def change(was: Placement) -> Placement:
            return was if archived and was.archived_at_ms is not None else replace(was, archived_at_ms=now)

        return await self._change(conversation_ids, "archived" if archived else "taken out of the archive", change)

    async def put_back(self, before: Before) -> Before:
        """Undo a change: everything is as it was. Gives what undoes that."""
        were = {placement.conversation_id: placement for placement in before}
        return await self._change(list(were), "put back", lambda now: were[now.conversation_id])

    async def titled_by(self, conversation_id: str) -> str | None:
        """Who chose the title, as in `Placement`; None when there is no such conversation."""
        found = await self._store.read(_READ, (json.dumps([conversation_id]),))
        return found[0]["titled_by"] if found else None

    async def tags(self) -> dict[str, int]:
        """The tags in use and how many conversations have each, the most used first; at most 500."""
        return {row["name"]: row["count"] for row in await self._store.read(_TAGS)}

    async def folders(self) -> dict[str, int]:
        """The folders in use and how many conversations lie in each, by name; at most 500."""
        return {row["name"]: row["count"] for row in await self._store.read(_FOLDERS)}

    async def _change(self, ids: Sequence[str], what: str, change: Callable[[Placement], Placement]) -> Before:
        wanted = list(dict.fromkeys(ids))

        async def work(transaction: Transaction) -> Before:
            before: list[Placement] = []
            for start in range(0, len(wanted), AT_ONCE):
                before += await _changed(transaction, wanted[start : start + AT_ONCE], change)
            return tuple(before)

        before = await self._store.write(work) if wanted else ()
        if before:
            altered = tuple(placement.conversation_id for placement in before)
            self._bus.publish(ConversationsOrganized(what=what, conversations=altered[:TOLD], count=len(altered)))
        return before


def tag_of(text: str) -> str:
    """`text` as a tag: one line without commas, at most 60 characters; raises UsageError."""
    tag = one_line(text.strip().removeprefix("#"), LONGEST_TAG + 1).strip()
    if not tag or "," in tag or len(tag) > LONGEST_TAG:
        raise UsageError("This cannot be a tag", detail=tag, hint=f"1 to {LONGEST_TAG} characters, without commas")
    return tag


def folder_of(text: str) -> str:
    """`text` as a folder: names between slashes, none of them empty; raises UsageError."""
    names = [name for name in (one_line(part, LONGEST_FOLDER + 1).strip() for part in text.split("/")) if name]
    folder = "/".join(names)
    if not folder or len(folder) > LONGEST_FOLDER:
        hint = f"A name such as work/rust, at most {LONGEST_FOLDER} characters"
        raise UsageError("This cannot be a folder", detail=one_line(text, LONGEST_TAG), hint=hint)
    return folder


async def _changed(
    transaction: Transaction, ids: Sequence[str], change: Callable[[Placement], Placement]
) -> list[Placement]:
    found = {row["id"]: _placement_of(row) for row in await transaction.fetch(_READ, (json.dumps(ids),))}
    before: list[Placement] = []
    for id_ in ids:
        if id_ not in found:
            raise no_conversation(id_)
        was, now = found[id_], change(found[id_])
        if now != was:
            before.append(was)
            await transaction.execute(_WRITE, _values_of(now))
    return before


def _placement_of(row: Row) -> Placement:
    return Placement(
        conversation_id=row["id"],
        title=row["title"],
        titled_by=row["titled_by"],
        pinned=bool(row["pinned"]),
        tags=tuple(json.loads(row["tags"])),
        folder=row["folder"],
        archived_at_ms=row["archived_at"],
    )


def _values_of(placement: Placement) -> tuple[object, ...]:
    return (
        placement.title,
        folded(placement.title),
        placement.titled_by,
        int(placement.pinned),
        json.dumps(placement.tags, ensure_ascii=False),
        placement.folder,
        placement.archived_at_ms,
        placement.conversation_id,
    )
