"""Writing the events that a filter lets through to a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.clock import iso_utc
from workbench.core.errors import WorkbenchError
from workbench.core.export_file import ExportFile, on_a_thread
from workbench.core.text import clean
from workbench.tui.events.filters import TOO_SLOW, EventFilter
from workbench.tui.events.model import EventsModel
from workbench.tui.events.reading import EventsPort
from workbench.tui.events.values import Stored

if TYPE_CHECKING:
    from workbench.core.events import Event

_BATCH = 500


def is_json(name: str) -> bool:
    """Whether a file of this name gets a JSON document a line; others get text."""
    return name.lower().endswith((".ndjson", ".jsonl", ".json"))


def json_line(event: Stored) -> str:
    """One event as `workbench events --ndjson` prints it; `seq` is null for one that is not stored."""
    document = {
        "seq": event.seq or None, "at": iso_utc(event.at_ms), "level": event.level.name.lower(),
        "source": event.source, "kind": event.kind, "text": event.text, "conversation_id": event.conversation_id,
        "task_id": event.task_id, "correlation": event.correlation or None, "data": dict(event.data),
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False)


def text_line(event: Stored) -> str:
    """One event as a line for people, cleaned."""
    parts = (iso_utc(event.at_ms), f"{event.level.name.lower():7}", f"{event.source:8}", f"{event.kind}: {event.text}")
    return clean("  ".join(parts)).replace("\n", " ")


class ExpressionGivenUpError(WorkbenchError):
    """The expression of the filter takes too long; what was written has events that do not fit."""


class EventExport:
    """Everything that is stored and fits the filter, then the live ones that are not stored yet; keys are redacted."""

    def __init__(self, log: EventsPort, model: EventsModel, chosen: EventFilter) -> None:
        """Writes nothing yet."""
        self._log, self._model, self._chosen = log, model, chosen

    async def write(self, path: Path, told: Callable[[int], None], *, overwrite: bool) -> int:
        """Write the file, whole or not at all; `told` hears how many events were written so far.

        Raises `FileExistsAlreadyError`, `WorkbenchError`.
        """
        file = await on_a_thread(lambda: ExportFile(path, overwrite=overwrite))
        working = asyncio.current_task()
        try:
            if working is not None and working.cancelling():
                # The file was begun all the same, so that it is known what to drop.
                raise asyncio.CancelledError
            written = await self._write_all(file, json_line if is_json(path.name) else text_line, told)
            if self._chosen.is_too_slow:
                raise ExpressionGivenUpError(f"/{self._chosen.pattern}/ {TOO_SLOW}")
            await on_a_thread(file.finish)
        except BaseException:
            file.drop()
            raise
        return written

    async def _write_all(self, file: ExportFile, line: Callable[[Stored], str], told: Callable[[int], None]) -> int:
        query = self._chosen.query()
        written, after, last_ms = 0, 0, -1
        while page := await self._log.page(query, after_seq=after, limit=_BATCH):
            await asyncio.to_thread(_put, file, line, page)
            written, after, last_ms = written + len(page), page[-1].seq, page[-1].at_ms
            told(written)
        live = self._unsaved(last_ms)
        for start in range(0, len(live), _BATCH):
            await asyncio.to_thread(_put_live, file, line, live[start : start + _BATCH])
            told(written + min(start + _BATCH, len(live)))
        return written + len(live)

    def _unsaved(self, last_ms: int) -> list[Event]:
        model, passes = self._model, self._chosen.test()
        found: list[Event] = []
        for position in range(model.end - 1, model.first - 1, -1):
            event = model.event(position)
            if event.at_ms <= last_ms:
                break
            if passes(event):
                found.append(event)
        return found[::-1]


def _put(file: ExportFile, line: Callable[[Stored], str], events: Sequence[Stored]) -> None:
    file.write(f"{line(event)}\n" for event in events)


def _put_live(file: ExportFile, line: Callable[[Stored], str], events: Sequence[Event]) -> None:
    from workbench.storage.event_log import stored_form

    _put(file, line, [stored_form(event) for event in events])
