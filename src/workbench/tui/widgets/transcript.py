"""The transcript: a column of messages that follows its end until the reader scrolls up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.telling import keys_that_fit
from workbench.tui.actions.values import Scope
from workbench.tui.glyphs import glyphs
from workbench.tui.markdown.textlines import cells
from workbench.tui.safe import set_border_subtitle
from workbench.tui.widgets.message_column import MORE, MOUNTED, MessageColumn
from workbench.tui.widgets.message_view import MessageView

if TYPE_CHECKING:
    from workbench.tui.markdown.matching import Mark
    from workbench.tui.state.finding import Needle
    from workbench.tui.widgets.message_body import MessageBody

WARM_UP_AFTER_S: Final = 0.5
"""Seconds after which the Markdown libraries are loaded, beside the first paints."""
_CORNERS: Final = 2
"""Cells inside the frame that its bottom border keeps to itself."""


class Transcript(MessageColumn):
    """Shows messages, the newest at the end, with a cursor that moves from one to the next."""

    HELP = """\
The conversation. It follows its end until you scroll up; end follows again. Up and down move by message, left and
right show other answers to the same question, space unfolds reasoning and tool output of the message at the bar, y
copies it, Y its code, l lists its links, f finds words. Dragging with the mouse selects text.
"""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of(Scope.TRANSCRIPT),
        Binding("up", "move_cursor(-1)", "Earlier message", show=False, id="transcript.earlier"),
        Binding("down", "move_cursor(1)", "Later message", show=False, id="transcript.later"),
        Binding("k", "scroll_up", "Scroll up", show=False, id="transcript.scroll_up"),
        Binding("j", "scroll_down", "Scroll down", show=False, id="transcript.scroll_down"),
        Binding("end,G", "follow", "Follow", show=False, id="transcript.follow"),
    ]

    class CursorMoved(Message):
        """The message cursor is on another message, or on none."""

        def __init__(self, message_id: str | None) -> None:
            """`message_id` is None when there is no cursor any more."""
            super().__init__()
            self.message_id = message_id

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """An empty transcript."""
        super().__init__(id=id, classes=classes)
        self._cursor_id: str | None = None
        self._unseen: set[str] = set()
        self._empty_text = ""
        self._needle: Needle | None = None
        self._found: tuple[str, tuple[Mark, ...]] = ("", ())
        self.empty_text = "No messages yet. Type and press enter."

    def compose(self) -> ComposeResult:
        """The sentence of the empty state."""
        yield self._empty

    def on_mount(self) -> None:
        """Keep the end in sight from the start."""
        self.anchor()
        self.set_timer(WARM_UP_AFTER_S, self._warm_up)

    @work(group="transcript-warm-up", exit_on_error=False)
    async def _warm_up(self) -> None:
        from workbench.tui.markdown.blocks import warm_up

        await asyncio.to_thread(warm_up)

    # -- content -----------------------------------------------------------------------------------------------

    @property
    def empty_text(self) -> str:
        """The sentence shown while there is no message."""
        return self._empty_text

    @empty_text.setter
    def empty_text(self, text: str) -> None:
        self._empty_text = text
        self._empty.show(text)

    def show(self, messages: Sequence[MessageView], *, has_earlier: bool) -> None:
        """Replace everything and follow the end; `has_earlier` when the conversation begins before `messages`."""
        self._views = []
        self._unseen.clear()
        self._given(messages, has_earlier=has_earlier)
        self._set_cursor(None)
        self._show_window(len(self._views) - MOUNTED, len(self._views))
        self.following = True
        self.anchor()
        self._show_subtitle()

    def append(self, view: MessageView) -> None:
        """Add a message at the end."""
        self._views.append(view)
        self._mount_last(view)
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
        self._given(messages, has_earlier=has_earlier)
        if self._cursor_index == 0 or self.is_near_top:
            self._mount_earlier()

    def remove_message(self, message_id: str) -> None:
        """Take a message out; an unknown id is ignored."""
        index = self._index(message_id)
        if index is None:
            return
        self._take_out(index)
        self._unseen.discard(message_id)
        if self._cursor_id == message_id:
            self._set_cursor(None)

    def _make(self, view: MessageView) -> MessageBody:
        body = super()._make(view)
        body.is_current = view.id == self._cursor_id
        body.show_matches(self._needle, self._found[1] if view.id == self._found[0] else ())
        return body

    def _show_subtitle(self) -> None:
        text = ""
        if self._unseen:
            text = f"{len(self._unseen)} new {glyphs().dot} End"
        elif not self.following:
            text = f"end to follow {glyphs().follow}"
        if self.has_focus and self._views:
            told = f"{text} {glyphs().dot} " if text else ""
            keys = keys_that_fit(Scope.TRANSCRIPT, self.size.width - cells(told) - _CORNERS)
            text = f"{told}{keys}" if keys else text
        set_border_subtitle(self, text)

    def show_keys(self) -> None:
        """Other keys may be in force."""
        self._show_subtitle()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The keys work now, or no longer."""
        super().watch_has_focus(_has_focus)
        self._show_subtitle()

    def on_resize(self) -> None:
        """There is room for more of them, or for fewer."""
        self._show_subtitle()

    # -- following ---------------------------------------------------------------------------------------------

    def watch_following(self, following: bool) -> None:
        """Say in the border how to follow again."""
        if following:
            self._unseen.clear()
        self._show_subtitle()

    def action_follow(self) -> None:
        """Go to the end and keep it in sight."""
        self._set_cursor(None)
        self._show_end()
        self.anchor()
        self.following = True

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
        self._bring_in_sight(self._move_cursor_to(wanted))

    def put_cursor(self, message_id: str) -> None:
        """Put the cursor on a message and scroll there; an unknown id is ignored."""
        index = self._index(message_id)
        if index is not None:
            self._bring_in_sight(self._move_cursor_to(index))

    def mark_message(self, message_id: str) -> MessageBody | None:
        """Put the cursor on a message without scrolling; its widget, or None for an unknown id."""
        index = self._index(message_id)
        return None if index is None else self._move_cursor_to(index)

    def _move_cursor_to(self, wanted: int) -> MessageBody:
        if not self._first - MORE <= wanted < self._end + MORE:
            self.following = False
            self.release_anchor()
            self._show_window(wanted - MORE, wanted - MORE + MOUNTED)
        if wanted < self._first:
            self._mount_earlier()
        if wanted >= self._end:
            self._mount_later()
        self._set_cursor(self._views[wanted].id)
        return self._bodies[self._views[wanted].id]

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
        def scroll() -> None:
            region = body.virtual_region
            height = self.scrollable_content_region.height
            # Of a message taller than the view its beginning is shown.
            target = Region(region.x, region.y, region.width, min(region.height, height))
            top = self.scroll_offset.y
            if target.y < top:
                self.scroll_to(y=target.y, animate=False)
            elif target.bottom > top + height:
                self.scroll_to(y=target.bottom - height, animate=False)

        self.call_after_refresh(scroll)

    def action_move_cursor(self, step: int) -> None:
        """Move the message cursor."""
        self.move_cursor(step)

    # -- folding and finding -----------------------------------------------------------------------------------

    def toggle_fold(self) -> bool:
        """Fold or unfold reasoning or tool output at the cursor, else of the last message with any; False for none."""
        chosen = self._cursor_id
        if chosen is None:
            folding = (view.id for view in reversed(self._views) if view.reasoning or view.fold)
            chosen = next(folding, None)
        view = next((view for view in self._views if view.id == chosen), None)
        if view is None or not (view.reasoning or view.fold):
            return False
        self.unfold(view.id, unfolded=view.id not in self._unfolded)
        return True

    def unfold(self, message_id: str, *, unfolded: bool = True) -> None:
        """Show or hide what is folded of a message."""
        if unfolded:
            self._unfolded.add(message_id)
        else:
            self._unfolded.discard(message_id)
        body = self._bodies.get(message_id)
        if body is not None:
            body.unfolded = unfolded

    def show_matches(self, needle: Needle | None, message_id: str = "", found: tuple[Mark, ...] = ()) -> None:
        """Highlight what matches, in all messages; `found` is the match in `message_id` that is looked at."""
        self._needle, self._found = needle, (message_id, found)
        for mounted_id, body in self._bodies.items():
            body.show_matches(needle, found if mounted_id == message_id else ())


__all__ = ["MessageView", "Transcript"]
