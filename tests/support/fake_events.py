"""An event log in memory, and surroundings for an events pane without an application."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textual.app import App

from workbench.core.errors import WorkbenchError
from workbench.core.events import Level
from workbench.storage.event_log import EVERYTHING, EventQuery, Extent, StoredEvent
from workbench.tui.events.surroundings import Surroundings
from workbench.tui.work import run_beside

AT_MS = 1_790_000_000_000


def stored(seq: int, text: str = "", *, at_ms: int | None = None, **more: Any) -> StoredEvent:
    """A stored event, a second after the one with the number before."""
    made = StoredEvent(
        seq=seq, at_ms=AT_MS - 10_000_000 + seq * 1000 if at_ms is None else at_ms, level=Level.INFO, source="engine",
        kind="engine.started", text=text or f"stored-{seq}", conversation_id=None, task_id=None, correlation="",
        data={},
    )  # fmt: skip
    return replace(made, **more)


@dataclass
class FakeEventLog:
    """Keeps what it is given; counts what is asked of it."""

    events: list[StoredEvent] = field(default_factory=list[StoredEvent])
    problem: WorkbenchError | None = None
    hold: asyncio.Event | None = None
    """While set, every question for numbers waits for it."""
    pages: int = 0
    """Pages that were read."""

    def _fits(self, event: StoredEvent, query: EventQuery) -> bool:
        return (
            (not query.seqs or event.seq in query.seqs)
            and event.level >= (query.level or Level.DEBUG)
            and (not query.sources or event.source in query.sources)
            and (event.conversation_id or "").startswith(query.conversation_id or "")
            and (event.task_id or "").startswith(query.task_id or "")
            and event.correlation.startswith(query.correlation or "")
            and (not query.provider or event.data.get("provider") == query.provider)
            and (query.text or "").lower() in f"{event.text} {event.kind}".lower()
            and (query.fits is None or query.fits(event.text, event.kind))
        )

    def _between(self, query: EventQuery, after: int | None, before: int | None) -> list[StoredEvent]:
        low, high = after if after is not None else -1, before if before is not None else 2**62
        return [event for event in self.events if low < event.seq < high and self._fits(event, query)]

    async def page(
        self, query: EventQuery = EVERYTHING, *, after_seq: int | None = None, before_seq: int | None = None,
        limit: int = 500,
    ) -> Sequence[StoredEvent]:  # fmt: skip
        await self._asked()
        self.pages += 1
        found = self._between(query, after_seq, before_seq)
        return found[:limit] if after_seq is not None else found[-limit:]

    async def seqs(self, query: EventQuery, *, after_seq: int, before_seq: int) -> Sequence[int]:
        await self._asked()
        if self.hold is not None:
            await self.hold.wait()
        return [event.seq for event in self._between(query, after_seq, before_seq)]

    async def extent(self) -> Extent:
        await self._asked()
        if not self.events:
            return Extent()
        return Extent(first_seq=self.events[0].seq, last_seq=self.events[-1].seq, count=len(self.events))

    async def seq_at(self, at_ms: int) -> int:
        await self._asked()
        later = (event.seq for event in self.events if event.at_ms >= at_ms)
        return next(later, self.events[-1].seq + 1 if self.events else 0)

    async def _asked(self) -> None:
        await asyncio.sleep(0)
        if self.problem is not None:
            raise self.problem


@dataclass
class FakeSurroundings:
    """Remembers what the pane asked for; work runs on the screen that `screen` gives."""

    log: FakeEventLog = field(default_factory=FakeEventLog)
    told: list[str] = field(default_factory=list[str])
    copied: list[str] = field(default_factory=list[str])
    opened: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    providers: list[str] = field(default_factory=list[str])
    folder: Path = Path("/nowhere")
    now_ms: int = AT_MS

    def of(self, app: App[Any]) -> Surroundings:
        """For a pane of `app`, a Textual application."""

        def start_work(work: Coroutine[Any, Any, object], *, group: str, exclusive: bool = False) -> None:
            run_beside(app, work, group=group, exclusive=exclusive)

        def tell(text: str, *, warning: bool = False) -> None:
            self.told.append(text)

        def names() -> dict[str, Iterable[str]]:
            return {"provider": ["configured"]}

        return Surroundings(
            log=self.log, start_work=start_work, tell=tell, copy=self.copied.append, now_ms=lambda: self.now_ms,
            open_message=lambda conversation_id, message_id: self.opened.append((conversation_id, message_id)),
            open_provider=self.providers.append, open_dialog=app.push_screen, names=names,
            export_folder=lambda: self.folder,
        )  # fmt: skip
