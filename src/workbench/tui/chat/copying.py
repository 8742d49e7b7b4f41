"""Taking text out of the transcript."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.tui.chat.pane import Pane
from workbench.tui.verbs import Verb


class Copying:
    """Copies what is stored, not what is drawn."""

    def __init__(self, pane: Pane) -> None:
        """Works on the message at the bar."""
        self._pane = pane

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"copy_message": self.copy_message}

    def copy_message(self) -> None:
        """Copy the message under the cursor, else the last reply."""
        text = self._pane.feed.text_to_copy()
        if text:
            self._pane.host.copy(text)
        else:
            self._pane.host.tell("There is nothing to copy yet.")
