"""The bottom line: how the providers are at the left, the keys at the right."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from workbench.core.text import clean_line
from workbench.tui.actions.registry import ACTIONS
from workbench.tui.actions.values import Action, Scope
from workbench.tui.glyphs import glyphs
from workbench.tui.state.badges import scripted_label
from workbench.tui.state.chips import ProviderChip

_LONGEST_NAME = 18


class StatusBar(Widget):
    """One line. When there is no room, provider names give way to counts and the least important goes first."""

    def __init__(self, scopes: tuple[Scope, ...], *, id: str | None = None) -> None:
        """Shows the keys of the actions of `scopes` that have a word for it."""
        super().__init__(id=id)
        self._actions = [action for action in ACTIONS if action.word and action.scope in scopes]
        self._chips: list[ProviderChip] = []
        self._notes: list[str] = []
        self._ways: list[str] = []

    def set_state(self, chips: list[ProviderChip], notes: list[str]) -> None:
        """What the left end says, the most important note first; draws only when it changed."""
        ways = [action.way for action in self._actions]
        if chips != self._chips or notes != self._notes or ways != self._ways:
            self._chips, self._notes, self._ways = chips, notes, ways
            self.refresh()

    def render(self) -> Content:
        """The line."""
        width = self.size.width
        counted = self._counted()
        candidates = [self._left(self._named(), self._notes)]
        candidates += [self._left(counted, self._notes[:kept]) for kept in range(len(self._notes), -1, -1)]
        left = next((one for one in candidates if one.cell_length + _ENOUGH_KEYS <= width), candidates[-1])
        keys = self._keys(width - left.cell_length - 2)
        gap = width - left.cell_length - keys.cell_length
        return Content.assemble(left, " " * max(gap, 0), keys)

    def _named(self) -> Content:
        parts: list[Content] = []
        for chip in self._chips:
            name = clean_line(chip.name, _LONGEST_NAME)
            word = _WORDS.get(chip.state, "")
            label = scripted_label(chip.name, (chip.name,) if chip.scripted else ())
            tail = f" {name}" + (f" {word}" if word else "") + label
            parts.append(Content.assemble((_sign(chip.state), _STYLES[_group(chip.state)]), tail))
        return Content("  ").join(parts)

    def _counted(self) -> Content:
        parts: list[Content] = []
        for group, state in (("ok", "ok"), ("slow", "slow"), ("failed", "failed"), ("unknown", "unknown")):
            count = sum(1 for chip in self._chips if _group(chip.state) == group)
            if count:
                parts.append(Content.assemble((_sign(state), _STYLES[group]), str(count)))
        return Content(" ").join(parts)

    def _left(self, chips: Content, notes: list[str]) -> Content:
        told = Content(clean_line("  ".join(notes)))
        if chips.plain and notes:
            return Content.assemble(" ", chips, (f"  {glyphs().column} ", "$text-muted"), told)
        return Content.assemble(" ", chips, told)

    def _keys(self, room: int) -> Content:
        shown: list[Content] = []
        used = 0
        for action in sorted(self._actions, key=_importance):
            piece = Content.assemble((action.way, "$accent"), f" {action.word}  ")
            if used + piece.cell_length > room:
                break
            used += piece.cell_length
            shown.append(piece)
        return Content("").join(shown)


_ENOUGH_KEYS = 32
"""Cells of keys for which provider names give way to counts, and notes go."""
_ORDER = ("app.help", "app.quit", "app.palette", "chat.switch_model", "chat.new")


def _importance(action: Action) -> int:
    return _ORDER.index(action.id) if action.id in _ORDER else len(_ORDER)


def _group(state: str) -> str:
    return {"ok": "ok", "slow": "slow", "open": "failed", "failed": "failed"}.get(state, "unknown")


def _sign(state: str) -> str:
    signs = glyphs()
    return {"ok": signs.ok, "slow": signs.slow, "failed": signs.failed}.get(_group(state), signs.unknown)


_STYLES = {"ok": "$success", "slow": "$warning", "failed": "$error", "unknown": "$text-muted"}
_WORDS = {"slow": "slow", "open": "open", "failed": "failed", "no_key": "no key", "disabled": "off"}
