"""A column of messages of which only those around the reader, or at the end, are mounted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.layout import Layout
from textual.message import Message
from textual.reactive import Reactive
from textual.widget import Widget

from workbench.tui.palette import COMPONENTS, PALETTE_CSS, PaletteKeeper
from workbench.tui.safe import SafeStatic
from workbench.tui.widgets.following_scroll import FollowingScroll
from workbench.tui.widgets.message_view import MessageView

if TYPE_CHECKING:
    from workbench.tui.widgets.message_body import MessageBody

MOUNTED: Final = 30
"""Messages mounted at the end of the transcript, or around one that is jumped to."""

MORE: Final = 15
"""Messages mounted each time the reader reaches the first or the last of them."""

MOST: Final = 90
"""Mounted messages above which those far below the reader are taken away again."""


class MessageColumn(FollowingScroll):
    """Knows all messages given so far, and mounts a window of them."""

    DEFAULT_CSS = f"""
    MessageColumn {{
        layout: stream;
        padding: 0 1;
        background: $surface;
        scrollbar-size-vertical: 1;
        {PALETTE_CSS}
        & > .transcript--empty {{ width: 1fr; color: $text-muted; &:ansi {{ text-style: dim; }} }}
    }}
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS.values())

    class EarlierWanted(Message):
        """The reader is at the top, and the conversation has messages that were not given yet."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Without a message."""
        super().__init__(id=id, classes=classes)
        self._views: list[MessageView] = []
        self._bodies: dict[str, MessageBody] = {}
        self._first = self._end = 0
        self._has_earlier = False
        self._asked_earlier = False
        self._palette = PaletteKeeper(self)
        self._unfolded: set[str] = set()
        self._lifted: list[MessageBody] = []
        self._lifted_rows = 0
        self._empty = SafeStatic("", classes="transcript--empty")

    @property
    def messages(self) -> tuple[MessageView, ...]:
        """All messages given so far, mounted or not."""
        return tuple(self._views)

    def mounted(self, message_id: str) -> MessageBody | None:
        """The widget that shows a message; None while it is not mounted."""
        return self._bodies.get(message_id)

    def notify_style_update(self) -> None:
        """A theme or class has changed: paint with its colours."""
        self._palette.stale()
        super().notify_style_update()

    def lay_out_anew(self) -> None:
        """Other room between things is wanted."""
        for body in self._bodies.values():
            body.lay_out_anew()

    def _index(self, message_id: str) -> int | None:
        # Messages that change are almost always near the end.
        return next((i for i in range(len(self._views) - 1, -1, -1) if self._views[i].id == message_id), None)

    # -- the window --------------------------------------------------------------------------------------------

    def _make(self, view: MessageView) -> MessageBody:
        # With what it draws it is a tenth of all that is imported, and the first paint has no message.
        from workbench.tui.widgets.message_body import MessageBody

        body = self._bodies[view.id] = MessageBody(view, self._palette.current, self._body_grew)
        body.unfolded = view.id in self._unfolded
        return body

    def _show_window(self, first: int, end: int) -> None:
        """Mount these and no others."""
        for body in self._bodies.values():
            # Gone from the next paint on; the removal itself takes a moment.
            body.display = False
            body.remove()
        self._bodies.clear()
        self._lifted.clear()
        self._lifted_rows = 0
        self._first, self._end = max(first, 0), min(end, len(self._views))
        self.mount_all([self._make(view) for view in self._views[self._first : self._end]])
        self._empty.display = not self._views

    def _show_end(self) -> None:
        """Mount the last messages, unless they are."""
        if self._end < len(self._views):
            self._show_window(len(self._views) - MOUNTED, len(self._views))
        else:
            self._unmount_far()

    def _mount_last(self, view: MessageView) -> None:
        """A message was added at the end: mount it if the one before it is mounted."""
        self._empty.display = False
        if self._end == len(self._views) - 1:
            self._end += 1
            self.mount(self._make(view))

    def _mount_earlier(self) -> None:
        start = max(self._first - MORE, 0)
        if start == self._first:
            return
        bodies = [self._make(view) for view in self._views[start : self._first]]
        before = self._bodies[self._views[self._first].id] if self._first < self._end else None
        self._first = start
        if not self.following:
            self._lifted.extend(bodies)
        self.mount_all(bodies, before=before)
        if not self.following and self._end - self._first > MOST:
            self._unmount(self._first + MOST, self._end)
            self._end = self._first + MOST

    def _mount_later(self) -> None:
        stop = min(self._end + MORE, len(self._views))
        bodies = [self._make(view) for view in self._views[self._end : stop]]
        self._end = stop
        self.mount_all(bodies)

    def _unmount_far(self) -> None:
        """Keep the number of mounted messages small while nobody looks at the earlier ones."""
        if self._end - self._first >= 2 * MOUNTED:
            start = self._end - MOUNTED
            self._unmount(self._first, start)
            self._first = start

    def _unmount(self, first: int, end: int) -> None:
        for view in self._views[first:end]:
            self._bodies.pop(view.id).remove()

    def _take_out(self, index: int) -> None:
        """Forget a message."""
        view = self._views.pop(index)
        self._first -= index < self._first
        self._end -= index < self._end
        body = self._bodies.pop(view.id, None)
        if body is not None:
            body.remove()
        self._empty.display = not self._views

    # -- what is seen stays where it is ------------------------------------------------------------------------

    def _body_grew(self, body: MessageBody, rows: int) -> None:
        if not self.following and body not in self._lifted and body.virtual_region.bottom <= self.scroll_y:
            self._lifted_rows += rows

    def pre_layout(self, layout: Layout) -> None:
        """Move the view down by what was mounted or has grown above it, in the layout that first shows it."""
        if not self._lifted and not self._lifted_rows:
            return
        lifted, self._lifted = self._lifted, []
        rows, self._lifted_rows = self._lifted_rows, 0
        region = self.scrollable_content_region
        height = sum(
            body.get_content_height(region.size, self.screen.size, region.width)
            for body in lifted
            if body.parent is self
        )
        y = self.scroll_y + height + rows
        # Without validation, which would hold it to the height before this layout.
        self.set_reactive(Widget.scroll_y, y)
        self.set_reactive(cast("Reactive[float]", Widget.scroll_target_y), y)
        self.vertical_scrollbar.position = y

    # -- the reader's way --------------------------------------------------------------------------------------

    def reached_top(self) -> None:
        """The reader has scrolled up to the top."""
        self.call_after_refresh(self._want_earlier)

    def reached_bottom(self) -> bool:
        """The reader has scrolled down to the last mounted message; True when there are later ones."""
        if self._end == len(self._views):
            return False
        self._mount_later()
        return True

    def _check_anchor(self) -> None:
        # Textual takes the last mounted message for the end, and would run from there to the next end, and the next.
        if self._end == len(self._views):
            super()._check_anchor()

    def _want_earlier(self) -> None:
        if self._lifted or not self.is_mounted or not self.is_near_top or self.scroll_y != self.scroll_target_y:
            return
        self.look_where_we_are()
        if self._first:
            self._mount_earlier()
        elif self._has_earlier and not self._asked_earlier:
            self._asked_earlier = True
            self.post_message(self.EarlierWanted())

    def first_in_sight(self) -> int:
        """The place among all messages of the first one that can be seen."""
        top = self.scroll_offset.y
        for index in range(self._first, self._end):
            if self._bodies[self._views[index].id].virtual_region.bottom > top:
                return index
        return max(self._end - 1, 0)

    def text_in_sight(self, message_id: str) -> str:
        """What can be seen of a message."""
        body = self._bodies.get(message_id)
        if body is None:
            return ""
        top = self.scroll_offset.y - body.virtual_region.y
        return body.text_between(top, top + self.scrollable_content_region.height)

    def show_line(self, message_id: str, y: int) -> None:
        """Scroll, once it is laid out, so that a line of a mounted message is in sight, with some before it."""

        def scroll() -> None:
            body = self._bodies.get(message_id)
            if body is None:
                return
            height = self.scrollable_content_region.height
            line = body.virtual_region.y + y
            if not self.scroll_offset.y <= line < self.scroll_offset.y + height - 1:
                self.scroll_to(y=max(line - height // 3, 0), animate=False)

        self.call_after_refresh(scroll)

    def _given(self, messages: Sequence[MessageView], *, has_earlier: bool) -> None:
        """Messages before all others."""
        self._has_earlier = has_earlier
        self._asked_earlier = False
        self._views[:0] = messages
        self._first += len(messages)
        self._end += len(messages)
