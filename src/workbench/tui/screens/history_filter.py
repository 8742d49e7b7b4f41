"""The dialog that lists what the history can be narrowed by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.getters import query_one
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from workbench.core.text import clean_line
from workbench.tui.glyphs import drawn
from workbench.tui.history.query import Asked, Offer, narrowed, offers
from workbench.tui.safe import set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from workbench.tui.shell import Shell

_WIDTH = 28


class HistoryFilterScreen(Dialog[Asked]):
    """Type to narrow, enter takes the marked condition; its result has it."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/history.tcss"]
    HELP = "Type parts of a condition, or a whole one such as tag:rust or before:2025-06. Enter adds it to the search."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move('up')", "Up", show=False, priority=True),
        Binding("down", "move('down')", "Down", show=False, priority=True),
    ]

    listed = query_one(OptionList)

    def __init__(self, listed: Sequence[Offer]) -> None:
        """`listed` is what can be chosen."""
        super().__init__()
        self._all = listed
        self._shown = list(listed)

    def compose(self) -> ComposeResult:
        """A field and a list."""
        with Vertical(classes="dialog", id="history-filter") as frame:
            set_border_title(frame, "Add a condition")
            set_border_subtitle(frame, drawn("enter add · esc back"))
            yield Input(placeholder="type to narrow, or tag:NAME, model:NAME, after:2026-10", id="history-filter-line")
            yield OptionList(id="history-filter-list")

    def on_mount(self) -> None:
        """List all."""
        self.listed.can_focus = False
        self._list()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._shown = narrowed(self._all, event.value)
        self._list()

    def _list(self) -> None:
        self.listed.clear_options()
        self.listed.add_options(
            [
                Option(
                    Content.assemble(
                        clean_line(offer.condition.text, 60).ljust(_WIDTH), (clean_line(offer.told, 60), "$text-muted")
                    )
                )
                for offer in self._shown
            ]
        )
        if self._shown:
            self.listed.highlighted = 0

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._choose(self.listed.highlighted)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(event.option_index)

    def _choose(self, place: int | None) -> None:
        if place is not None and place < len(self._shown):
            self.dismiss(Asked(conditions=(self._shown[place].condition,)))

    def action_move(self, direction: str) -> None:
        """Move the mark while the field keeps the focus."""
        if direction == "up":
            self.listed.action_cursor_up()
        else:
            self.listed.action_cursor_down()


def filter_screen(shell: Shell, labels: Mapping[str, Sequence[str]]) -> HistoryFilterScreen:
    """The dialog, with the providers and models of the configuration in force, and what else is known as `labels`."""
    providers = shell.configuration.providers if shell.configuration is not None else ()
    names: dict[str, Sequence[str]] = {
        **labels,
        "provider": [provider.name for provider in providers],
        "model": [model for provider in providers for model in provider.models],
    }
    today = datetime.fromtimestamp(shell.clock.now_ms() / 1000).astimezone().date()
    return HistoryFilterScreen(offers(names, today))
