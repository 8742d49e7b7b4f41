"""Writing conversations to files: one, some or all, never more than one of them in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from workbench.conversations.exporting import html, own
from workbench.conversations.exporting.bundle import DATA, PAGE, Bundle
from workbench.conversations.exporting.formats import ExportFormat
from workbench.conversations.exporting.markdown import markdown_of
from workbench.conversations.exporting.redacting import Redact, redacted_conversation, redacted_message, redactor_of
from workbench.conversations.values import Conversation, Message
from workbench.core.clock import Clock
from workbench.core.errors import NotFoundError
from workbench.core.export_file import ExportFile, on_a_thread
from workbench.core.progress import Progress, Tell, unheard
from workbench.storage.store import Store
from workbench.storage.waiting import to_the_end

_ALL = "select id, title from conversations where deleted_at is null and id > ? order by id limit 500"


class Reading(Protocol):
    """Where conversations are read from."""

    async def get(self, reference: str) -> Conversation:
        """One conversation."""
        ...

    async def tree(self, conversation_id: str) -> Sequence[Message]:
        """All of its messages."""
        ...

    async def path(self, conversation_id: str, *, leaf_id: str | None = None) -> Sequence[Message]:
        """Those of the branch that ends at a leaf, else of the one in force."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    path: Path
    conversations: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    words: Sequence[str] = ()
    leaf_id: str | None = None


@dataclass(slots=True)
class _Counts:
    conversations: int = 0
    messages: int = 0


