"""Which themes can be chosen, and what becomes of them when their files change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.tui.themes import ThemeFile, ThemeFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeChoice:
    """One line of the theme list."""

    name: str
    dark: bool
    ansi: bool
    """Whether its colours are the terminal's own."""
    own: bool
    """Whether it is the user's, not a shipped one."""

    @property
    def words(self) -> str:
        """What is said of it behind its name."""
        told = ["dark" if self.dark else "light"]
        if self.ansi:
            told.append("the terminal's own colours")
        if self.own:
            told.append("yours")
        return ", ".join(told)


def merged(known: Mapping[str, ThemeFile], found: ThemeFolder) -> dict[str, ThemeFile]:
    """The user's themes by file after a new look: a file that broke keeps the theme it had."""
    names = {theme.name for theme in found.by_file.values()}
    kept = {file: theme for file, theme in known.items() if file in found.problems and theme.name not in names}
    both = {**kept, **found.by_file}
    return {file: both[file] for file in sorted(both)}
