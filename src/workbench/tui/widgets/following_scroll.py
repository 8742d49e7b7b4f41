"""A scrolling column that keeps its end in sight until somebody scrolls up."""

from __future__ import annotations

from typing import Final

from textual.containers import VerticalScroll
from textual.geometry import Offset, Size
from textual.reactive import Reactive, reactive

NEAR_TOP: Final = 2
"""Lines from the top that count as the top."""


class FollowingScroll(VerticalScroll):
    """Textual's anchor, with the state made visible and without its losing the end when one scrolls down there."""

    following: reactive[bool] = reactive(True, init=False)
    """Whether the end is kept in sight."""

    # A line that comes has the screen laid out already; Textual would do it once more when that is done.
    virtual_size = Reactive(Size(0, 0), layout=False)

    @property
    def scroll_offset(self) -> Offset:
        """Never above the top: content that does not fill the column begins there, though its end is anchored."""
        x, y = super().scroll_offset
        return Offset(x, max(y, 0))

    @property
    def is_near_top(self) -> bool:
        """Whether the first lines are in sight."""
        return self.scroll_offset.y <= NEAR_TOP

    def reached_top(self) -> None:
        """Called when somebody has scrolled up to the top."""

    def reached_bottom(self) -> bool:
        """Called when somebody has scrolled down to the last line; True when that is not the end yet."""
        return False

    def release_anchor(self) -> None:
        """Somebody scrolls: see afterwards whether the end is still in sight."""
        super().release_anchor()
        self.call_later(self.look_where_we_are)

    def look_where_we_are(self) -> None:
        """Follow when the end is in sight, else not."""
        # An anchored column that is not full has its end above its bottom.
        at_end = max(self.scroll_target_y, 0) >= self.max_scroll_y
        if at_end and not self.following and self.scroll_y < self.max_scroll_y:
            # Still on the way down.
            return
        if at_end and self.reached_bottom():
            return
        if at_end:
            self.anchor()
        self.following = at_end

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow again at the end, and tell when the top is reached."""
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y > 0 and not self.following:
            self.call_later(self.look_where_we_are)
        if new_value <= NEAR_TOP and old_value > new_value:
            self.reached_top()
