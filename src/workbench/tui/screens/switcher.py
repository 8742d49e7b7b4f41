"""The provider and model switch."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn, glyphs
from workbench.tui.markdown.textlines import cells
from workbench.tui.safe import set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog
from workbench.tui.state.switching import Choice, Pin

_MOST_SHOWN = 200
"""Lines listed at once; typing narrows further."""


class SwitcherScreen(Dialog[Pin]):
    """Lists who may answer; type to narrow, enter chooses."""

    HELP = "Type a part of a provider or model. Those that cannot be asked are dimmed, with the reason."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
    ]

    def __init__(self, choices: list[Choice], current: Pin) -> None:
        """`current` is marked."""
        super().__init__()
        self._choices = choices
        self._current = current
        self._shown: list[Choice] = []

    def compose(self) -> ComposeResult:
        """A field and a list."""
        with Vertical(classes="dialog", id="switcher") as frame:
            set_border_title(frame, "Who answers")
            set_border_subtitle(frame, drawn("enter choose · esc back"))
            yield Input(placeholder="type to narrow", id="switcher-filter")
            yield OptionList(id="switcher-list", markup=False)

    def on_mount(self) -> None:
        """List all."""
        self._list("")

    @on(Input.Changed, "#switcher-filter")
    def _narrow(self, event: Input.Changed) -> None:
        event.stop()
        self._list(event.value)

    @on(Input.Submitted, "#switcher-filter")
    def _choose_marked(self, event: Input.Submitted) -> None:
        event.stop()
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            options.action_select()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._shown[event.option_index].pin)

    def action_move(self, step: int) -> None:
        """Move the mark while the field keeps the focus."""
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def _list(self, wanted: str) -> None:
        words = wanted.lower().split()
        self._shown = [c for c in self._choices if all(w in f"{c.title} {c.note}".lower() for w in words)]
        self._shown = self._shown[:_MOST_SHOWN]
        width = max((cells(clean_line(choice.title)) for choice in self._shown), default=0)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(
            [
                Option(_prompt(choice, width, choice.pin == self._current), disabled=not choice.usable)
                for choice in self._shown
            ]
        )
        current = next((i for i, c in enumerate(self._shown) if c.pin == self._current and c.usable), None)
        first = next((i for i, c in enumerate(self._shown) if c.usable), None)
        options.highlighted = current if current is not None else first


def _prompt(choice: Choice, width: int, current: bool) -> Content:
    signs = glyphs()
    sign, style = {
        "ok": (signs.ok, "$success"),
        "slow": (signs.slow, "$warning"),
        "open": (signs.failed, "$error"),
    }.get(choice.state if choice.usable else "", (signs.unknown, "$text-muted"))
    title = clean_line(choice.title)
    word = {"slow": "slow", "open": "failing, rests"}.get(choice.state, "") if choice.usable else ""
    note = f"{word} {choice.note}".strip()
    mark = f"{signs.current} " if current else "  "
    padding = " " * (width - cells(title) + 2)
    return Content.assemble(mark, (sign, style), f" {title}{padding}", (clean_line(note, 120), "$text-muted"))
