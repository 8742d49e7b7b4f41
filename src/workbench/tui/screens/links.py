"""The links of a message, with the whole address of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from workbench.tui.browser import can_be_opened, host_of
from workbench.tui.markdown.parts import LinkedAddress
from workbench.tui.screens.preview_dialog import PreviewDialog


class LinksScreen(PreviewDialog):
    """Lists links; its result is the address to open."""

    HELP = "Where each link leads. enter opens it in your browser, http and https only; y copies the address."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "Copy the address", show=False)]

    def __init__(self, links: Sequence[LinkedAddress], copy: Callable[[str], None], *, marked: int = 0) -> None:
        """`links` holds at least one; the cursor begins at `marked`."""
        labels = [link.label for link in links]
        super().__init__(f"Links ({len(links)})", "enter open · y copy · esc back", labels, marked=marked)
        self._links, self._copy = links, copy

    @property
    def _address(self) -> str:
        return self._links[self.marked].address

    def preview(self) -> tuple[str, str]:
        """Where it leads, and whether it can be opened."""
        if can_be_opened(self._address):
            return self._address, f"Opens {host_of(self._address)} in your browser."
        return self._address, "Only http and https addresses are opened; y copies it."

    def action_choose(self) -> None:
        """Open it, if it is one that is opened."""
        if can_be_opened(self._address):
            self.dismiss(self._address)

    def action_copy(self) -> None:
        """Copy the address."""
        self._copy(self._address)
