"""The transcript: a column of messages that follows its end until the reader scrolls up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final, cast

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.layout import Layout
from textual.message import Message
from textual.reactive import Reactive
from textual.widget import Widget

from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.values import Scope
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.blocks import warm_up
from workbench.tui.palette import COMPONENTS, PALETTE_CSS, PaletteKeeper
from workbench.tui.safe import SafeStatic, set_border_subtitle
from workbench.tui.widgets.following_scroll import FollowingScroll
from workbench.tui.widgets.message_body import MessageBody
from workbench.tui.widgets.message_view import MessageView

MOUNTED: Final = 30
"""Messages mounted at the end of the transcript."""

MORE: Final = 15
"""Messages mounted each time the reader reaches the top."""

WARM_UP_AFTER_S: Final = 0.5
"""Seconds after which the Markdown libraries are loaded, beside the first paints."""


class Transcript(FollowingScroll):
    """Shows messages, the newest at the end; only those around the end or the reader are mounted."""

    DEFAULT_CSS = f"""
    Transcript {{
        layout: stream;
        padding: 0 1;
        background: $surface;
        scrollbar-size-vertical: 1;
        {PALETTE_CSS}
        & > .transcript--empty {{ width: 1fr; color: $text-muted; &:ansi {{ text-style: dim; }} }}
    }}
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS.values())

    HELP = """\
The conversation. It follows its end until you scroll up; end follows again. Up and down move by message, left and
right show other answers to the same question, space unfolds the reasoning of the message at the bar, dragging with the
mouse selects text.
"""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of(Scope.TRANSCRIPT),
        Binding("up", "move_cursor(-1)", "Earlier message", show=False, id="transcript.earlier"),
        Binding("down", "move_cursor(1)", "Later message", show=False, id="transcript.later"),
        Binding("space,o", "toggle_reasoning", "Reasoning", show=False, id="transcript.reasoning"),
        Binding("k", "scroll_up", "Scroll up", show=False, id="transcript.scroll_up"),
        Binding("j", "scroll_down", "Scroll down", show=False, id="transcript.scroll_down"),
        Binding("end,G", "follow", "Follow", show=False, id="transcript.follow"),
    ]

    class EarlierWanted(Message):
        """The reader is at the top, and the conversation has messages that were not given yet."""

    class CursorMoved(Message):
        """The message cursor is on another message, or on none."""

        def __init__(self, message_id: str | None) -> None:
            """`message_id` is None when there is no cursor any more."""
            super().__init__()
            self.message_id = message_id

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """An empty transcript."""
        super().__init__(id=id, classes=classes)
        self._views: list[MessageView] = []
        self._bodies: dict[str, MessageBody] = {}
        self._first_mounted = 0
        self._has_earlier = False
        self._asked_earlier = False
        self._palette = PaletteKeeper(self)
        self._cursor_id: str | None = None
        self._unseen: set[str] = set()
        self._hint = ""
        self._empty_text = "No messages yet. Type and press enter."
        self._empty = SafeStatic(self._empty_text, classes="transcript--empty")
        self._lifted: list[MessageBody] = []

    def compose(self) -> ComposeResult:
        """The sentence of the empty state."""
        yield self._empty

    def on_mount(self) -> None:
        """Keep the end in sight from the start."""
        self.anchor()
        self.set_timer(WARM_UP_AFTER_S, self._warm_up)

    @work(group="transcript-warm-up", exit_on_error=False)
    async def _warm_up(self) -> None:
        await asyncio.to_thread(warm_up)

    # -- content -----------------------------------------------------------------------------------------------

    @property
    def messages(self) -> tuple[MessageView, ...]:
        """All messages given so far, mounted or not."""
        return tuple(self._views)

    @property
    def empty_text(self) -> str:
        """The sentence shown while there is no message."""
        return self._empty_text

    @empty_text.setter
    def empty_text(self, text: str) -> None:
        self._empty_text = text
        self._empty.show(text)

    @property
    def hint(self) -> str:
        """What the bottom border says while the transcript follows its end."""
        return self._hint

    @hint.setter
    def hint(self, text: str) -> None:
        self._hint = text
        self._show_subtitle()

    def show(self, messages: Sequence[MessageView], *, has_earlier: bool) -> None:
        """Replace everything and follow the end; `has_earlier` when the conversation begins before `messages`."""
        self._views = list(messages)
        self._has_earlier = has_earlier
        self._asked_earlier = False
        self._lifted.clear()
        self._unseen.clear()
        for body in self._bodies.values():
            # Gone from the next paint on; the removal itself takes a moment.
            body.display = False
            body.remove()
        self._bodies.clear()
        self._first_mounted = max(len(self._views) - MOUNTED, 0)
        self._set_cursor(None)
        self.mount_all([self._make(view) for view in self._views[self._first_mounted :]])
        self._empty.display = not self._views
        self.following = True
        self.anchor()
        self._show_subtitle()

    def append(self, view: MessageView) -> None:
        """Add a message at the end."""
        self._views.append(view)
        self._empty.display = False
        self.mount(self._make(view))
        if self.following:
            self._unmount_far()
        else:
            self._unseen.add(view.id)
            self._show_subtitle()

    def update_message(self, view: MessageView) -> None:
        """Show another state of a message that is there already, found by its id; an unknown one is appended."""
        index = self._index(view.id)
        if index is None:
            self.append(view)
            return
        self._views[index] = view
        body = self._bodies.get(view.id)
        if body is not None:
            body.update_view(view)
        if not self.following and view.id not in self._unseen:
            self._unseen.add(view.id)
            self._show_subtitle()

    def prepend(self, messages: Sequence[MessageView], *, has_earlier: bool) -> None:
        """Put messages before all others; what is on the screen stays where it is."""
        self._has_earlier = has_earlier
        self._asked_earlier = False
        self._views[:0] = messages
        self._first_mounted += len(messages)
        if self._cursor_index == 0 or self.is_near_top:
            self._mount_earlier()

    def remove_message(self, message_id: str) -> None:
        """Take a message out; an unknown id is ignored."""
        index = self._index(message_id)
        if index is None:
            return
        del self._views[index]
        if index < self._first_mounted:
            self._first_mounted -= 1
        body = self._bodies.pop(message_id, None)
        if body is not None:
            body.remove()
        self._unseen.discard(message_id)
        if self._cursor_id == message_id:
            self._set_cursor(None)
        self._empty.display = not self._views

    def _make(self, view: MessageView) -> MessageBody:
        body = self._bodies[view.id] = MessageBody(view, self._palette.current)
        return body

    def _index(self, message_id: str) -> int | None:
        # Messages that change are almost always near the end.
        return next((i for i in range(len(self._views) - 1, -1, -1) if self._views[i].id == message_id), None)

    # -- looks -------------------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """A theme or class has changed: paint with its colours."""
        self._palette.stale()
        super().notify_style_update()

    def _show_subtitle(self) -> None:
        if self.following:
            text = self._hint
        elif self._unseen:
            text = f"{len(self._unseen)} new {glyphs().dot} End"
        else:
            text = f"end to follow {glyphs().follow}"
        set_border_subtitle(self, text)

    # -- earlier messages --------------------------------------------------------------------------------------

    def reached_top(self) -> None:
        """The reader has scrolled up to the top."""
        self.call_after_refresh(self._want_earlier)

    def _want_earlier(self) -> None:
        if self._lifted or not self.is_mounted or not self.is_near_top or self.scroll_y != self.scroll_target_y:
            return
        self.look_where_we_are()
        if self._first_mounted:
            self._mount_earlier()
        elif self._has_earlier and not self._asked_earlier:
            self._asked_earlier = True
            self.post_message(self.EarlierWanted())

    def _mount_earlier(self) -> None:
        start = max(self._first_mounted - MORE, 0)
        if start == self._first_mounted:
            return
        bodies = [self._make(view) for view in self._views[start : self._first_mounted]]
        before = self._bodies[self._views[self._first_mounted].id] if self._first_mounted < len(self._views) else None
        self._first_mounted = start
        if not self.following:
            self._lifted.extend(bodies)
        self.mount_all(bodies, before=before)

    def pre_layout(self, layout: Layout) -> None:
        """Move the view down by what was mounted above it, in the layout that first shows it."""
        if not self._lifted:
            return
        lifted, self._lifted = self._lifted, []
        region = self.scrollable_content_region
        height = sum(
            body.get_content_height(region.size, self.screen.size, region.width)
            for body in lifted
            if body.parent is self
        )
        y = self.scroll_y + height
        # Without validation, which would hold it to the height before this layout.
        self.set_reactive(Widget.scroll_y, y)
        self.set_reactive(cast("Reactive[float]", Widget.scroll_target_y), y)
        self.vertical_scrollbar.position = y

    def _unmount_far(self) -> None:
        """Keep the number of mounted messages small while nobody looks at the earlier ones."""
        mounted = len(self._views) - self._first_mounted
        if mounted < 2 * MOUNTED:
            return
        start = len(self._views) - MOUNTED
        for view in self._views[self._first_mounted : start]:
            if view.id != self._cursor_id:
                self._bodies.pop(view.id).remove()
        self._first_mounted = start

    # -- following ---------------------------------------------------------------------------------------------

    def watch_following(self, following: bool) -> None:
        """Say in the border how to follow again."""
        if following:
            self._unseen.clear()
        self._show_subtitle()

    def action_follow(self) -> None:
        """Go to the end and keep it in sight."""
        self._set_cursor(None)
        self.anchor()
        self.following = True
        self._unmount_far()

    def action_scroll_end(self) -> None:
        """The same as following."""
        self.action_follow()

    def action_scroll_home(self) -> None:
        """Go to the first message that is here, and want earlier ones."""
        self.scroll_home(animate=False)
        self.call_after_refresh(self._want_earlier)

    # -- message cursor ----------------------------------------------------------------------------------------

    @property
    def cursor_message_id(self) -> str | None:
        """The id of the message under the cursor; None when there is no cursor."""
        return self._cursor_id

    @property
    def _cursor_index(self) -> int | None:
        return self._index(self._cursor_id) if self._cursor_id is not None else None

    def move_cursor(self, step: int) -> None:
        """Move the cursor by `step` messages; the first move puts it on the last message."""
        if not self._views:
            return
        index = self._cursor_index
        wanted = len(self._views) - 1 if index is None else min(max(index + step, 0), len(self._views) - 1)
        if wanted == index == 0:
            self.scroll_home(animate=False)
            self.call_after_refresh(self._want_earlier)
        self._move_cursor_to(wanted)

    def put_cursor(self, message_id: str) -> None:
        """Put the cursor on a message; an unknown id is ignored."""
        index = self._index(message_id)
        if index is not None:
            self._move_cursor_to(index)

    def _move_cursor_to(self, wanted: int) -> None:
        while wanted < self._first_mounted:
            self._mount_earlier()
        self._set_cursor(self._views[wanted].id)
        body = self._bodies[self._views[wanted].id]
        self.call_after_refresh(self._bring_in_sight, body)

    def clear_cursor(self) -> None:
        """Take the cursor away."""
        self._set_cursor(None)

    def _set_cursor(self, message_id: str | None) -> None:
        if message_id == self._cursor_id:
            return
        old = self._bodies.get(self._cursor_id or "")
        if old is not None:
            old.is_current = False
        self._cursor_id = message_id
        new = self._bodies.get(message_id or "")
        if new is not None:
            new.is_current = True
        self.post_message(self.CursorMoved(message_id))

    def _bring_in_sight(self, body: MessageBody) -> None:
        region = body.virtual_region
        height = self.scrollable_content_region.height
        # Of a message taller than the view its beginning is shown.
        target = Region(region.x, region.y, region.width, min(region.height, height))
        top = self.scroll_offset.y
        if target.y < top:
            self.scroll_to(y=target.y, animate=False)
        elif target.bottom > top + height:
            self.scroll_to(y=target.bottom - height, animate=False)

    def action_move_cursor(self, step: int) -> None:
        """Move the message cursor."""
        self.move_cursor(step)

    def action_toggle_reasoning(self) -> None:
        """Fold or unfold the reasoning of the message under the cursor, else of the last one that has any."""
        if self._cursor_id is not None:
            self._bodies[self._cursor_id].toggle_reasoning()
            return
        for view in reversed(self._views[self._first_mounted :]):
            if view.reasoning:
                self._bodies[view.id].toggle_reasoning()
                return


__all__ = ["MessageView", "Transcript"]
