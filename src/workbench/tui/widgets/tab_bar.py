"""The top line: which pane this is, which others there are, and whether the network is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from workbench.tui.actions.registry import action_by_id
from workbench.tui.actions.values import readable_key
from workbench.tui.glyphs import glyphs

_NARROW = 100
_TROUBLE = frozenset({"slow", "open"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One pane."""

    pane: str
    """Name of its mode; `pane.NAME` is its action."""
    short: str = ""
    """Its title where there is little room; the whole one when empty."""


class TabBar(Widget):
    """One line; a click on a pane goes there."""

    @dataclass
    class Chosen(Message):
        """A pane was clicked."""

        pane: str

    def __init__(self, panes: list[Tab], current: str, *, id: str | None = None) -> None:
        """`panes` in order; `current` names the one that is shown."""
        super().__init__(id=id)
        self._tabs = panes
        self._current = current
        self._spans: list[tuple[int, int, str]] = []
        self._offline = False
        self._now_ms = 0
        self._keys: list[str] = []
        self._note = ""

    def set_state(self, *, offline: bool, now_ms: int) -> None:
        """What the right end says; draws only when it changed."""
        keys = [_key_of(tab) for tab in self._tabs]
        if offline != self._offline or now_ms // 60_000 != self._now_ms // 60_000 or keys != self._keys:
            self._offline, self._now_ms, self._keys = offline, now_ms, keys
            self.refresh()

    def set_trouble(self, states: Mapping[str, str]) -> None:
        """Count the providers that are slow or open behind their pane's title; `states` is by name."""
        count = sum(state in _TROUBLE for state in states.values())
        note = f" {glyphs().slow}{count}" if count else ""
        if note != self._note:
            self._note = note
            self.refresh()

    def render(self) -> Content:
        """The line."""
        width = self.size.width
        narrow = width < _NARROW
        left: list[Content | tuple[str, str]] = [(" wb " if narrow else " workbench  ", "bold")]
        at = cell_len(" wb " if narrow else " workbench  ")
        self._spans = []
        for tab, title in zip(self._tabs, self._titles(width - at, narrow=narrow), strict=True):
            key = _key_of(tab)
            note = self._note if tab.pane == "providers" else ""
            text = f"{key} {title}".strip() + note
            chip = f"[{text}]" if tab.pane == self._current else f" {text} "
            self._spans.append((at, at + cell_len(chip), tab.pane))
            at += cell_len(chip)
            if tab.pane == self._current:
                left.append((chip, "bold $accent"))
            else:
                left.append(
                    Content.assemble(
                        " ", (key, "$accent"), f" {title}" if key and title else title, (note, "$warning"), " "
                    )
                )
        sign, word = (glyphs().unknown, "offline") if self._offline else (glyphs().ok, "online")
        clock = f"  {datetime.fromtimestamp(self._now_ms / 1000).astimezone():%H:%M}" if self._now_ms else ""
        right = f"{sign} {word}{clock} " if not narrow or self._offline else f"{sign} "
        gap = width - at - cell_len(right)
        if gap < 1:
            return Content.assemble(*left)
        style = "$text-muted" if self._offline else "$success"
        return Content.assemble(*left, " " * gap, (sign, style), right[len(sign) :])

    def _titles(self, room: int, *, narrow: bool) -> list[str]:
        """Of each pane what stands behind its key: nothing but for the one that is shown, where there is no room."""
        titles = [tab.short if narrow and tab.short else action_by_id(f"pane.{tab.pane}").title for tab in self._tabs]
        used = sum(cell_len(f" {_key_of(tab)} {title} ") for tab, title in zip(self._tabs, titles, strict=True))
        if used + cell_len(self._note) <= room:
            return titles
        return [
            title if tab.pane == self._current or not _key_of(tab) else ""
            for tab, title in zip(self._tabs, titles, strict=True)
        ]

    def places(self) -> list[tuple[int, str]]:
        """Where each pane's title begins in the line, and the pane."""
        return [(start, pane) for start, _, pane in self._spans]

    def on_click(self, event: events.Click) -> None:
        """Go to the pane under the pointer."""
        for start, end, pane in self._spans:
            if start <= event.x < end:
                self.post_message(self.Chosen(pane))
                return


def _key_of(tab: Tab) -> str:
    keys = action_by_id(f"pane.{tab.pane}").keys_in_force
    return readable_key(keys[0]) if keys else ""
