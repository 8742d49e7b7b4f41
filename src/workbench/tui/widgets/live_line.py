"""One line that says what the running reply is doing, so that the screen is never silent."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.textlines import cells, clip
from workbench.tui.state.badges import Line, Severity


class LiveLine(Widget):
    """Hidden while nothing runs."""

    def __init__(self, *, id: str | None = None) -> None:
        """Hidden."""
        super().__init__(id=id)
        self._line: Line | None = None

    @property
    def text(self) -> str:
        """What is said; empty while hidden."""
        return self._line.text if self._line else ""

    def say(self, line: Line | None) -> None:
        """Show a line, or hide; draws only when it changed."""
        if line != self._line:
            self._line = line
            self.display = line is not None
            self.refresh()

    def render(self) -> Content:
        """The line, with the key that stops it at the right."""
        if self._line is None:
            return Content("")
        signs = glyphs()
        warning = self._line.severity is Severity.WARNING
        sign, style = (signs.slow, "$warning") if warning else (signs.running, "$accent")
        stop = f"esc {self._line.stop}"
        room = max(self.size.width - len(stop) - 4, 1)
        text = clean_line(self._line.text)
        if cells(text) > room and self._line.short:
            text = clean_line(self._line.short)
        text = clip(text, room, signs.ellipsis)
        gap = self.size.width - 2 - cells(text) - len(stop)
        key = (("esc", "$accent"), (f" {self._line.stop}", "$text-muted")) if gap > 0 else ()
        tail = Content.assemble(" " * max(gap, 0), *key)
        return Content.assemble((f"{sign} ", style), text, tail)
