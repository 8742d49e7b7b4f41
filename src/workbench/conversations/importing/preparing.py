"""What was read of a file, made ready for the database: on the thread that reads, so that a transaction is only SQL."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.conversations.importing.shaping import LATEST_MS
from workbench.conversations.importing.values import ImportedConversation, ImportedMessage
from workbench.conversations.keeping import rows, writes
from workbench.conversations.ordering.organizing import LONGEST_TAG, MOST_TAGS, folder_of, tag_of
from workbench.conversations.search.terms import facets_of, spaced
from workbench.conversations.values import Role
from workbench.core.errors import UsageError
from workbench.core.text import folded, safe_for_storage
from workbench.providers.values import Attempt

PIECE_MESSAGES = 100
PIECE_CHARACTERS = 256 * 1024
"""What one transaction takes: about 20 ms, so that chats go on."""
LONGEST_TITLE = 200
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyMessage:
    """A message as its row will be, but for ids and place."""

    key: str
    parent: str | None
    id: str | None
    source_id: str | None
    at_ms: int
    values: dict[str, object]
    """Columns by name."""
    indexed_text: str
    facets: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some messages of one conversation, in order; what is not the last one is followed by another."""

    conversation: ImportedConversation
    values: dict[str, object]
    """Columns of the conversation by name."""
    messages: tuple[ReadyMessage, ...]
    sources: dict[str, str | None]
    """For each key of the whole conversation what the message is called where it was first written."""
    known_sources: frozenset[str]
    """Those names."""
    before: str | None
    """The key of the message that the piece before ends with."""
    first: bool
    last: bool

    @property
    def characters(self) -> int:
        """About how much there is to write."""
        return sum(len(message.indexed_text) + len(str(message.values["parts"] or "")) for message in self.messages)


def pieces_of(conversation: ImportedConversation, *, fallback_ms: int, now_ms: int) -> Iterator[Piece]:
    """A conversation in pieces that are a transaction each at most.

    `fallback_ms` is the time of what has none; times more than a day after `now_ms` are none, unless workbench wrote
    them: its own files come back as they were, also from where a clock was wrong.
    """
    latest = now_ms + _DAY_MS if conversation.id is None else LATEST_MS
    begun = _sane(conversation.created_ms, latest)
    times = [at for message in conversation.messages if (at := _sane(message.at_ms, latest)) is not None]
    begun = begun if begun is not None else min(times, default=fallback_ms)
    ended = _sane(conversation.updated_ms, latest)
    values = _conversation_values(conversation, begun, ended if ended is not None else max(times, default=begun))
    sources = _sources(conversation)
    known = frozenset(source for source in sources.values() if source is not None)

    def piece(*, last: bool) -> Piece:
        messages = tuple(ready)
        return Piece(
            conversation=conversation,
            values=values,
            messages=messages,
            sources=sources,
            known_sources=known,
            before=before,
            first=before is None,
            last=last,
        )

    ready: list[ReadyMessage] = []
    room = PIECE_CHARACTERS
    before: str | None = None
    for message in conversation.messages:
        at = _sane(message.at_ms, latest)
        one = _ready(message, sources[message.key], at if at is not None else begun)
        size = len(one.indexed_text) + len(str(one.values["parts"] or ""))
        if ready and (len(ready) >= PIECE_MESSAGES or room < size):
            yield piece(last=False)
            ready, room, before = [], PIECE_CHARACTERS, ready[-1].key
        ready.append(one)
        room -= size
    yield piece(last=True)


def _sources(conversation: ImportedConversation) -> dict[str, str | None]:
    """What each message is called where it comes from; a name that was given twice is that of the first."""
    found: dict[str, str | None] = {}
    used: set[str] = set()
    for message in conversation.messages:
        source = message.source_id
        found[message.key] = None if source is None or source in used else source
        used.add(source or "")
    return found


def _sane(at_ms: int | None, latest: int) -> int | None:
    return at_ms if at_ms is not None and 0 <= at_ms <= latest else None


def _conversation_values(conversation: ImportedConversation, begun: int, ended: int) -> dict[str, object]:
    title = writes.one_line(conversation.title, LONGEST_TITLE)
    titled_by = "import"
    if not title and conversation.id is None:
        titled_by = "prompt"
        prompts = (one.text for one in conversation.messages if one.role is Role.USER and one.text.strip())
        title = writes.title_of(next(prompts, ""))
    settings: dict[str, object] = json.loads(
        writes.settings_with("{}", provider=conversation.provider, model=conversation.model)
    )
    if conversation.private:
        settings["private"] = True
    if conversation.forked_from_id is not None:
        # Not a reference of the database: the message may come later in the file, or not be in this home at all.
        settings["forked_from"] = conversation.forked_from_id
    if conversation.settings is not None:
        settings["imported"] = json.loads(conversation.settings)
    return {
        "title": title,
        "titled_by": titled_by,
        "settings": json.dumps(settings, ensure_ascii=False),
        "tags": json.dumps(_tags(conversation.tags), ensure_ascii=False),
        "pinned": int(conversation.pinned),
        "archived": ended if conversation.archived else None,
        "folder": _folder(conversation.folder),
        "source": conversation.source,
        "source_id": conversation.source_id,
        "created": begun,
        "updated": max(begun, ended),
    }


def _tags(tags: Sequence[str]) -> list[str]:
    found: dict[str, str] = {}
    for tag in tags:
        with contextlib.suppress(UsageError):
            one = tag_of(safe_for_storage(tag).replace(",", " ")[:LONGEST_TAG])
            found.setdefault(folded(one), one)
    return list(found.values())[:MOST_TAGS]


def _folder(folder: str | None) -> str | None:
    try:
        return None if folder is None else folder_of(safe_for_storage(folder))
    except UsageError:
        return None


def _ready(message: ImportedMessage, source_id: str | None, at_ms: int) -> ReadyMessage:
    text = safe_for_storage(message.text)
    values: dict[str, object] = {
        "role": message.role.value,
        "state": message.state.value,
        "provider": writes.safe_or_none(message.provider),
        "model": writes.safe_or_none(message.model),
        "finish_reason": writes.safe_or_none(message.finish_reason),
        "reason": safe_for_storage(message.reason),
        "rating": message.rating,
        "created": at_ms,
        "text": text,
        "parts": rows.encoded_parts(message.reasoning, message.broken, message.seams, message.extra),
    }
    return ReadyMessage(
        key=message.key,
        parent=message.parent,
        id=message.id,
        source_id=source_id,
        at_ms=at_ms,
        values=values,
        indexed_text=spaced(text),
        facets=facets_of({**values, "n": 0, "indexed": 0}),
        attempts=message.attempts,
    )
