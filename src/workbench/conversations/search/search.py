"""Searching everything that was ever said: from the disk, and nowhere else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from workbench.conversations.keeping import rows
from workbench.conversations.search import statements
from workbench.conversations.search.query import Query, parsed
from workbench.conversations.search.snippets import marks_in, snippet_of
from workbench.conversations.search.values import COUNTED, SearchHit, SearchOrder, SearchPage
from workbench.conversations.values import Conversation, MessageState, Role
from workbench.storage.store import Store
from workbench.storage.transaction import Row

TITLES: Final = 20
"""Conversations of which only the title has the words, at most."""
_TITLES_LOOKED_AT: Final = 40
"""Titles with the words that are looked at, the newest: mostly a message has them too."""
_FEW: Final = 1_000
"""Conversations whose messages' places may be put together for a look-up."""
_MANY_HITS: Final = 5_000
"""From so many on hits are not all looked at."""
_MANY_ANSWERS: Final = 20_000
"""Up to so many answers of a provider or model are looked up, to list the conversations they are in."""
_RANKED_ALL: Final = 50_000
"""So many hits are all ranked."""
_RANKED_NEWEST: Final = 100_000
"""Of more hits only those among so many newest messages are ranked."""
_RARELY_LISTED: Final = 20
"""Where not one in so many conversations is listed, the rest being archived or deleted, those are looked at alone."""
_LISTED_FOR_S: Final = 60.0
"""How long what is known of that holds: a wrong guess costs time, nothing else."""
_MUCH_TEXT: Final = 100_000
"""Characters from which on snippets are cut on a thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    """Where a page ends: the place of a message, or the last use and the id of a conversation, or a number of hits."""

    total: int
    capped: bool
    at: int
    id: str = "~"

    def __str__(self) -> str:
        """As `SearchPage.next`."""
        return json.dumps([self.total, self.capped, self.at, self.id])


class Search:
    """Finds messages and conversations in a store."""

    def __init__(self, store: Store) -> None:
        """What is in `store`; a read-only one too."""
        self._store = store
        self._rare = False
        self._listed_until = 0.0

    async def find(
        self,
        query: str,
        *,
        order: SearchOrder = SearchOrder.NEWEST,
        limit: int = 50,
        after: str | None = None,
        typing: bool = False,
    ) -> SearchPage:
        """At most `limit` (500) hits of a query, after those of the page whose `next` is `after`.

        With `typing` the last word may be the beginning of one. A query that has words finds messages: before them
        on the first page come conversations of which only the title has the words. One without words, roles and
        `has:` lists conversations, newest used first, whatever the order. No query is an error. Raises StorageError;
        a search that is cancelled ends at once.
        """
        asked = parsed(query, typing=typing)
        cursor = _cursor_of(after)
        limit = min(max(limit, 1), rows.PAGE - 1)
        if asked.for_conversations:
            page = await self._conversations(asked, limit, cursor)
        elif order is SearchOrder.BEST:
            page = await self._best(asked, limit, cursor)
        else:
            page = await self._newest(asked, limit, cursor)
        if cursor is None and not asked.for_conversations:
            page = _with_notes(page, await self._missing())
        return page

    async def conversations(self, hits: Sequence[SearchHit]) -> list[Conversation]:
        """The conversations of some hits (500), each once, in their order; also those that lie in the trash."""
        ids = list(dict.fromkeys(hit.conversation_id for hit in hits))
        found = await self._store.read(rows.BY_IDS, {"ids": json.dumps(ids)})
        by_id = {row["id"]: rows.conversation_of(row) for row in found}
        return [by_id[id_] for id_ in ids if id_ in by_id]

    async def _newest(self, query: Query, limit: int, cursor: _Cursor | None) -> SearchPage:
        search = await self._of_messages(query)
        within = await self._within(query, search)
        values = _values(search, limit=limit + 1, most=(max(COUNTED, limit) if cursor is None else limit) + 1)
        if cursor is not None:
            values["before"] = cursor.at
        found = await self._store.read(search.newest(within=within), values)
        titles: list[SearchHit] = []
        if cursor is None:
            titles = await self._titles(query, {row["conversation_id"] for row in found[:limit]})
            cursor = _counted(found[0]["hits"] if found else 0, len(titles))
        hits = [*titles, *await self._hits(query, found[:limit])]
        following = replace(cursor, at=found[limit - 1]["n"]) if len(found) > limit else None
        return _page(query, hits, cursor, following)

    async def _best(self, query: Query, limit: int, cursor: _Cursor | None) -> SearchPage:
        search = await self._of_messages(query)
        within = await self._within(query, search)
        values = _values(search, limit=limit + 1, most=COUNTED + 1)
        values |= {"ranked": statements.RANKED, "offset": 0 if cursor is None else cursor.at}
        notes: tuple[str, ...] = ()
        if not within and await self._matching(search, _RANKED_ALL + 1) > _RANKED_ALL:
            back = await self._store.read(statements.PLACE_BACK, {"back": _RANKED_NEWEST})
            if back and back[0]["n"] > search.low:
                values["low"] = back[0]["n"]
                notes = (
                    f"More than {_RANKED_ALL:,} messages match: the best of the newest {_RANKED_NEWEST:,} are shown",
                )
        found = await self._store.read(search.best(within=within), values)
        titles: list[SearchHit] = []
        if cursor is None:
            titles = await self._titles(query, {row["conversation_id"] for row in found[:limit]})
            counted = await self._store.read(search.counted(within=within), {**values, "low": search.low})
            cursor = _counted(counted[0]["hits"], len(titles))
        hits = [*titles, *await self._hits(query, found[:limit])]
        following = replace(cursor, at=cursor.at + limit) if len(found) > limit else None
        return _with_notes(_page(query, hits, cursor, following), notes)

    async def _conversations(self, query: Query, limit: int, cursor: _Cursor | None) -> SearchPage:
        search = statements.of_conversations(query, by_facets=True)
        if search.match and await self._matching(search, _MANY_ANSWERS + 1) > _MANY_ANSWERS:
            search = statements.of_conversations(query, by_facets=False)
        start = {"updated": statements.LATEST, "id": "~"}
        if cursor is None:
            # Each conversation is looked at alone for who answered in it.
            most = COUNTED if query.facets else statements.LATEST
            counted = await self._store.read(
                search.let_through(all_rows=bool(search.values)), {**search.values, "most": most + 1}
            )
            total = counted[0]["conversations"]
            cursor = _Cursor(total=min(total, most), capped=total > most, at=0)
        else:
            start = {"updated": cursor.at, "id": cursor.id}
        found = await self._store.read(search.listed(), {**search.values, **start, "limit": limit + 1})
        words = tuple(term.mark for term in query.terms)
        hits = [_title_hit(row, words) for row in found[:limit]]
        following = None
        if len(found) > limit:
            last = found[limit - 1]
            following = _Cursor(
                total=cursor.total, capped=cursor.capped, at=last["updated_at"], id=last["conversation_id"]
            )
        return _page(query, hits, cursor, following)

    async def _titles(self, query: Query, known: set[str]) -> list[SearchHit]:
        """Conversations of which the title has the words, and no message; those of `known` have one."""
        if not query.terms or query.facets or query.after_ms is not None or query.before_ms is not None:
            return []
        search = statements.of_titles(query)
        named = await self._store.read(search.named(), {**search.values, "limit": _TITLES_LOOKED_AT})
        words = tuple(term.mark for term in query.terms)
        without = tuple(term.mark for term in query.without)
        found = [
            row
            for row in named
            if row["conversation_id"] not in known
            and all(marks_in(row["title"], (word,)) for word in words)
            and not marks_in(row["title"], without)
        ]
        # The index is asked about message after message, which a beginning of a word makes too expensive.
        if found and not any(term.beginning for term in query.terms):
            values = {"conversations": json.dumps([row["conversation_id"] for row in found]), "match": search.match}
            known = {row["conversation_id"] for row in await self._store.read(statements.WITH_HITS, values)}
            found = [row for row in found if row["conversation_id"] not in known]
        return [_title_hit(row, words) for row in found[:TITLES]]

    async def _of_messages(self, query: Query) -> statements.Statements:
        late = query.before_ms is not None and bool(await self._store.read(statements.LATE))
        return statements.of_messages(query, late=late)

    async def _within(self, query: Query, search: statements.Statements) -> bool:
        """Whether it is quicker to look only at messages of the conversations that the filters let through."""
        if not query.filters and not await self._rarely_listed():
            return False
        if await self._matching(search, _MANY_HITS + 1) <= _MANY_HITS:
            return False
        values = {**search.values, "most": _FEW + 1}
        return (await self._store.read(search.let_through(), values))[0]["conversations"] <= _FEW

    async def _rarely_listed(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now >= self._listed_until:
            row = (await self._store.read(statements.LISTED))[0]
            self._rare = row["listed"] * _RARELY_LISTED < row["conversations"]
            self._listed_until = now + _LISTED_FOR_S
        return self._rare

    async def _matching(self, search: statements.Statements, most: int) -> int:
        return (await self._store.read(statements.MATCHING, _values(search, limit=0, most=most)))[0][0]

    async def _hits(self, query: Query, found: Sequence[Row]) -> list[SearchHit]:
        words = tuple(term.mark for term in query.terms)
        if sum(len(row["text"]) for row in found) > _MUCH_TEXT:
            return await asyncio.to_thread(lambda: [_hit(row, words) for row in found])
        return [_hit(row, words) for row in found]

    async def _missing(self) -> tuple[str, ...]:
        """What is not in the index yet, in a sentence."""
        missing = (await self._store.read(statements.UNINDEXED))[0]["missing"]
        if missing <= 0:
            return ()
        indexed = (await self._store.read(statements.INDEXED))[0]["messages"]
        return (f"Still indexing: {indexed:,} of {indexed + missing:,} messages can be found",)


def _cursor_of(after: str | None) -> _Cursor | None:
    """What a page's `next` says; anything else begins anew."""
    try:
        total, capped, at, id_ = json.loads(after or "")
        return _Cursor(total=int(total), capped=bool(capped), at=int(at), id=str(id_))
    except (ValueError, TypeError):
        return None