class Exporter:
    """Exports conversations; contacts nobody."""

    def __init__(self, conversations: Reading, store: Store, clock: Clock) -> None:
        """Reads from `conversations`; `store` knows which there are."""
        self._conversations = conversations
        self._store = store
        self._clock = clock

    async def write(
        self,
        ids: Sequence[str] | None,
        format_: ExportFormat,
        path: Path,
        *,
        overwrite: bool = False,
        leaf_id: str | None = None,
        redact: Sequence[str] = (),
        tell: Tell = unheard,
    ) -> Exported:
        """Write conversations, all of them for None, to `path`: whole or, whatever happens, not at all.

        Formats that have one branch get the one in force, of a single conversation the one that ends at `leaf_id`.
        `redact` are words that a bundle, besides all keys, does not have. Raises FileExistsAlreadyError, ExportError,
        NotFoundError for a conversation that is not there or when there is none, StorageError.
        """
        counts = _Counts()
        file = await on_a_thread(lambda: ExportFile(path, overwrite=overwrite))
        try:
            async with aclosing(
                self._pieces(ids, format_, _Manner(words=redact, leaf_id=leaf_id), tell, counts)
            ) as pieces:
                async for piece in pieces:
                    await on_a_thread(partial(file.write_bytes, piece))
            await on_a_thread(file.finish)
        except BaseException:
            file.drop()
            raise
        return Exported(path=path, conversations=counts.conversations, messages=counts.messages)

    async def pour(
        self,
        ids: Sequence[str] | None,
        format_: ExportFormat,
        sink: Callable[[bytes], None],
        *,
        tell: Tell = unheard,
    ) -> Exported:
        """The same into `sink`, piece by piece, on the calling loop."""
        counts = _Counts()
        async with aclosing(self._pieces(ids, format_, _Manner(), tell, counts)) as pieces:
            async for piece in pieces:
                sink(piece)
        return Exported(path=Path(), conversations=counts.conversations, messages=counts.messages)

    async def _pieces(
        self,
        ids: Sequence[str] | None,
        format_: ExportFormat,
        manner: _Manner,
        tell: Tell,
        counts: _Counts,
    ) -> AsyncGenerator[bytes]:
        chosen = await self._chosen(ids)
        if not chosen:
            raise NotFoundError("There is no conversation to export")

        counts.conversations = len(chosen)
        if format_ is ExportFormat.BUNDLE:
            async for piece in self._bundle(chosen, redactor_of(manner.words, Path.home()), counts, tell):
                yield piece
            return
        if format_ is ExportFormat.HTML:
            yield html.opening_of(chosen[0][1], chosen if len(chosen) > 1 else ()).encode("utf-8", "replace")
        elif format_ is ExportFormat.JSON and len(chosen) > 1:
            yield own.OPENING.encode()
        for place, (id_, _) in enumerate(chosen):
            conversation, messages = await self._read(id_, whole=format_.whole, leaf_id=manner.leaf_id)
            # A long conversation takes seconds, and chats go on meanwhile.
            yield await asyncio.to_thread(_made, conversation, messages, format_, place=place, of=len(chosen))
            counts.messages += len(messages)
            tell(_progress(place + 1, len(chosen)))
        if format_ is ExportFormat.HTML:
            yield html.CLOSING.encode()
        elif format_ is ExportFormat.JSON and len(chosen) > 1:
            yield own.CLOSING.encode()

    async def _bundle(
        self, chosen: Sequence[tuple[str, str]], redact: Redact, counts: _Counts, tell: Tell
    ) -> AsyncGenerator[bytes]:
        bundle = Bundle(now_ms=self._clock.now_ms())

        def packed(conversation: Conversation, messages: Sequence[Message], *, whole: bool) -> bytes:
            told = redacted_conversation(conversation, redact), [redacted_message(one, redact) for one in messages]
            bundle.add(own.line_of(*told) if whole else html.section_of(*told, trail=True))
            return bundle.taken()

        bundle.begin(DATA)
        for place, (id_, _) in enumerate(chosen):
            conversation, messages = await self._read(id_, whole=True)
            yield await to_the_end(asyncio.to_thread(packed, conversation, messages, whole=True))
            counts.messages += len(messages)
            tell(_progress(place + 1, 2 * len(chosen)))
        bundle.begin(PAGE)
        contents = [(id_, redact(title)) for id_, title in chosen]
        bundle.add(html.opening_of(contents[0][1], contents if len(contents) > 1 else ()))
        for place, (id_, _) in enumerate(chosen):
            conversation, messages = await self._read(id_, whole=False)
            yield await to_the_end(asyncio.to_thread(packed, conversation, messages, whole=False))
            tell(_progress(len(chosen) + place + 1, 2 * len(chosen)))
        bundle.add(html.CLOSING)
        bundle.finish(conversations=counts.conversations, messages=counts.messages)
        yield bundle.taken()

    async def _read(
        self, id_: str, *, whole: bool, leaf_id: str | None = None
    ) -> tuple[Conversation, Sequence[Message]]:  # fmt: skip
        conversation = await self._conversations.get(id_)
        if whole:
            return conversation, await self._conversations.tree(conversation.id)
        return conversation, await self._conversations.path(conversation.id, leaf_id=leaf_id)

    async def _chosen(self, ids: Sequence[str] | None) -> list[tuple[str, str]]:
        """Ids and titles of what is exported."""
        if ids is not None:
            # Two references may name the same one.
            return list({one.id: one.title for one in [await self._conversations.get(id_) for id_ in ids]}.items())
        chosen: list[tuple[str, str]] = []
        page = [("", "")]
        while page:
            page = [(row["id"], row["title"]) for row in await self._store.read(_ALL, (page[-1][0],))]
            chosen += page
        return chosen


def _progress(done: int, total: int) -> Progress:
    return Progress(doing="exporting conversations", done=done, total=total)


def _made(
    conversation: Conversation, messages: Sequence[Message], format_: ExportFormat, *, place: int, of: int
) -> bytes:
    return _text_of(conversation, messages, format_, place=place, of=of).encode("utf-8", "replace")


def _text_of(
    conversation: Conversation, messages: Sequence[Message], format_: ExportFormat, *, place: int, of: int
) -> str:
    """One conversation among `of` in a file of a text format."""
    match format_:
        case ExportFormat.HTML:
            return html.section_of(conversation, messages)
        case ExportFormat.JSONL:
            return own.line_of(conversation, messages)
        case ExportFormat.JSON if of > 1:
            return ("" if place == 0 else ",\n") + own.line_of(conversation, messages).rstrip("\n")
        case ExportFormat.JSON:
            return own.json_of(conversation, messages)
        case _:
            return ("" if place == 0 else "\n---\n\n") + markdown_of(conversation, messages)
