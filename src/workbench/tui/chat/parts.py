"""Parts of the chat pane that its first paint does without: made right after it, or when one is wanted first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from workbench.tui.chat.answers import Answers
from workbench.tui.chat.copying import Copying
from workbench.tui.chat.deleting import Deleting
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.drafting import DraftKeeper
from workbench.tui.chat.editing import Editing
from workbench.tui.chat.exporting import Exporting
from workbench.tui.chat.finding import Finding
from workbench.tui.chat.list_feed import ListFeed
from workbench.tui.chat.opening import Opening
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.privacy import Privacy
from workbench.tui.chat.quoting import Quoting
from workbench.tui.chat.rating import Rating
from workbench.tui.chat.switching import Switching
from workbench.tui.chat.writing import WritingAids
from workbench.tui.verbs import Verb
from workbench.tui.widgets.conversation_list import ConversationList


class Parts:
    """What a person does with messages and conversations; each part in a file of its own."""

    def __init__(
        self,
        pane: Pane,
        drafts: DraftKeeper,
        opening: Opening,
        listed: tuple[ConversationList, ListFeed],
        *,
        read_earlier: Callable[[Slot], Awaitable[None]],
    ) -> None:
        """`listed` is the list of conversations with what feeds it; `read_earlier` shows the page before."""
        self.switching = Switching(pane.host, pane.shell, pane.desk, pane.open_dialog, pane.redraw)
        self.privacy = Privacy(pane.host, pane.shell, pane.desk, pane.open_dialog, pane.redraw)
        self.answers = Answers(pane, self.switching)
        self.editing = Editing(pane, drafts.changed)
        self.finding = Finding(pane, read_earlier)
        self.copying = Copying(pane)
        self._others = (
            WritingAids(pane, drafts.changed),
            Deleting(pane, *listed, opening),
            Quoting(pane),
            Rating(pane),
            Exporting(pane),
        )

    def verbs(self) -> Iterator[tuple[str, Verb]]:
        """What a person can do."""
        own = (self.switching, self.privacy, self.answers, self.editing, self.finding, self.copying)
        for part in (*own, *self._others):
            yield from part.verbs().items()
