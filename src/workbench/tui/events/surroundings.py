"""What the events pane asks of the application around it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from textual.screen import Screen

from workbench.tui.events.reading import EventsPort


class StartWork(Protocol):
    """Runs a coroutine beside the screen; its failure is shown and ends nothing else."""

    def __call__(self, work: Coroutine[Any, Any, object], *, group: str, exclusive: bool = False) -> None:
        """Begin."""
        ...


class Tell(Protocol):
    """Shows a short notice that goes away by itself."""

    def __call__(self, text: str, *, warning: bool = False) -> None:
        """Show it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Given to the pane when it is made."""

    log: EventsPort
    start_work: StartWork
    tell: Tell
    copy: Callable[[str], None]
    now_ms: Callable[[], int]
    open_message: Callable[[str, str], None]
    """Opens a conversation, by its id, at a message, by its id or empty."""
    open_provider: Callable[[str], None]
    """Shows a provider, by its name."""
    names: Callable[[], dict[str, Iterable[str]]]
    """Values that are known of the names of a filter, whether events have had them or not."""
    open_dialog: Callable[[Screen[None]], object]
    """Puts a dialog over the pane."""
    export_folder: Callable[[], Path]
    """Where an export goes unless another folder is named."""
