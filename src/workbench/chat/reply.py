"""A reply while it grows: kept in memory, on disk at most half a second behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Protocol

from workbench.conversations.keeping.repository import Conversations
from workbench.conversations.keeping.writes import FinishedMessageError
from workbench.conversations.values import BrokenPart, Message, MessageState, Seam
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import NotFoundError, StorageError, WorkbenchError
from workbench.core.events import StorageTrouble
from workbench.providers.values import BROKE_OFF, Answering, Attempt, Begun

FLUSH_INTERVAL_S = 0.25
"""Pause between two saves of a growing reply: half of the 500 ms that may be lost."""

RETRY_INTERVAL_S = 5.0
"""Pause before saving is tried again after the disk refused."""


@dataclass(slots=True, kw_only=True)
class ReplyDraft:
    """What is known of a reply so far."""

    message: Message
    text: str = ""
    reasoning: str = ""
    broken: tuple[BrokenPart, ...] = ()
    seams: tuple[Seam, ...] = ()
    speaker: Answering | None = None
    """Who gives the text now."""
    opened_by: Answering | None = None
    """Who gave the text before the first seam."""
    _pieces: list[str] = field(default_factory=list[str])
    _reasoning_pieces: list[str] = field(default_factory=list[str])

    def add(self, text: str, *, reasoning: bool) -> None:
        """Take the next piece of answer or reasoning."""
        (self._reasoning_pieces if reasoning else self._pieces).append(text)

    def join(self) -> None:
        """Bring `text` and `reasoning` up to date; joining late keeps long replies linear."""
        if self._pieces:
            self.text += "".join(self._pieces)
            self._pieces.clear()
        if self._reasoning_pieces:
            self.reasoning += "".join(self._reasoning_pieces)
            self._reasoning_pieces.clear()

    def go_on(self, after: str, speaker: Answering, *, ended: str = BROKE_OFF) -> Seam:
        """The text so far stands, `after` ended early, and `speaker` goes on from its end."""
        self.join()
        if not self.seams:
            self.opened_by = self.speaker or Answering(provider=after, model="")
        seam = Seam(at=len(self.text), after=after, provider=speaker.provider, model=speaker.model, ended=ended)
        self.seams = (*self.seams, seam)
        self.speaker = speaker
        return seam

    def set_aside(self, provider: str, model: str) -> int:
        """Keep the text so far, what each provider gave of it, as broken parts and start over.

        Returns its length in characters. `provider` and `model` gave it, unless there are seams in it.
        """
        self.join()
        characters = len(self.text)
        opened_by = self.opened_by or Answering(provider=provider, model=model)
        speakers = [(opened_by.provider, opened_by.model), *((seam.provider, seam.model) for seam in self.seams)]
        places = [0, *(seam.at for seam in self.seams), characters]
        parts = [
            BrokenPart(provider=name, model=model, text=self.text[start:end])
            for (name, model), (start, end) in zip(speakers, pairwise(places), strict=True)
            if end > start
        ]
        self.broken = (*self.broken, *parts)
        self.text = ""
        self.reasoning = ""
        self.seams = ()
        self.speaker = self.opened_by = None
        return characters


def draft_of(reply: Message, begun: Begun) -> ReplyDraft:
    """A draft that holds the text of a reply that is gone on with."""
    opened_by = Answering(provider=reply.seams[0].after, model="") if reply.seams else None
    return ReplyDraft(
        message=reply,
        text=reply.text,
        reasoning=reply.reasoning,
        seams=reply.seams,
        speaker=Answering(provider=begun.provider, model=begun.model),
        opened_by=opened_by,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a reply ended."""

    state: MessageState
    provider: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    reason: str = ""


class ReplyKeeper(Protocol):
    """Where a reply is kept."""

    async def save(self, draft: ReplyDraft) -> None:
        """Write what there is so far."""
        ...

    async def finish(self, draft: ReplyDraft, ending: Ending) -> None:
        """Write the whole reply and its state."""
        ...

    async def attempts(self, draft: ReplyDraft) -> tuple[Attempt, ...]:
        """What has been kept of the reply's attempts."""
        ...


