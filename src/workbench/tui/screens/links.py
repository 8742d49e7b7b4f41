"""The links of a message, with the whole address of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.getters import query_one
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbench.tui.browser import can_be_opened, host_of
from workbench.tui.glyphs import drawn
from workbench.tui.markdown.parts import LinkedAddress
from workbench.tui.safe import SafeStatic, plain_line, set_border_subtitle, set_border_title
from workbench.tui.screens.dialog import Dialog


class LinksScreen(Dialog[str]):
    """Lists links; its result is the address to open."""

    CSS_PATH = ["../styles/dialogs.tcss", "../styles/links.tcss"]
    HELP = "Where each link leads. enter opens it in your browser, http and https only; y copies the address."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy the address", show=False),
        Binding("j", "move('down')", "Down", show=False),
        Binding("k", "move('up')", "Up", show=False),
    ]

    listed = query_one(OptionList)
    address = query_one("#links-address", SafeStatic)
    note = query_one("#links-note", SafeStatic)

    def __init__(self, links: Sequence[LinkedAddress], copy: Callable[[str], None], *, marked: int = 0) -> None:
        """`links` holds at least one; the cursor begins at `marked`."""
        super().__init__()
        self._links = links
        self._copy = copy
        self._marked = marked

    def compose(self) -> ComposeResult:
        """A list above the address of the marked one."""
        with Vertical(classes="dialog", id="links") as frame:
            set_border_title(frame, f"Links ({len(self._links)})")
            set_border_subtitle(frame, drawn("enter open · y copy · esc back"))
            yield OptionList(id="links-list")
            with VerticalScroll(id="links-whole", can_focus=False):
                yield SafeStatic(id="links-address")
            yield SafeStatic(id="links-note")

    def on_mount(self) -> None:
        """Mark the one that was asked for."""
        self.listed.add_options([Option(plain_line(link.label, 200)) for link in self._links])
        self.listed.highlighted = self._marked
        self.listed.focus()

    @property
    def _link(self) -> LinkedAddress:
        return self._links[self.listed.highlighted or 0]

    def on_option_list_option_highlighted(self) -> None:
        """Show where it leads."""
        address = self._link.address
        self.address.show(address)
        if can_be_opened(address):
            self.note.show(f"Opens {host_of(address)} in your browser.")
        else:
            self.note.show("Only http and https addresses are opened; y copies it.")

    def on_option_list_option_selected(self) -> None:
        """Open it, if it is one that is opened."""
        if can_be_opened(self._link.address):
            self.dismiss(self._link.address)

    def action_copy(self) -> None:
        """Copy the address."""
        self._copy(self._link.address)

    def action_move(self, direction: str) -> None:
        """Move the mark."""
        if direction == "up":
            self.listed.action_cursor_up()
        else:
            self.listed.action_cursor_down()
