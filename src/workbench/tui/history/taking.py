"""Taking something out of the history: to the chat, to a conversation of its own, to a file, to the clipboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from workbench.core.errors import UsageError
from workbench.tui.chat.copying import Copying
from workbench.tui.chat.dialogs import OpenDialog
from workbench.tui.chat.exporting import export_dialog
from workbench.tui.history.port import CoreHistory
from workbench.tui.history.reading import Reading
from workbench.tui.host import Host
from workbench.tui.widgets.history_reader import HistoryReader

if TYPE_CHECKING:
    from workbench.conversations.values import Conversation
    from workbench.tui.app import WorkbenchApp

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderPane:
    """The reader with what is around it."""

    host: Host
    transcript: HistoryReader
    open_dialog: OpenDialog


class Taking:
    """Works on the message at the bar of the reader."""

    def __init__(self, app: WorkbenchApp, history: CoreHistory, reading: Reading, reader: HistoryReader) -> None:
        """`app` has the chat pane."""
        self._app, self._history, self._reading = app, history, reading
        self.copying = Copying(ReaderPane(host=app, transcript=reader, open_dialog=self._open_dialog))
        self.ways: Mapping[str, Callable[[], None]] = {
            "open_in_chat": self.open_in_chat,
            "continue_here": self.continue_here,
            "fork": self.fork,
            "export": self.export,
            "copy": self.copy,
            "copy_code": self.copying.copy_code,
            "show_links": self.copying.show_links,
        }
        """By the name that the action registry has for each."""

    def _open_dialog(self, dialog: Screen[R], answered: Callable[[R | None], None]) -> None:
        self._app.push_screen(dialog, answered)

    def _here(self) -> tuple[Conversation, str] | None:
        """The conversation and the message that are meant; None, and told, when there is none to work on."""
        conversation, chosen = self._reading.conversation, self._reading.message_id
        if conversation is None or not chosen:
            self._app.tell("There is no message here. Choose a conversation first.")
            return None
        return conversation, chosen

    def _live(self) -> tuple[Conversation, str] | None:
        """The same, for what a conversation in the trash does not do."""
        here = self._here()
        if here is not None and here[0].deleted_at_ms is not None:
            self._app.show_failure(UsageError("This conversation lies in the trash", hint="Restore it first"))
            return None
        return here

    def open_in_chat(self) -> None:
        """Open the conversation in the chat, at a message and on its branch."""
        here = self._live()
        if here is not None:
            self._app.open_from_anywhere(here[0].id, here[1], back_to="history")

    def continue_here(self) -> None:
        """Let the next prompt in the chat follow a message; a prompt is put in other words instead."""
        here = self._live()
        if here is not None:
            self._app.start_work(self._continue(*here), group="history-continue", exclusive=True)

    async def _continue(self, conversation: Conversation, message_id: str) -> None:
        tree = self._reading.tree
        rewords = tree.node(message_id).role == "user"
        await self._app.show_pane("chat")
        chat = self._app.chat
        if rewords:
            await chat.opening.lay_open(conversation.id, message_id)
            chat.verbs.do("edit_prompt")
            return
        await chat.opening.lay_after(conversation.id, message_id)
        follow = len(tree.below(message_id))
        if follow:
            self._app.tell(
                f"Your next prompt begins a branch here. {follow:,} message{'s' * (follow != 1)} that followed "
                f"{'are' if follow != 1 else 'is'} kept: f6 shows all branches."
            )

    def fork(self) -> None:
        """Make the branch down to a message a conversation of its own."""
        here = self._live()
        if here is not None:
            self._app.start_work(self._fork(*here), group="history-fork", exclusive=True)

    async def _fork(self, conversation: Conversation, message_id: str) -> None:
        made = await self._history.fork(conversation.id, message_id)
        self._app.open_from_anywhere(made.id, back_to="history")
        self._app.tell(f"A conversation of its own, with {made.messages:,} messages. The old one stays as it was.")

    def export(self) -> None:
        """Write the branch that is shown to a file."""
        here = self._here()
        if here is None:
            return
        conversation, shell = here[0], self._app.shell
        dialog = export_dialog(
            shell.call, conversation.id, conversation.title, self._app.tell, leaf_id=self._reading.path[-1]
        )
        self._app.push_screen(dialog)

    def copy(self) -> None:
        """Copy the message at the bar, as it is stored."""
        message = self._reading.message(self._reading.message_id)
        if message is not None and message.text:
            self._app.copy(message.text)
        else:
            self._app.tell("There is nothing to copy here.")