def _values(search: statements.Statements, *, limit: int, most: int) -> dict[str, object]:
    bounds = {"match": search.match, "low": search.low, "before": search.before}
    return {**search.values, **bounds, "limit": limit, "most": most, "most_text": statements.MOST_TEXT}


def _counted(messages: int, titles: int) -> _Cursor:
    capped = messages > COUNTED
    return _Cursor(total=COUNTED if capped else messages + titles, capped=capped, at=0)


def _page(query: Query, hits: Sequence[SearchHit], cursor: _Cursor, following: _Cursor | None) -> SearchPage:
    return SearchPage(
        hits=tuple(hits),
        total=cursor.total,
        capped=cursor.capped,
        words=tuple(term.mark for term in query.terms),
        notes=query.notes,
        next=None if following is None else str(following),
    )


def _with_notes(page: SearchPage, notes: tuple[str, ...]) -> SearchPage:
    return page if not notes else replace(page, notes=(*page.notes, *notes))


def _hit(row: Row, words: Sequence[str]) -> SearchHit:
    snippet, marks = snippet_of(row["text"], words)
    return SearchHit(
        conversation_id=row["conversation_id"],
        message_id=row["id"],
        title=row["title"],
        role=Role(row["role"]),
        state=MessageState(row["state"]),
        provider=row["provider"],
        model=row["model"],
        snippet=snippet,
        marks=marks,
        created_at_ms=row["created_at"],
        pinned=bool(row["pinned"]),
        archived=bool(row["archived"]),
        private=bool(row["private"]),
    )


def _title_hit(row: Row, words: Sequence[str]) -> SearchHit:
    return SearchHit(
        conversation_id=row["conversation_id"],
        message_id=None,
        title=row["title"],
        role=None,
        state=None,
        provider=None,
        model=None,
        snippet=row["title"],
        marks=tuple(marks_in(row["title"], words)),
        created_at_ms=row["updated_at"],
        pinned=bool(row["pinned"]),
        archived=bool(row["archived"]),
        private=bool(row["private"]),
    )
