"""Parts of the chat pane that its first paint does without: made right after it, or when one is wanted first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from workbench.tui.chat.answers import Answers
from workbench.tui.chat.copying import Copying
from workbench.tui.chat.deleting import Deleting
from workbench.tui.chat.desk import Slot
from workbench.tui.chat.drafting import DraftKeeper
from workbench.tui.chat.editing import Editing
from workbench.tui.chat.estimating import Estimating
from workbench.tui.chat.exporting import Exporting
from workbench.tui.chat.finding import Finding
from workbench.tui.chat.list_feed import ListFeed
from workbench.tui.chat.opening import Opening
from workbench.tui.chat.organizing import organizing_of
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.privacy import Privacy
from workbench.tui.chat.quoting import Quoting
from workbench.tui.chat.rating import Rating
from workbench.tui.chat.switching import Switching
from workbench.tui.chat.temporary import Temporary
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
        self.switching = Switching(pane)
        self.answers = Answers(pane, self.switching)
        self.editing = Editing(pane, drafts.changed)
        self.finding = Finding(pane, read_earlier, opening.begin_new)
        self.copying = Copying(pane)
        self.estimating = Estimating(pane)
        organizing = organizing_of(pane, *listed)
        self._others = (
            organizing,
            Privacy(pane),
            WritingAids(pane, drafts.changed),
            Deleting(pane, listed, opening, organizing),
            Quoting(pane),
            Rating(pane),
            Exporting(pane),
            Temporary(pane, drafts, listed[1]),
        )

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        own = (self.switching, self.answers, self.editing, self.finding, self.copying)
        return {name: verb for part in (*own, *self._others) for name, verb in part.verbs().items()}
