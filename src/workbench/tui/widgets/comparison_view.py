"""Two texts with their differences, in two columns or one above the other; both scroll together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.tui.glyphs import glyphs
from workbench.tui.history.difference import Comparison, DrawnRow, side_by_side, stacked
from workbench.tui.markdown.textlines import Run, cells
from workbench.tui.palette import COMPONENTS, PALETTE_CSS, Palette, PaletteKeeper, Role

STACKED_BELOW = 98
"""Cells below which one text stands above the other: the width of the class `-narrow` without the frame."""
_BETWEEN = 3


class ComparisonView(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws a `Comparison`; n and N go from difference to difference."""

    DEFAULT_CSS = f"""
    ComparisonView {{
        height: 1fr;
        background: $surface;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        {PALETTE_CSS}
    }}
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS.values())
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown,space", "page_down", "Page down", show=False),
        Binding("home,g", "scroll_home", "Beginning", show=False),
        Binding("end,G", "scroll_end", "End", show=False),
        Binding("n", "difference(1)", "Next difference", show=False),
        Binding("N", "difference(-1)", "Difference before", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        """Nothing yet."""
        super().__init__(id=id)
        self._comparison = Comparison(blocks=())
        self._rows: Sequence[DrawnRow] = ()
        self._palette = PaletteKeeper(self)

    def show(self, comparison: Comparison) -> None:
        """Show another comparison, from its beginning."""
        self._comparison = comparison
        self._lay_out()
        self.scroll_to(y=0, animate=False, immediate=True)

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def is_stacked(self) -> bool:
        """Whether one text stands above the other."""
        return self._width < STACKED_BELOW

    @property
    def column(self) -> int:
        """Cells of a column."""
        return self._width if self.is_stacked else max((self._width - _BETWEEN) // 2, 1)

    def _lay_out(self) -> None:
        draw = stacked if self.is_stacked else side_by_side
        self._rows = draw(self._comparison, self.column) if self._width else ()
        self.virtual_size = Size(self._width, len(self._rows))
        self.refresh()

    def on_resize(self) -> None:
        """Lay out for the new width."""
        self._lay_out()

    def action_difference(self, step: int) -> None:
        """Scroll to the next difference, or the one before."""
        top = round(self.scroll_target_y)
        starts = [place for place, row in enumerate(self._rows) if row.begins]
        beyond = [place for place in starts if (place - 1 > top if step > 0 else place - 1 < top)]
        if beyond:
            self.scroll_to(y=max((beyond[0] if step > 0 else beyond[-1]) - 1, 0), animate=False)

    def notify_style_update(self) -> None:
        """A theme or class has changed."""
        self._palette.stale()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One row."""
        palette = self._palette.current()
        width, place = self._width, self.scroll_offset.y + y
        if place >= len(self._rows):
            return Strip.blank(width, palette.style(Role.TEXT))
        row = self._rows[place]
        segments = _filled(row.left, self.column, palette)
        if not self.is_stacked:
            segments.append(Segment(f" {glyphs().column} ", palette.style(Role.MUTED)))
            segments += _filled(row.right, self.column, palette)
        return Strip(segments, sum(cells(segment.text) for segment in segments)).crop_extend(
            0, width, palette.style(Role.TEXT)
        )


def _filled(runs: Sequence[Run], width: int, palette: Palette) -> list[Segment]:
    used = sum(cells(text) for text, _ in runs)
    fill = Segment(" " * max(width - used, 0), palette.style(Role.TEXT))
    return [*(Segment(text, palette.style(key)) for text, key in runs), fill]
