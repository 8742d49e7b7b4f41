"""Taking a message further: quoted in the next prompt, or read in the user's own editor."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from textual.app import App

from workbench.core.text import clean
from workbench.tui.chat.pane import Pane
from workbench.tui.chat.targets import ANY, SAID, chosen_id, shown_text
from workbench.tui.clipboard import selected_text
from workbench.tui.external import EditorError, edit_file, memory_folder
from workbench.tui.state.pastes import LARGE
from workbench.tui.verbs import Verb

_READ_ONLY = 0o400


def quoted(text: str) -> str:
    """A text as a block quote, without blank lines around it."""
    return "\n".join(f"> {line}".rstrip() for line in clean(text).strip("\n").split("\n"))


class Quoting:
    """Works on the message at the bar, else on the last reply."""

    def __init__(self, pane: Pane) -> None:
        """Works on the open conversation."""
        self._pane = pane

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {"quote": self.quote, "view_outside": self.view_outside}

    def quote(self, _: str = "") -> None:
        """Put what is selected, else the message at the bar, into the composer as a quote, below what stands there."""
        composer = self._pane.composer
        selected = "" if composer.has_focus else selected_text(self._pane.transcript.screen)
        text = selected or shown_text(self._pane, chosen_id(self._pane, SAID, else_last={"assistant"}))
        if not text.strip():
            self._pane.host.tell("There is nothing to quote yet.")
            return
        quote = quoted(text)
        before = composer.text.rstrip("\n")
        if len(quote) >= LARGE:
            quote = composer.pastes.put_aside(quote)
        composer.move_cursor(composer.document.end)
        missing = "" if not before else "\n" * max(0, 2 - (len(composer.text) - len(before)))
        composer.insert(f"{missing}{quote}\n\n")
        composer.focus()

    def view_outside(self, _: str = "") -> None:
        """Show a copy of the message at the bar in the user's editor."""
        pane = self._pane
        text = shown_text(pane, chosen_id(pane, ANY, else_last={"assistant"}))
        if not text:
            pane.host.tell("There is nothing to open yet.")
            return
        try:
            with tempfile.TemporaryDirectory(
                prefix="workbench-", dir=memory_folder(), ignore_cleanup_errors=True
            ) as folder:  # fmt: skip
                file = Path(folder) / "message.md"
                file.write_text(clean(text), encoding="utf-8")
                # What is stored stays as it is: an editor that knows says so.
                file.chmod(_READ_ONLY)
                edit_file(cast("App[int]", pane.host), file)
        except EditorError as problem:
            pane.host.show_failure(problem)
        except OSError as problem:
            pane.host.show_failure(EditorError("The message cannot be handed to the editor", detail=str(problem)))
