"""The chat pane: conversations at the left, the transcript, the composer, the failover trace at the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize, ScreenResume
from textual.getters import query_one
from textual.widgets import TextArea

from workbench.tui.actions.registry import bindings_of
from workbench.tui.actions.values import Scope
from workbench.tui.chat.broken import BrokenReplies
from workbench.tui.chat.composing import Composing
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.drafting import DraftKeeper
from workbench.tui.chat.list_feed import ListFeed
from workbench.tui.chat.opening import Opening
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.queueing import Queueing
from workbench.tui.chat.sending import Sender
from workbench.tui.chat.transcript_feed import TranscriptFeed
from workbench.tui.screens.chat_chrome import PANES, ChatChrome
from workbench.tui.screens.switched import SwitchedScreen
from workbench.tui.state.chat import Part
from workbench.tui.verbs import Verb, Verbs
from workbench.tui.widgets.banner import Banner
from workbench.tui.widgets.completion_list import CompletionList
from workbench.tui.widgets.composer import Composer, Writing
from workbench.tui.widgets.conversation_list import ConversationList
from workbench.tui.widgets.failover_trace import FailoverTrace
from workbench.tui.widgets.first_run import FirstRun
from workbench.tui.widgets.ground import Across, Down, Ground
from workbench.tui.widgets.live_line import LiveLine
from workbench.tui.widgets.queue_list import QueueList
from workbench.tui.widgets.status_bar import StatusBar
from workbench.tui.widgets.tab_bar import TabBar
from workbench.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from textual.screen import Screen

    from workbench.tui.app import WorkbenchApp
    from workbench.tui.chat.parts import Parts
    from workbench.tui.state.estimate import Estimate
    from workbench.tui.state.slash import CommandLine
    from workbench.tui.widgets.message_body import MessageBody

R = TypeVar("R")

_PARTS_AFTER_S = 0.3


class ChatScreen(Ground, SwitchedScreen):
    """The first pane."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(Scope.CHAT, Scope.TRANSCRIPT)]
    AUTO_FOCUS = "#composer"

    transcript = query_one(Transcript)
    composer = query_one(Composer)
    conversations = query_one(ConversationList)
    trace = query_one(FailoverTrace)
    live = query_one(LiveLine)
    banner = query_one(Banner)
    status = query_one(StatusBar)
    tabs = query_one(TabBar)
    first_run = query_one(FirstRun)
    queue = query_one(QueueList)

    def __init__(self, host: WorkbenchApp) -> None:
        """Shows the desk of `host`."""
        super().__init__()
        self._host = host
        self._shell = host.shell
        self._desk = host.desk
        self._was_shown = False
        self._made_parts: Parts | None = None
        self._read_turns: set[str] = set()
        self._back_to = ""
        """The pane that the message under the cursor was opened from; empty when it was not."""
        self.verbs = Verbs()
        self._live: LiveLine | None = None

    def compose(self) -> ComposeResult:
        """All parts; which of them show depends on width and state."""
        yield TabBar(PANES, "chat", id="tabs")
        yield Banner(id="banner")
        with Across(id="chat-body"):
            yield ConversationList(id="conversations", classes="region")
            with Down(id="chat-centre"):
                yield Transcript(id="transcript", classes="region")
                yield FirstRun(id="first-run", classes="region")
                yield LiveLine(id="live")
            yield FailoverTrace(id="trace", classes="region")
        yield QueueList(id="queue")
        yield CompletionList(id="completions")
        yield Composer(id="composer")
        yield StatusBar((Scope.EVERYWHERE, Scope.CHAT), id="status")

    def on_mount(self) -> None:
        """Join the parts and lay the first conversation open."""
        self._live = self.live
        self.drafts = DraftKeeper(self._host, self._desk, self.refresh_chrome)
        self.feed = TranscriptFeed(self._shell, self.transcript)
        self.list_feed = ListFeed(
            self._host, self._shell, self._desk, self.conversations, self._retitled
        )  # fmt: skip
        self.chrome = ChatChrome(self, self._shell, self._desk)
        offered = self.query_one(CompletionList)
        self.composing = Composing(self._host, self._desk, self.composer, offered, self.drafts.changed)
        self._pane = self._shared()
        self.queueing = Queueing(self._pane, self.queue)
        self.sender = Sender(self._pane, self._edited)
        self.broken = BrokenReplies(self._pane, self)
        self.opening = Opening(self._pane, self.drafts)
        for part in (self.opening, self.sender, self.queueing):
            self.verbs.add(part.verbs())
        self.verbs.add(self._own_verbs())
        self.verbs.add_when_wanted(self._parts_verbs)
        # At once, and not with the parts: the first keys are typed before those are made.
        self.composer.enter_is_newline = self._shell.remembered.enter_is_newline
        self.composer.listen(Writing(submit=self._submit, completion_key=self._completion_key, recall=self._recall))
        self.set_class(self._shell.remembered.list_hidden, "-list-hidden")
        self.show_slot()
        # In a group of its own: another one opened early must not end it, prompts and drafts wait for it.
        self._host.start_work(self._open_first(), group="open-first")
        self.set_timer(_PARTS_AFTER_S, self._make_parts)

    def _retitled(self) -> None:
        self.chrome.entitle()

    @property
    def parts(self) -> Parts:
        """What no first paint needs, made when it is wanted."""
        if self._made_parts is None:
            from workbench.tui.chat.parts import Parts

            listed = (self.conversations, self.list_feed)
            self._made_parts = Parts(
                self._pane, self.drafts, self.opening, listed, read_earlier=self._read_earlier
            )  # fmt: skip
        return self._made_parts

    def _parts_verbs(self) -> Mapping[str, Verb]:
        return self.parts.verbs()

    def _make_parts(self) -> None:
        self.verbs.make_wanted()
        self.parts.finding.prepare()
        self.chrome.entitle()

    def estimate(self) -> Estimate | None:
        """What can be said of the prompt in the composer; nothing right after the start."""
        return self._made_parts.estimating.now() if self._made_parts is not None else None

    def _shared(self) -> Pane:
        return Pane(
            host=self._host,
            shell=self._shell,
            desk=self._desk,
            transcript=self.transcript,
            composer=self.composer,
            feed=self.feed,
            composing=self.composing,
            open_dialog=self._open_dialog,
            redraw=self.refresh_chrome,
            show_slot=self.show_slot,
        )

    async def _edited(self, slot: Slot) -> None:
        await self.parts.editing.sent(slot)

    def _own_verbs(self) -> Mapping[str, Verb]:
        return {
            "toggle_list": self._toggle_list,
            "toggle_trace": self._toggle_trace,
            "move_cursor": self.transcript.move_cursor,
        }

    async def parts_changed(self, parts: frozenset[Part]) -> None:
        """Draw what these parts of the state touch."""
        if Part.TURNS in parts:
            self.feed.turn_changed(self._desk.slot)
            self.sender.settle()
            self.list_feed.draw()
            self._show_trace()
        if Part.CONVERSATIONS in parts:
            self.list_feed.read_soon()
        self.refresh_chrome()

    def _read_finished(self, slot: Slot) -> None:
        turn = self._shell.state.turns.get(slot.conversation_id)
        if turn is not None and not turn.phase.running and turn.turn_id not in self._read_turns:
            self._read_turns.add(turn.turn_id)
            self._host.start_work(self._desk.read_again(slot, turn.message_id), group="read")

    @property
    def is_complete(self) -> bool:
        """Whether its parts are there: they go one by one when the application ends."""
        return self._live is not None and self._live.is_attached

    def tick(self) -> None:
        """Time has passed: draw what tells it."""
        self.chrome.tick()
        self.broken.look()

    def refresh_chrome(self) -> None:
        """Draw everything around the transcript."""
        self._read_finished(self._desk.slot)
        self.queueing.draw()
        self.chrome.draw(nothing_shown=self.feed.is_empty, draft_problem=self.drafts.problem)
        self.tick()

    @on(ScreenResume)
    def _resumed(self) -> None:
        # Other panes learn more of the providers than this one hears.
        if self._was_shown:
            self.refresh_chrome()
        self._was_shown = True

    @on(Resize)
    def _resized(self) -> None:
        # The composer's border has room for more or for less.
        self.call_after_refresh(self.chrome.entitle)

    def _open_dialog(self, dialog: Screen[R], answered: Callable[[R | None], None]) -> None:
        """Put a dialog over this pane."""
        self._host.push_screen(dialog, answered)

    def _show_trace(self) -> None:
        if not self.has_class("-trace-open"):
            return
        message_id = self.feed.message_id_for_trace()
        trail, skipped = self.feed.trail_for(self._desk.slot, message_id)
        summary = "" if message_id else "No reply yet."
        self.trace.show_trail(trail, skipped, self._shell.scripted, summary=summary)

    async def _open_first(self) -> None:
        self.list_feed.read_soon()
        await self.opening.open_first(self._host.first_conversation)

    def open_conversation(self, reference: str, message_id: str = "", *, back_to: str = "") -> None:
        """Lay another conversation open, at a message; escape in the transcript then goes `back_to` a pane."""
        self._back_to = back_to
        self.opening.open(reference, message_id)

    def show_slot(self) -> None:
        """Show what lies open on the desk."""
        slot = self._desk.slot
        if self._made_parts is not None:
            self._made_parts.finding.forget()
        self.feed.show_slot(slot)
        self.composing.show_slot()
        self.remove_class("-list-open")
        self.list_feed.draw()
        self._show_trace()
        self.refresh_chrome()
        if slot.order:
            self.parts.answers.learn(slot, slot.order)
        if slot.conversation_id and not slot.temporary:
            self._host.start_work(self._shell.remember(conversation_id=slot.conversation_id), group="remember")

    @on(ConversationList.Opened)
    def _opened(self, event: ConversationList.Opened) -> None:
        self.open_conversation(event.conversation_id)

    @on(ConversationList.MoreWanted)
    def _more_wanted(self, event: ConversationList.MoreWanted) -> None:
        self.list_feed.more_wanted(event.loaded)

    @on(Transcript.EarlierWanted)
    def _earlier_wanted(self) -> None:
        self._host.start_work(self._read_earlier(self._desk.slot), group="earlier", exclusive=True)

    async def _read_earlier(self, slot: Slot) -> None:
        page = await self._desk.read_earlier(slot)
        if slot is self._desk.slot:
            self.feed.earlier(slot, page)
            self.parts.answers.learn(slot, [message.id for message in page])

    def on_message_body_link_clicked(self, event: MessageBody.LinkClicked) -> None:
        """A link of a message was clicked: show where it leads."""
        self.parts.copying.show_links(event.message_id, event.words)

    @on(Transcript.CursorMoved)
    def _cursor_moved(self) -> None:
        self._show_trace()

    @on(TextArea.Changed, "#composer")
    def _composer_changed(self) -> None:
        self.composing.changed()
        self.chrome.entitle()

    def _completion_key(self, key: str) -> bool:
        if not self.composing.offers():
            return False
        command = self.composing.completion_key(key)
        if command is not None:
            self._run(command)
        return True

    def _run(self, command: CommandLine) -> None:
        if command.action.command and command.action.scope is not Scope.EVERYWHERE:
            # At once: it may decide where the next prompt goes, and the first key of that may be on its way.
            self.verbs.do(command.action.command, command.argument)
        else:
            self._host.perform(command.action, command.argument)

    @on(CompletionList.Chosen)
    def _completion_chosen(self, event: CompletionList.Chosen) -> None:
        self.composing.take(event.offer)
        self.composer.focus()

    @on(QueueList.Left)
    def _queue_left(self, event: QueueList.Left) -> None:
        self.queueing.left(to_composer=event.to_composer)

    def _recall(self, step: int) -> None:
        if step > 0 and not self.composer.text and self.queueing.enter():
            return
        self.composing.recall(step)
        self.refresh_chrome()

    def _submit(self, text: str) -> None:
        from workbench.tui.state.slash import CommandLine, UnknownCommand, command_of

        match command := command_of(text):
            case CommandLine():
                self.composing.clear()
                self._run(command)
            case UnknownCommand():
                told = f"There is no command /{command.name}. A blank before it sends it as text."
                self._host.tell(told, warning=True)
            case _:
                if self.sender.submit(text):
                    self.transcript.action_follow()

    def action_do(self, verb: str, *arguments: object) -> None:
        """Do what a part of the pane can do."""
        self.verbs.do(verb, *arguments)

    @property
    def _what_may_end(self) -> tuple[Callable[[], bool], ...]:
        sender = self.sender
        return self.parts.editing.cancel, self.opening.show_whole, sender.take_back, sender.stop_running

    def action_step_back(self) -> None:
        """One press, one effect: close what lies over the transcript, leave an edit, take back, stop, step out."""
        overlaid = self.has_class("-trace-open") and not self.has_class("-wide")
        if self.composing.close_completions() or self.parts.finding.close():
            return
        if self.has_class("-list-open") or overlaid:
            self.remove_class("-list-open")
            self.set_class(self.has_class("-trace-open") and not overlaid, "-trace-open")
            self.composer.focus()
        elif any(end() for end in self._what_may_end):
            return
        elif self._back_to and self.focused is self.transcript:
            pane, self._back_to = self._back_to, ""
            self._host.action_show_pane(pane)
        elif self.focused is self.composer:
            (self.first_run if self.first_run.display else self.transcript).focus()
        else:
            self.composer.focus()

    def _toggle_list(self) -> None:
        """Show or fold the list; over the transcript when there is no room beside it."""
        if self.has_class("-narrow"):
            self.toggle_class("-list-open")
            (self.conversations if self.has_class("-list-open") else self.composer).focus()
            return
        self.toggle_class("-list-hidden")
        hidden = self.has_class("-list-hidden")
        if hidden and self.focused is None:
            self.composer.focus()
        self._host.start_work(self._shell.remember(list_hidden=hidden), group="remember")

    def _toggle_trace(self) -> None:
        """Show or hide the failover trace of the reply under the cursor."""
        self.toggle_class("-trace-open")
        self._show_trace()
        if self.has_class("-trace-open") and not self.has_class("-wide"):
            self.trace.focus()
        elif not self.has_class("-trace-open") and self.focused in (None, self.trace):
            self.composer.focus()
