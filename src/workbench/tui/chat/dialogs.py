"""How the parts of the chat pane open a dialog over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from textual.screen import Screen

R = TypeVar("R")


class OpenDialog(Protocol):
    """Puts a dialog over the pane."""

    def __call__(self, dialog: Screen[R], answered: Callable[[R | None], None], /) -> None:
        """Show `dialog`; `answered` gets its result, None when it was closed without one."""
        ...
