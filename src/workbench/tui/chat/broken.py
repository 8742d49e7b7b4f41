"""Answers that broke off and wait for a person: asked in the open conversation, told of in others."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.widgets import TextArea

from workbench.core.errors import WorkbenchError
from workbench.core.text import clean_line
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.pane import Pane

if TYPE_CHECKING:
    from workbench.tui.screens.broken_reply import BrokenReplyScreen
    from workbench.tui.state.turns import BrokenReply, TurnView

_KEPT = {"keep": "Kept as it is, marked as not complete."}


class BrokenReplies:
    """Opens the question when there is one, and takes it away when it is decided elsewhere."""

    def __init__(self, pane: Pane, screen: Screen[None]) -> None:
        """It is asked over `screen`."""
        self._pane, self._screen = pane, screen
        self._held = 0
        self._shown: BrokenReplyScreen | None = None
        self._answered: BrokenReply | None = None
        self._told: list[BrokenReply] = []

    @contextmanager
    def put_off(self) -> Generator[None]:
        """Ask nothing while dialogs are taken away and panes change; look again afterwards."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._screen.call_later(self.look)

    def look(self) -> None:
        """Bring question and state together."""
        if self._held:
            return
        turn = self._pane.shell.state.turns.get(self._pane.desk.slot.conversation_id)
        broken = turn.broken if turn is not None else None
        if self._shown is not None and self._shown.broken is not broken and self._shown.is_current:
            self._shown.dismiss(None)
        elif turn is not None and broken is not None and broken is not self._answered and self._shown is None:
            if self._screen.is_current:
                self._ask(turn, broken)
            else:
                self._tell_once(broken, f"{broken.name} broke off in mid-answer; f2 asks what to do.")
        for other in self._pane.shell.state.running_turns():
            if other.broken is not None and other.conversation_id != self._pane.desk.slot.conversation_id:
                where = self._title(other)
                self._tell_once(other.broken, f"{other.broken.name} broke off in {where}; open it to decide.")

    def _title(self, turn: TurnView) -> str:
        slot = self._pane.desk.known(turn.conversation_id)
        return clean_line(slot.title, 40) if slot is not None and slot.title else "another conversation"

    def _tell_once(self, broken: BrokenReply, text: str) -> None:
        if not any(one is broken for one in self._told):
            self._told.append(broken)
            self._pane.host.tell(text, warning=True)

    def _ask(self, turn: TurnView, broken: BrokenReply) -> None:
        from workbench.tui.screens.broken_reply import BrokenReplyScreen

        focused = self._screen.focused

        def typed(character: str) -> None:
            if isinstance(focused, TextArea):
                focused.insert(character)

        def answered(way: str | None) -> None:
            self._shown = None
            if way is not None:
                self._answered = broken
                self._pane.host.start_work(self._decide(turn, way), group="decide")

        self._shown = BrokenReplyScreen(turn.turn_id, broken, self._pane.shell.clock, typed)
        self._pane.open_dialog(self._shown, answered)

    async def _decide(self, turn: TurnView, way: str) -> None:
        try:
            slot = self._pane.desk.known(turn.conversation_id) or Slot()
            taken = await self._pane.desk.call(slot, lambda core: core.chat.decide(turn.turn_id, way))
        except WorkbenchError:
            self._answered = None
            raise
        if not taken:
            self._pane.host.tell("This was decided already.")
        elif way in _KEPT:
            self._pane.host.tell(_KEPT[way])
