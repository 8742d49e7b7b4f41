"""Writing the events that a filter lets through to a file."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from workbench.core.clock import iso_utc
from workbench.core.text import clean
from workbench.tui.events.filters import EventFilter
from workbench.tui.events.model import EventsModel
from workbench.tui.events.reading import EventsPort
from workbench.tui.events.values import Stored

if TYPE_CHECKING:
    from workbench.core.events import Event

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTarget:
    """Where to write; a name that ends in `.ndjson`, `.jsonl` or `.json` gets a JSON document a line, others text."""

    path: Path
    overwrite: bool = False

    @property
    def as_json(self) -> bool:
        """Whether lines are JSON."""
        return self.path.suffix.lower() in {".ndjson", ".jsonl", ".json"}


class AlreadyThereError(FileExistsError):
    """The file exists and was not to be overwritten."""


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


class EventExport:
    """Everything that is stored and fits the filter, then the live ones that are not stored yet; keys are redacted."""

    def __init__(self, log: EventsPort, model: EventsModel, chosen: EventFilter) -> None:
        """Writes nothing yet."""
        self._log, self._model, self._chosen = log, model, chosen

    async def write(self, target: ExportTarget, told: Callable[[int], None]) -> int:
        """Write the file, whole or not at all; `told` hears how many events were written so far.

        Raises `AlreadyThereError`, `OSError`, `WorkbenchError`.
        """
        if not target.overwrite and await asyncio.to_thread(target.path.exists):
            raise AlreadyThereError(str(target.path))
        file = await asyncio.to_thread(_beside, target.path)
        try:
            written = await self._write_all(file, json_line if target.as_json else text_line, told)
            await asyncio.to_thread(_finish, file, target)
        except BaseException:
            _drop(file)
            raise
        return written

    async def _write_all(self, file: IO[str], line: Callable[[Stored], str], told: Callable[[int], None]) -> int:
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


def _beside(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(number)
    return Path(name).open("w", encoding="utf-8", errors="replace")


def _drop(file: IO[str]) -> None:
    file.close()
    Path(file.name).unlink(missing_ok=True)


def _finish(file: IO[str], target: ExportTarget) -> None:
    file.close()
    if not target.overwrite and target.path.exists():
        raise AlreadyThereError(str(target.path))
    Path(file.name).replace(target.path)


def _put(file: IO[str], line: Callable[[Stored], str], events: Sequence[Stored]) -> None:
    file.writelines(f"{line(event)}\n" for event in events)


def _put_live(file: IO[str], line: Callable[[Stored], str], events: Sequence[Event]) -> None:
    from workbench.storage.event_log import stored_form

    _put(file, line, [stored_form(event) for event in events])
