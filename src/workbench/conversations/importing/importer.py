"""Imports: a file is read once to be counted, then once more to be added; chats go on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.conversations.importing.values import (
    PROBLEMS_KEPT,
    ImportedConversation,
    ImportProgress,
    ImportRefusedError,
    ImportReport,
    ImportStage,
    Trouble,
)
from workbench.core.bus import EventBus
from workbench.core.clock import Clock
from workbench.core.errors import UsageError
from workbench.core.history_events import ConversationsImported
from workbench.core.text import clean_line
from workbench.storage.store import Store
from workbench.storage.waiting import to_the_end

if TYPE_CHECKING:
    from workbench.conversations.importing.preparing import Piece
    from workbench.conversations.importing.reading import ImportFile
    from workbench.conversations.importing.writing import Tally, Writing
    from workbench.storage.transaction import Transaction

Tell = Callable[[ImportProgress], None]


@dataclass(slots=True)
class _Batch:
    """What was read at once."""

    pieces: list[Piece] = field(default_factory=list["Piece"])
    troubles: list[Trouble] = field(default_factory=list[Trouble])


@dataclass(slots=True)
class _Counts:
    """What a pass has found so far."""

    new: int = 0
    known: int = 0
    failed: int = 0
    messages_new: int = 0
    messages_known: int = 0
    problems: list[str] = field(default_factory=list[str])
    more_problems: int = 0

    def add(self, tally: Tally, troubles: Sequence[Trouble]) -> None:
        """Count what one batch was."""
        self.new += tally.new
        self.known += tally.known
        self.messages_new += tally.messages_new
        self.messages_known += tally.messages_known
        self.failed += sum(trouble.conversations for trouble in troubles)
        for problem in (*(trouble.text for trouble in troubles), *tally.problems):
            if len(self.problems) < PROBLEMS_KEPT:
                self.problems.append(clean_line(problem))
            else:
                self.more_problems += 1

    @property
    def conversations(self) -> int:
        """All that were looked at."""
        return self.new + self.known + self.failed


class Importer:
    """Adds the conversations of files; one file at a time."""

    def __init__(self, store: Store, clock: Clock, bus: EventBus) -> None:
        """Into `store`; what was added is told on `bus`."""
        self._store = store
        self._clock = clock
        self._bus = bus
        self._busy = False

    async def run(
        self, file: Path, *, dry_run: bool = False, counted: ImportReport | None = None, tell: Tell | None = None
    ) -> ImportReport:
        """Add the conversations of `file`, or with `dry_run` only count them.

        The whole file is read before anything is written: a broken or hostile one raises WorkbenchError and changes
        nothing. Whoever has the report of a dry run gives it as `counted`, so that this is not done twice. `tell` hears
        of progress, on the core's loop. To cancel, cancel this: what has been added stays, and importing again adds
        the rest.
        """
        if self._busy:
            raise UsageError("An import is running already", hint="Wait until it is done, or cancel it")
        self._busy = True
        try:
            return await self._run(file, dry_run=dry_run, counted=counted, tell=tell or _silent)
        finally:
            self._busy = False

    async def _run(self, file: Path, *, dry_run: bool, counted: ImportReport | None, tell: Tell) -> ImportReport:
        report = counted if counted is not None else await self._pass(file, _Counting(self._store), tell)
        if dry_run:
            return report
        if not report.anything_new:
            return replace(report, dry_run=False)
        adding = _Adding(self._store, report.new + report.known + report.failed)
        try:
            report = await self._pass(file, adding, tell)
        finally:
            if adding.new or adding.messages:
                self._bus.publish(
                    ConversationsImported(
                        format=adding.label or report.label,
                        file=clean_line(file.name, 80),
                        conversations=adding.new,
                        messages=adding.messages,
                    )
                )
        return report

    async def _pass(self, file: Path, work: _Counting | _Adding, tell: Tell) -> ImportReport:
        # Imported here: most starts import nothing, and the formats are many.
        from workbench.conversations.importing.reading import ImportFile

        started = self._clock.monotonic()
        source = ImportFile(file)
        now = self._clock.now_ms()
        batches = await asyncio.to_thread(_batches, source, now)
        counts = _Counts()
        try:
            # To its end, also when cancelled: what a thread is reading cannot be closed.
            while (batch := await to_the_end(asyncio.to_thread(next, batches, None))) is not None:
                counts.add(await work.take(batch.pieces), batch.troubles)
                work.label = source.label
                tell(work.progress(source, counts))
        finally:
            await to_the_end(asyncio.to_thread(_close, batches))
        problems = list(counts.problems)
        if counts.more_problems:
            problems.append(f"and {counts.more_problems:,} more problems")
        return ImportReport(
            format=source.format,
            label=source.label,
            new=counts.new,
            known=counts.known,
            failed=counts.failed,
            messages_new=counts.messages_new,
            messages_known=counts.messages_known,
            problems=tuple(problems),
            seconds=self._clock.monotonic() - started,
            dry_run=work.dry_run,
        )


class _Counting:
    """Looks up what is there already; writes nothing."""

    dry_run = True

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writing = _writing()
        self.label = ""

    async def take(self, pieces: Sequence[Piece]) -> Tally:
        return await self._writing.count(self._store.read, pieces)

    def progress(self, source: ImportFile, counts: _Counts) -> ImportProgress:
        return ImportProgress(
            stage=ImportStage.READING,
            done=source.progress.done,
            total=source.progress.total,
            conversations=counts.conversations,
            messages=counts.messages_new + counts.messages_known,
        )


class _Adding:
    """Adds what is new, a short transaction at a time."""

    dry_run = False

    def __init__(self, store: Store, total: int) -> None:
        self._store = store
        self._total = total
        self._writing = _writing()
        self.new = 0
        self.messages = 0
        self.label = ""

    async def take(self, pieces: Sequence[Piece]) -> Tally:
        async def work(transaction: Transaction) -> Tally:
            return await self._writing.write(transaction, pieces)

        tally = await self._store.write(work)
        self.new += tally.new
        self.messages += tally.messages_new
        return tally

    def progress(self, source: ImportFile, counts: _Counts) -> ImportProgress:
        del source
        return ImportProgress(
            stage=ImportStage.WRITING,
            done=counts.conversations,
            total=self._total,
            conversations=counts.new,
            messages=counts.messages_new,
        )


def _writing() -> Writing:
    from workbench.conversations.importing.writing import Writing

    return Writing()


def _batches(source: ImportFile, now_ms: int) -> Iterator[_Batch]:
    """What a file has, in batches that are a transaction each."""
    from workbench.conversations.importing.limits import FAILURES
    from workbench.conversations.importing.preparing import PIECE_CHARACTERS, PIECE_MESSAGES, pieces_of

    def read() -> Iterator[_Batch]:
        batch = _Batch()
        messages = characters = failures = 0
        for outcome in source.outcomes():
            if isinstance(outcome, Trouble):
                batch.troubles.append(outcome)
                failures += 1
                if failures > FAILURES:
                    raise ImportRefusedError(
                        f"More than {FAILURES:,} conversations of the file cannot be read",
                        detail=outcome.text,
                        hint="Nothing was changed; get the file once more",
                    )
                continue
            if _is_empty(outcome):
                continue
            for piece in pieces_of(outcome, fallback_ms=source.changed_ms, now_ms=now_ms):
                full = max(messages, len(batch.pieces)) >= PIECE_MESSAGES
                if batch.pieces and (full or characters + piece.characters > PIECE_CHARACTERS):
                    yield batch
                    batch = _Batch()
                    messages = characters = 0
                batch.pieces.append(piece)
                messages += len(piece.messages)
                characters += piece.characters
        yield batch

    return read()


def _is_empty(conversation: ImportedConversation) -> bool:
    """Other programs leave conversations in which nobody said anything."""
    return not conversation.messages and conversation.id is None


def _close(batches: Iterator[_Batch]) -> None:
    close = getattr(batches, "close", None)
    if close is not None:
        close()


def _silent(progress: ImportProgress) -> None:
    del progress
