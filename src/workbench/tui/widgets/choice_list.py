"""The lines of the provider and model switch, drawn one by one, so that two thousand cost no more than ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.markdown.textlines import cells, clip
from workbench.tui.palette import COMPONENTS, PALETTE_CSS, PaletteKeeper, Role
from workbench.tui.state.badges import seconds
from workbench.tui.state.pins import Pin
from workbench.tui.state.switching import Choice

_STATE_WIDTH = 10
_LEAST_TITLE = 24
_MOST_TITLE = 52


class _Column(NamedTuple):
    title: str
    width: int


_COLUMNS = (_Column("first tok", 9), _Column("context", 7), _Column("in/out 1M", 15), _Column("key", 8))
"""From the most to the least important; those without room are left out from the end."""
_KEY_WORDS = {
    "ok": "ok", "missing": "missing", "not_needed": "none", "limited": "rests", "bad": "refused", "disabled": "off",
}  # fmt: skip
_STATE_WORDS = {
    "ok": "ok", "slow": "slow", "open": "open", "limited": "key rests", "no_key": "no key", "disabled": "off",
}  # fmt: skip
_STATE_ROLES = {"ok": Role.SUCCESS, "slow": Role.WARNING, "limited": Role.WARNING, "open": Role.ERROR}


class ChoiceList(ScrollView, can_focus=False):
    """A heading and a line for each choice; those that cannot be chosen are dimmed, with the reason."""

    DEFAULT_CSS = f"""
    ChoiceList {{
        height: 1fr;
        background: $surface;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        {PALETTE_CSS}
    }}
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS.values())

    @dataclass
    class Chosen(Message):
        """A choice that can be chosen was clicked."""

        pin: Pin

    def __init__(self, *, id: str | None = None) -> None:
        """Empty."""
        super().__init__(id=id)
        self._choices: list[Choice] = []
        self._current = Pin()
        self._cursor = 0
        self._palette = PaletteKeeper(self)

    @property
    def choices(self) -> list[Choice]:
        """What is listed."""
        return list(self._choices)

    @property
    def marked(self) -> Choice | None:
        """The choice under the cursor."""
        return self._choices[self._cursor] if self._choices else None

    def show_choices(self, choices: Sequence[Choice], current: Pin, marked: Pin | None) -> None:
        """List these; `current` has a sign, and the cursor stands on `marked`, else on the first that can be chosen."""
        self._choices, self._current = list(choices), current
        wanted = next((i for i, c in enumerate(self._choices) if c.pin == marked and c.usable), None)
        first = next((i for i, c in enumerate(self._choices) if c.usable), 0)
        self._cursor = first if wanted is None else wanted
        self.virtual_size = Size(0, len(self._choices) + self._heading)
        self._keep_in_sight()
        self.refresh()

    def move(self, step: int) -> None:
        """Move the cursor."""
        if self._choices:
            self._cursor = min(max(self._cursor + step, 0), len(self._choices) - 1)
            self._keep_in_sight()
            self.refresh()

    def _keep_in_sight(self) -> None:
        height = max(self.scrollable_content_region.height - self._heading, 1)
        top = min(max(self.scroll_offset.y, self._cursor - height + 1), self._cursor)
        self.scroll_to(y=top, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Another width has other columns."""
        self.virtual_size = Size(0, len(self._choices) + self._heading)
        self._keep_in_sight()

    def on_click(self, event: events.Click) -> None:
        """Choose what is under the pointer."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._heading:
            return
        index = offset.y - self._heading + self.scroll_offset.y
        if index < len(self._choices) and self._choices[index].usable:
            self.post_message(self.Chosen(self._choices[index].pin))

    def notify_style_update(self) -> None:
        """A theme or class has changed."""
        self._palette.stale()
        super().notify_style_update()

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _columns(self) -> tuple[_Column, ...]:
        room = self._width - 4 - _LEAST_TITLE - _STATE_WIDTH
        shown: list[_Column] = []
        for column in _COLUMNS:
            room -= column.width + 2
            if room < 0:
                break
            shown.append(column)
        return tuple(shown)

    @property
    def _heading(self) -> int:
        return int(bool(self._columns))

    @property
    def _title_width(self) -> int:
        used = sum(column.width + 2 for column in self._columns) + (_STATE_WIDTH if self._columns else 0)
        widest = max((cells(choice.title) for choice in self._choices[:200]), default=0)
        return min(max(self._width - 4 - used, 8), max(widest, _LEAST_TITLE) + 2, _MOST_TITLE)

    def render_line(self, y: int) -> Strip:
        """The heading stays; below it the choices."""
        width = self._width
        palette = self._palette.current()
        text, muted = palette.style(Role.TEXT), palette.style(Role.MUTED)
        if y < self._heading:
            names = "".join(column.title.rjust(column.width + 2) for column in self._columns)
            line = f"    {'provider/model'.ljust(self._title_width)}{'state'.ljust(_STATE_WIDTH)}{names}"
            return Strip([Segment(line, muted)]).adjust_cell_length(width, text)
        index = y - self._heading + self.scroll_offset.y
        if index >= len(self._choices):
            empty = not self._choices and not index
            note = clip("  Nobody fits what is typed", width, glyphs().ellipsis) if empty else ""
            return Strip([Segment(note, muted)]).adjust_cell_length(width, text)
        choice = self._choices[index]
        under_cursor = index == self._cursor
        ground = Style(bgcolor=palette.style(Role.PANEL).bgcolor, bold=under_cursor) if under_cursor else Style()
        role = _STATE_ROLES.get(_state(choice), Role.MUTED) if choice.usable else Role.MUTED
        signs = glyphs()
        mark = signs.current if under_cursor else signs.dot if choice.pin == self._current else " "
        title_width = self._title_width
        if not self._columns:
            # What is said of it follows at once, as much of it as there is room for.
            title_width = min(cells(clean_line(choice.title)) + 2, title_width)
        title = clip(clean_line(choice.title), title_width - 1, signs.ellipsis)
        segments = [
            Segment(f"{mark} ", palette.style(Role.ACCENT) + ground),
            Segment(f"{_sign(choice)} ", palette.style(role) + ground),
            Segment(title + " " * (title_width - cells(title)), (text if choice.usable else muted) + ground),
        ]
        rest = width - 4 - title_width
        segments += [Segment(piece, palette.style(key) + ground) for piece, key in self._facts(choice, role, rest)]
        return Strip(segments).adjust_cell_length(width, text + ground)

    def _facts(self, choice: Choice, role: Role, room: int) -> list[tuple[str, int]]:
        signs = glyphs()
        note = clean_line(choice.note, 200)
        if not choice.usable or choice.pin.provider is None or not self._columns:
            # Without columns the state is a word; in ordinary health it is not worth the room.
            state = _state(choice) if choice.usable else ""
            word = _STATE_WORDS[state] if state in ("slow", "open", "limited") else ""
            told = f"{word} {note}".strip()
            return [(clip(told, room, signs.ellipsis), Role.MUTED)] if room > 0 else []
        facts = {
            "first tok": seconds(choice.first_token_ms),
            "context": amount(choice.context_window),
            "in/out 1M": choice.price,
            "key": _KEY_WORDS.get(choice.key_state, ""),
        }
        pieces: list[tuple[str, int]] = [(_STATE_WORDS.get(_state(choice), "").ljust(_STATE_WIDTH), role)]
        for column in self._columns:
            value = clip(facts[column.title] or drawn("–"), column.width, signs.ellipsis)
            pieces.append((" " * (column.width + 2 - cells(value)) + value, Role.TEXT))
        left = room - sum(cells(piece) for piece, _ in pieces) - 2
        if note and left > len(signs.ellipsis):
            pieces.append((f"  {clip(note, left, signs.ellipsis)}", Role.MUTED))
        return pieces


def amount(tokens: int | None) -> str:
    """`200k`, `1.0M`; empty when unknown."""
    if tokens is None:
        return ""
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f}M"
    return f"{tokens / 1000:.0f}k" if tokens >= 1000 else str(tokens)


def _sign(choice: Choice) -> str:
    signs = glyphs()
    if not choice.usable:
        return signs.unknown
    known = {"ok": signs.ok, "slow": signs.slow, "limited": signs.slow, "open": signs.failed}
    return known.get(_state(choice), signs.unknown)


def _state(choice: Choice) -> str:
    """The provider's state, or `limited` when it is well and all of its keys rest."""
    return "limited" if choice.key_state == "limited" and choice.state in ("ok", "slow") else choice.state
