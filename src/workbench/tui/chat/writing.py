"""What else can be done with what is written: an editor of one's own, earlier prompts, pastes, the meaning of enter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from textual.app import App

from workbench.tui.chat.pane import Pane
from workbench.tui.external import EditorError, edit_text
from workbench.tui.verbs import Verb

_MOST_UNFOLDED = 100_000
"""Characters of a paste that the composer lays out without being felt."""


class WritingAids:
    """Works on the composer of the open conversation."""

    def __init__(self, pane: Pane, save_soon: Callable[[], None]) -> None:
        """`save_soon` is called when the unsent text has changed."""
        self._pane, self._save_soon = pane, save_soon

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {
            "external_editor": self.edit_outside,
            "earlier_prompts": self.pick_earlier,
            "unfold_paste": self.unfold_paste,
            "swap_enter": self.swap_enter,
        }

    def edit_outside(self, _: str = "") -> None:
        """Write in the user's own editor."""
        pane = self._pane
        composing, composer = pane.composing, pane.composer
        try:
            # The editor gets the marks of files as they are shown; those that are left stand for their files again.
            edited = edit_text(cast("App[int]", pane.host), composer.pastes.expand(composer.text))
        except EditorError as problem:
            pane.host.show_failure(problem)
        else:
            composing.show_unsent(composer.files.to_unsent(edited))
            self._save_soon()
        composer.focus()

    def pick_earlier(self, _: str = "") -> None:
        """List what was asked before, in all conversations."""
        from workbench.tui.screens.prompts import PromptsScreen

        pane = self._pane

        def chosen(message_id: str | None) -> None:
            if message_id:
                pane.host.start_work(self._bring(message_id), group="earlier-prompt", exclusive=True)

        pane.open_dialog(PromptsScreen(pane.host, pane.shell), chosen)

    async def _bring(self, message_id: str) -> None:
        pane = self._pane
        message = await pane.shell.call(lambda core: core.conversations.message(message_id))
        pane.composing.show_earlier(message.text)
        pane.composer.focus()

    def unfold_paste(self, _: str = "") -> None:
        """Put the text of a paste in the place of its mark."""
        match self._pane.composer.unfold_paste(_MOST_UNFOLDED):
            case None:
                self._pane.host.tell("There is no folded paste in the composer.")
            case False:
                self._pane.host.tell("This paste is too long to be shown here. ctrl+g opens it in your editor.")
            case _:
                self._pane.composer.focus()

    def swap_enter(self, _: str = "") -> None:
        """Let enter and ctrl+j change places."""
        pane = self._pane
        swapped = not pane.shell.remembered.enter_is_newline
        pane.host.start_work(self._swap(swapped), group="remember")
        pane.composer.enter_is_newline = swapped
        pane.redraw()
        sends, begins = ("ctrl+j", "enter") if swapped else ("enter", "ctrl+j")
        pane.host.tell(f"{sends} sends from now on, {begins} begins a new line. /enter swaps them again.")

    async def _swap(self, swapped: bool) -> None:
        await self._pane.shell.remember(enter_is_newline=swapped)
