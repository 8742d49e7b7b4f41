"""Pieces of conversations into the database: what is there already is left as it is, what is new is added."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from workbench.conversations.branching.placing import first_place_of
from workbench.conversations.importing.places import Places
from workbench.conversations.importing.preparing import Piece, ReadyMessage
from workbench.conversations.keeping import writes
from workbench.conversations.search import index
from workbench.core.ids import new_id
from workbench.core.text import folded
from workbench.providers.values import Attempt
from workbench.storage.transaction import Parameters, Row, Transaction

Fetch = Callable[[str, Parameters], Awaitable[list[Row]]]
"""Gives the rows of a query, at most `KEYS_AT_ONCE` more than once over: of a transaction, or of the store."""

KEYS_AT_ONCE = 400
"""Keys that are looked up together; a read gives 500 rows at most."""

_CONVERSATION = """
    select c.id as id, c.deleted_at as deleted_at, c.active_leaf_id as active_leaf_id, m.source_id as leaf_source_id
    from conversations c left join messages m on m.id = c.active_leaf_id
"""
_BY_ID = _CONVERSATION + " where c.id = ?"
_BY_SOURCE = _CONVERSATION + " where c.source = ? and c.source_id = ?"
_MESSAGES_BY_SOURCE = """
    select m.source_id as key, m.id as id, m.n as n, m.deleted_at as deleted_at from json_each(:keys) w
    cross join messages m on m.conversation_id = :conversation and m.source_id = w.value
"""
_MESSAGES_BY_ID = """
    select m.id as id, m.n as n, m.deleted_at as deleted_at, m.conversation_id as conversation_id
    from json_each(:keys) w
    cross join messages m on m.id = w.value
"""
_INSERT_CONVERSATION = """
    insert into conversations(id, title, title_folded, titled_by, settings, tags, pinned, archived_at, folder, source,
      source_id, created_at, updated_at)
    values (:id, :title, :folded, :titled_by, :settings, :tags, :pinned, :archived, :folder, :source, :source_id,
      :created, :updated)
"""
_INSERT_MESSAGE = """
    insert into messages(n, id, conversation_id, parent_id, role, state, provider, model, finish_reason, reason, rating,
      source_id, created_at, deleted_at, indexed, text, parts)
    values (:n, :id, :conversation, :parent, :role, :state, :provider, :model, :finish_reason, :reason, :rating,
      :source_id, :created, :deleted_at, 1, :text, :parts)
"""
_INSERT_ATTEMPT = """
    insert or ignore into attempts(id, run_id, ord, message_id, provider, model, key_ref, state, error_kind, error_text,
      http_status, started_at, first_token_at, ended_at, in_tokens, out_tokens, cache_read_tokens, cache_write_tokens,
      reasoning_tokens, cost_nano, price_source, request_id, answered_model, hint)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_NEW_END = "update conversations set active_leaf_id = ?, updated_at = max(updated_at, ?) where id = ?"


@dataclass(slots=True)
class Tally:
    """What was new, and what was there."""

    new: int = 0
    known: int = 0
    messages_new: int = 0
    messages_known: int = 0
    problems: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    """A message that is in the database."""

    id: str
    n: int
    deleted_at: int | None


@dataclass(slots=True)
class _Found:
    """A conversation as the database has it, and what a piece adds to it."""

    id: str
    new: bool
    in_trash: bool = False
    ends_here: bool = True
    """Whether its branch in force ends with a message of the file, so that nobody has gone on with it here."""
    messages: dict[str, _There] = field(default_factory=dict[str, _There])
    """By key each message of the piece, or above one, that is there."""
    taken: frozenset[str] = frozenset()
    """Ids of messages of the piece that belong to another conversation."""
    added: list[ReadyMessage] = field(default_factory=list[ReadyMessage])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    """By key the id of each of those."""
    hidden: dict[str, int] = field(default_factory=dict[str, int])
    """By key when those were deleted that stand below a deleted message: they come back with it."""


