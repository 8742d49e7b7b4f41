"""Everything known of the provider under the cursor."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from workbench.tui.providers.board import Board
from workbench.tui.providers.detail import detail_content
from workbench.tui.safe import SafeStatic, set_border_title


class ProviderDetailView(VerticalScroll, can_focus=True):
    """A column of text that scrolls."""

    HELP = """\
What is known of one provider: its breaker and when the next probe goes, limits and what is left of them, keys by name,
how old the figures are, and the way a request would take now.
"""

    def __init__(self, board: Board, *, id: str | None = None, classes: str | None = None) -> None:
        """Shows the row of `board` under the cursor."""
        super().__init__(id=id, classes=classes)
        self._board = board
        self._shown = ""
        self._now_ms = 0

    def compose(self) -> ComposeResult:
        """One text."""
        yield SafeStatic(id="provider-detail-text")

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self.update_text(self._now_ms)

    def update_text(self, now_ms: int) -> None:
        """Draw what the board holds now, if it is in sight; ages and countdowns are those of `now_ms`."""
        self._now_ms = now_ms
        if not self.display:
            return
        status = self._board.current
        text = self.query_one("#provider-detail-text", SafeStatic)
        if status is None:
            set_border_title(self, "Details")
            text.show("")
            return
        detail = self._board.detail
        if status.name != self._shown:
            self._shown = status.name
            self.scroll_home(animate=False)
        set_border_title(self, status.name)
        width = self.scrollable_content_region.width
        content: Content = detail_content(status, detail, self._board.route, now_ms=now_ms, width=width)
        # It is laid out already: the height changes with the number of lines only.
        text.show(content, layout=len(content.plain.splitlines()) != text.size.height)
