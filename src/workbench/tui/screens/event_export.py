"""Asking where to write events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from workbench.core.export_file import place_of
from workbench.tui.events.export import EventExport, is_json
from workbench.tui.events.surroundings import Surroundings
from workbench.tui.screens.export import ExportScreen, Kind

_JSON = Kind(suffix=".ndjson", words="JSON, a line for each event")
_TEXT = Kind(suffix=".txt", words="Plain text")


def event_export_screen(work: EventExport, around: Surroundings, count: int) -> ExportScreen:
    """The dialog; `count` events are shown at the moment."""
    moment = datetime.fromtimestamp(around.now_ms() / 1000).astimezone()
    name = f"workbench-events-{moment:%Y%m%d-%H%M%S}{_JSON.suffix}"

    async def save(typed: str, overwrite: bool, told: Callable[[str], None]) -> str:
        def progress(written: int) -> None:
            share = f" of about {count:,}" if written <= count else ""
            told(f"{written:,}{share} events written")

        path = place_of(typed, name)
        written = await work.write(path, progress, overwrite=overwrite)
        return f"{written:,} events written to {path.absolute()}"

    return ExportScreen(
        str(around.export_folder() / name), save, around.tell, title="Export events", kinds=(_JSON, _TEXT),
        kind_of=lambda name: _JSON if is_json(name) else _TEXT, note=f"Writes the {count:,} events of the filter.",
    )  # fmt: skip
