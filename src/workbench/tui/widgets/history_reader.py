"""The reader of the history: a transcript that stands still, begins anywhere and can be read both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.message import Message

from workbench.tui.history.telling import keys_told
from workbench.tui.safe import set_border_subtitle, set_border_title
from workbench.tui.widgets.message_view import MessageView
from workbench.tui.widgets.transcript import WARM_UP_AFTER_S, Transcript

if TYPE_CHECKING:
    from workbench.tui.markdown.matching import Mark
    from workbench.tui.state.finding import Needle

_BEFORE: Final = 3
"""Messages mounted at first before the one that is looked at; each costs milliseconds until it can be read."""
_AFTER: Final = 7
_NEAR_AN_END: Final = 5
_CORNERS: Final = 6


class HistoryReader(Transcript, inherit_bindings=False):
    """Shows a part of a branch; wants more of it when the reader comes near either end."""

    HELP = """\
A stored conversation, to be read. Up and down move by message, n and N by hit, left and right show other answers and
branches, space unfolds reasoning, tool output and what an import brought along, y copies the message at the bar.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move_cursor(-1)", "Earlier message", show=False),
        Binding("down", "move_cursor(1)", "Later message", show=False),
        Binding("k", "scroll_up", "Scroll up", show=False),
        Binding("j", "scroll_down", "Scroll down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home", "scroll_home", "First message", show=False),
        Binding("end,G", "scroll_end", "Last message", show=False),
    ]

    class LaterWanted(Message):
        """The branch goes on after what was given, and the reader comes near its end."""

    class EndWanted(Message):
        """The reader wants to be at an end of the branch: the last message, or the first."""

        def __init__(self, *, last: bool) -> None:
            """Which of them."""
            super().__init__()
            self.last = last

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Nothing to read."""
        super().__init__(id=id, classes=classes)
        self._has_later = self._asked_later = False
        self._title: Callable[[int], str] = lambda _: ""
        self.set_reactive(HistoryReader.following, False)

    def on_mount(self) -> None:
        """Nothing is followed."""
        self.set_timer(WARM_UP_AFTER_S, self._warm_up)

    def on_show(self) -> None:
        """It was not seen, and could not scroll to what is looked at."""
        self.call_after_refresh(self._return_to_cursor)

    def _return_to_cursor(self) -> None:
        message_id, marks = self._found
        if marks:
            self.show_line(message_id, marks[0].y)
        elif self._cursor_id in self._bodies:
            self._show_from_top(self._cursor_id or "")

    def show_at(self, views: Sequence[MessageView], view_id: str, *, has_earlier: bool, has_later: bool) -> None:
        """Replace everything, with the bar on a message; the branch may go on at both ends."""
        self._views = []
        self._given(views, has_earlier=has_earlier)
        self._has_later, self._asked_later = has_later, False
        self._unfolded.clear()
        self._set_cursor(None)
        index = self._index(view_id) or 0
        self._show_window(index - _BEFORE, index + _AFTER)
        if views:
            self._set_cursor(views[index].id)
            self._show_from_top(views[index].id)
        else:
            self.scroll_to(y=0, animate=False)
        self._show_subtitle()

    def extend(self, views: Sequence[MessageView], *, has_later: bool) -> None:
        """Put messages after all others."""
        self._views.extend(views)
        self._has_later, self._asked_later = has_later, False
        self.call_after_refresh(self.look_where_we_are)

    def _show_from_top(self, view_id: str) -> None:
        body = self._bodies[view_id]

        def scroll() -> None:
            if body.is_attached:
                self.scroll_to(y=max(body.virtual_region.y - 1, 0), animate=False, force=True)
                self.look_where_we_are()

        self.call_after_refresh(scroll)

    def show_edge(self, *, bottom: bool) -> None:
        """Scroll to the end of what is here, or to its beginning, once it is laid out."""

        def scroll() -> None:
            self.scroll_to(y=self.max_scroll_y if bottom else 0, animate=False, force=True)

        # After the scrolling to the message, which waits for the same layout.
        self.call_after_refresh(self.call_after_refresh, scroll)

    # -- nothing is followed -----------------------------------------------------------------------------------

    def look_where_we_are(self) -> None:
        """Want what follows, at the end of what is here."""
        if max(self.scroll_target_y, 0) >= self.max_scroll_y:
            self.reached_bottom()

    def reached_bottom(self) -> bool:
        """The reader has scrolled down to the last mounted message."""
        if super().reached_bottom():
            return True
        self._want_later()
        return False

    def _want_later(self) -> None:
        if self._has_later and not self._asked_later:
            self._asked_later = True
            self.post_message(self.LaterWanted())

    def move_cursor(self, step: int) -> None:
        """Move the bar; near an end of what is here more is wanted."""
        super().move_cursor(step)
        place = self._cursor_index or 0
        if step > 0 and place >= len(self._views) - _NEAR_AN_END:
            self._want_later()
        elif step < 0 and place < _NEAR_AN_END and self._has_earlier and not self._asked_earlier:
            self._asked_earlier = True
            self.post_message(self.EarlierWanted())

    def action_scroll_end(self) -> None:
        """Go to the last message of the branch."""
        self.post_message(self.EndWanted(last=True))

    def action_scroll_home(self) -> None:
        """Go to the first message of the branch."""
        self.post_message(self.EndWanted(last=False))

    def show_matches(self, needle: Needle | None, message_id: str = "", found: tuple[Mark, ...] = ()) -> None:
        """Highlight what matches; with it comes the key that goes from one to the next."""
        super().show_matches(needle, message_id, found)
        self._show_subtitle()

    # -- the border --------------------------------------------------------------------------------------------

    def entitle(self, title: Callable[[int], str]) -> None:
        """Have the title that `title` gives for a number of cells."""
        self._title = title
        self._show_title()

    def _show_title(self) -> None:
        set_border_title(self, self._title(max(self.outer_size.width - _CORNERS, 0)))

    def on_resize(self) -> None:
        """There is room for more of the title, or for less."""
        self._show_title()

    def _show_subtitle(self) -> None:
        names = ("open", "continue", "branches", "siblings", "mark", "fork", "export")
        if self._needle is not None:
            names = ("next_hit", *names)
        names = names if self._views else ()
        set_border_subtitle(self, keys_told(names, self.outer_size.width - _CORNERS))
