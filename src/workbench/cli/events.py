"""`workbench events`: the event log, as it is or as it grows."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import typer

from workbench.cli import output
from workbench.cli.documents import level_name, stored_event_document
from workbench.cli.invocation import Invocation
from workbench.cli.options import JsonFlag, NdjsonFlag
from workbench.cli.session import running_engine
from workbench.core.clock import iso_utc
from workbench.core.errors import UsageError
from workbench.core.events import Level

if TYPE_CHECKING:
    from workbench.engine.core import Core
    from workbench.storage.event_log import StoredEvent

POLL_S = 0.25
"""How often `--follow` looks for new events."""
PAGE = 500
DEFAULT_LIMIT = 100

_AGO = re.compile(r"(\d{1,9})\s*(ms|s|m|h|d|w)")
_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


class LevelName(StrEnum):
    """What `--level` takes."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def level(self) -> Level:
        """The level itself."""
        return Level[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsOptions:
    """What has happened, oldest first.

    Which provider was asked, what failed, who took over.
    """

    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new events until Ctrl-C.")] = False
    level: Annotated[LevelName | None, typer.Option("--level", help="This level and what is more serious.")] = None
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only events of this part.")] = None
    task: Annotated[str | None, typer.Option("--task", metavar="ID", help="Only events of this task.")] = None
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="ID", help="Only events of this conversation.")
    ] = None
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="ISO 8601, or 10m, 2h, 3d ago.")] = None
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, metavar="N", help="The newest N.")] = (
        DEFAULT_LIMIT
    )
    json: JsonFlag = False
    ndjson: NdjsonFlag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filter:
    level: Level | None
    source: str | None
    task_id: str | None
    conversation_id: str | None
    since_ms: int | None

    async def newest(self, core: Core, limit: int) -> list[StoredEvent]:
        return await self._page(core, None, limit)

    async def after(self, core: Core, seq: int) -> list[StoredEvent]:
        return await self._page(core, seq, PAGE)

    async def _page(self, core: Core, after_seq: int | None, limit: int) -> list[StoredEvent]:
        from workbench.storage.event_log import EventQuery

        query = EventQuery(
            level=self.level,
            sources=(self.source,) if self.source else (),
            task_id=self.task_id,
            conversation_id=self.conversation_id,
            since_ms=self.since_ms,
        )
        return await core.events.page(query, after_seq=after_seq, limit=limit)


def run(context: typer.Context, options: EventsOptions) -> None:
    """Print what fits, then follow if asked to."""
    invocation = cast("Invocation", context.obj)
    if options.json and (options.follow or options.ndjson):
        raise UsageError("--json prints one whole document", hint="Use --ndjson to follow")
    since_ms = parse_since(options.since, time.time_ns() // 1_000_000)
    with running_engine(invocation, offline=True) as engine:
        conversation_id = None
        if (reference := options.conversation) is not None:
            conversation_id = engine.run(lambda core: core.conversations.get(reference)).id
        chosen = _Filter(
            level=options.level.level if options.level else None,
            source=options.source,
            task_id=options.task,
            conversation_id=conversation_id,
            since_ms=since_ms,
        )
        # Read first: an event between the two reads is then shown by following, not lost.
        seen = engine.run(lambda core: core.events.newest_seq())
        found = engine.run(lambda core: chosen.newest(core, options.limit))
        if options.json:
            output.write_json({"events": [stored_event_document(event) for event in found]})
            return
        _print(found, ndjson=options.ndjson)
        seen = found[-1].seq if found else seen
        while options.follow:
            time.sleep(POLL_S)
            found = engine.run(lambda core, after=seen: chosen.after(core, after))
            _print(found, ndjson=options.ndjson)
            seen = found[-1].seq if found else seen


def parse_since(text: str | None, now_ms: int) -> int | None:
    """`10m`, `2h`, `3d` before now, or a date and time, as integer milliseconds; UsageError for anything else."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip().lower())
    if ago is not None:
        return now_ms - int(ago[1]) * _UNIT_MS[ago[2]]
    try:
        at = datetime.fromisoformat(text.strip())
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        hint = "A span such as 10m, 2h or 3d, or a time such as 2026-11-20T09:41"
        raise UsageError(f"--since does not understand '{text}'", hint=hint) from None


def event_line(event: StoredEvent) -> str:
    """Time, level, source and text of an event."""
    return f"{iso_utc(event.at_ms)}  {level_name(event.level):7}  {event.source:8}  {event.text}"


def _print(events: Sequence[StoredEvent], *, ndjson: bool) -> None:
    styles = {Level.WARNING: output.YELLOW, Level.ERROR: output.RED, Level.DEBUG: output.DIM}
    for event in events:
        if ndjson:
            output.write_ndjson(stored_event_document(event))
        else:
            output.write_text_line(event_line(event), styles.get(event.level, ""))
    output.flush()
