"""Lines above everything else for problems that last: each with a sign, a word and what to do."""

from __future__ import annotations

from textual.content import Content

from workbench.core.text import clean_line
from workbench.tui.glyphs import glyphs
from workbench.tui.safe import SafeStatic
from workbench.tui.state.badges import Severity

_MOST_LINES = 3


class Banner(SafeStatic):
    """Shows the problems of now, and nothing when there are none."""

    def __init__(self, *, id: str | None = None) -> None:
        """Without problems."""
        super().__init__(id=id)
        self._problems: list[tuple[Severity, str]] = []

    @property
    def lines(self) -> list[str]:
        """What is shown, as plain text."""
        return [text for _, text in self._problems]

    def show_problems(self, problems: list[tuple[Severity, str]]) -> None:
        """Replace what is shown, the worst first."""
        if problems == self._problems:
            return
        self._problems = problems
        self.display = bool(problems)
        self.show(Content("\n").join(_line(severity, text) for severity, text in problems[:_MOST_LINES]))


def _line(severity: Severity, text: str) -> Content:
    signs = glyphs()
    sign, style = (signs.failed, "bold $error") if severity is Severity.ERROR else (signs.slow, "bold $warning")
    return Content.assemble((f" {sign} ", style), clean_line(text))
