"""How workbench was called: the options that stand before the command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from workbench.config.paths import Paths
    from workbench.config.values import Problem

ToldOfKeymap: TypeAlias = "Callable[[Path], tuple[tuple[Problem, ...], tuple[Problem, ...]]]"
"""What is wrong in a key map, and what only speaks against some of its keys."""


def no_keymap(_: Path) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """Knows of no key map: nothing is wrong in it."""
    return (), ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Where everything is kept, and how the full screen is to open."""

    open_screen: Callable[[Invocation], int]
    """Opens the full screen and returns the exit code; given from above, because commands do not know the screen."""
    told_of_keymap: ToldOfKeymap = no_keymap
    """Checks a key map; given from above as well, because the actions are the screen's."""
    home: Path | None = None
    """Everything under one folder instead of the platform's places."""
    profile: str | None = None
    offline: bool = False
    conversation: str | None = None
    """The conversation that the full screen opens."""
    theme: str | None = None
    """The theme of the full screen, instead of the remembered one."""
    ascii_only: bool = False
    """Draw the full screen with ASCII signs only."""
    demo: bool = False
    """Scripted providers in a throw-away home."""

    def paths(self) -> Paths:
        """Where configuration and data are."""
        from workbench.config.paths import resolve_paths

        return resolve_paths(self.home)
