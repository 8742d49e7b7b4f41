"""Taking text out of the transcript: messages, code blocks, addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from workbench.tui.chat.dialogs import OpenDialog
from workbench.tui.host import Host
from workbench.tui.verbs import Verb
from workbench.tui.widgets.message_view import MessageView
from workbench.tui.widgets.transcript import Transcript


class Readable(Protocol):
    """A pane with a transcript."""

    @property
    def host(self) -> Host:
        """The application."""
        ...

    @property
    def transcript(self) -> Transcript:
        """What is read."""
        ...

    @property
    def open_dialog(self) -> OpenDialog:
        """Puts a dialog over it."""
        ...


class Copying:
    """Copies what is stored, not what is drawn."""

    def __init__(self, pane: Readable) -> None:
        """Works on the message at the bar."""
        self._pane = pane

    def verbs(self) -> Mapping[str, Verb]:
        """What a person can do."""
        return {
            "copy_message": self.copy_message,
            "copy_code": self.copy_code,
            "show_links": self.show_links,
            "toggle_fold": self.toggle_fold,
        }

    def copy_message(self) -> None:
        """Copy the message under the cursor, else the last reply."""
        view = self._chosen()
        if view is not None and view.text:
            self._pane.host.copy(view.text)
        else:
            self._pane.host.tell("There is nothing to copy yet.")

    def _chosen(self) -> MessageView | None:
        """The message under the cursor, else the last reply."""
        views = self._pane.transcript.messages
        cursor = self._pane.transcript.cursor_message_id
        chosen = next((view for view in views if view.id == cursor), None)
        return chosen or next((view for view in reversed(views) if view.role == "assistant"), None)

    def copy_code(self) -> None:
        """Copy the code block of the message; with several, ask which, beginning at the one in view."""
        from workbench.tui.markdown.parts import code_blocks

        view = self._chosen()
        blocks = code_blocks(view.text) if view is not None else []
        if view is None or not blocks:
            self._pane.host.tell("This message has no code block; y copies all of it.")
        elif len(blocks) == 1:
            self._pane.host.copy(blocks[0].code)
        else:
            from workbench.tui.screens.code_blocks import CodeBlocksScreen

            seen = self._pane.transcript.text_in_sight(view.id)
            marked = next((i for i, block in enumerate(blocks) if _first_line(block.code) in seen), 0)

            def answered(code: str | None) -> None:
                if code is not None:
                    self._pane.host.copy(code)

            self._pane.open_dialog(CodeBlocksScreen(blocks, marked=marked), answered)

    def show_links(self, message_id: str = "", words: str = "") -> None:
        """List the links of a message, the one under the cursor unless told; `words` are of the one that is meant."""
        from workbench.tui.markdown.parts import links_of

        view = self._chosen()
        if message_id:
            view = next((view for view in self._pane.transcript.messages if view.id == message_id), None)
        links = links_of(view.text) if view is not None else []
        if not links:
            self._pane.host.tell("This message has no links.")
            return
        from workbench.tui.screens.links import LinksScreen

        meant = (i for i, link in enumerate(links) if words and (words in link.label or words in link.address))

        def answered(address: str | None) -> None:
            if address is not None:
                self._pane.host.start_work(self._open(address), group="open-link")

        self._pane.open_dialog(LinksScreen(links, self._pane.host.copy, marked=next(meant, 0)), answered)

    async def _open(self, address: str) -> None:
        from workbench.tui.browser import host_of, open_address

        await asyncio.to_thread(open_address, address)
        self._pane.host.tell(f"Opened {host_of(address)} in your browser.")

    def toggle_fold(self) -> None:
        """Fold or unfold the reasoning or tool output of the message."""
        if not self._pane.transcript.toggle_fold():
            self._pane.host.tell("There is nothing to unfold here: no reasoning and no tool output.")


def _first_line(code: str) -> str:
    """The first line with anything in it, as it may be drawn."""
    return next((line.strip()[:40] for line in code.split("\n") if line.strip()), code)
