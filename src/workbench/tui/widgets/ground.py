"""What stands behind other widgets: blank lines, of which Textual would otherwise keep and look at each one alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

_Base = Widget if TYPE_CHECKING else object


class Ground(_Base):
    """Mixed into a screen or container without a frame: while a reply streams it is asked for all its lines."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """One blank line, as often as it is wanted."""
        strip = Strip.blank(crop.width, self.visual_style.rich_style)
        ground = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, ground)
        return [strip] * crop.height


class Across(Ground, Horizontal):
    """Widgets side by side."""


class Down(Ground, Vertical):
    """Widgets one below the other."""