class StoredReply:
    """Keeps a reply in the conversation's tree."""

    def __init__(self, conversations: Conversations) -> None:
        """Write through `conversations`."""
        self._conversations = conversations

    async def save(self, draft: ReplyDraft) -> None:
        """Write what there is so far."""
        await self._conversations.save_reply(
            draft.message.id, text=draft.text, reasoning=draft.reasoning, broken=draft.broken, seams=draft.seams
        )

    async def finish(self, draft: ReplyDraft, ending: Ending) -> None:
        """Write the whole reply and its state."""
        await self._conversations.finish_reply(
            draft.message.id,
            state=ending.state,
            text=draft.text,
            reasoning=draft.reasoning,
            broken=draft.broken,
            seams=draft.seams,
            provider=ending.provider,
            model=ending.model,
            finish_reason=ending.finish_reason,
            reason=ending.reason,
        )

    async def attempts(self, draft: ReplyDraft) -> tuple[Attempt, ...]:
        """The attempts on disk; none when they cannot be read."""
        with suppress(WorkbenchError):
            return (await self._conversations.message(draft.message.id)).attempts
        return ()


class ReplyWriter:
    """Saves a draft in the background whenever it has grown, and once more at its end.

    A disk that refuses does not end the turn: the reply goes on in memory, the trouble is an event, and
    saving is tried again every five seconds.
    """

    def __init__(self, draft: ReplyDraft, keeper: ReplyKeeper, bus: EventBus, clock: Clock) -> None:
        """Save `draft` through `keeper`."""
        self._draft = draft
        self._keeper = keeper
        self._bus = bus
        self._clock = clock
        self._grown = asyncio.Event()
        self._in_trouble = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin saving in the background."""
        self._task = asyncio.create_task(self._save_while_growing(), name="reply-writer")

    def grew(self) -> None:
        """The draft has new content."""
        self._grown.set()

    async def catch_up(self) -> None:
        """Write what there is now; what the disk refuses is tried again in the background."""
        self._draft.join()
        with suppress(NotFoundError, StorageError):
            await self._keeper.save(self._draft)

    async def finish(self, ending: Ending) -> bool:
        """Write the end; False when the disk refuses, and then it may be called again.

        A reply that was deleted meanwhile is told of, and counts as written: there is no place left for it.
        """
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._draft.join()
        try:
            await self._keeper.finish(self._draft, ending)
        except FinishedMessageError:
            # An earlier try reached the disk although it was reported as failed.
            pass
        except StorageError as problem:
            self._report(problem)
            return False
        except NotFoundError as problem:
            self._report(problem)
            return True
        self._recovered()
        return True

    async def _save_while_growing(self) -> None:
        while True:
            await self._grown.wait()
            self._grown.clear()
            self._draft.join()
            try:
                await self._keeper.save(self._draft)
            except NotFoundError:
                # Deleted meanwhile; `finish` tells of it.
                return
            except StorageError as problem:
                self._report(problem)
                self._grown.set()
                await self._clock.sleep(RETRY_INTERVAL_S)
            else:
                self._recovered()
                await self._clock.sleep(FLUSH_INTERVAL_S)

    def _report(self, problem: WorkbenchError) -> None:
        if not self._in_trouble:
            self._in_trouble = True
            self._bus.publish(StorageTrouble(problem=str(problem), conversation_id=self._draft.message.conversation_id))

    def _recovered(self) -> None:
        if self._in_trouble:
            self._in_trouble = False
            self._bus.publish(StorageTrouble(conversation_id=self._draft.message.conversation_id))


def finished_message(draft: ReplyDraft, ending: Ending, attempts: tuple[Attempt, ...]) -> Message:
    """The reply as a message, without reading it back."""
    return replace(
        draft.message,
        text=draft.text,
        reasoning=draft.reasoning,
        broken=draft.broken,
        seams=draft.seams,
        state=ending.state,
        provider=ending.provider,
        model=ending.model,
        finish_reason=ending.finish_reason,
        reason=ending.reason,
        attempts=attempts,
    )
