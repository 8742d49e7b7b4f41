"""What the parts of the screens ask of the application around them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from workbench.tui.actions.values import Action


class Host(Protocol):
    """The application as its parts see it."""

    def start_work(self, work: Coroutine[Any, Any, object], *, group: str, exclusive: bool = False) -> None:
        """Run `work` beside the screen; its failure is shown and ends nothing else."""
        ...

    def show_failure(self, error: BaseException) -> None:
        """Tell of a failure."""
        ...

    def tell(self, text: str, *, warning: bool = False) -> None:
        """A short notice that goes away by itself."""
        ...

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, and say so."""
        ...

    def perform(self, action: Action, argument: str = "") -> None:
        """Do what a slash command or the palette asks."""
        ...