class Writing:
    """Adds pieces, in transactions of a caller, and remembers what it needs from one to the next."""

    def __init__(self) -> None:
        """Nothing has been written yet."""
        self._places = Places()
        self._counted: set[tuple[str | None, str | None]] = set()
        self._grown: set[str] = set()
        """Conversations that pieces before added messages to, and that have more to come."""

    async def count(self, fetch: Fetch, pieces: Sequence[Piece]) -> Tally:
        """What `write` would do."""
        tally = Tally()
        for piece in pieces:
            found = await _find(fetch, piece)
            name = (piece.conversation.source, piece.conversation.source_id or piece.conversation.id)
            if found.new and piece.first and name in self._counted:
                # By the time it is added it is there.
                found.new = False
                found.messages = {message.key: _There(id="", n=0, deleted_at=None) for message in piece.messages}
            self._counted.add(name)
            _count(piece, found, tally)
        return tally

    async def write(self, transaction: Transaction, pieces: Sequence[Piece]) -> Tally:
        """Add what is new of some pieces."""
        tally = Tally()
        waiting: dict[str, tuple[Piece, _Found]] = {}
        for piece in pieces:
            found = await _find(transaction.fetch, piece)
            if found.id in waiting:
                # The same conversation once more: what it has by then must be seen.
                await self._insert(transaction, list(waiting.values()))
                waiting.clear()
                found = await _find(transaction.fetch, piece)
            _count(piece, found, tally)
            if found.in_trash:
                continue
            if found.new:
                values = {**piece.values, "id": found.id, "folded": folded(str(piece.values["title"]))}
                await transaction.execute(_INSERT_CONVERSATION, values)
            elif found.added and piece.conversation.private:
                # It has become private since: what is added now is for private providers only.
                await transaction.execute(writes.MAKE_PRIVATE, ("true", found.id))
            if found.added or (piece.last and found.id in self._grown):
                waiting[found.id] = (piece, found)
        if waiting:
            await self._insert(transaction, list(waiting.values()))
        return tally

    async def _insert(self, transaction: Transaction, together: Sequence[tuple[Piece, _Found]]) -> None:
        places = await self._places.find(transaction, [_wanted(piece, found) for piece, found in together])
        messages: list[dict[str, object]] = []
        entries: list[tuple[int, str, str]] = []
        attempts: list[tuple[object, ...]] = []
        ends: list[tuple[object, ...]] = []
        ids: set[str] = set()
        for (piece, found), row in zip(together, places, strict=True):
            for message, place in zip(found.added, row, strict=True):
                id_ = message.id
                if id_ is None or id_ in found.taken or id_ in ids:
                    id_ = new_id()
                ids.add(id_)
                found.ids[message.key] = id_
                hidden = _deleted_at(found, message.parent)
                if hidden is not None:
                    found.hidden[message.key] = hidden
                more = {
                    "n": place,
                    "id": id_,
                    "conversation": found.id,
                    "parent": _id_of(found, message.parent),
                    "source_id": message.source_id,
                    "deleted_at": hidden,
                }
                messages.append({**message.values, **more})
                entries.append((place, message.indexed_text, message.facets))
                attempts += _attempts(id_, message)
            if found.ends_here and not found.hidden:
                ends.append((_end_of(piece, found), piece.values["updated"], found.id))
            if piece.last:
                self._grown.discard(found.id)
            else:
                self._grown.add(found.id)
        await transaction.executemany(_INSERT_MESSAGE, messages)
        await transaction.executemany(index.PUT, entries)
        if attempts:
            await transaction.executemany(_INSERT_ATTEMPT, attempts)
        await transaction.executemany(_NEW_END, ends)


def _count(piece: Piece, found: _Found, tally: Tally) -> None:
    """Note which messages of a piece are new."""
    if piece.first:
        tally.new += found.new
        tally.known += not found.new
        tally.problems += [f"{piece.conversation.name}: {problem}" for problem in piece.conversation.problems]
        if found.in_trash:
            hint = f"`workbench history restore {found.id}` brings it back"
            tally.problems.append(f"{piece.conversation.name} is in the trash, and stays there: {hint}")
    if found.in_trash:
        tally.messages_known += len(piece.messages)
        return
    found.added = [message for message in piece.messages if message.key not in found.messages]
    tally.messages_new += len(found.added)
    tally.messages_known += len(piece.messages) - len(found.added)


def _wanted(piece: Piece, found: _Found) -> list[int]:
    """Where the new messages of a piece belong in time, each after the one above it and those that came before."""
    wanted: list[int] = []
    before = found.messages.get(piece.before or "")
    last = before.n if before is not None else 0
    for message in found.added:
        above = found.messages.get(message.parent or "")
        last = max(first_place_of(message.at_ms), last + 1, above.n + 1 if above is not None else 0)
        wanted.append(last)
    return wanted


def _id_of(found: _Found, key: str | None) -> str | None:
    if key is None:
        return None
    if key in found.ids:
        return found.ids[key]
    above = found.messages.get(key)
    return above.id if above is not None else None


def _deleted_at(found: _Found, key: str | None) -> int | None:
    """When the message of that key was deleted; None for one that was not."""
    there = found.messages.get(key or "")
    return there.deleted_at if there is not None else found.hidden.get(key or "")


def _end_of(piece: Piece, found: _Found) -> str | None:
    """The end of the branch in force after this piece: the file's, or so far the newest message."""
    active = _id_of(found, piece.conversation.active) if piece.last else None
    return active or _id_of(found, piece.messages[-1].key)


async def _find(fetch: Fetch, piece: Piece) -> _Found:
    rows: list[Row] = []
    conversation = piece.conversation
    if conversation.id is not None:
        rows = await fetch(_BY_ID, (conversation.id,))
    if not rows and conversation.source is not None and conversation.source_id is not None:
        rows = await fetch(_BY_SOURCE, (conversation.source, conversation.source_id))
    if rows:
        row = rows[0]
        leaf, leaf_source = row["active_leaf_id"], row["leaf_source_id"]
        ours = leaf is None or leaf in piece.sources or leaf_source in piece.known_sources
        found = _Found(id=row["id"], new=False, in_trash=row["deleted_at"] is not None, ends_here=ours)
    else:
        found = _Found(id=conversation.id or new_id(), new=True)
    await _find_messages(fetch, piece, found)
    return found


async def _find_messages(fetch: Fetch, piece: Piece, found: _Found) -> None:
    wanted = {message.key for message in piece.messages}
    wanted |= {message.parent for message in piece.messages if message.parent is not None}
    wanted |= {key for key in (piece.before, piece.conversation.active if piece.last else None) if key is not None}
    keys = sorted(wanted)
    taken: set[str] = set()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        if not found.new:
            by_source = {source: key for key in some if (source := piece.sources.get(key)) is not None}
            values = {"keys": json.dumps(list(by_source)), "conversation": found.id}
            for row in await fetch(_MESSAGES_BY_SOURCE, values):
                found.messages[by_source[row["key"]]] = _there(row)
        if piece.conversation.id is not None:
            for row in await fetch(_MESSAGES_BY_ID, {"keys": json.dumps(some)}):
                if row["conversation_id"] == found.id:
                    found.messages[row["id"]] = _there(row)
                else:
                    taken.add(row["id"])
    found.taken = frozenset(taken)


def _there(row: Row) -> _There:
    return _There(id=row["id"], n=row["n"], deleted_at=row["deleted_at"])


def _attempts(message_id: str, message: ReadyMessage) -> list[tuple[object, ...]]:
    """Rows for what was asked for a reply; attempts that name no turn are one."""
    run = new_id()
    counted: dict[str, int] = {}
    found: list[tuple[object, ...]] = []
    for one in message.attempts:
        run_id = one.run_id or run
        number = counted.get(run_id, 0)
        counted[run_id] = number + 1
        found.append(_attempt(message_id, run_id, number, one, message.at_ms))
    return found


def _attempt(message_id: str, run_id: str, number: int, one: Attempt, at_ms: int) -> tuple[object, ...]:
    started = one.started_at_ms if one.started_at_ms is not None else at_ms
    first = None if one.first_token_ms is None else started + one.first_token_ms
    ended = None if one.duration_ms is None else started + one.duration_ms
    who = (new_id(), run_id, number, message_id, one.provider, one.model, one.key_ref, one.state)
    why = (one.error_kind, one.reason, one.http_status, started, first, ended)
    tokens = (one.input_tokens, one.output_tokens, one.cache_read_tokens, one.cache_write_tokens, one.reasoning_tokens)
    return (*who, *why, *tokens, one.cost_nano, one.price_source, one.request_id, one.answered_model, one.hint)
